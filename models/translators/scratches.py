"""Scratches and dust, found without learning: what is thin or small and stands out from all that surrounds it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

SCALES = (5, 9, 15)  # pixels: what is narrower than this is told from what is not
AROUND = 41  # pixels a side of the surroundings that set how much standing out is much
ALONG, TURNS = 25, 16  # pixels of a straight piece of a scratch, and in how many directions it is looked for
LEAST, MOST = 1.5, 6.0  # how many times its surroundings' unrest a scratch stands out, to be found at full and at no sensitivity
ALONE = 2.0  # dust has to stand out so many times more, as it has no length
FLOOR, CAP = 3 / 255, 24 / 255  # unrest of the plainest surroundings; more of it at one place is thought to be the scratch itself
LONG = 20  # pixels: a scratch is at least so long
SLENDER = 4.0  # and so many times as long as wide
SPECK = 60  # pixels: dust is no larger
GROWN = 2  # pixels around what is found that belong to it: its soft edge


@dataclass(frozen=True, eq=False)
class Parts:
    """What hangs together in a mask, each with its form; arrays are by part but `of`."""

    of: np.ndarray  # (h, w) int: 0 = none, else the part
    area: np.ndarray  # pixels; that of 0 is 0
    length: np.ndarray  # of an even line with as much spread along its main axis
    width: np.ndarray


def scratches(pixels: np.ndarray, sensitivity: float) -> np.ndarray:
    """pixels (h, w, 3) uint8 -> (h, w) bool: a proposal of what is to be repaired. sensitivity: 0 (the plainest only) to 1."""
    if not 0 <= sensitivity <= 1:
        raise ValueError(f"Sensitivity is between 0 and 1, not {sensitivity}.")
    needed = LEAST * (MOST / LEAST) ** (1 - sensitivity)
    x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255
    found = np.zeros(pixels.shape[:2], bool)
    for scale in SCALES:
        light, dark = standing_out(x, scale), standing_out(1 - x, scale)
        unrest = mean_around((light + dark).clamp_max(CAP)) + FLOOR
        for hat in (light, dark):
            stands = hat / unrest
            line = along(stands.clamp_max(3 * needed))
            lines = (line > needed) & (stands > needed / 2)
            found |= parts_that(lines[0, 0].numpy(), lambda p: (p.length >= LONG) & (p.length >= SLENDER * p.width))
            found |= parts_that((stands > ALONE * needed)[0, 0].numpy(), lambda p: (p.area <= SPECK) & (p.length < LONG))
    grown = F.max_pool2d(torch.from_numpy(found).float()[None, None], 2 * GROWN + 1, 1, GROWN)
    return grown[0, 0].numpy() > 0


def standing_out(x: Tensor, scale: int) -> Tensor:
    """(1, 3, h, w) -> (1, 1, h, w): how much lighter each place is than its surroundings in every colour, if it is narrow.

    The white top-hat (Serra 1982); a scratch has no colour of its own, so the least of three counts.
    """
    return (x - opened(x, scale)).amin(1, keepdim=True)


def along(x: Tensor) -> Tensor:
    """The mean of x on a straight piece through each place, in the direction where it is most: texture is evened out, a scratch stays."""
    pieces = torch.zeros(TURNS, 1, ALONG, ALONG)
    at = torch.linspace(-(ALONG // 2), ALONG // 2, 2 * ALONG)
    for k in range(TURNS):
        heading = math.pi * k / TURNS
        y, x_ = ((at * f(heading)).round().long() + ALONG // 2 for f in (math.sin, math.cos))
        pieces[k, 0, y, x_] = 1
    return F.conv2d(x, pieces / pieces.sum((2, 3), keepdim=True), padding=ALONG // 2).amax(1, keepdim=True)


def opened(x: Tensor, side: int) -> Tensor:
    """The darkest around, then the lightest of that: light things narrower than the side are gone."""
    return wide(-wide(-x, side), side)


def wide(x: Tensor, side: int) -> Tensor:
    """The largest value in a square around each place."""
    return F.max_pool2d(F.max_pool2d(x, (side, 1), 1, (side // 2, 0)), (1, side), 1, (0, side // 2))


def mean_around(x: Tensor) -> Tensor:
    """The mean of the surroundings of each place, those beyond the frame left out."""
    for kernel in ((AROUND, 1), (1, AROUND)):
        x = F.avg_pool2d(x, kernel, 1, (kernel[0] // 2, kernel[1] // 2), count_include_pad=False)
    return x


def parts_that(mask: np.ndarray, fit: Callable[[Parts], np.ndarray]) -> np.ndarray:
    """Of a mask, the connected parts that fit."""
    parts = connected(mask)
    kept = fit(parts)
    kept[0] = False
    return kept[parts.of]


def connected(mask: np.ndarray) -> Parts:
    """Parts of a mask whose pixels touch, corners included, with their areas and second moments."""
    of = labels(mask)
    y, x = np.nonzero(of)
    part, count = of[y, x], int(of.max()) + 1
    sums = lambda values=None: np.bincount(part, values, count)  # noqa: E731
    area = sums()
    n = np.maximum(area, 1)
    mean_y, mean_x = sums(y) / n, sums(x) / n
    dy, dx = y - mean_y[part], x - mean_x[part]
    yy, xx, yx = sums(dy * dy) / n + 1 / 12, sums(dx * dx) / n + 1 / 12, sums(dy * dx) / n  # a pixel is a square
    half, root = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + yx**2)
    length = np.sqrt(12 * (half + root))
    return Parts(of, area, length, area / length)


def labels(mask: np.ndarray) -> np.ndarray:
    """(h, w) int, 0 outside the mask, 1 … for its connected parts: the least neighbour's label is taken over until none is less."""
    height, width = mask.shape
    number = np.zeros((height + 2, width + 2), np.int64)
    number[1:-1, 1:-1][mask] = np.arange(1, np.count_nonzero(mask) + 1)
    pairs = []
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        here, there = number[: height + 1, 1:-1], number[down : height + 1 + down, 1 + right : width + 1 + right]
        both = (here > 0) & (there > 0)
        pairs.append(np.stack([here[both], there[both]]))
    a, b = np.concatenate(pairs, axis=1)
    least = np.arange(np.count_nonzero(mask) + 1)
    while True:
        low = np.minimum(least[a], least[b])
        if np.array_equal(least[a], low) and np.array_equal(least[b], low):
            break
        for side in (a, b):
            np.minimum.at(least, least[side], low)
        while not np.array_equal(least, least[least]):
            least = least[least]
    return np.unique(least, return_inverse=True)[1][number[1:-1, 1:-1]]
