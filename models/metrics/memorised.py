"""Whether training pictures come back as if they had been drawn anew."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.neighbours import nearest
from models.metrics.samples import Samples

STRANGE = 0.01  # of real pictures that no training has seen lie as near to a training picture
LEFT_OUT = 5000


class Memorised:
    """Share of drawn pictures that lie nearer to a training picture than 99 in 100 real, unseen pictures do.

    0.01 is therefore what real pictures would get; well above it, training pictures come back. Where a set holds nothing
    out, training pictures themselves are asked, each left out in turn, for their nearest other.
    """

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("memorised",)

    def measure(self, samples: Samples) -> Mapping[str, float]:
        unseen = nearest(samples.held_out, samples.training)[0][:, 0] if len(samples.held_out) else left_out(samples.training)
        return {"memorised": share_nearer(nearest(samples.features, samples.training)[0][:, 0], unseen)}


def share_nearer(drawn: Tensor, unseen: Tensor) -> float:
    """Distances to the nearest training picture, (n,) and (m,) -> share of the drawn below the unseen's first percentile."""
    return (drawn < unseen.quantile(STRANGE)).double().mean().item()


def left_out(training: Tensor) -> Tensor:
    """(k, d) -> distance of at most 5,000 training pictures to their nearest other."""
    chosen = torch.randperm(len(training), generator=torch.Generator().manual_seed(0))[:LEFT_OUT]
    return nearest(training[chosen], training, k=2)[0][:, 1]
