"""Handwritten digits: MNIST as it is, 28x28, white ink on black, its test split held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.training.datasets.pictures import PictureSet, PictureSetError, save

SOURCE = "MNIST, 60,000 + 10,000 handwritten digits (Yann LeCun, Corinna Cortes, Christopher J.C. Burges)"
LICENCE = "CC BY-SA 3.0 (MNIST)"

Splits = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # x_train (n, 28, 28), y_train (n,), x_test, y_test


def prepare(folder: Path, n: int | None = None, source: Path | None = None) -> PictureSet:
    """Prepare the digits in `folder` from an .npz file, or without one by download; `n`: at most so many a split."""
    digits = of_splits(read(source) if source else download(folder.parent), n, tuple("0123456789"), SOURCE, LICENCE)
    save(digits, folder)
    return digits


def of_splits(splits: Splits, n: int | None, classes: tuple[str, ...], source: str, licence: str) -> PictureSet:
    """A set of grey pictures with a class each, the second split held out; `n`: at most so many a split."""
    x_train, y_train, x_test, y_test = (a[:n] for a in splits)
    return PictureSet(
        pictures=np.concatenate([x_train, x_test])[..., None],
        held_out=np.arange(len(y_train) + len(y_test)) >= len(y_train),
        class_labels=np.concatenate([y_train, y_test]).astype(np.int64),
        style_labels=None,
        classes=classes,
        styles=(),
        source=source,
        licence=licence,
    )


def read(source: Path) -> Splits:
    """The four arrays of an .npz file; raises PictureSetError where the file or one of them is missing."""
    if not source.is_file():
        raise PictureSetError(f"No file {source}. Leave --source out to download MNIST instead.")
    names = ("x_train", "y_train", "x_test", "y_test")
    with np.load(source, allow_pickle=False) as arrays:
        absent = [name for name in names if name not in arrays]
        if absent:
            raise PictureSetError(f"{source} lacks {', '.join(absent)}. Give an .npz file with {', '.join(names)}.")
        x_train, y_train, x_test, y_test = (arrays[name] for name in names)
    return x_train, y_train, x_test, y_test


def download(cache: Path) -> Splits:
    """The same four arrays through torchvision, which keeps its files in cache/MNIST."""
    from torchvision.datasets import MNIST  # only this path needs torchvision

    train, test = MNIST(cache, train=True, download=True), MNIST(cache, train=False, download=True)
    return train.data.numpy(), train.targets.numpy(), test.data.numpy(), test.targets.numpy()
