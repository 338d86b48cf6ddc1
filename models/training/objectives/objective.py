"""What every objective promises the loop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.spec import Condition, GeneratorSpec
from models.training.presets import Preset
from models.training.recorded import Recorded
from models.training.schedule import Stage
from models.training.shards import Shard


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


def adam(parameters: Iterable[nn.Parameter], preset: Preset) -> torch.optim.Adam:
    """Kingma and Ba 2014; on a graphics card as one kernel for all parameters."""
    learned = list(parameters)
    return torch.optim.Adam(learned, lr=preset.rate, betas=preset.betas, fused=learned[0].device.type == "cuda")


def descend(optimiser: torch.optim.Optimizer, loss: Tensor, preset: Preset, shard: Shard) -> None:
    """One step of what an optimiser holds down a loss: gradients averaged over the processes, and none longer than the preset's clip."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    shard.average_gradients(parameters)
    if preset.clip:
        nn.utils.clip_grad_norm_(parameters, preset.clip)
    optimiser.step()


def precision(device: torch.device, preset: Preset) -> torch.autocast:
    """Where networks compute in bfloat16, if the preset says so. What is recorded on a graphics card can't lean on casts kept before."""
    return torch.autocast(device.type, torch.bfloat16, enabled=preset.bf16, cache_enabled=device.type != "cuda")


def recorded(network: nn.Module, preset: Preset) -> Recorded:
    """A network's pass in the preset's precision."""

    def run(*given: Tensor) -> Tensor:
        with precision(given[0].device, preset):
            return network(*given)

    return Recorded(run, network)


def scoring(critic: nn.Module, spec: GeneratorSpec, preset: Preset) -> Recorded:
    """The scores that a critic without names gives pictures, told their classes and styles side by side where there are any."""

    def run(pictures: Tensor, *rows: Tensor) -> Tensor:
        with precision(pictures.device, preset):
            return critic(pictures, Condition.of(spec, *rows)).score

    return Recorded(run, critic)
