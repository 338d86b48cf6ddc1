"""How many drawn pictures look real, and how much of the real ones can be drawn."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.neighbours import reach, within
from models.metrics.samples import Samples

NEIGHBOURS = 3


class PrecisionRecall:
    """Fidelity and variety apart (Kynkäänniemi 2019, equation 2, k = 3), as many real pictures as drawn ones where there are.

    Beside precision that of real pictures held out from everything: what can be had.
    """

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("precision", "recall", "real_precision")

    def measure(self, samples: Samples) -> Mapping[str, float]:
        precision, recall = precision_recall(samples.features, samples.reference, originals=samples.originals)
        held_out = samples.held_out if len(samples.held_out) else samples.reference
        real, _ = precision_recall(held_out, samples.reference, originals=samples.originals)
        return {"precision": precision, "recall": recall, "real_precision": real}


def precision_recall(drawn: Tensor, real: Tensor, k: int = NEIGHBOURS, originals: Tensor | None = None) -> tuple[float, float]:
    """Share of drawn (n, d) that lie in a ball about a real one up to its k-th neighbour, and of real (m, d) about a drawn one.

    originals (m,): what each real picture was cut from; neighbours of the same original do not count.
    """
    precision = within(drawn, real, reach(real, k, originals))[0] > 0
    recall = within(real, drawn, reach(drawn, k))[0] > 0
    return precision.double().mean().item(), recall.double().mean().item()
