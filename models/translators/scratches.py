"""Scratches and dust, found without learning: what is thin or small and stands out from all that surrounds it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

LARGE = 2048  # pixels: a picture with a longer side is looked at at half its size, or a quarter
SCALES = (5, 11)  # pixels: what is narrower than this is told from what is not
AROUND = 65  # pixels a side of the surroundings that set how much standing out is much
ALONG, TURNS = 33, 24  # pixels of a straight piece of a scratch, and in how many directions it is looked for
LEAST, MOST = 1.5, 6.0  # how many times its surroundings' unrest a scratch stands out, to be found at full and at no sensitivity
FAINT = 0.5  # share of that which each place of a scratch has at least
ALONE = 2.0  # dust has to stand out so many times more, as it has no length
FLOOR = 3 / 255  # unrest of the plainest surroundings
LONG = 48  # pixels of a scratch that has to stand out so much; a longer one less, a shorter one more
SLENDER, BROAD = 5.0, 9  # it is at least so many times as long as wide, and no wider than so many pixels
NET = 2.0  # times the area of a straight line of its length and width
CLEAR = 0.4  # standing out more than this counts no more: one glaring pixel is no line
SPECK = 160  # pixels: dust is no larger
FRAME = 6  # pixels along the frame where nothing is sought: scans have edges
GROWN = 2  # pixels around what is found that belong to it: its soft edge


@dataclass(frozen=True, eq=False)
class Parts:
    """What hangs together in a mask, each with its form; arrays are by part but `of`, and 0 stands for none."""

    of: np.ndarray  # (h, w) int: which part
    area: np.ndarray  # pixels
    length: np.ndarray  # of an even straight line with as much spread along its main axis
    width: np.ndarray  # twice the area by the length of the rim
    strength: np.ndarray  # mean ratio of standing out

    @property
    def line(self) -> np.ndarray:
        """Which are long and slender, and no net of many lines."""
        return (self.width <= (self.length / SLENDER).clip(max=BROAD)) & (self.area < NET * self.length * self.width)


def scratches(pixels: np.ndarray, sensitivity: float) -> np.ndarray:
    """pixels (h, w, 3) uint8 -> (h, w) bool: a proposal of what is to be repaired. sensitivity: 0 (the plainest only) to 1."""
    if not 0 <= sensitivity <= 1:
        raise ValueError(f"Sensitivity is between 0 and 1, not {sensitivity}.")
    halved = math.ceil(math.log2(max(max(pixels.shape[:2]) / LARGE, 1)))
    x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255
    x = F.avg_pool2d(x, 2**halved, ceil_mode=True)
    found = np.zeros(x.shape[-2:], bool)
    hats = [standing_out(light) for light in (x, 1 - x)]
    unrest = unrest_around(hats[0] + hats[1])
    for hat in hats:
        ratio = along(hat.clamp_max(CLEAR)) / unrest
        for needed in np.geomspace(MOST, LEAST, 9)[: 1 + round(8 * sensitivity)]:  # what is plain is not lost in what is faint
            drawn = (ratio > needed * FAINT) & (hat > FAINT * ratio * unrest)
            found |= parts_that(drawn, ratio, lambda p, needed=needed: p.line & (p.strength * np.sqrt(p.length / LONG) > needed))
            found |= parts_that(hat > ALONE * needed * unrest, ratio, lambda p: (p.area <= SPECK) & (p.length < LONG))
    grown = F.max_pool2d(torch.from_numpy(found).float()[None, None], 2 * GROWN + 1, 1, GROWN)
    whole = F.interpolate(grown, scale_factor=2.0**halved)[0, 0, : pixels.shape[0], : pixels.shape[1]]
    return whole.numpy() > 0


def standing_out(x: Tensor) -> Tensor:
    """(1, 3, h, w) -> (1, 1, h, w): how much lighter each place is than its surroundings in every colour, if it is narrow.

    White top-hats (Serra 1982); a scratch has no colour of its own, so the least of three counts.
    """
    hat = torch.stack([(x - opened(x, scale)).amin(1, keepdim=True) for scale in SCALES]).amax(0)
    for side in (hat, hat.transpose(-2, -1)):
        side[..., :FRAME, :], side[..., -FRAME:, :] = 0, 0
    return hat


def along(x: Tensor) -> Tensor:
    """The mean of x on a straight piece through each place, in the direction where it is most: texture is evened out, a scratch stays."""
    reach, (height, width) = ALONG // 2, x.shape[-2:]
    wide = F.pad(x, [reach] * 4, mode="replicate")
    most = torch.zeros_like(x)
    for turn in range(TURNS):
        heading = math.pi * turn / TURNS
        total = torch.zeros_like(x)
        for step in range(-reach, reach + 1):
            down, right = (reach + round(step * f(heading)) for f in (math.sin, math.cos))
            total += wide[..., down : down + height, right : right + width]
        most = torch.maximum(most, total)
    return most / ALONG


def opened(x: Tensor, side: int) -> Tensor:
    """The darkest around, then the lightest of that: light things narrower than the side are gone."""
    return wide(-wide(-x, side), side)


def wide(x: Tensor, side: int) -> Tensor:
    """The largest value in a square around each place."""
    return F.max_pool2d(F.max_pool2d(x, (side, 1), 1, (side // 2, 0)), (1, side), 1, (0, side // 2))


def unrest_around(x: Tensor) -> Tensor:
    """How much x is around each place, by the mean of its root: a few places with much, as a scratch has, hardly count."""
    root = x.sqrt()
    for kernel in ((AROUND, 1), (1, AROUND)):
        root = F.avg_pool2d(root, kernel, 1, (kernel[0] // 2, kernel[1] // 2), count_include_pad=False)
    return root.square() + FLOOR


def parts_that(mask: Tensor, ratio: Tensor, fit: Callable[[Parts], np.ndarray]) -> np.ndarray:
    """Of a mask (1, 1, h, w), the connected parts that fit."""
    parts = connected(mask[0, 0].numpy(), ratio[0, 0].numpy())
    kept = fit(parts)
    kept[0] = False
    return kept[parts.of]


def connected(mask: np.ndarray, ratio: np.ndarray) -> Parts:
    """Parts of a mask whose pixels touch, corners included, with their forms."""
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
    inside = np.pad(mask, 1)
    rim = ~(inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:])
    return Parts(of, area, np.sqrt(12 * (half + root)), 2 * area / np.maximum(sums(rim[y, x]), 1), sums(ratio[y, x]) / n)


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
