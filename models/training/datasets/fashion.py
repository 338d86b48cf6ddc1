"""Garments: Fashion-MNIST as it is, 28x28, light on black, its test split held out."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from models.training.datasets.digits import Splits, of_splits
from models.training.datasets.pictures import PictureSet, PictureSetError, save

SOURCE = "Fashion-MNIST, 60,000 + 10,000 pictures of garments (Zalando SE: Han Xiao, Kashif Rasul, Roland Vollgraf)"
LICENCE = "MIT (Fashion-MNIST)"
CLASSES = ("t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

FILES = tuple(f"{split}-{what}-ubyte.gz" for split in ("train", "t10k") for what in ("images-idx3", "labels-idx1"))


def prepare(folder: Path, n: int | None = None, source: Path | None = None) -> PictureSet:
    """Prepare the garments in `folder` from a folder of the four files, or without one by download; `n`: at most so many a split."""
    garments = of_splits(read(source) if source else download(folder.parent), n, CLASSES, SOURCE, LICENCE)
    save(garments, folder)
    return garments


def read(source: Path) -> Splits:
    """The four files as Debian's dataset-fashion-mnist has them in /usr/share/datasets/fashion-mnist; PictureSetError where one is not."""
    absent = [name for name in FILES if not (source / name).is_file()]
    if absent:
        raise PictureSetError(f"{source} lacks {', '.join(absent)}. Leave --source out to download Fashion-MNIST instead.")
    try:
        x_train, y_train, x_test, y_test = (idx(gzip.decompress((source / name).read_bytes())) for name in FILES)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as fault:
        raise PictureSetError(f"A file in {source} is broken: {fault}. Fetch it anew.") from fault
    return x_train, y_train, x_test, y_test


def idx(data: bytes) -> np.ndarray:
    """An array of bytes in the IDX format (yann.lecun.com/exdb/mnist): 0, 0, type 8, rank, each length in four bytes, the values."""
    rank = data[3]
    shape = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(*map(int, shape))


def download(cache: Path) -> Splits:
    """The same four arrays through torchvision, which keeps its files in cache/FashionMNIST."""
    from torchvision.datasets import FashionMNIST  # only this path needs torchvision

    train, test = FashionMNIST(cache, train=True, download=True), FashionMNIST(cache, train=False, download=True)
    return train.data.numpy(), train.targets.numpy(), test.data.numpy(), test.targets.numpy()
