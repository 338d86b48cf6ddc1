"""From a sketch to a picture (Isola 2017), in one of several styles and in colours that a seed chooses (Zhu 2017, "BicycleGAN")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.latent import MAX_SEED, draw_z
from models.layers import double, unit
from models.registry import TRANSLATORS
from models.translators.translator import NONE, Option, Others, Translator, TranslatorSpec, shares


@dataclass(frozen=True)
class Pix2PixConfig:
    side: int = 128
    widths: tuple[int, ...] = (32, 64, 96, 160, 224)  # feature maps at half the side, a quarter …
    z_dim: int = 8
    w_dim: int = 128
    styles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.side % (1 << len(self.widths)) or min(self.widths, default=0) < 1:
            raise ValueError(f"A side of {self.side} pixels can't be halved {len(self.widths)} times, or some width is below 1.")


class Tinted(nn.Module):
    """A convolution whose maps, each pixel of unit length, w scales and shifts (Perez 2018), then leaky ReLU.

    That length (Karras 2018, section 4.2) keeps an adversarial game from raising its voice, for less than other normalisation costs.
    """

    def __init__(self, inputs: int, outputs: int, w_dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.tint = nn.Linear(w_dim, 2 * outputs)
        nn.init.normal_(self.tint.weight, std=0.02)
        nn.init.zeros_(self.tint.bias)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        scale, shift = self.tint(w)[:, :, None, None].chunk(2, dim=1)
        return F.leaky_relu(torch.addcmul(shift, unit(self.conv(x)), 1 + scale), 0.2)


class Up(nn.Module):
    """Twice the side, beside it what the way down saw there, and two convolutions."""

    def __init__(self, inputs: int, outputs: int, w_dim: int) -> None:
        super().__init__()
        self.first, self.second = Tinted(inputs + outputs, outputs, w_dim), Tinted(outputs, outputs, w_dim)

    def forward(self, x: Tensor, seen: Tensor, w: Tensor) -> Tensor:
        return self.second(self.first(torch.cat([double(x), seen], dim=1), w), w)


class Unfolded(nn.Module):
    """Maps at half the side -> (n, 3, 2h, 2w): four pixels laid out from each place (Shi 2016), then a convolution among them.

    The four begin alike (Aitken 2017): a chequered pattern is soon there and long in going.
    """

    def __init__(self, inputs: int, inner: int = 8) -> None:
        super().__init__()
        self.lay, self.mix = nn.Conv2d(inputs, 4 * inner, 3, padding=1), nn.Conv2d(inner, 3, 3, padding=1)
        for parameter in self.lay.parameters():
            parameter.data = parameter.data[::4].repeat_interleave(4, dim=0)

    def forward(self, x: Tensor) -> Tensor:
        laid = F.pixel_shuffle(self.lay(x), 2).contiguous(memory_format=torch.channels_last)
        return self.mix(F.leaky_relu(laid, 0.2)).float()


@TRANSLATORS.register("pix2pix", Pix2PixConfig)
class Pix2Pix(Translator):
    """A U-Net (Isola 2017, section 3.2) without normalisation: style and colours come in on the way up.

    It works at half the side, four pixels side by side as maps: the full side would cost more than all the rest.
    """

    def __init__(self, config: Pix2PixConfig) -> None:
        super().__init__()
        self.config = config
        seed = Option("seed", 0, most=MAX_SEED, whole=True)
        styles = tuple(Option(name, 0) for name in config.styles)
        self.spec = TranslatorSpec("pix2pix", options=(seed, *styles), given="sketch", side=config.side)
        widths, w_dim = config.widths, config.w_dim
        self.mapping = nn.Sequential(
            nn.Linear(config.z_dim + len(config.styles), w_dim), nn.LeakyReLU(0.2), nn.Linear(w_dim, w_dim), nn.LeakyReLU(0.2)
        )
        self.head = nn.Conv2d(4, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(widths, widths[1:], strict=False))
        self.middle = nn.ModuleList(Tinted(widths[-1], widths[-1], w_dim) for _ in range(2))
        self.ups = nn.ModuleList(Up(b, a, w_dim) for a, b in reversed(list(zip(widths, widths[1:], strict=False))))
        self.tail = Unfolded(widths[0] + 4)

    def forward(self, ink: Tensor, z: Tensor, styles: Tensor) -> Tensor:
        """ink: (n, 1, side, side), 1 = a line; z: (n, z_dim); styles: (n, styles), rows sum to one -> (n, 3, side, side) about [-1, 1]."""
        w = self.mapping(torch.cat([z, styles], dim=1))
        paper = F.pixel_unshuffle(ink, 2).contiguous(memory_format=torch.channels_last)
        seen = [F.leaky_relu(self.head(paper), 0.2)]
        for down in self.downs:
            seen.append(F.leaky_relu(down(seen[-1]), 0.2))
        h = seen.pop()
        for layer in self.middle:
            h = layer(h, w)
        for up in self.ups:
            h = up(h, seen.pop(), w)
        return self.tail(torch.cat([h, paper], dim=1))

    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        told, n = self.spec.read(options), len(pictures)
        z = draw_z(int(told["seed"]), self.config.z_dim).to(pictures).expand(n, -1)
        styles = shares(told, self.config.styles).to(pictures).expand(n, -1)
        return (self(1 - pictures.mean(1, keepdim=True), z, styles) / 2 + 0.5).clamp(0, 1)
