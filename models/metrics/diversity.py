"""How different drawn pictures are from each other, beside real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.encoder import Encoder, seen, unit
from models.metrics.samples import BATCH, Samples, real_pictures

BATCHES = 20  # two million pairs


class Diversity:
    """Mean perceptual distance between two pictures, whatever their names; that of as many real ones is what to aim at."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("diversity", "real_diversity")

    def measure(self, samples: Samples) -> Mapping[str, float]:
        drawn = (x for x, _, _ in islice(samples.drawn(), BATCHES))
        rows = samples.rows[: min(BATCHES * BATCH, len(samples.data.train()))]  # those of the drawn ones, none twice
        real = real_pictures(samples.data, rows.numpy(), samples.checkpoint.generator.spec.size)
        return {
            "diversity": mean_distance(samples.encoder, drawn, samples.view),
            "real_diversity": mean_distance(samples.encoder, real, samples.view),
        }


@torch.inference_mode()
def mean_distance(encoder: Encoder, batches: Iterable[Tensor], view: int) -> float:
    """Batches (n, 1 or 3, s, s) in [-1, 1], seen at `view` pixels a side -> mean distance over all pairs of different pictures.

    No pair is looked at: the mean squared distance among unit vectors follows from their mean and their mean square.
    """
    count, sums, squares = 0, [], []
    for x in batches:
        units = [unit(features) for features in encoder(seen(x, view))]
        count += len(x)
        sums = [u.sum(0) + before for u, before in zip(units, sums or [0] * len(units), strict=True)]
        squares = [u.square().sum((0, 1)) + before for u, before in zip(units, squares or [0] * len(units), strict=True)]
    levels = [2 * (q / count - (s / count).square().sum(0)).mean() for s, q in zip(sums, squares, strict=True)]
    return (torch.stack(levels).mean() * count / (count - 1)).item()
