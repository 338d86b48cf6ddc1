"""So many a second: what floods are kept out with."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rate:
    """So many a second, with a burst (a token bucket)."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._when = float(burst), clock()

    def allows(self) -> bool:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._when) * self._rate)
        self._when = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    @property
    def wait(self) -> float:
        """Seconds until it allows one more."""
        return max(0.0, (1 - self._left) / self._rate - (self._clock() - self._when))

    @property
    def full(self) -> bool:
        """Nothing was taken of late, so a new one would allow the same."""
        return self._left + (self._clock() - self._when) * self._rate >= self._burst
