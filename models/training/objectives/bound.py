"""A bound on the likelihood: what an autoencoder minimises."""

from __future__ import annotations

import torch
from torch import nn

from models.generators.vae import Vae, negative_elbo
from models.training.objectives.objective import Batch, adam, descend
from models.training.presets import Preset
from models.training.schedule import Stage
from models.training.shards import Shard


class EvidenceBound:
    """The evidence lower bound of a VAE (Kingma and Welling 2013), in nats a pixel."""

    def __init__(self, generator: Vae, preset: Preset, shard: Shard) -> None:
        self.vae, self.preset, self.shard = generator, preset, shard
        self.adam = adam(generator.parameters(), preset)

    def step(self, batch: Batch, number: int) -> dict[str, float]:
        reconstruction, kl = negative_elbo(self.vae, (batch.pictures + 1) / 2)
        descend(self.adam, reconstruction + kl, self.preset, self.shard)
        return {"reconstruction": reconstruction.item(), "kl": kl.item()}

    def grow(self, stage: Stage) -> None:
        pass  # an autoencoder has one size

    def modules(self) -> dict[str, nn.Module]:
        return {}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.adam}
