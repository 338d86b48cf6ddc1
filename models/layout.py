"""Points of many dimensions laid out on a plane so that neighbours stay neighbours, and in a grid without overlap."""

from __future__ import annotations

import numpy as np

PERPLEXITY = 12.0  # neighbours that count for a point, about
EXAGGERATION, EARLY, LATE = 12.0, 100, 250  # of attraction at first, and for how many steps; steps after that
FINE = 150  # steps of those that find their places among others
SCATTER = 1e-4  # how far apart all begin; duplicates begin a hundredth of it apart, or they would never part
SEARCH = 40  # halvings of a bandwidth
TINY = 1e-12


def principal(points: np.ndarray) -> np.ndarray:
    """(n, d) -> (n, 2): along the two axes of largest variance, each turned so that its largest weight is above zero."""
    centred = points - points.mean(0) if len(points) else points
    found = np.zeros((len(points), 2))
    if min(points.shape) > 0:
        axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
        axes = axes * np.where(np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1) < 0, -1, 1)
        found[:, : len(axes)] = centred @ axes.T
    return found


def neighbour_layout(points: np.ndarray, held: np.ndarray | None = None) -> np.ndarray:
    """(n, d) -> (n, 2): t-SNE (van der Maaten 2008) begun at the principal axes, every pair counted; equal points give equal layouts.

    held: (m, 2), a layout of the first m points; they keep their places and the others find theirs among them. Memory and time go
    with the square of n: some hundred points take a second. ValueError for points that are not finite.
    """
    points = np.asarray(points, np.float64)
    if not np.isfinite(points).all():
        raise ValueError("Points that are laid out must be finite.")
    count, fixed = len(points), 0 if held is None else len(held)
    if count == fixed and held is not None:
        return held.copy()
    jitter = np.random.default_rng(0).normal(0, SCATTER / 100, (count, 2))
    squared = squared_distances(points)
    if held is None or not fixed:
        places = principal(points)
        places = places * (SCATTER / max(places[:, 0].std(), TINY)) + jitter if count else places
    else:
        nearest = squared[fixed:, :fixed].argsort(1, kind="stable")[:, :3]
        places = np.concatenate([held, held[nearest].mean(1)]) + jitter
        places[:fixed] = held
    if count < 4:
        return places if fixed else places / max(np.abs(places).max(initial=0), TINY)
    alike = affinities(squared, min(PERPLEXITY, (count - 1) / 3))
    return _descend(places, alike, fixed)


def squared_distances(points: np.ndarray) -> np.ndarray:
    """(n, d) -> (n, n), zero where rows are the same."""
    lengths = (points**2).sum(1)
    found = np.maximum(lengths[:, None] + lengths - 2 * points @ points.T, 0)
    np.fill_diagonal(found, 0)
    return found


def affinities(squared: np.ndarray, perplexity: float) -> np.ndarray:
    """How alike pairs are, (n, n), symmetric, summing to one: a normal round each point, as wide as its neighbours are far (equation 1)."""
    count = len(squared)
    scaled = squared / max(squared.mean(), TINY)
    least, most, narrow = np.zeros(count), np.full(count, np.inf), np.ones(count)
    others = ~np.eye(count, dtype=bool)
    scaled = scaled - np.where(others, scaled, np.inf).min(1, keepdims=True)  # the nearest weighs one, however narrow
    weights = np.zeros_like(scaled)
    for _ in range(SEARCH):
        weights = np.exp(-scaled * narrow[:, None], where=others, out=np.zeros_like(scaled))
        total = weights.sum(1)
        entropy = np.log(total) + narrow * (scaled * weights).sum(1) / total
        wide = entropy > np.log(perplexity)
        least, most = np.where(wide, narrow, least), np.where(wide, most, narrow)
        narrow = np.where(np.isinf(most), narrow * 2, (least + most) / 2)
    weights /= weights.sum(1, keepdims=True)
    return (weights + weights.T) / (2 * count)


def _descend(places: np.ndarray, alike: np.ndarray, fixed: int) -> np.ndarray:
    """Gradient descent with momentum and gains; those held stay, and then nothing is exaggerated (Belkina 2019 on the step)."""
    step, gains = max(len(places) / EXAGGERATION, 10.0), np.ones_like(places)
    velocity, early, late = np.zeros_like(places), *((0, FINE) if fixed else (EARLY, LATE))
    for turn in range(early + late):
        heavy = alike * EXAGGERATION if turn < early else alike
        close = 1 / (1 + squared_distances(places))
        np.fill_diagonal(close, 0)
        pull = (heavy - close / close.sum()) * close
        gradient = 4 * (pull.sum(1)[:, None] * places - pull @ places)
        gains = np.maximum(np.where(np.sign(gradient) == np.sign(velocity), gains * 0.8, gains + 0.2), 0.01)
        velocity = (0.5 if turn < early else 0.8) * velocity - step * gains * gradient
        velocity[:fixed] = 0
        places = places + velocity
    return places


def wall(places: np.ndarray, columns: int) -> np.ndarray:
    """(n, 2) -> (n, 2) int: a column and a row for each, none twice, rows filled from the top: neighbours stay near.

    The rectangle is halved across its longer side, and the points with it, over and over, as in a k-d tree (Bentley 1975).
    """
    count = len(places)
    found = np.zeros((count, 2), int)

    def fill(chosen: np.ndarray, left: int, top: int, right: int, bottom: int) -> None:
        if len(chosen) == 1:
            found[chosen[0]] = left, top
        if len(chosen) <= 1:
            return
        across = right - left >= bottom - top
        middle = (left + right) // 2 if across else (top + bottom) // 2
        first = (left, top, middle, bottom) if across else (left, top, right, middle)
        second = (middle, top, right, bottom) if across else (left, middle, right, bottom)
        order = chosen[places[chosen, 0 if across else 1].argsort(kind="stable")]
        room = _room(*first, columns, count)
        fill(order[:room], *first)
        fill(order[room:], *second)

    fill(np.arange(count), 0, 0, columns, -(-count // columns) if columns else 0)
    return found


def _room(left: int, top: int, right: int, bottom: int, columns: int, count: int) -> int:
    """How many of the first `count` cells, counted row by row, lie in a rectangle."""
    return sum(min(max(count - row * columns - left, 0), right - left) for row in range(top, bottom))
