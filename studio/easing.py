"""How one moment goes over into the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

Ease = Literal["even", "soft", "start", "stop", "hold"]

EASES: Mapping[Ease, Callable[[float], float]] = {  # 0 .. 1 of the time -> 0 .. 1 of the way
    "even": lambda t: t,
    "soft": lambda t: t * t * (3 - 2 * t),
    "start": lambda t: t * t,
    "stop": lambda t: t * (2 - t),
    "hold": lambda t: 0.0,
}
