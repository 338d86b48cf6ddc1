"""How different drawn pictures are from each other, beside real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.encoder import Encoder, seen, unit
from models.metrics.samples import BATCH, Samples, real_pictures
from models.training.datasets.pictures import PictureSet

BATCHES = 20  # two million pairs
MOST = 200  # of a name


class Diversity:
    """Mean perceptual distance between two pictures, whatever their names, and of the encoder's vectors of two with the same name.

    That of real ones, of as many and of those held out, is what to aim at.
    """

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        spec = checkpoint.generator.spec
        within = ("intra_class_diversity", "real_intra_class_diversity") if spec.classes or spec.styles else ()
        return ("diversity", "real_diversity", *within)

    def measure(self, samples: Samples) -> Mapping[str, float]:
        drawn = (x for x, _, _ in islice(samples.drawn(), BATCHES))
        rows = samples.rows[: min(BATCHES * BATCH, len(samples.data.train()))]  # those of the drawn ones, none twice
        real = real_pictures(samples.data, rows.numpy(), samples.checkpoint.generator.spec.size)
        return {
            "diversity": mean_distance(samples.encoder, drawn, samples.view),
            "real_diversity": mean_distance(samples.encoder, real, samples.view),
            **within_names(samples),
        }


def within_names(samples: Samples) -> Mapping[str, float]:
    """The scores of diversity within a class and style, where there are any."""
    spec, data = samples.checkpoint.generator.spec, samples.data
    if not (spec.classes or spec.styles):
        return {}
    return {
        "intra_class_diversity": mean_within(samples.features, named(data, samples.rows)),
        "real_intra_class_diversity": mean_within(samples.held_out, named(data, torch.from_numpy(data.test()))),
    }


def named(data: PictureSet, rows: Tensor) -> Tensor:
    """(n,): one number for the class and the style of each of these pictures."""
    kinds = (data.class_labels, data.style_labels)
    classes, styles = (torch.zeros_like(rows) if labels is None else torch.from_numpy(labels)[rows] for labels in kinds)
    return classes * max(len(data.styles), 1) + styles


def mean_within(features: Tensor, names: Tensor) -> float:
    """Mean distance between two rows of the same name, over all names that have two; features (n, d), names (n,).

    A low value beside the real data's means that a class has collapsed to one picture.
    """
    rows = (features[names == name][:MOST] for name in names.unique())
    return torch.stack([torch.nn.functional.pdist(mine).mean() for mine in rows if len(mine) > 1]).mean().item()


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
