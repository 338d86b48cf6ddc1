"""Laplacian pyramid of adversarial networks (Denton 2015): a coarse picture first, then the detail of each finer level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.layers import Conv, Linear, double, lifted
from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec

PLANES, GRID = 8, 8  # maps that a level's noise becomes, and their side before they are stretched
FAINT = 1 / 8  # how strong a residual is beside a picture, about: networks draw and see it as strong


@dataclass(frozen=True)
class LapganConfig:
    size: int = 64  # coarsest doubled some times
    channels: int = 3
    coarsest: int = 8  # pixels a side of the level that starts from nothing
    noise: int = 32  # numbers of z that each level has to itself
    hidden: int = 512  # units in each of the coarsest level's two layers
    width: int = 64  # feature maps of the others
    classes: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.sides[-1] != self.size:
            raise ValueError(f"A pyramid's size is {self.coarsest} doubled some times, not {self.size}.")

    @property
    def sides(self) -> tuple[int, ...]:
        """Each level's, coarse to fine."""
        doublings = max(round(math.log2(self.size / self.coarsest)), 0)
        return tuple(self.coarsest << k for k in range(doublings + 1))


class Coarsest(nn.Module):
    """Two hidden layers, every pixel beside every other (section 3.1, initial scale)."""

    def __init__(self, config: LapganConfig, w_dim: int) -> None:
        super().__init__()
        self.shape = (config.channels, config.coarsest, config.coarsest)
        sizes = [w_dim, config.hidden, config.hidden]
        self.hidden = nn.ModuleList(Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.last = Linear(config.hidden, math.prod(self.shape))

    def forward(self, w: Tensor) -> Tensor:  # (n, w_dim) -> (n, channels, coarsest, coarsest) in [-1, 1]
        for layer in self.hidden:
            w = lifted(layer(w))
        return self.last(w).float().tanh().unflatten(1, self.shape)


class Detail(nn.Module):
    """The band between a coarser picture and one of twice its side (section 2.3).

    The coarser picture is taken as it is, not stretched first: it says the same, at a quarter of the work. Noise becomes a few
    planes beside it (section 3.1); the residual is woven from four numbers a coarse pixel.
    """

    def __init__(self, config: LapganConfig, w_dim: int) -> None:
        super().__init__()
        width = config.width
        self.planes = Linear(w_dim, PLANES * GRID**2)
        self.layers = nn.ModuleList([Conv(config.channels + PLANES, width, 3), Conv(width, width, 3), Conv(width, width, 3)])
        self.last = Conv(width, config.channels * 4, 3)

    def forward(self, coarse: Tensor, w: Tensor) -> Tensor:  # (n, channels, side, side), (n, w_dim) -> (n, channels, 2 side, 2 side)
        planes = self.planes(w).unflatten(1, (PLANES, GRID, GRID))
        planes = F.interpolate(planes, size=coarse.shape[-2:], mode="bilinear", align_corners=False)
        x = torch.cat([coarse.to(planes.dtype), planes], dim=1).contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            x = lifted(layer(x))
        return F.pixel_shuffle(self.last(x), 2).float() * FAINT


@GENERATORS.register("lapgan", LapganConfig)
class Lapgan(Generator):
    """One row of w a level: its own noise beside the condition. To mix layers is to keep a composition and draw its detail anew."""

    def __init__(self, config: LapganConfig) -> None:
        super().__init__()
        self.config = config
        names, levels = len(config.classes) + len(config.styles), len(config.sides)
        self.spec = GeneratorSpec(
            "lapgan",
            config.size,
            config.channels,
            z_dim=levels * config.noise,
            w_dim=config.noise + names,
            layers=levels,
            classes=tuple(config.classes),
            styles=tuple(config.styles),
            sides=config.sides,
        )
        self.coarsest = Coarsest(config, self.spec.w_dim)
        self.details = nn.ModuleList(Detail(config, self.spec.w_dim) for _ in range(levels - 1))

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        noise, rows = z.unflatten(1, (self.spec.layers, -1)), condition.rows(self.spec)
        if rows is None:
            return noise
        # As names and not embedded, so that no level learns from another; as long as noise is
        names = (rows * math.sqrt(rows.shape[1])).unsqueeze(1).expand(-1, self.spec.layers, -1)
        return torch.cat([noise, names], dim=2)

    def centre(self, condition: Condition, n: int) -> Tensor:
        return self.map(torch.zeros(n, self.spec.z_dim, device=self.coarsest.last.weight.device), condition)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        return self.at_side(w, self.spec.size, noise_seeds)

    def at_side(self, w: Tensor, side: int, noise_seeds: Sequence[int] | None = None) -> Tensor:
        if side not in self.spec.sides:
            raise ValueError(f"This pyramid's levels are {', '.join(map(str, self.spec.sides))} pixels, not {side}.")
        picture = self.coarsest(w[:, 0])
        for level in range(1, self.spec.sides.index(side) + 1):
            picture = double(picture) + self.details[level - 1](picture, w[:, level])
        return picture.expand(-1, 3, -1, -1)


def pyramid(pictures: Tensor, levels: int) -> list[tuple[Tensor, Tensor]]:
    """Pictures (n, c, size, size) as bands, coarse to fine: each level's coarser picture and the residual that completes it.

    The picture of a level is double(coarser) + residual (section 2.2, equation 5). The first level has no coarser picture: there
    it is empty, and the residual is the picture.
    """
    bands = []
    for _ in range(levels - 1):
        coarser = F.avg_pool2d(pictures, 2)
        bands.append((coarser, pictures - double(coarser)))
        pictures = coarser
    return [(pictures[:, :0], pictures), *reversed(bands)]
