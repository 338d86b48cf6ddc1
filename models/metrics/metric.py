"""What every metric promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from models.checkpoint import Checkpoint
from models.metrics.samples import Samples


class Metric(Protocol):
    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """The scores that this gives of such a generator, known without measuring; none where it doesn't apply."""
        ...

    def measure(self, samples: Samples) -> Mapping[str, float]:
        """Those scores; a name means the same for every checkpoint."""
        ...
