"""A worker that dies is begun anew: what it had in hand is refused, and nobody else waits for ever."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

DEATHS, WITHIN = 5, 60.0  # so many within so many seconds are no accident: then it ends for good


def kept_alive(work: Callable[[], None], drop: Callable[[], None], report: Callable[[str], None]) -> None:
    """Work until the work ends by itself. After anything else that ends it, `drop` what was in hand, say so and begin anew.

    Raises what ended it where that happened too often.
    """
    deaths: deque[float] = deque(maxlen=DEATHS)
    while True:
        try:
            return work()
        except BaseException as error:  # also what is no Exception ends a thread
            deaths.append(time.monotonic())
            if len(deaths) == DEATHS and deaths[-1] - deaths[0] < WITHIN:
                raise
            report(f"A worker ended: {error!r}. It begins anew.")
            drop()
