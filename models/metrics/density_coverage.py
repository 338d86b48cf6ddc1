"""Precision and recall that single outliers cannot sway."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.neighbours import reach, within
from models.metrics.samples import Samples

NEIGHBOURS = 5


class DensityCoverage:
    """How densely drawn pictures lie among real ones, and how many real ones have a drawn one near (Naeem 2020, section 3, k = 5)."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("density", "coverage")

    def measure(self, samples: Samples) -> Mapping[str, float]:
        density, coverage = density_coverage(samples.features, samples.reference, originals=samples.originals)
        return {"density": density, "coverage": coverage}


def density_coverage(drawn: Tensor, real: Tensor, k: int = NEIGHBOURS, originals: Tensor | None = None) -> tuple[float, float]:
    """Features (n, d), (m, d): balls about real ones that hold a drawn one, over k (it may pass 1); share of balls that hold any.

    originals (m,): what each real picture was cut from; neighbours of the same original do not count.
    """
    counts, held = within(drawn, real, reach(real, k, originals))
    return counts.double().mean().item() / k, held.double().mean().item()
