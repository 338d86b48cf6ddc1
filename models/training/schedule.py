"""How a training changes as images are seen: its rate, and the size of what it draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.training.presets import Preset


@dataclass(frozen=True)
class Stage:
    """Where a growing training stands (Karras 2018, section 2)."""

    side: int  # pixels
    fade: float = 1.0  # how far the newest resolution has come in


def stage(preset: Preset, size: int, seen: int) -> Stage:
    """Stage after `seen` images: each (side, until) of preset.growth in turn, then the full size; each but the first fades in."""
    begun = 0
    for side, until in preset.growth:
        if seen < until:
            return Stage(side, _fade(preset, seen, begun))
        begun = until
    return Stage(size, _fade(preset, seen, begun))


def _fade(preset: Preset, seen: int, begun: int) -> float:
    return 1.0 if begun == 0 else min((seen - begun) / preset.fade, 1.0)


def rate(preset: Preset, seen: int) -> float:
    """Learning rate after `seen` images: linear warm-up, then constant or a cosine down to a twentieth at the end."""
    warm = min(1.0, (seen + preset.batch) / preset.warm_up) if preset.warm_up else 1.0
    if not preset.cosine:
        return preset.rate * warm
    done = min(seen / preset.images, 1.0)
    return preset.rate * warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
