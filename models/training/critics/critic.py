"""What every critic says and is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.spec import Condition, GeneratorSpec


@dataclass(frozen=True)
class Judgement:
    """What a critic says of a batch: higher scores are more like the data."""

    score: Tensor  # (n, k), one score a scale
    classes: Tensor | None = None  # (n, classes) logits
    styles: Tensor | None = None  # (n, styles) logits


class Critic(nn.Module):
    """Features, then a projected score (Miyato and Koyama 2018) and the names it recognises (Odena 2017)."""

    def __init__(self, features: nn.Module, width: int, spec: GeneratorSpec) -> None:
        super().__init__()
        self.features = features
        self.spec = spec
        names = len(spec.classes) + len(spec.styles)
        self.score = nn.Linear(width, 1)
        self.embed = nn.Linear(names, width, bias=False) if names else None
        self.name_class = nn.Linear(width, len(spec.classes)) if spec.classes else None
        self.name_style = nn.Linear(width, len(spec.styles)) if spec.styles else None

    def forward(self, x: Tensor, condition: Condition) -> Judgement:
        """x: (n, channels, size, size) in [-1, 1]."""
        h = self.features(x.contiguous(memory_format=torch.channels_last)).float()
        score = self.score(h)
        rows = condition.rows(self.spec)
        if self.embed is not None and rows is not None:
            score = score + (h * self.embed(rows)).sum(1, keepdim=True) / math.sqrt(h.shape[1])
        return Judgement(score, self.name_class(h) if self.name_class else None, self.name_style(h) if self.name_style else None)


class BatchDeviation(nn.Module):
    """One more map: how much neighbours in the batch differ (Karras 2018, section 3). Guards against mode collapse.

    Neighbours, because a batch is sorted by condition: four designs side by side differ even when each has collapsed.
    """

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:  # (n, c, h, w) -> (n, c + 1, h, w)
        n, _, h, w = x.shape
        group = self.group if n % self.group == 0 else n
        grouped = x.float().reshape(n // group, group, -1)
        spread = (grouped - grouped.mean(dim=1, keepdim=True)).square().mean(dim=1)
        # the epsilon stands inside the root: its second derivative, which R1 needs, is infinite at zero
        deviation = (spread + 1e-8).sqrt().mean(dim=1)
        column = deviation.repeat_interleave(group).view(n, 1, 1, 1).expand(n, 1, h, w)
        return torch.cat([x, column.to(x.dtype)], dim=1)
