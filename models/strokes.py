"""Writing as strokes: what a pen leaves between touching the paper and lifting off it.

A stroke is a (points, 2) float32 array of x to the right and y down, both in [0, 1]; a writing is a list of them in order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Stroke = np.ndarray  # (points, 2) float32 in [0, 1]

# What the pen does once it has reached a point (Ha and Eck 2017).
DRAWS, LIFTS, ENDS = 0, 1, 2
PENS = 3


def flattened(strokes: Sequence[Stroke]) -> tuple[np.ndarray, np.ndarray]:
    """A writing as one path: points (n, 2) float32 and what the pen does after each, (n,) int64. ValueError where there is no point."""
    if not strokes or any(stroke.ndim != 2 or stroke.shape[1] != 2 or not len(stroke) for stroke in strokes):
        raise ValueError("A writing has at least one stroke, and each stroke is an array of one or more points (x, y).")
    points = np.concatenate(strokes).astype(np.float32)
    pens = np.full(len(points), DRAWS, np.int64)
    pens[np.cumsum([len(stroke) for stroke in strokes]) - 1] = LIFTS
    pens[-1] = ENDS
    return points, pens


def parted(points: np.ndarray, pens: np.ndarray) -> list[Stroke]:
    """The strokes of one path, (n, 2) and (n,): what `flattened` took together; all that follows an end is left out."""
    ends = np.flatnonzero(pens == ENDS)
    last = int(ends[0]) + 1 if len(ends) else len(points)
    cuts = np.flatnonzero(pens[: max(last - 1, 0)] == LIFTS) + 1
    return [part for part in np.split(points[:last], cuts) if len(part)]


def simplified(stroke: Stroke, tolerance: float) -> Stroke:
    """The points of a stroke that it needs to stay within `tolerance` of what it was (Ramer 1972; Douglas and Peucker 1973)."""
    kept = np.zeros(len(stroke), bool)
    kept[[0, -1]] = True
    open_ends = [(0, len(stroke) - 1)]
    while open_ends:
        first, last = open_ends.pop()
        if last - first < 2:
            continue
        away = _away_from_chord(stroke[first + 1 : last], stroke[first], stroke[last])
        farthest = int(away.argmax())
        if away[farthest] > tolerance:
            middle = first + 1 + farthest
            kept[middle] = True
            open_ends += [(first, middle), (middle, last)]
    return stroke[kept]


def _away_from_chord(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance of points (n, 2) from the segment a b, (n,); a segment, not a line, because a stroke may turn back beyond its end."""
    chord = b - a
    along = ((points - a) @ chord / max(float(chord @ chord), 1e-12)).clip(0, 1)
    return np.linalg.norm(points - a - along[:, None] * chord, axis=1)


def rounded(stroke: Stroke, rounds: int = 2) -> Stroke:
    """A stroke with its corners cut, the ends kept (Chaikin 1974): the curve that few points stand for, never outside their hull."""
    for _ in range(rounds if len(stroke) > 2 else 0):
        a, b = stroke[:-1], stroke[1:]
        inner = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        stroke = np.concatenate([stroke[:1], inner[1:-1], stroke[-1:]])
    return stroke


def svg(strokes: Sequence[Stroke], size: int = 1024, width: float = 0.035) -> str:
    """The writing as an SVG drawing of `size` units a side: one path a stroke, in order, round-ended lines `width` of the side wide."""
    paths = "".join(f'<path d="{_path(rounded(stroke) * size)}"/>' for stroke in strokes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<rect width="{size}" height="{size}" fill="#fff"/>'
        f'<g fill="none" stroke="#000" stroke-width="{width * size:g}" stroke-linecap="round" stroke-linejoin="round">{paths}</g></svg>\n'
    )


def _path(points: np.ndarray) -> str:
    if len(points) == 1:  # a dot: a line of no length is drawn by its round ends
        points = np.repeat(points, 2, axis=0)
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
