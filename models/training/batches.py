"""Batches: which pictures a step sees, and how large."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.training.labels import condition_of, pictures_of
from models.training.objectives import Batch
from models.training.run import Run
from models.training.schedule import Stage, stage


def batches(run: Run) -> Iterator[Batch]:
    """Batches drawn with replacement; their order is part of the saved state.

    Half of a batch is drawn from all pictures, and beside each stands another of the same class and style, as far as
    the generator is told of them: what looks for variety within a condition compares neighbours.
    """
    data, spec, rows = run.data, run.generator.spec, run.data.train()
    keys = np.zeros(len(rows), np.int64)
    for labels, names in ((data.style_labels, spec.styles), (data.class_labels, spec.classes)):
        if labels is not None and names:
            keys = keys * len(names) + labels[rows]
    order = np.argsort(keys, kind="stable")
    first, end = (np.searchsorted(keys[order], keys, side) for side in ("left", "right"))
    half = run.preset.batch // 2
    mine = run.shard.part(run.preset.batch)
    conditions = np.unique(keys)
    while True:
        if run.preset.balanced:  # a condition, then any picture of it
            drawn = conditions[torch.randint(len(conditions), (half,), generator=run.order).numpy()]
            one = order[np.searchsorted(keys[order], drawn)]
            place = torch.rand(half, generator=run.order, dtype=torch.float64).numpy()
            one = order[first[one] + (place * (end[one] - first[one])).astype(np.int64)]
        else:
            one = torch.randint(len(rows), (half,), generator=run.order).numpy()
        one = one[np.argsort(keys[one], kind="stable")]
        share = torch.rand(half, generator=run.order, dtype=torch.float64).numpy()
        other = order[first[one] + (share * (end[one] - first[one])).astype(np.int64)]
        chosen = rows[np.stack([one, other], axis=1).ravel()][mine]
        now = stage(run.preset, spec.size, run.seen)
        run.grow(now)
        scaled = shrunk(pictures_of(data, chosen, run.device), now).contiguous(memory_format=torch.channels_last)
        yield Batch(scaled, condition_of(data, chosen, spec).to(run.device), chosen)


def shrunk(pictures: Tensor, now: Stage) -> Tensor:
    """Pictures at the side of a stage; while it fades in, mixed with what they were before it (Karras 2018, section 2)."""
    if (times := pictures.shape[-1] // now.side) > 1:
        pictures = F.avg_pool2d(pictures, times)
    if now.fade == 1:
        return pictures
    coarse = F.interpolate(F.avg_pool2d(pictures, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
    return torch.lerp(coarse, pictures, now.fade)
