"""What somebody waits for: one picture, a job of many, or a row of jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from studio.frames import Picture
from studio.recipe import Recipe

if TYPE_CHECKING:
    from studio.inside import Look
    from studio.schedule import Schedule

JobState = Literal["waiting", "running", "done", "cancelled", "failed"]


class Superseded(Exception):
    """A newer recipe of the same hand took this one's place."""


class PictureFuture(Future[Picture]):
    """A picture to come, and how long the drawing of it took."""

    draw_ms: float = 0.0


@dataclass(frozen=True, eq=False)
class Request:
    """One picture that somebody waits for."""

    visitor: str
    recipe: Recipe
    kind: Literal["moving", "resting", "single", "job"]
    due: float = float("inf")  # on the schedule's clock
    job: Job | None = None
    channel: str = ""  # of a live page
    is_part: bool = False  # of a long work
    look: Look | None = None  # what is wanted of the picture's inside, in its place
    future: PictureFuture = field(default_factory=PictureFuture)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits, unless they left or know already."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)


class Job:
    """Several pictures of one visitor, drawn when no hand moves. Its futures come in the order of the recipes."""

    def __init__(self, number: int, visitor: str, recipes: Sequence[Recipe], schedule: Schedule, look: Look | None = None) -> None:
        self.id = number
        self.visitor = visitor
        self.total = len(recipes)
        self.done = 0
        self.state: JobState = "waiting"
        self._schedule = schedule
        self._requests = [Request(visitor, recipe, "job", job=self, look=look) for recipe in recipes]
        self.left = deque(self._requests)  # not yet begun; the schedule takes from it

    @property
    def futures(self) -> tuple[PictureFuture, ...]:
        return tuple(request.future for request in self._requests)

    def place(self) -> int:
        """Jobs before this one; 0 = its turn."""
        return self._schedule.place(self)

    def estimate(self) -> float:
        """Seconds until it is done, if no hand moves."""
        return self._schedule.estimate(self)

    @property
    def pace(self) -> float:
        """Seconds a picture, as the schedule has learned."""
        return self._schedule.pace

    def cancel(self) -> None:
        """Draw no more of it. A picture being drawn is finished; nothing happens to a job that is over."""
        self._schedule.end(self, "cancelled")

    def pictures(self) -> Iterator[Picture]:
        """Each picture when it is there. Ends early when the job is cancelled; raises the Fault that ended it."""
        for future in self.futures:
            try:
                yield future.result()
            except CancelledError:
                return

    def drop_rest(self, error: Exception | None) -> None:
        """Tell all who wait for what will not be drawn."""
        for request in self._requests:
            if error is None:
                request.future.cancel()
            else:
                request.fail(error)


class LongJob:
    """More pictures than a job may hold: one job after another, so that others come in between. To who waits for it, it is a job."""

    def __init__(self, recipes: Sequence[Recipe], submit: Callable[[Sequence[Recipe]], Job], most: int) -> None:
        self.total = len(recipes)
        self._left = deque(recipes[begin : begin + most] for begin in range(0, self.total, most))
        self._submit = submit
        self._now: Job | None = None
        self._cancelled = False

    @property
    def state(self) -> JobState:
        if self._cancelled:
            return "cancelled"
        if self._left and (self._now is None or self._now.state == "done"):
            return "running" if self._now else "waiting"
        return self._now.state if self._now else "done"

    @property
    def futures(self) -> Iterator[PictureFuture]:
        """Those of each job in turn, which begins when its first is asked for: then Fault where the queue is full. None once cancelled."""
        while self._left and not self._cancelled:
            self._now = self._submit(self._left.popleft())
            yield from self._now.futures

    def place(self) -> int:
        """Jobs before the one that it has now; 0 = its turn."""
        return self._now.place() if self._now else 0

    def estimate(self) -> float:
        """Seconds until it is done, if no hand moves and nobody comes in between."""
        return self._now.estimate() + self._now.pace * sum(map(len, self._left)) if self._now else 0.0

    def cancel(self) -> None:
        """Draw no more of it; nothing happens where it is over."""
        self._cancelled = self.state not in ("done", "failed")
        if self._now:
            self._now.cancel()
