"""The collapse watch: whether what is drawn stays as varied as the data, and what is done when it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.metrics.neighbours import reach, within
from models.spec import Generator
from models.training.datasets.pictures import PictureSet
from models.training.labels import condition_of, pictures_of

LOOK = 256  # pictures of each kind
NEIGHBOURS = 5
FALL = 0.5  # of the best so far: below it variety has fallen
LOWEST = 0.15  # of the data's own variety: below it there is none, whatever came before
RAISE = 0.2  # of augmentation, at a fall


@dataclass(frozen=True)
class Variety:
    """How varied drawn pictures are beside as many real ones."""

    diversity: float  # mean distance between two drawn pictures of one condition, as a share of the data's
    recall: float  # share of real pictures that lie among the drawn ones (Kynkäänniemi 2019, equation 2)


@torch.no_grad()
def look(generator: Generator, data: PictureSet, see: Callable[[Tensor], Tensor], seed: int = 0) -> Variety:
    """Variety of a generator that is ready to draw. see: (n, channels, size, size) in [-1, 1] -> (n, d) features."""
    draw = torch.Generator().manual_seed(seed)
    rows = data.train()
    chosen = np.sort(rows[torch.randint(len(rows), (LOOK,), generator=draw).numpy()])
    condition = condition_of(data, chosen, generator.spec)
    z = torch.randn(LOOK, generator.spec.z_dim, generator=draw)
    drawn = generator.synthesize(generator.map(z, condition), list(range(LOOK)))[:, : generator.spec.channels]
    real = pictures_of(data, chosen)
    if real.shape[-1] > drawn.shape[-1]:
        real = F.avg_pool2d(real, real.shape[-1] // drawn.shape[-1])
    shares = condition.rows(generator.spec)
    same = torch.ones(LOOK, LOOK, dtype=torch.bool) if shares is None else torch.cdist(shares, shares) == 0
    return compare(see(drawn), see(real), same.fill_diagonal_(False))


def compare(drawn: Tensor, real: Tensor, same: Tensor) -> Variety:
    """Variety from features (n, d) of both kinds; same (n, n): which pairs share a condition."""
    among_drawn, among_real = torch.cdist(drawn, drawn), torch.cdist(real, real)
    share = among_drawn[same].mean() / among_real[same].mean().clamp_min(1e-8) if same.any() else torch.ones(())
    covered = within(real, drawn, reach(drawn, NEIGHBOURS))[0] > 0
    return Variety(round(share.item(), 4), round(covered.float().mean().item(), 4))


def thumbnails(x: Tensor) -> Tensor:
    """Features that need no network: pictures averaged down to 8 pixels a side, (n, channels * 64)."""
    return F.adaptive_avg_pool2d(x, 8).flatten(1)


class Watch:
    """Remembers how varied the pictures were at their best."""

    def __init__(self) -> None:
        self.best = 0.0

    def fallen(self, now: Variety) -> bool:
        """Whether variety has fallen; otherwise this look counts towards the best."""
        if now.diversity < max(FALL * self.best, LOWEST):
            return True
        self.best = max(self.best, min(now.diversity, 1.0))  # more varied than the data is no virtue
        return False

    @classmethod
    def remembered(cls, log: Iterable[Mapping[str, Any]]) -> Watch:
        """The watch as the log of a run left it."""
        watch = cls()
        for row in log:
            if row.get("event") == "look":
                watch.fallen(Variety(row["diversity"], row["recall"]))
        return watch
