"""Unpaired translation: pictures of one kind redrawn as another, learned with no pair of them (Zhu 2017; Park 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.layers import double
from models.registry import TRANSLATORS
from models.translators.translator import NONE, Option, Others, Translator, TranslatorSpec, shares

LAST = 16  # maps at the full size
BINOMIAL = (0.25, 0.5, 0.25)
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class CutConfig:
    widths: tuple[int, ...] = (48, 96, 192)  # feature maps at strides 2, 4, 8 …
    blocks: int = 4  # at the coarsest
    styles: tuple[str, ...] = ()  # whose hand it can take; each is an option

    def __post_init__(self) -> None:
        if min(*self.widths, self.blocks, len(self.widths)) < 1:
            raise ValueError(f"widths and blocks are at least 1, not {self}.")

    @property
    def stride(self) -> int:
        """Of the coarsest maps, in pixels."""
        return 1 << len(self.widths)


class Block(nn.Module):
    """Two convolutions beside a straight way, told whose hand to take. No normalisation: a pixel depends on its surroundings alone."""

    def __init__(self, width: int, styles: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect") for _ in range(2))
        self.told = nn.Linear(styles, width, bias=False) if styles else None

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        h = self.first(x)
        if self.told is not None:
            h = h + self.told(shares)[:, :, None, None]
        return x + self.second(F.leaky_relu(h, 0.2))


class Smooth(nn.Module):
    """A convolution of 3 by 3 pixels and a binomial one in the same kernel: nothing with a period of two pixels comes out of it.

    Critics whose steps are of two pixels do not see such a pattern well, and their gradients draw it (Odena 2016).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.sharp = nn.Conv2d(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        sharp = self.sharp.weight
        binomial = sharp.new_tensor(BINOMIAL).outer(sharp.new_tensor(BINOMIAL)).expand(sharp.shape[1], 1, 3, 3)
        weight = F.conv2d(sharp, binomial, padding=2, groups=sharp.shape[1])
        return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), weight, self.sharp.bias)


class Redrawer(nn.Module):
    """Down by halves, redrawn where one map pixel sees much, and up again beside what was there.

    Pixels are laid out as maps at both ends (Shi 2016): hardly anything is computed at the full size, where it costs most.
    """

    def __init__(self, config: CutConfig) -> None:
        super().__init__()
        self.config = config
        widths, styles = config.widths, len(config.styles)
        self.head = nn.Conv2d(12, widths[0], 3, padding=1, padding_mode="reflect")
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1, padding_mode="reflect") for a, b in zip(widths, widths[1:], strict=False))
        self.body = nn.ModuleList(Block(widths[-1], styles) for _ in range(config.blocks))
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths, widths[1:], strict=False))
        self.fine = nn.ModuleList(Block(width, styles) for width in widths[:-1])
        self.spread = nn.Conv2d(widths[0], 4 * LAST, 3, padding=1, padding_mode="reflect")
        self.tail = Smooth(LAST, 3)

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """x: (n, 3, h, w) in [0, 1], sides multiples of the stride; shares: (n, styles), rows sum to one -> the same shape."""
        h = self.head(F.pixel_unshuffle(x - 0.5, 2).contiguous(memory_format=torch.channels_last))
        passed: list[Tensor] = []
        for layer in self.down:
            passed.append(h)
            h = layer(F.leaky_relu(h, 0.2))
        for block in self.body:
            h = block(h, shares)
        for k in reversed(range(len(self.narrow))):
            h = self.fine[k](passed[k] + double(self.narrow[k](F.leaky_relu(h, 0.2))), shares)
        h = F.pixel_shuffle(self.spread(F.leaky_relu(h, 0.2)), 2)
        return torch.sigmoid(self.tail(F.leaky_relu(h, 0.2)).float())


@TRANSLATORS.register("cut", CutConfig)
class Cut(Translator):
    """The generator of contrastive unpaired translation."""

    def __init__(self, config: CutConfig) -> None:
        super().__init__()
        self.config = config
        hands = tuple(Option(style, 0) for style in config.styles)
        self.spec = TranslatorSpec("cut", options=(Option("strength", 1.0), Option("colour", 1.0), *hands))
        self.reach: int = reach(config)
        self.redrawer = Redrawer(config)

    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        """Strength is the share of the way from photograph to print; colour that of the print's colours, its lights and darks apart."""
        told = self.spec.read(options)
        hands = shares(told, self.config.styles).to(pictures)
        seen, margin = framed(pictures, self.config.stride), self.config.stride
        redrawn = self.redrawer(seen, hands.expand(len(pictures), -1))
        height, width = pictures.shape[-2:]
        lacking = redrawn[..., margin : margin + height, margin : margin + width] - pictures
        bright = (lacking * lacking.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)
        return (pictures + told["strength"] * torch.lerp(bright, lacking, told["colour"])).clamp(0, 1)


def framed(x: Tensor, stride: int) -> Tensor:
    """With a border of one stride, mirrored, and as much more as makes both sides multiples of it.

    At the border of what it sees a network draws less well. What is too small to be mirrored carries its edge on.
    """
    down, right = -x.shape[-2] % stride, -x.shape[-1] % stride
    mode = "reflect" if min(x.shape[-2:]) >= 2 * stride else "replicate"
    return F.pad(x, (stride, stride + right, stride, stride + down), mode=mode)


def reach(config: CutConfig) -> int:
    """Pixels on each side that a pixel depends on, up to the next multiple of the stride: tiles that begin on one are exact."""
    coarsest, finer = config.stride, [2 << k for k in range(len(config.widths) - 1)]
    ends = 8  # a convolution of maps at either side, the squares of pixels that they are, and the last kernel
    between = sum(6 * side for side in finer)  # to half the size, back by a step of enlarging, a block: two pixels each
    return -(-(ends + between + 2 * coarsest * config.blocks) // coarsest) * coarsest
