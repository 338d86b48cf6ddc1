"""Repair of pictures of any size: what a hole is about is settled small, what it is made of at full size, in windows around it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.translators.filler import MULTIPLE, Chance, smooth
from models.translators.translator import as_tensor

TILE, MARGIN = 192, 64  # pixels a side of what a window fills at most, and what it sees around; multiples of 8
DEEP = 12  # pixels from its edge to its heart: a deeper hole is first filled at half the size
SHIFTS = (1, 2, 4, 8, 2 * DEEP - 15)  # a stretch, ANDed with itself at these, is eroded by their sum
LEAST = 64  # pixels of the longer side below which nothing is halved
STEP = 4  # a picture grows by at most a share of 1 / STEP at a time, so that there is something to go on from

if TYPE_CHECKING:
    from models.translators.inpainting import Inpainting

Tell = Callable[[float], None]  # given the share that is done after each window; what it raises ends the work


@dataclass(frozen=True, eq=False)
class Level:
    """A picture and its holes at one size."""

    pixels: np.ndarray  # (h, w, 3) uint8
    hole: np.ndarray  # (h, w) bool
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Window:
    """What is seen at once, and the tile of it that is filled, as (top, bottom, left, right)."""

    seen: tuple[int, int, int, int]
    tile: tuple[int, int, int, int]


def mend(
    inpainting: Inpainting, pixels: np.ndarray, hole: np.ndarray, options: Mapping[str, float], tell: Tell = lambda share: None
) -> np.ndarray:
    """pixels (h, w, 3) uint8 with its holes (h, w) bool filled; not a bit of anything else is changed."""
    told, levels = inpainting.spec.read(options), pyramid(pixels, hole)
    count, done, coarse = sum(len(level.windows) for level in levels), 0, None
    for level in reversed(levels):
        luck = inpainting.chance(int(told["seed"]), *level.hole.shape)
        for _ in filled(inpainting, level, coarse, luck, told["freedom"]):
            done += 1
            tell(done / count)
        coarse = level.pixels
    return levels[0].pixels


def extend(
    inpainting: Inpainting,
    pixels: np.ndarray,
    sides: tuple[int, int, int, int],
    options: Mapping[str, float],
    tell: Tell = lambda share: None,
) -> np.ndarray:
    """pixels (h, w, 3) uint8 grown by so many pixels above, below, left and right, a ring at a time where that is much."""
    steps = growth(pixels.shape[0], pixels.shape[1], sides)
    for k, (above, below, left, right) in enumerate(steps):
        around = ((above, below), (left, right))
        hole = np.pad(np.zeros(pixels.shape[:2], bool), around, constant_values=True)
        grown = np.pad(pixels, (*around, (0, 0)))
        pixels = mend(inpainting, grown, hole, options, lambda share, k=k: tell((k + share) / len(steps)))
    return pixels


def growth(height: int, width: int, sides: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """By how much a picture grows at each step, above, below, left and right."""
    if min(sides) < 0:
        raise ValueError(f"A picture grows by no fewer than 0 pixels a side, not by {sides}.")
    left, steps = list(sides), []
    while any(left):
        step = tuple(min(side, max(extent // STEP, 1)) for side, extent in zip(left, (height, height, width, width), strict=True))
        left = [side - part for side, part in zip(left, step, strict=True)]
        height, width = height + step[0] + step[1], width + step[2] + step[3]
        steps.append(step)
    return steps


def pyramid(pixels: np.ndarray, hole: np.ndarray) -> list[Level]:
    """The picture, then halves of it, until no hole is deep; a pixel is a hole where one of its four is."""
    if pixels.shape != (*hole.shape, 3) or pixels.dtype != np.uint8:
        raise ValueError(f"A picture (h, w, 3) of bytes and a mask (h, w) are needed, not {pixels.shape} {pixels.dtype} and {hole.shape}.")
    levels = [Level(pixels.copy(), hole, tuple(windows(hole)))]
    while deep(hole) and max(hole.shape) > LEAST:
        ends = [(0, side % 2) for side in hole.shape]
        pixels, hole = np.pad(pixels, (*ends, (0, 0)), mode="edge"), np.pad(hole, ends, mode="edge")
        total = np.stack([pixels[y::2, x::2] for y in (0, 1) for x in (0, 1)]).sum(axis=0, dtype=np.uint16)
        pixels = ((total + 2) // 4).astype(np.uint8)
        hole = hole[::2, ::2] | hole[1::2, ::2] | hole[::2, 1::2] | hole[1::2, 1::2]
        levels.append(Level(pixels, hole, tuple(windows(hole))))
    return levels


def deep(hole: np.ndarray) -> bool:
    """Whether a place of a hole is DEEP pixels or more from all that is known; nothing is known beyond the frame."""
    whole = np.pad(hole, DEEP, constant_values=True)
    for shift in SHIFTS:  # erosion by a square of 2 * DEEP + 1, a row and then a column of it
        whole = whole[shift:] & whole[:-shift]
    for shift in SHIFTS:
        whole = whole[:, shift:] & whole[:, :-shift]
    return bool(whole.any())


def windows(hole: np.ndarray) -> Iterator[Window]:
    """Tiles that have holes, each no larger than these, and what is seen of their surroundings."""
    height, width = hole.shape
    tile = max(height, width) if max(height, width) <= TILE + 2 * MARGIN else TILE  # a small picture is seen whole
    for y in range(0, height, tile):
        for x in range(0, width, tile):
            part = hole[y : y + tile, x : x + tile]
            if part.any():
                top, bottom, left, right = box(part)
                inner = (y + top, y + bottom, x + left, x + right)
                yield Window((*around(*inner[:2], height), *around(*inner[2:], width)), inner)


def around(begin: int, end: int, side: int) -> tuple[int, int]:
    """A stretch with its margins, as far as the picture goes, between multiples of 8."""
    return max(begin - MARGIN, 0) // MULTIPLE * MULTIPLE, min(-(-(end + MARGIN) // MULTIPLE) * MULTIPLE, side)


def box(hole: np.ndarray) -> tuple[int, int, int, int]:
    """The first and the last row and column that have any of it; the last not included."""
    rows, columns = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


@torch.inference_mode()
def filled(inpainting: Inpainting, level: Level, coarse: np.ndarray | None, luck: Chance, freedom: float) -> Iterator[Window]:
    """Fill a level's pixels in place, a window after another, each going on from what those before it filled."""
    device, left = next(inpainting.parameters()).device, level.hole.copy()
    for window in level.windows:
        top, bottom, begin, end = window.seen
        shown, missing = level.pixels[top:bottom, begin:end], left[top:bottom, begin:end]
        picture, hole = as_tensor(shown).to(device), torch.from_numpy(missing.copy()).to(device)[None, None].float()
        proposed = smooth(picture, hole) if coarse is None else torch.where(hole > 0, doubled(coarse, window.seen).to(device), picture)
        cut = luck.cut(top, begin, bottom - top, end - begin)
        made = inpainting.fill(proposed, hole, cut, freedom, blank=coarse is None)[0].mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
        y, bottom, x, end = window.tile
        own, tile = left[y:bottom, x:end], level.pixels[y:bottom, x:end]
        tile[own] = made[y - top : bottom - top, x - begin : end - begin][own]
        own[:] = False
        yield window


def doubled(coarse: np.ndarray, seen: tuple[int, int, int, int]) -> Tensor:
    """A window of a level as the next smaller one proposes it, (1, 3, h, w)."""
    top, bottom, begin, end = seen
    y, x = max(top // 2 - 1, 0), max(begin // 2 - 1, 0)
    part = as_tensor(coarse[y : bottom // 2 + 2, x : end // 2 + 2])
    larger = F.interpolate(part, scale_factor=2.0, mode="bilinear")
    return larger[..., top - 2 * y : bottom - 2 * y, begin - 2 * x : end - 2 * x]
