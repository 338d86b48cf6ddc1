"""Inception score: whether each picture is sure to be something, and all together are everything."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.judge import trained_judge
from models.metrics.samples import Samples


class InceptionScore:
    """exp E KL(p(y|x) || p(y)), with our judge of the data's classes in the place of Inception (Salimans 2016, section 4).

    From 1, nothing is told apart, to the number of classes. Figures compare generators of one data set.
    """

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("inception_score",) if checkpoint.generator.spec.classes else ()

    def measure(self, samples: Samples) -> Mapping[str, float]:
        judge = trained_judge(samples.data, samples.judges)
        with torch.inference_mode():
            logits = [classes for x, _, _ in samples.drawn() if (classes := judge(x).classes) is not None]
        return {"inception_score": inception_score(torch.cat(logits))}


def inception_score(logits: Tensor) -> float:
    """logits (n, classes) of drawn pictures."""
    each = logits.double().log_softmax(1)
    together = each.exp().mean(0).log()
    return (each.exp() * (each - together)).sum(1).mean().exp().item()
