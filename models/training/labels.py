"""From the rows of a set to what networks take: pictures as tensors, labels as conditions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.spec import Condition, GeneratorSpec
from models.training.datasets.pictures import PictureSet


def floats(pixels: Tensor) -> Tensor:
    """uint8 -> float32 in [-1, 1]."""
    return pixels.float() / 127.5 - 1


def pictures_of(data: PictureSet, rows: np.ndarray | Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Rows of a set as (n, channels, size, size) in [-1, 1]; they travel to the device as bytes."""
    return floats(torch.from_numpy(np.asarray(data.pictures[np.asarray(rows)])).to(device).permute(0, 3, 1, 2))


def condition_of(data: PictureSet, rows: np.ndarray, spec: GeneratorSpec) -> Condition:
    """The labels of some rows as one-hot mixtures, those that the generator takes."""

    def one_hot(labels: np.ndarray | None, names: tuple[str, ...]) -> Tensor | None:
        return None if labels is None or not names else torch.eye(len(names))[torch.from_numpy(labels[rows])]

    return Condition(one_hot(data.class_labels, spec.classes), one_hot(data.style_labels, spec.styles))
