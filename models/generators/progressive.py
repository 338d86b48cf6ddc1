"""Progressively grown generator (Karras 2018): normalised pixels, a picture at every resolution, one resolution learned after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.growth import levels_of, sides_of, sides_shown
from models.layers import Conv, Linear, double, lifted, unit
from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec, Inside, every_pair


@dataclass(frozen=True)
class ProgressiveConfig:
    size: int = 64  # 4 doubled some times
    channels: int = 3
    z_dim: int = 128
    widths: tuple[int, ...] = (160, 160, 128, 64, 32)  # feature maps at 4, 8, 16 …
    embedding: int = 32  # numbers that class and style become
    classes: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sides_of(self)


class GrowingBlock(nn.Module):
    """Two convolutions, each pixel's maps brought to unit length after them (table 2; section 4.2).

    The first runs before the doubling: a quarter of what it would cost after it.
    """

    def __init__(self, inputs: int, outputs: int, up: bool = True) -> None:
        super().__init__()
        self.first = Conv(inputs, outputs, 3) if up else None  # at four pixels the latent takes its place
        self.second = Conv(outputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:  # (n, inputs, h, w) -> (n, outputs, 2h, 2w)
        if self.first is not None:
            x = unit(lifted(double(self.first(x))))
        return unit(lifted(self.second(x)))


@GENERATORS.register("progressive", ProgressiveConfig)
class Progressive(Generator):
    """Blocks that each double the side, and a layer that turns each one's maps into a picture (section 2, figure 2).

    w is the latent, brought to unit length, beside the embedded condition. at_side shows the same latent at the resolutions that
    the network grew through.
    """

    def __init__(self, config: ProgressiveConfig) -> None:
        super().__init__()
        self.config = config
        names = len(config.classes) + len(config.styles)
        self.spec = GeneratorSpec(
            "progressive",
            config.size,
            config.channels,
            config.z_dim,
            w_dim=config.z_dim + (config.embedding if names else 0),
            layers=1,
            classes=tuple(config.classes),
            styles=tuple(config.styles),
            sides=sides_shown(config),
            bendable=tuple(config.widths),
        )
        self.embed = nn.Linear(names, config.embedding, bias=False) if names else None
        if self.embed is not None:
            nn.init.normal_(self.embed.weight)
        widths = config.widths
        self.first = Linear(self.spec.w_dim, widths[0] * 16)
        pairs = list(zip((widths[0], *widths), widths, strict=False))
        self.blocks = nn.ModuleList(GrowingBlock(a, b, up=k > 0) for k, (a, b) in enumerate(pairs))
        self.pictures = nn.ModuleList(Conv(width, config.channels, 1) for width in widths)
        self.levels, self.fade = len(widths), 1.0  # resolutions in use: all, unless it is being grown

    def grow(self, side: int, fade: float = 1.0) -> None:
        self.levels, self.fade = levels_of(self.config, side), fade

    def up_to(self, side: int) -> Progressive:
        if side == self.spec.size:
            return self
        small = Progressive(replace(self.config, size=side, widths=tuple(self.config.widths[: levels_of(self.config, side)])))
        weights = self.state_dict()
        small.load_state_dict({name: weights[name] for name in small.state_dict()})
        return small

    def entries(self) -> Sequence[Tensor]:
        return (self.first.weight,)

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        rows = condition.rows(self.spec)
        parts = [unit(z)] if self.embed is None or rows is None else [unit(z), self.embed(rows)]
        return torch.cat(parts, dim=1).unsqueeze(1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        return self.map(torch.zeros(n, self.spec.z_dim, device=self.first.weight.device), condition)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None, inside: Inside | None = None) -> Tensor:
        x = self._maps(w, self.levels - (self.fade < 1), inside)
        picture = self._picture(x, self.levels - (self.fade < 1))
        if self.fade < 1:  # the newest resolution comes in beside the picture that was there before it (figure 2b)
            newest = self._picture(self.blocks[self.levels - 1](x), self.levels)
            picture = torch.lerp(F.interpolate(picture, scale_factor=2.0), newest, self.fade)
        return picture.expand(-1, 3, -1, -1)

    def at_side(self, w: Tensor, side: int, noise_seeds: Sequence[int] | None = None, inside: Inside | None = None) -> Tensor:
        levels = levels_of(self.config, side)
        return self._picture(self._maps(w, levels, inside), levels).expand(-1, 3, -1, -1)

    @torch.no_grad()
    def settle(self, count: int = 256) -> None:
        """Fit the coarser sides to the whole picture averaged down: once a resolution has come in, nothing trains the one before it."""
        spec, draw = self.spec, torch.Generator().manual_seed(0)
        z = torch.randn(count, spec.z_dim, generator=draw).to(self.first.weight.device)
        w = self.map(z, every_pair(spec, count).to(z.device))
        whole = torch.cat([self.synthesize(part)[:, : spec.channels] for part in w.split(64)])
        for level, picture in enumerate(self.pictures, start=1):
            if level < len(self.pictures):
                assert isinstance(picture, Conv)
                fit(picture, torch.cat([self._maps(part, level) for part in w.split(64)]), F.avg_pool2d(whole, spec.size // (2 << level)))

    def _maps(self, w: Tensor, levels: int, inside: Inside | None = None) -> Tensor:
        """The feature maps of the resolution that comes `levels`-th, (n, widths[levels - 1], side, side)."""
        x = self.first(w[:, 0]).view(len(w), -1, 4, 4).contiguous(memory_format=torch.channels_last)
        x = unit(lifted(x))
        for k, block in enumerate(self.blocks[:levels]):
            x = block(x)
            x = inside(k, x) if inside else x
        return x

    def _picture(self, x: Tensor, levels: int) -> Tensor:
        return self.pictures[levels - 1](x).float()


def fit(layer: Conv, maps: Tensor, wanted: Tensor) -> None:
    """Make a 1 x 1 convolution turn maps (n, c, h, w) into pictures (n, channels, h, w) as nearly as it can: least squares."""
    assert layer.bias is not None
    x, y = (part.permute(0, 2, 3, 1).flatten(0, 2).double() for part in (maps, wanted))
    x_mean, y_mean = x.mean(0), y.mean(0)
    spread_of = (x - x_mean).T @ (x - x_mean) / len(x)
    ridge = 1e-4 * spread_of.diagonal().mean() * torch.eye(len(spread_of), dtype=x.dtype, device=x.device)
    slope = torch.linalg.solve(spread_of + ridge, (x - x_mean).T @ (y - y_mean) / len(x))
    layer.weight.copy_(slope.T[:, :, None, None] / layer.scale)
    layer.bias.copy_(y_mean - x_mean @ slope)
