"""Stacked digits: three handwritten digits as the red, green and blue of one picture, a thousand kinds in all.

They tell how many of many kinds a generator draws (Metz et al. 2017, Unrolled Generative Adversarial Networks, section 3.3.1).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.training.datasets.digits import LICENCE, SOURCE, download, read
from models.training.datasets.pictures import PictureSet, save

SEED = 0


def prepare(folder: Path, n: int = 60_000, source: Path | None = None) -> PictureSet:
    """Stack n digits to train on and a sixth as many held out, each of its own split of MNIST; `source` as in digits.py.

    pictures: (n, 28, 28, 3). The thousand kinds have no names; the attribute `digits` tells each: 374 is 3 in red, 7 in green.
    """
    x_train, y_train, x_test, y_test = read(source) if source else download(folder.parent)
    draw = np.random.default_rng(SEED)
    parts = [stack(x_train, y_train, n, draw), stack(x_test, y_test, n // 6, draw)]
    kinds = np.concatenate([kinds for _, kinds in parts])
    stacked = PictureSet(
        pictures=np.concatenate([pictures for pictures, _ in parts]),
        held_out=np.arange(len(kinds)) >= n,
        class_labels=None,
        style_labels=None,
        classes=(),
        styles=(),
        source=f"{SOURCE}, three digits stacked as red, green and blue",
        licence=LICENCE,
        attributes=[{"digits": f"{kind:03d}"} for kind in kinds],
    )
    save(stacked, folder)
    return stacked


def stack(x: np.ndarray, y: np.ndarray, n: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """n triples drawn from x (m, 28, 28) and y (m,): pictures (n, 28, 28, 3) and kinds (n,) from 0 to 999."""
    chosen = draw.integers(len(x), size=(n, 3))
    return np.moveaxis(x[chosen], 1, -1).copy(), y[chosen].astype(np.int64) @ np.array([100, 10, 1])
