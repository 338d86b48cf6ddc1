"""What every objective promises the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.spec import Condition
from models.training.schedule import Stage


@dataclass(frozen=True)
class Batch:
    pictures: Tensor  # (n, channels, size, size) in [-1, 1]
    condition: Condition  # one-hot rows
    rows: np.ndarray  # (n,) which pictures of the set they are


class Objective(Protocol):
    """Owns the optimisers and whatever is trained beside the generator."""

    def step(self, batch: Batch, number: int) -> dict[str, float]:
        """One update on one batch; the losses by name."""
        ...

    def grow(self, stage: Stage) -> None:
        """Draw and judge pictures of this stage from now on."""
        ...

    def modules(self) -> dict[str, nn.Module]:
        """What is saved, besides the generator."""
        ...

    def optimisers(self) -> dict[str, torch.optim.Optimizer]: ...
