"""The line at the door: who comes when the studio is full is told a place and how long it will take, and let in in turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

LEARNING = 0.2  # weight of the newest entry in the mean that estimates are made from
TELL_EVERY = 1.0  # seconds between looks at the door


class Line:
    """First come, first served. has_room: whether one more may come in; most: places in the line. For one event loop."""

    def __init__(self, has_room: Callable[[], bool], most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._has_room, self._most, self._clock = has_room, most, clock
        self._waiting: list[asyncio.Event] = []  # set to make them look
        self._pace = 10.0  # seconds from one that is let in to the next, learned
        self._last = 0.0  # when one was

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._most

    async def wait(self, tell: Callable[[int, float], Awaitable[object]], every: float = TELL_EVERY) -> None:
        """Return when it is one's turn. Until then, whenever it changes, tell is given how many stand before and the seconds left."""
        if not self._waiting and self._has_room():
            return
        me, told = asyncio.Event(), -1
        self._waiting.append(me)
        self._last = self._last if len(self._waiting) > 1 else self._clock()
        try:
            while (place := self._waiting.index(me)) or not self._has_room():
                if place != told:
                    await tell(place, (place + 1) * self._pace)
                    told = place
                me.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(me.wait(), every)
            now = self._clock()
            self._pace += LEARNING * (now - self._last - self._pace)
            self._last = now
        finally:
            self._waiting.remove(me)
            if self._waiting:
                self._waiting[0].set()
