"""Strokes as a brush leaves them on paper.

A stroke is laid down as dabs of an elliptic tip, close enough to run into one another. How hard the brush is pressed follows
from the stroke alone: firmly where it begins, lightly on the way, and at its end as regular script has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.strokes import Stroke, rounded

RADIUS = 0.024  # of the side, at full pressure
TIP = (1.0, 0.74)  # half-axes of the tip: a line across is thinner than one down
TILT = math.radians(-20)  # of the tip's long axis; a line that rises to the right is the thinnest
SPACING = 0.35  # of a pixel between dabs
SOFTNESS = 1.2  # pixels from ink to paper
LAST = 0.05  # of the side: as much of a stroke tells how it ends


def ink(writings: Sequence[Sequence[Stroke]], size: int) -> Tensor:
    """How much ink each pixel takes, (n, size, size) float32 in [0, 1]; the darkest of all dabs on it, so that order does not matter."""
    laid = [(page, dabs(stroke, size)) for page, strokes in enumerate(writings) for stroke in strokes]
    paper = torch.zeros(len(writings) * size * size)
    if not laid:
        return paper.view(-1, size, size)
    pages = np.repeat([page for page, _ in laid], [len(dab) for _, dab in laid])
    x, y, radius = torch.from_numpy(np.concatenate([dab for _, dab in laid])).unbind(1)
    reach = math.ceil(float(radius.max()) + SOFTNESS)
    offset = torch.arange(-reach, reach + 1)
    column, row = x.floor().long()[:, None] + offset, y.floor().long()[:, None] + offset  # (dabs, 2 * reach + 1)
    covered = _coverage(column + 0.5 - x[:, None], row + 0.5 - y[:, None], radius)
    inside = ((column >= 0) & (column < size))[:, None, :] & ((row >= 0) & (row < size))[:, :, None] & (covered > 0)
    place = torch.from_numpy(pages)[:, None, None] * size**2 + row[:, :, None] * size + column[:, None, :]
    return paper.scatter_reduce_(0, place[inside], covered[inside], "amax").view(-1, size, size)


def _coverage(across: Tensor, down: Tensor, radius: Tensor) -> Tensor:
    """Ink of dabs (d,) on the pixels around them: offsets across (d, k) and down (d, k) in pixels -> (d, k, k), rows first."""
    x, y = across[:, None, :], down[:, :, None]
    along, beside = (x * math.cos(TILT) + y * math.sin(TILT)) / TIP[0], (y * math.cos(TILT) - x * math.sin(TILT)) / TIP[1]
    away = (along.square() + beside.square()).sqrt()
    return ((radius[:, None, None] - away) / SOFTNESS + 0.5).clamp(0, 1)


def dabs(stroke: Stroke, size: int) -> np.ndarray:
    """Where the brush touches along a stroke and how broadly: (dabs, 3) float32 of x, y and radius in pixels."""
    line = rounded(np.asarray(stroke, np.float32))
    so_far = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    total = float(so_far[-1])
    along = np.linspace(0, total, max(2, math.ceil(total * size / SPACING) + 1))
    x, y = (np.interp(along, so_far, line[:, axis]) for axis in (0, 1))
    before_end = int(np.searchsorted(so_far, total - LAST, "right")) - 1 if total > LAST else 0
    radius = RADIUS * pressure(along, _direction(line[0], line[-1]), _direction(line[before_end], line[-1]))
    return (np.stack([x, y, radius], axis=1) * size).astype(np.float32)


def pressure(along: np.ndarray, whole: tuple[float, float], last: tuple[float, float]) -> np.ndarray:
    """Pressure in [0, 1] at distances along a stroke, in sides, (d,); `whole`, `last`: unit vectors from begin to end and at its end.

    To the left, or up as a hook, the brush leaves the paper in a point. A dot grows; a long stroke to the lower right (na) swells and
    then thins out; all others end as they began, with the brush at rest. No step between these, so that a writing can change gradually.
    """
    left, total = along[-1] - along, float(along[-1])
    lifts = max(_ramp(-last[1], 0.35, 0.6), _ramp(-last[0], 0.2, 0.5))
    falls = (1 - lifts) * _ramp(last[0], 0.3, 0.6) * _ramp(whole[1], 0.05, 0.2)
    dot, na = falls * _ramp(total, 0.24, 0.16), falls * _ramp(total, 0.25, 0.4)
    begins = 0.2 * (1 - 2.2 * dot) * np.exp(-((along / 0.045) ** 2))
    rests = 0.18 * (1 - lifts) * (1 - na) * np.exp(-((left / 0.045) ** 2))
    swells = na * (0.4 * np.exp(-(((left - 0.11) / 0.07) ** 2)) - 0.15 * np.exp(-((along / 0.12) ** 2)))
    thins = 1 - 0.88 * lifts * np.exp(-left / 0.07) - 0.8 * na * np.exp(-((left / 0.06) ** 2))
    return ((0.72 + begins + rests + swells) * thins).clip(0.08, 1.2)


def _ramp(value: float, nothing: float, all_of_it: float) -> float:
    """0 up to `nothing`, 1 from `all_of_it` on, even between."""
    return min(max((value - nothing) / (all_of_it - nothing), 0.0), 1.0)


def _direction(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    x, y = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
    return float(x), float(y)
