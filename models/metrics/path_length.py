"""How evenly a picture changes while its latent moves."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.encoder import distance, seen
from models.metrics.samples import Samples
from models.training.labels import condition_of

PATHS, BATCH = 1000, 50
STEP = 1e-4


class PathLength:
    """Perceptual path length in w, between two latents of one class and style (Karras 2019, section 4.1). Less is smoother.

    In the features of our own encoder: figures compare checkpoints here, and only with those that vary as much.
    """

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("path_length",)

    def measure(self, samples: Samples) -> Mapping[str, float]:
        return {"path_length": path_length(samples)}


@torch.inference_mode()
def path_length(samples: Samples, paths: int = PATHS) -> float:
    """Mean squared speed of the picture at a random place of each path; the slowest and fastest hundredth are left out, as there."""
    generator, encoder = samples.checkpoint.generator, samples.encoder
    draw = torch.Generator().manual_seed(samples.seed + 1)
    speeds = []
    for part in samples.rows[:paths].split(BATCH):
        n = len(part)
        condition = condition_of(samples.data, part.numpy(), generator.spec)
        a, b = (generator.map(torch.randn(n, generator.spec.z_dim, generator=draw), condition) for _ in range(2))
        place = torch.rand(n, 1, 1, generator=draw)
        here, there = (encoder(seen(drawn(samples, torch.lerp(a, b, t)), samples.view)) for t in (place, place + STEP))
        speeds.append(distance(here, there) / STEP**2)
    return trimmed(torch.cat(speeds))


def drawn(samples: Samples, w: Tensor) -> Tensor:
    """Pictures as floats: a step is far smaller than a byte can tell. Noise is the same for both ends of a step."""
    spec = samples.checkpoint.generator.spec
    return samples.checkpoint.generator.synthesize(w, list(range(len(w))))[:, : spec.channels].clamp(-1, 1)


def trimmed(values: Tensor, share: float = 0.01) -> float:
    """Mean of what lies between two quantiles."""
    low, high = values.quantile(share), values.quantile(1 - share)
    return values[(values >= low) & (values <= high)].double().mean().item()
