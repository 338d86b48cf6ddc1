"""Large pictures a tile at a time: the same pixels as the whole would give, in the memory of one strip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

TILE = 256  # pixels a side of what is given; small enough to be cancelled between two, large enough that the overlap is little


@dataclass(frozen=True)
class Tiling:
    """How a picture is cut: tiles of `tile` pixels a side, each seen with `reach` pixels of its surroundings."""

    height: int
    width: int
    reach: int
    tile: int = TILE

    def __post_init__(self) -> None:
        if min(self.height, self.width, self.tile) < 1 or self.reach < 0:
            raise ValueError(f"A tiling needs a picture, a tile and no negative reach, not {self}.")

    @property
    def rows(self) -> range:
        """Where strips begin."""
        return range(0, self.height, self.tile)

    @property
    def columns(self) -> range:
        return range(0, self.width, self.tile)

    @property
    def count(self) -> int:
        return len(self.rows) * len(self.columns)


def strips(
    translate: Callable[[Tensor], Tensor], pixels: np.ndarray, factor: int, tiling: Tiling, tell: Callable[[int], None] = lambda done: None
) -> Iterator[np.ndarray]:
    """The translation of pixels (h, w, 3) uint8 from top to bottom, each strip (rows * factor, w * factor, 3) uint8.

    translate: (1, 3, h, w) in [0, 1] -> (1, 3, factor * h, factor * w) in [0, 1], whose pixels depend on nothing beyond the reach.
    tell is called after each tile with how many are done; what it raises ends the work.
    """
    done = 0
    for top in tiling.rows:
        bottom = min(top + tiling.tile, tiling.height)
        strip = np.empty((factor * (bottom - top), factor * tiling.width, 3), np.uint8)
        for left in tiling.columns:
            right = min(left + tiling.tile, tiling.width)
            y, x = max(top - tiling.reach, 0), max(left - tiling.reach, 0)
            seen = pixels[y : bottom + tiling.reach, x : right + tiling.reach]
            whole = translate(torch.from_numpy(np.array(seen)).permute(2, 0, 1)[None].float() / 255)
            part = whole[0, :, factor * (top - y) : factor * (bottom - y), factor * (left - x) : factor * (right - x)]
            strip[:, factor * left : factor * right] = part.mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
            done += 1
            tell(done)
        yield strip


@dataclass(frozen=True)
class Span:
    """A stretch of one side of a picture, `first` to `last`, seen with its surroundings, `begin` to `end`."""

    first: int
    last: int
    begin: int
    end: int

    def seen(self, stride: int = 1) -> slice:
        """In the picture, or in maps of it at a stride."""
        return slice(self.begin // stride, self.end // stride)

    def kept(self) -> slice:
        """In the picture."""
        return slice(self.first, self.last)

    def within(self, stride: int = 1) -> slice:
        """What is kept, in what is seen."""
        return slice((self.first - self.begin) // stride, (self.last - self.begin) // stride)


def spans(length: int, part: int, reach: int) -> list[Span]:
    """A side cut into parts, each seen with `reach` around it; whole, where one part may see all of it."""
    if length <= part + 2 * reach:
        return [Span(0, length, 0, length)]
    lasts = [(first, min(first + part, length)) for first in range(0, length, part)]
    return [Span(first, last, max(first - reach, 0), min(last + reach, length)) for first, last in lasts]
