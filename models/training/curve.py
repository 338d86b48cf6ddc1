"""How a training went, in few numbers: for the card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

POINTS = 60
SHOWN = ("critic", "generator", "reconstruction", "kl", "diversity", "recall")  # losses that mean something over a whole training


def curve(log: Iterable[Mapping[str, Any]], points: int = POINTS) -> dict[str, dict[str, list[float]]]:
    """{name: {"images": [...], "value": [...]}} of at most so many points each, means over equal stretches of images.

    log: the rows of a run's log. What a step back made void is left out: of rows that tell of the same images the last count.
    """
    rows: list[Mapping[str, Any]] = []
    for row in log:
        while rows and rows[-1]["images"] > row["images"]:
            rows.pop()
        rows.append(row)
    drawn = {}
    for name in SHOWN:
        told = [(row["images"], row[name]) for row in rows if name in row and row.get("event") != "stepped back"]
        if len(told) > 1:
            images, values = np.array(told, np.float64).T
            parts = np.array_split(np.arange(len(told)), min(points, len(told)))
            drawn[name] = {
                "images": [int(images[part].mean()) for part in parts],
                "value": [round(float(values[part].mean()), 4) for part in parts],
            }
    return drawn
