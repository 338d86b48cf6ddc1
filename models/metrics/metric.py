"""What every metric promises, and the samples that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.spec import Condition, GeneratorSpec
from models.training.datasets.pictures import PictureSet


@dataclass(frozen=True)
class Samples:
    """A checkpoint under measurement, with the data it was trained on and where judges are kept."""

    checkpoint: Checkpoint
    data: PictureSet
    judges: Path
    count: int = 10_000
    seed: int = 0

    def drawn(self, batch: int = 100) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Pictures (n, channels, size, size) in [-1, 1] with their class and style numbers, (n,); balanced over both, psi 1."""
        generator = self.checkpoint.generator
        spec = generator.spec
        draw = torch.Generator().manual_seed(self.seed)
        place = torch.arange(self.count)
        classes = place % max(len(spec.classes), 1)
        styles = place // max(len(spec.classes), 1) % max(len(spec.styles), 1)
        for part in place.split(batch):
            z = torch.randn(len(part), spec.z_dim, generator=draw)
            noise = [self.seed + int(number) for number in part]
            with torch.inference_mode():
                w = generator.map(z, one_hot(spec, classes[part], styles[part]))
                x = generator.synthesize(w, noise)[:, : spec.channels].clamp(-1, 1)
            yield x, classes[part], styles[part]


def one_hot(spec: GeneratorSpec, classes: Tensor, styles: Tensor) -> Condition:
    """Class and style numbers as one-hot mixtures; None where the generator has no such names."""
    return Condition(
        torch.eye(len(spec.classes))[classes] if spec.classes else None,
        torch.eye(len(spec.styles))[styles] if spec.styles else None,
    )


class Metric(Protocol):
    def applies(self, checkpoint: Checkpoint) -> bool:
        """Whether this can be measured of such a generator."""
        ...

    def measure(self, samples: Samples) -> Mapping[str, float]:
        """Scores by name; a name means the same for every checkpoint."""
        ...
