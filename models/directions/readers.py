"""Eyes for traits: from our frozen encoder's features to a number, by ridge regression on real pictures whose words are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.directions.measured import Reading
from models.directions.traits import traits_of
from models.encoder import Encoder, load_encoder, seen
from models.training.datasets.pictures import PictureSet
from models.training.labels import pictures_of

SEEN_AT = 64  # pixels a side
PLACES, LEVEL = 4, 2  # what is where: the map at stride 8 as a grid of so many places a side
MOST, BATCH = 11_000, 100  # real pictures that are looked at
RIDGE = 0.02  # of the features' variance


class Looking:
    """An encoder's view of pictures, (n, 3, h, w) in [-1, 1] -> (n, d): means over the whole, and over a coarse grid of places.

    What several readings ask of the same pictures is looked at once.
    """

    def __init__(self, encoder: Encoder, level: int = LEVEL) -> None:
        self.encoder = encoder
        self.level = level
        self._last: tuple[Tensor, Tensor] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._last is None or self._last[0] is not x:
            self._last = x, self._view(x)
        return self._last[1]

    def _view(self, x: Tensor) -> Tensor:
        maps = self.encoder(seen(x, SEEN_AT))
        whole = [features.mean((2, 3)) for features in maps]
        return torch.cat([*whole, F.adaptive_avg_pool2d(maps[self.level], PLACES).flatten(1)], dim=1)


def readings(data: PictureSet, encoder: Encoder | None = None, *, second: bool = False) -> Mapping[str, Reading]:
    """A reading for each trait that the set's words tell, in standard deviations of that trait; none where they tell none.

    second: by other features, learned from other pictures, to see whether what the first ones found is there.
    """
    told = traits_of(data)
    if not told:
        return {}
    look = Looking(encoder or load_encoder(), LEVEL - 1 if second else LEVEL)
    order = np.random.default_rng(0).permutation(data.train())
    rows = np.sort(order[::-1][:MOST] if second else order[:MOST])
    with torch.no_grad():
        features = torch.cat([look(x) for x in batches(data, rows)])
    mean, spread = features.mean(0), features.std(0).clamp_min(1e-6)
    return {name: _reading(look, (features - mean) / spread, values[rows], mean, spread) for name, values in told.items()}


def _reading(look: Looking, features: Tensor, values: np.ndarray, mean: Tensor, spread: Tensor) -> Reading:
    """Ridge regression of a trait, where it is known, on features that were brought to mean 0 and spread 1."""
    known = torch.from_numpy(np.isfinite(values))
    y = torch.from_numpy(values).float()[known]
    y = (y - y.mean()) / y.std()
    x = features[known]
    gram = x.T @ x / len(x)
    slope = torch.linalg.solve(gram + RIDGE * torch.eye(len(gram)), x.T @ y / len(x))
    return lambda pictures: (look(pictures) - mean) / spread @ slope


def batches(data: PictureSet, rows: np.ndarray) -> Iterator[Tensor]:
    """Some pictures of a set, (n, c, SEEN_AT, SEEN_AT) in [-1, 1]."""
    for start in range(0, len(rows), BATCH):
        yield seen(pictures_of(data, rows[start : start + BATCH]), SEEN_AT)
