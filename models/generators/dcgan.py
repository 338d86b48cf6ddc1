"""DCGAN (Radford, Metz and Chintala 2015), conditional on class and style (Mirza and Osindero 2014)."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.frozen import frozen, frozen_to_maps, frozen_to_picture
from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec, Inside, Synthesis


@dataclass(frozen=True)
class DcganConfig:
    size: int = 64  # pixels; 4, 8, 16 … or 7, 14, 28 …
    channels: int = 1
    z_dim: int = 64
    width: int = 32  # feature maps at the last but one resolution, doubling towards the first
    widest: int = 256
    embedding: int = 64  # numbers that a class, and a style, become
    classes: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    @property
    def base(self) -> int:
        """Side of the first feature map: the size halved until 4 or 7."""
        side = self.size
        while side > 7:
            if side % 2:
                raise ValueError(f"A DCGAN's size is 4 or 7 doubled some times, not {self.size}.")
            side //= 2
        return side

    @property
    def widths(self) -> tuple[int, ...]:
        """Feature maps at each resolution, coarse to fine, before the picture."""
        doublings = round(math.log2(self.size / self.base))
        return tuple(min(self.width << k, self.widest) for k in reversed(range(doublings)))


@GENERATORS.register("dcgan", DcganConfig)
class Dcgan(Generator):
    """Strided transposed convolutions all the way, batch normalisation, ReLU, tanh at the end (section 3).

    w is z beside the embedded condition, so a walk in w walks between classes as well.
    """

    def __init__(self, config: DcganConfig) -> None:
        super().__init__()
        self.config = config
        conditions = [names for names in (config.classes, config.styles) if names]
        w_dim = config.z_dim + config.embedding * len(conditions)
        self.spec = GeneratorSpec(
            "dcgan",
            config.size,
            config.channels,
            config.z_dim,
            w_dim,
            layers=1,
            classes=tuple(config.classes),
            styles=tuple(config.styles),
            bendable=config.widths,
        )
        self.embed_class = nn.Linear(len(config.classes), config.embedding, bias=False) if config.classes else None
        self.embed_style = nn.Linear(len(config.styles), config.embedding, bias=False) if config.styles else None
        for embed in (self.embed_class, self.embed_style):
            if embed is not None:
                nn.init.normal_(embed.weight)
        widths = config.widths
        self.first = nn.Linear(w_dim, widths[0] * config.base**2, bias=False)
        self.first_norm = nn.BatchNorm2d(widths[0])
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in zip(widths, widths[1:], strict=False))
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in widths[1:])
        self.last = nn.ConvTranspose2d(widths[-1], config.channels, 4, 2, 1)

    def entries(self) -> Sequence[Tensor]:
        return (self.first.weight,)

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        parts = [z]
        if self.embed_class is not None and condition.classes is not None:
            parts.append(self.embed_class(condition.classes))
        if self.embed_style is not None and condition.styles is not None:
            parts.append(self.embed_style(condition.styles))
        return torch.cat(parts, dim=1).unsqueeze(1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        z = torch.zeros(n, self.spec.z_dim, device=self.last.weight.device)
        return self.map(z, condition)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None, inside: Inside | None = None) -> Tensor:
        base = self.config.base
        x = self.first(w[:, 0].to(self.first.weight.dtype)).view(len(w), -1, base, base)
        x = F.relu(self.first_norm(x.contiguous(memory_format=torch.channels_last)))
        x = inside(0, x) if inside else x
        for layer, (up, norm) in enumerate(zip(self.ups, self.norms, strict=True), start=1):
            x = F.relu(norm(up(x)))
            x = inside(layer, x) if inside else x
        return self.last(x).float().tanh().expand(-1, 3, -1, -1)

    def synthesis(self, dtype: torch.dtype) -> Synthesis:
        layers = [frozen_to_maps(self._first_folded(), self.config.base, dtype, "relu")]
        pairs = cast("Iterable[tuple[nn.ConvTranspose2d, nn.BatchNorm2d]]", zip(self.ups, self.norms, strict=True))
        for k, (up, norm) in enumerate(pairs):
            layers.append(frozen(fuse_conv_bn_eval(up, norm, transpose=True), dtype, "relu", side=self.config.base << k))
        last = frozen_to_picture(self.last, dtype, side=self.config.size // 2)

        def synthesize(w: Tensor, noise_seeds: Sequence[int] | None, inside: Inside | None = None) -> Tensor:
            x = w[:, 0].to(dtype)
            for k, layer in enumerate(layers):
                x = layer(x)
                x = inside(k, x) if inside else x
            return last(x).tanh().expand(-1, 3, -1, -1)

        return synthesize

    @torch.no_grad()
    def _first_folded(self) -> nn.Linear:
        """The first product and its normalisation, which is one of maps, in one."""
        norm, folded = self.first_norm, copy.deepcopy(self.first)
        assert norm.running_var is not None and norm.running_mean is not None
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        shift = norm.bias - norm.running_mean * scale
        pixels = self.config.base**2
        folded.weight.mul_(scale.repeat_interleave(pixels)[:, None])
        folded.bias = nn.Parameter(shift.repeat_interleave(pixels))
        return folded
