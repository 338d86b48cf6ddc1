"""Repair of pictures of any size: where patterns go on holes are made of what is known, else the network fills them, as deep as it sees;

what deeper ones are about it proposes, small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

from models.translators.exemplars import Search
from models.translators.filler import MULTIPLE, Chance, smooth
from models.translators.translator import as_pixels, as_tensor

TILE, MARGIN = 192, 64  # pixels a side of what the network fills at once at most, and what it sees around; multiples of 8
REGION, AROUND = 1536, 256  # the same of what is made of its surroundings at once, so that memory does not grow with the picture
SIGHT = 48  # pixels from its edge to its heart: so deep a hole the network sees across
DEEP = 8  # likewise: of holes beyond its sight, a deeper one is first filled at half the size
SOFT = 16  # pixels in which what is made of what is known passes into what the network fills
LEAST = 64  # pixels of the longer side below which nothing is halved
PASSES = 2  # of finding what is like a hole at full size; one more at each smaller one
STRIDES = (1, 4)  # pixels that a finding is moved along by, in turn; at full size the first alone
STEP = 4  # a picture grows by at most a share of 1 / STEP at a time, so that there is something to go on from

if TYPE_CHECKING:
    from models.translators.inpainting import Inpainting

Tell = Callable[[float], None]  # given the share that is done after each window; what it raises ends the work


@dataclass(frozen=True, eq=False)
class Level:
    """A picture and its holes at one size."""

    pixels: np.ndarray  # (h, w, 3) uint8
    hole: np.ndarray  # (h, w) bool


@dataclass(frozen=True)
class Window:
    """What is seen at once, and the tile of it that is filled, as (top, bottom, left, right)."""

    seen: tuple[int, int, int, int]
    tile: tuple[int, int, int, int]

    def put(self, pixels: np.ndarray, left: np.ndarray, made: np.ndarray) -> None:
        """What was made of what is seen, into those holes of the tile that are left; then none are."""
        (top, _, begin, _), (y, bottom, x, end) = self.seen, self.tile
        own, tile = left[y:bottom, x:end], pixels[y:bottom, x:end]
        tile[own] = made[y - top : bottom - top, x - begin : end - begin][own]
        own[:] = False


def mend(
    inpainting: Inpainting, pixels: np.ndarray, hole: np.ndarray, options: Mapping[str, float], tell: Tell = lambda share: None
) -> np.ndarray:
    """pixels (h, w, 3) uint8 with its holes (h, w) bool filled; not a bit of anything else is changed."""
    if pixels.shape != (*hole.shape, 3) or pixels.dtype != np.uint8:
        raise ValueError(f"A picture (h, w, 3) of bytes and a mask (h, w) are needed, not {pixels.shape} {pixels.dtype} and {hole.shape}.")
    told, made, left = inpainting.spec.read(options), pixels.copy(), hole.copy()
    regions = tuple(windows(hole, REGION, AROUND))
    for k, region in enumerate(regions):
        top, bottom, begin, end = region.seen
        seen = slice(top, bottom), slice(begin, end)
        region.put(made, left, mended(inpainting, made[seen], left[seen], told, lambda share, k=k: tell((k + share) / len(regions))))
    return made


def mended(inpainting: Inpainting, pixels: np.ndarray, hole: np.ndarray, told: Mapping[str, float], tell: Tell) -> np.ndarray:
    """A region of a picture: made of what is known as far as that goes on, else filled by the network where it sees across its holes."""
    made, trust = remade(inpainting, pixels, hole, told, tell)
    level, luck = Level(pixels.copy(), hole), inpainting.chance(int(told["seed"]), *hole.shape)
    for _ in proposed(inpainting, level, luck, told["freedom"]):
        tell(1.0)
    trust = np.maximum(trust, beyond_sight(hole))
    level.pixels[hole] = (level.pixels[hole] + trust[hole][:, None] * (made[hole].astype(np.float32) - level.pixels[hole])).round()
    return level.pixels


def remade(
    inpainting: Inpainting, pixels: np.ndarray, hole: np.ndarray, told: Mapping[str, float], tell: Tell
) -> tuple[np.ndarray, np.ndarray]:
    """A region proposed small, then made of what is known, at each size as the smaller one has it; and (h, w), how far to trust it."""
    levels, seed, search = pyramid(pixels, hole), int(told["seed"]), None
    work, done = sum((k + PASSES) * int(level.hole.sum()) for k, level in enumerate(levels)), 0
    luck, draw = inpainting.chance(seed, *levels[-1].hole.shape), torch.Generator().manual_seed(seed)
    for _ in proposed(inpainting, levels[-1], luck, told["freedom"]):
        tell(0.0)
    for k in range(len(levels) - 1, -1, -1):
        level = levels[k]
        if k + 1 < len(levels):
            level.pixels[level.hole] = doubled(levels[k + 1].pixels, level.hole.shape)[level.hole]
        search = Search(torch.from_numpy(level.hole.copy()), draw, search)
        for _ in range(k + PASSES if search.can else 0):
            made = search.improved(as_tensor(level.pixels)[0], STRIDES if k else STRIDES[:1])
            level.pixels[level.hole] = as_pixels(made[None])[level.hole]
            done += int(level.hole.sum())
            tell(done / work)
    tell(1.0)
    pixels = levels[0].pixels
    return pixels, search.trusted(as_tensor(pixels)[0]).numpy() if search else np.zeros(hole.shape, np.float32)


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
    """The picture, then halves of it, until no hole is deep: means of what is known, holes where less than half is."""
    levels = [Level(pixels.copy(), hole)]
    while deep(hole, DEEP) and max(hole.shape) > LEAST:
        ends = [(0, side % 2) for side in hole.shape]
        pixels, hole = np.pad(pixels, (*ends, (0, 0)), mode="edge"), np.pad(hole, ends, mode="edge")
        known = (~hole).astype(np.uint16)
        quarters = [(slice(y, None, 2), slice(z, None, 2)) for y in (0, 1) for z in (0, 1)]
        count, total = (np.stack([x[part] for part in quarters]).sum(axis=0, dtype=np.uint16) for x in (known, pixels * known[..., None]))
        pixels = ((total + count[..., None] // 2) // np.maximum(count, 1)[..., None]).astype(np.uint8)
        hole = count < 2
        levels.append(Level(pixels, hole))
    return levels


def deep(hole: np.ndarray, depth: int) -> bool:
    """Whether a place of a hole is so many pixels or more from all that is known; nothing is known beyond the frame."""
    return bool(hearts(hole, depth).any())


def hearts(hole: np.ndarray, depth: int) -> np.ndarray:
    """Those places, (h, w) bool."""
    whole = np.pad(hole, depth, constant_values=True)
    for axis in (0, 1):  # erosion by a square of 2 * depth + 1: a stretch ANDed with itself is eroded by how far it was moved
        whole, left, step = whole.swapaxes(0, axis), 2 * depth, 1
        while left:
            step = min(step, left)
            whole, left, step = whole[step:] & whole[:-step], left - step, 2 * step
        whole = whole.swapaxes(0, axis)
    return whole


def beyond_sight(hole: np.ndarray) -> np.ndarray:
    """(h, w) float32: 1 about the hearts that the network doesn't see from their edges, falling to 0 where a hole is narrow."""
    about = ~hearts(~hearts(hole, SIGHT), SIGHT)
    return F.avg_pool2d(torch.from_numpy(about.astype(np.float32))[None], 2 * SOFT + 1, 1, SOFT, count_include_pad=False)[0].numpy()


def windows(hole: np.ndarray, tile: int, margin: int) -> Iterator[Window]:
    """Tiles that have holes, each no larger than this, and what is seen of their surroundings."""
    height, width = hole.shape
    tile = max(height, width) if max(height, width) <= tile + 2 * margin else tile  # a small picture is seen whole
    for y in range(0, height, tile):
        for x in range(0, width, tile):
            part = hole[y : y + tile, x : x + tile]
            if part.any():
                top, bottom, left, right = box(part)
                inner = (y + top, y + bottom, x + left, x + right)
                yield Window((*around(*inner[:2], height, margin), *around(*inner[2:], width, margin)), inner)


def around(begin: int, end: int, side: int, margin: int) -> tuple[int, int]:
    """A stretch with its margins, as far as the picture goes, between multiples of 8."""
    return max(begin - margin, 0) // MULTIPLE * MULTIPLE, min(-(-(end + margin) // MULTIPLE) * MULTIPLE, side)


def box(hole: np.ndarray) -> tuple[int, int, int, int]:
    """The first and the last row and column that have any of it; the last not included."""
    rows, columns = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


@torch.inference_mode()
def proposed(inpainting: Inpainting, level: Level, luck: Chance, freedom: float) -> Iterator[Window]:
    """Fill a level's pixels in place by what the network proposes, a window after another, each going on from those before it."""
    device, left = next(inpainting.parameters()).device, level.hole.copy()
    for window in windows(level.hole, TILE, MARGIN):
        top, bottom, begin, end = window.seen
        picture = as_tensor(level.pixels[top:bottom, begin:end]).to(device)
        hole = torch.from_numpy(left[top:bottom, begin:end].copy()).to(device)[None, None].float()
        cut = luck.cut(top, begin, bottom - top, end - begin)
        window.put(level.pixels, left, as_pixels(inpainting.fill(smooth(picture, hole), hole, cut, freedom)))
        yield window


def doubled(coarse: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A level (h, w, 3) as the next smaller one proposes it."""
    larger = F.interpolate(as_tensor(coarse), scale_factor=2.0, mode="bilinear")
    return as_pixels(larger[..., : shape[0], : shape[1]])
