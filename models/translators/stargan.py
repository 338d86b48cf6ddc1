"""One picture in any of several styles, by one network that is told which (Choi 2018, "StarGAN")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.layers import double
from models.registry import TRANSLATORS
from models.translators.pix2pix import Tinted, Unfolded
from models.translators.translator import NONE, Option, Others, Translator, TranslatorSpec, shares


@dataclass(frozen=True)
class StarGanConfig:
    side: int = 128
    widths: tuple[int, ...] = (32, 64, 128, 192)  # feature maps at half the side, a quarter …
    blocks: int = 4
    w_dim: int = 64
    styles: tuple[str, ...] = ("from", "to")

    def __post_init__(self) -> None:
        if self.side % (1 << len(self.widths)) or min(self.widths, default=0) < 1:
            raise ValueError(f"A side of {self.side} pixels can't be halved {len(self.widths)} times, or some width is below 1.")
        if len(self.styles) < 2:
            raise ValueError(f"There must be two styles or more to go between, not {len(self.styles)}.")


class Block(nn.Module):
    """Two convolutions beside a straight way."""

    def __init__(self, width: int, w_dim: int) -> None:
        super().__init__()
        self.first, self.second = Tinted(width, width, w_dim), Tinted(width, width, w_dim)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return x + self.second(self.first(x, w), w) / 2


@TRANSLATORS.register("stargan", StarGanConfig)
class StarGan(Translator):
    """Down, residual blocks, up (Choi 2018, table 4), without normalisation: the label scales and shifts maps, as a style does there.

    It works at half the side, four pixels side by side as maps. Nothing leads past the middle: designs place a head's parts anew.
    """

    def __init__(self, config: StarGanConfig) -> None:
        super().__init__()
        self.config = config
        self.spec = TranslatorSpec("stargan", options=tuple(Option(name, 0) for name in config.styles), side=config.side)
        widths, w_dim = config.widths, config.w_dim
        pairs = list(zip(widths, widths[1:], strict=False))
        self.mapping = nn.Sequential(nn.Linear(len(config.styles), w_dim), nn.LeakyReLU(0.2))
        self.head = nn.Conv2d(12, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairs)
        self.blocks = nn.ModuleList(Block(widths[-1], w_dim) for _ in range(config.blocks))
        self.ups = nn.ModuleList(Tinted(b, a, w_dim) for a, b in reversed(pairs))
        self.tail = Unfolded(widths[0])

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        """x: (n, 3, side, side) in [-1, 1]; styles: (n, styles), rows sum to one -> the same shape, about [-1, 1]."""
        w = self.mapping(styles)
        h = F.leaky_relu(self.head(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)), 0.2)
        for down in self.downs:
            h = F.leaky_relu(down(h), 0.2)
        for block in self.blocks:
            h = block(h, w)
        for up in self.ups:
            h = up(double(h), w)
        return self.tail(h)

    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        styles = shares(self.spec.read(options), self.config.styles).to(pictures)
        return (self(2 * pictures - 1, styles.expand(len(pictures), -1)) / 2 + 0.5).clamp(0, 1)
