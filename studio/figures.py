"""What the engine did: counts, delays and how many look on."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

from studio.jobs import PictureFuture, Superseded

REMEMBERED = 1024  # delays that the percentiles are taken of
PRESENT = 60.0  # seconds that a visitor counts after their last request
MOST_VISITORS = 10_000


@dataclass(frozen=True)
class Figures:
    """At one moment; counts are since the start."""

    frames: int  # moving frames
    pictures: int  # all others
    faults: int
    latency_ms_p50: float  # from request to picture, jobs left out
    latency_ms_p95: float
    queue: int  # single pictures and jobs that wait
    visitors: int  # seen in the last minute
    uptime: float  # seconds
    memory_mb: float


class Tally:
    """Counts as things happen; safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._began = time.monotonic()
        self._frames = self._pictures = self._faults = 0
        self._delays: deque[float] = deque(maxlen=REMEMBERED)
        self._seen: dict[str, float] = {}  # visitor -> when, longest ago first

    def follow(self, visitor: str, kind: str, future: PictureFuture) -> PictureFuture:
        """Count what becomes of a picture that a visitor asked for: "moving", "resting", "single" or of a "job"."""
        self.see(visitor)
        future.add_done_callback(partial(self._ended, kind, time.monotonic()))
        return future

    def _ended(self, kind: str, asked: float, future: Future[Any]) -> None:
        if future.cancelled() or isinstance(future.exception(), Superseded):
            return
        if future.exception():
            self.failed()
        else:
            self.drew(moving=kind == "moving", delay_ms=None if kind == "job" else (time.monotonic() - asked) * 1000)

    def see(self, visitor: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._seen.pop(visitor, None)
            self._seen[visitor] = now
            while now - next(iter(self._seen.values())) > PRESENT or len(self._seen) > MOST_VISITORS:
                del self._seen[next(iter(self._seen))]

    def drew(self, *, moving: bool, delay_ms: float | None) -> None:
        with self._lock:
            self._frames += moving
            self._pictures += not moving
            if delay_ms is not None:
                self._delays.append(delay_ms)

    def failed(self) -> None:
        with self._lock:
            self._faults += 1

    def figures(self, queue: int, memory_mb: float) -> Figures:
        now = time.monotonic()
        with self._lock:
            delays = sorted(self._delays) or [0.0]
            return Figures(
                frames=self._frames,
                pictures=self._pictures,
                faults=self._faults,
                latency_ms_p50=delays[len(delays) // 2],
                latency_ms_p95=delays[min(len(delays) - 1, int(len(delays) * 0.95))],
                queue=queue,
                visitors=sum(now - when <= PRESENT for when in self._seen.values()),
                uptime=now - self._began,
                memory_mb=memory_mb,
            )
