"""How near projection comes: to pictures that a generator never saw, and to its own. `python -m models.evaluate projection`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.directions.find import random_condition
from models.encoder import load_encoder
from models.projection import Found, Projection
from models.spec import Generator
from models.training.datasets.pictures import PictureSet
from models.training.labels import pictures_of

LOOKED = (0, 25, 50, 100, 200)  # steps; at 0 is the first guess
PICTURES = 20
QUARTER = 0.25


def projected(checkpoint: Checkpoint, data: PictureSet, count: int = PICTURES) -> Mapping[str, Mapping[str, Any]]:
    """For held-out pictures, evenly over the set, and for generated ones, of any class and style and of noise that is not known:

    perceptual distance at LOOKED steps; its share of the first guess's, then; the largest of these at the end, and how many are at
    most a quarter; how often each grade of fit; seconds a picture. Means, but for the last but two.
    """
    rows = data.test()[torch.linspace(0, len(data.test()) - 1, count).long().numpy()]
    generator = checkpoint.generator
    return {"held_out": told(generator, pictures_of(data, rows)), "generated": told(generator, own_pictures(generator, count))}


@torch.no_grad()
def own_pictures(generator: Generator, count: int) -> Tensor:
    """What the generator draws of some z, (count, 3, size, size), each with a noise seed that a projection does not use."""
    spec, draw = generator.spec, torch.Generator().manual_seed(1)
    condition = random_condition(spec, count, draw)
    return generator.synthesize(generator.map(torch.randn(count, spec.z_dim, generator=draw), condition), list(range(1, count + 1)))


def told(generator: Generator, pictures: Tensor) -> Mapping[str, Any]:
    """What `projected` says of one kind of pictures, (n, 1 or 3, h, w) in [-1, 1]."""
    encoder, began = load_encoder(), time.monotonic()
    ways = [way(Projection(generator, encoder, one.expand(3, -1, -1), seed=number)) for number, one in enumerate(pictures)]
    seconds = (time.monotonic() - began) / len(ways)
    distances = torch.tensor([[found.perceptual for found in one] for one in ways])
    shares = distances / distances[:, :1].clamp_min(1e-8)
    return {
        "steps": list(LOOKED),
        "distance": rounded(distances.mean(0)),
        "share": rounded(shares.mean(0)),
        "largest_share": round(shares[:, -1].max().item(), 4),
        "within_a_quarter": int((shares[:, -1] <= QUARTER).sum()),
        "fit": dict(Counter(one[-1].fit for one in ways)),
        "seconds": round(seconds, 1),
        "pictures": len(ways),
    }


def way(projection: Projection) -> Sequence[Found]:
    """What it has come to at each of LOOKED."""
    found = {one.step: one for one in projection.run(LOOKED[-1])}
    return [found[step] for step in LOOKED]


def rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]
