"""Who draws the batches: the shelf of this very process, or replicas of it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from zlib import crc32

import numpy as np

from studio.directions import OWN
from studio.jobs import Request
from studio.recipe import Recipe
from studio.recipe_steps import Made


class Painter(Protocol):
    """All that the Engine asks of what draws for it; one thread at a time asks it."""

    @property
    def made(self) -> Made:
        """On what its last batch was drawn."""
        ...

    def draw(self, recipes: Sequence[Recipe]) -> np.ndarray:
        """Recipes of one generator -> uint8 (n, size, size, 3), before any enlargement. One alone is drawn exactly.

        Raises Fault, or MemoryError where several at once were too many.
        """
        ...


class Company(Protocol):
    """Painters elsewhere. Each has a seat, and a live channel belongs to one seat as long as there are so many."""

    seats: int
    only_rests: bool  # they draw what somebody waits for, alone: no moving frames, no sheets, no parts of long works

    def open(self, hashes: Mapping[str, str]) -> Made:
        """Return, once they can draw with the weights of these short hashes, by generator, on what; ValueError where they can't."""
        ...

    def painter(self, seat: int) -> Painter: ...

    def close(self) -> None: ...


def stays_home(request: Request, only_rests: bool = False) -> bool:
    """Whether it needs what only the Engine's own process has: pictures from outside, directions of a visitor's own, feature maps.

    only_rests: as a Company says.
    """
    if only_rests and (request.kind in ("moving", "job") or request.is_part):
        return True
    recipe = request.recipe
    parts = (recipe, *(part.recipe for part in recipe.blend))
    own = any(name.startswith(OWN) for part in parts for name, _ in part.directions)
    return bool(own or recipe.source or recipe.after or request.look)


def sits_at(seat: int, company: Company, request: Request) -> bool:
    """Whether a request is a seat's: its channel's, or anybody's where it has no channel. No seat has what stays at home."""
    if stays_home(request, company.only_rests):
        return False
    return not request.channel or crc32(f"{request.visitor} {request.channel}".encode()) % company.seats == seat
