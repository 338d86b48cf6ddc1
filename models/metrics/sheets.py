"""What figures cannot show: drawn pictures beside the training pictures nearest to them."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from models.encoder import seen
from models.metrics.neighbours import nearest
from models.metrics.samples import Samples, real_pictures

COLUMNS, NEAREST = 10, 3


def neighbours_sheet(samples: Samples) -> Image.Image:
    """Ten drawn pictures in the top row, under each the three training pictures nearest to it, nearest first."""
    drawn = next(samples.drawn(batch=COLUMNS))[0]
    _, places = nearest(samples.features[: len(drawn)], samples.training, k=NEAREST)
    rows = samples.data.train()[places.T.flatten().numpy()]
    real = torch.cat(list(real_pictures(samples.data, rows, drawn.shape[-1])))
    return sheet(torch.cat([x.expand(-1, 3, -1, -1) for x in (drawn, seen(real, drawn.shape[-1]))]), len(drawn))


def sheet(x: Tensor, columns: int) -> Image.Image:
    """(rows * columns, 3, s, s) in [-1, 1], row by row, as one picture."""
    side = x.shape[-1]
    pixels = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    whole = pixels.view(-1, columns, 3, side, side).permute(0, 3, 1, 4, 2).reshape(-1, columns * side, 3)
    return Image.fromarray(whole.contiguous().numpy())
