"""What figures cannot show: drawn pictures beside the training pictures nearest to them."""

from __future__ import annotations

import torch
from PIL import Image

from models.encoder import seen
from models.metrics.neighbours import nearest
from models.metrics.samples import Samples, real_pictures
from models.training.sheet import sheet

COLUMNS, NEAREST = 10, 3


def neighbours_sheet(samples: Samples) -> Image.Image:
    """Ten drawn pictures in the top row, under each the three training pictures nearest to it, nearest first."""
    drawn = next(samples.drawn(batch=COLUMNS))[0]
    _, places = nearest(samples.features[: len(drawn)], samples.training, k=NEAREST)
    rows = samples.data.train()[places.T.flatten().numpy()]
    real = torch.cat(list(real_pictures(samples.data, rows, drawn.shape[-1])))
    return sheet(torch.cat([x.expand(-1, 3, -1, -1) for x in (drawn, seen(real, drawn.shape[-1]))]), len(drawn))
