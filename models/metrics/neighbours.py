"""Who lies near whom among features, in pieces, so that memory stays small: what precision, coverage and memory are told from."""

from __future__ import annotations

import torch
from torch import Tensor

PIECE = 1000


def reach(features: Tensor, k: int, originals: Tensor | None = None) -> Tensor:
    """Distance of each to its k-th nearest other, (n, d) -> (n,).

    originals (n,): what each was cut from. Others of the same original do not count: overlapping cuts are near one another
    whatever the world looks like, and balls that reach only as far would hold no new picture, not even a real one.
    """
    if originals is not None:
        pieces = zip(features.split(PIECE), originals.split(PIECE), strict=True)
        apart = (torch.cdist(part, features).masked_fill_(mine[:, None] == originals, torch.inf) for part, mine in pieces)
        return torch.cat([distances.topk(k, largest=False).values[:, -1] for distances in apart])
    k = min(k, len(features) - 1)
    # the nearest of all is the picture itself
    return torch.cat([torch.cdist(part, features).topk(k + 1, largest=False).values[:, -1] for part in features.split(PIECE)])


def within(points: Tensor, centres: Tensor, radii: Tensor) -> tuple[Tensor, Tensor]:
    """Balls (m, d), (m,) and points (n, d) -> in how many balls each point lies, (n,), and whether each ball holds any, (m,)."""
    counts, held = [], torch.zeros(len(centres), dtype=torch.bool)
    for part in points.split(PIECE):
        inside = torch.cdist(part, centres) <= radii
        counts.append(inside.sum(1))
        held |= inside.any(0)
    return torch.cat(counts), held


def nearest(points: Tensor, among: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """Distances (n, k) and rows (n, k) of the k nearest among (m, d) to each point (n, d), nearest first."""
    rows = torch.cat([torch.cdist(part, among).topk(k, largest=False).indices for part in points.split(PIECE)])
    # cdist is quick but loses small distances in rounding; those that count are taken anew
    exact = torch.stack([(points - among[column]).norm(dim=1) for column in rows.T], dim=1)
    exact, order = exact.sort(dim=1)
    return exact, rows.gather(1, order)
