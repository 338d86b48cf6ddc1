"""A critic that looks through frozen features (Sauer 2021), and at the pixels besides: few pictures and little time then go further."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from models.encoder import seen
from models.spec import Condition, GeneratorSpec
from models.training.critics.critic import Judgement

LEAST, MOST = 64, 128  # pixels a side at which the eyes look; what is drawn smaller or larger is resized
PATCHES = 4  # a side of the grid of scores at each scale, for pictures of MOST pixels
NEAR = 16  # a side of the grid of patches that are looked at pixel by pixel


class Eyes(Protocol):
    """A frozen encoder: (n, 3, h, w) in [-1, 1] -> maps at strides 2, 4, 8 … of these widths."""

    @property
    def widths(self) -> Sequence[int]: ...

    def __call__(self, x: Tensor) -> list[Tensor]: ...


class Projector(nn.Module):
    """Frozen random mixing of channels, then of scales from coarse to fine (Sauer 2021, section 3.2: CCM and CSM)."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.across = nn.ModuleList(nn.Conv2d(width, width, 1) for width in widths)
        self.down = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in zip(widths, widths[1:], strict=False))
        for layer in (*self.across, *self.down):
            nn.init.kaiming_normal_(cast(nn.Conv2d, layer).weight, nonlinearity="linear")
        self.requires_grad_(False)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        mixed = [layer(x) for layer, x in zip(self.across, maps, strict=True)]
        for k in reversed(range(len(self.down))):
            coarser = F.interpolate(self.down[k](mixed[k + 1]), size=mixed[k].shape[-2:], mode="bilinear")
            mixed[k] = (mixed[k] + coarser) / math.sqrt(2)
        return mixed


class ScaleCritic(nn.Module):
    """Strided convolutions with spectral normalisation down to a grid of `patches` a side, and a score at each of PATCHES places."""

    def __init__(self, width: int, side: int, names: int, inner: int = 64, patches: int = PATCHES) -> None:
        super().__init__()
        self.pooled = patches // PATCHES
        layers: list[nn.Module] = [spectral_norm(nn.Conv2d(width, inner, 1)), nn.LeakyReLU(0.2)]
        while side > patches:
            layers += [spectral_norm(nn.Conv2d(inner, inner, 4, 2, 1)), nn.LeakyReLU(0.2)]
            side //= 2
        layers += [spectral_norm(nn.Conv2d(inner, inner, 3, padding=1)), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)
        self.score = spectral_norm(nn.Conv2d(inner, 1, 1))
        self.embed = nn.Linear(names, inner, bias=False) if names else None

    def forward(self, x: Tensor, rows: Tensor | None) -> Tensor:  # -> (n, places)
        h = self.features(x)
        score = self.score(h)
        if self.embed is not None and rows is not None:
            score = score + torch.einsum("nchw,nc->nhw", h, self.embed(rows)).unsqueeze(1) / math.sqrt(h.shape[1])
        return F.avg_pool2d(score, self.pooled).flatten(1)


class ProjectedCritic(nn.Module):
    """One small critic a scale of the eyes' features, and one of the picture itself; only these learn.

    Features forgive what they were never asked to tell apart, such as a tint over a plain ground: beside them, a critic of patches
    of pixels sees it (Kumari 2022, "Ensembling off-the-shelf models for GAN training").
    """

    def __init__(self, eyes: Eyes, spec: GeneratorSpec) -> None:
        super().__init__()
        self.spec = spec
        self.eyes = cast(nn.Module, eyes).requires_grad_(False).eval()
        self.projector = Projector(eyes.widths)
        names = len(spec.classes) + len(spec.styles)
        self.scales = nn.ModuleList(ScaleCritic(width, MOST >> (k + 1), names) for k, width in enumerate(eyes.widths))
        self.near = ScaleCritic(3, MOST, names, inner=32, patches=NEAR)

    def forward(self, x: Tensor, condition: Condition) -> Judgement:
        """x: (n, channels, side, side) in [-1, 1]."""
        x = x.expand(-1, 3, -1, -1)
        side = min(max(x.shape[-1], LEAST), MOST)
        looked_at = seen(x, side).contiguous(memory_format=torch.channels_last)
        maps = [*self.projector(self.eyes(looked_at)), looked_at]
        rows = condition.rows(self.spec)
        return Judgement(torch.cat([critic(m, rows).float() for critic, m in zip((*self.scales, self.near), maps, strict=True)], dim=1))
