"""The first adversarial generator (Goodfellow 2014): a multi-layer perceptron, kept as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec


@dataclass(frozen=True)
class MlpGanConfig:
    size: int = 28
    channels: int = 1
    z_dim: int = 100
    hidden: int = 1200  # units in each of the two hidden layers


@GENERATORS.register("mlp_gan", MlpGanConfig)
class MlpGan(Generator):
    """Two layers of rectified units, then sigmoid units, one a pixel; noise enters at the bottom alone (section 5).

    It is told of no class. The paper draws noise uniformly; here it is normal, as every other generator's is.
    """

    def __init__(self, config: MlpGanConfig) -> None:
        super().__init__()
        self.config = config
        self.spec = GeneratorSpec("mlp_gan", config.size, config.channels, config.z_dim, config.z_dim, 1)
        self.layers = nn.Sequential(
            nn.Linear(config.z_dim, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.channels * config.size**2),
            nn.Sigmoid(),
        )

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        return z.unsqueeze(1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        return torch.zeros(n, 1, self.spec.z_dim, device=next(self.parameters()).device)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        brightness = self.layers(w[:, 0]).float().view(len(w), self.config.channels, self.config.size, self.config.size)
        return (brightness * 2 - 1).expand(-1, 3, -1, -1)
