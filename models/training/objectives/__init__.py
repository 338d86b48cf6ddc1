"""What a step of training minimises: a pair's game, those of a pyramid, or a bound on the likelihood."""

from __future__ import annotations

from models.generators.lapgan import Lapgan
from models.generators.vae import Vae
from models.spec import Generator
from models.training.objectives.adversarial import Adversarial
from models.training.objectives.bound import EvidenceBound
from models.training.objectives.objective import Batch, Objective
from models.training.objectives.pyramid import Pyramid
from models.training.presets import Preset
from models.training.shards import Shard

__all__ = ["Adversarial", "Batch", "EvidenceBound", "Objective", "Pyramid", "build_objective"]


def build_objective(generator: Generator, preset: Preset, shard: Shard, coder: Generator | None = None) -> Objective:
    """The objective that belongs to a generator's family, as the preset sets it."""
    match generator:
        case Vae():
            return EvidenceBound(generator, preset, shard)
        case Lapgan():
            return Pyramid(generator, preset, shard)
        case _:
            return Adversarial(generator, preset, shard, coder)
