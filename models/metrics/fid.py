"""Fréchet distance between the features of drawn and of real pictures."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.samples import Samples


class Fid:
    """How far drawn pictures are from real ones as a whole (Heusel 2017, equation 6), against the whole training set.

    In the features of our own encoder: figures compare checkpoints here and mean nothing beside those of Inception.
    """

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("fid",)

    def measure(self, samples: Samples) -> Mapping[str, float]:
        return {"fid": frechet_distance(samples.features, samples.training)}


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Features (n, d) and (m, d) -> squared distance of the normals fitted to them, 0 or more; float64 inside."""
    (mean_a, cov_a), (mean_b, cov_b) = (fitted(a), fitted(b))
    # the trace of the root of cov_a cov_b, by the symmetric matrix that has the same eigenvalues
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    shared = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    return max(((mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * shared).item(), 0.0)


def fitted(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) in float64."""
    features = features.double()
    return features.mean(0), torch.cov(features.T)
