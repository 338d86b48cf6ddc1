"""Growing: a network's resolutions are 4 pixels doubled some times, learned one after another (Karras 2018, section 2)."""

from __future__ import annotations

from typing import Protocol

SMALLEST = 8  # pixels a side worth showing


class Grown(Protocol):
    """A Config of a network that grows."""

    @property
    def size(self) -> int: ...

    @property
    def widths(self) -> tuple[int, ...]:
        """Feature maps at 4, 8, 16 … pixels."""
        ...


def sides_of(config: Grown) -> tuple[int, ...]:
    """The resolutions, coarse to fine, in pixels a side; ValueError where they do not end with the size."""
    sides = tuple(4 << k for k in range(len(config.widths)))
    if not sides or sides[-1] != config.size:
        raise ValueError(f"{len(sides)} widths make {sides[-1] if sides else 0} pixels, not {config.size}.")
    return sides


def sides_shown(config: Grown) -> tuple[int, ...]:
    """Those of the resolutions that a visitor can make something out at."""
    return tuple(side for side in sides_of(config) if side >= SMALLEST)


def levels_of(config: Grown, side: int) -> int:
    """How many of the resolutions make `side` pixels; ValueError where none does."""
    sides = sides_of(config)
    if side not in sides:
        raise ValueError(f"A generator of {config.size} pixels grows through {', '.join(map(str, sides))} pixels, not {side}.")
    return sides.index(side) + 1
