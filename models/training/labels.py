"""From a set's labels to the condition a generator takes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.spec import Condition, GeneratorSpec
from models.training.datasets.pictures import PictureSet


def condition_of(data: PictureSet, rows: np.ndarray, spec: GeneratorSpec) -> Condition:
    """The labels of some rows as one-hot mixtures, those that the generator takes."""

    def one_hot(labels: np.ndarray | None, names: tuple[str, ...]) -> Tensor | None:
        return None if labels is None or not names else torch.eye(len(names))[torch.from_numpy(labels[rows])]

    return Condition(one_hot(data.class_labels, spec.classes), one_hot(data.style_labels, spec.styles))
