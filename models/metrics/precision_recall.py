"""How many drawn pictures look real, and how much of the real ones can be drawn."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.neighbours import reach, within
from models.metrics.samples import Samples

NEIGHBOURS = 3


class PrecisionRecall:
    """Fidelity and variety apart (Kynkäänniemi 2019, equation 2, k = 3), as many real pictures as drawn ones where there are."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("precision", "recall")

    def measure(self, samples: Samples) -> Mapping[str, float]:
        precision, recall = precision_recall(samples.features, samples.reference)
        return {"precision": precision, "recall": recall}


def precision_recall(drawn: Tensor, real: Tensor, k: int = NEIGHBOURS) -> tuple[float, float]:
    """Share of drawn (n, d) that lie in a ball about a real one up to its k-th neighbour, and of real (m, d) about a drawn one."""
    shares = [(within(a, b, reach(b, k))[0] > 0).double().mean().item() for a, b in ((drawn, real), (real, drawn))]
    return shares[0], shares[1]
