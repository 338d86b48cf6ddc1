"""Kernel distance between the features of drawn and of real pictures."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.samples import Samples

SUBSETS, SUBSET = 100, 1000


class Kid:
    """The same question as the Fréchet distance, without its bias at few pictures (Binkowski 2018): 0 for equals, also below."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("kid",)

    def measure(self, samples: Samples) -> Mapping[str, float]:
        return {"kid": kernel_distance(samples.features, samples.training)}


def kernel_distance(a: Tensor, b: Tensor, subsets: int = SUBSETS, size: int = SUBSET, seed: int = 0) -> float:
    """Features (n, d) and (m, d) -> mean over random subsets of the unbiased squared maximum mean discrepancy."""
    draw = torch.Generator().manual_seed(seed)
    size = min(size, len(a), len(b))
    some = lambda features: features[torch.randperm(len(features), generator=draw)[:size]]  # noqa: E731
    return sum(discrepancy(some(a), some(b)) for _ in range(subsets)) / subsets


def discrepancy(a: Tensor, b: Tensor) -> float:
    """(n, d), (n, d) -> squared maximum mean discrepancy, each picture's likeness to itself left out."""
    n = len(a)
    within = sum((alike.sum() - alike.trace()).item() for alike in (likeness(x, x) for x in (a, b)))
    return within / (n * (n - 1)) - 2 * likeness(a, b).mean().item()


def likeness(a: Tensor, b: Tensor) -> Tensor:
    """The cubic kernel, (n, d), (m, d) -> (n, m)."""
    return (a.double() @ b.double().T / a.shape[1] + 1).pow(3)
