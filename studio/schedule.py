"""Whose turn it is: the newest recipe of every hand in rotation, then the jobs, one picture at a time."""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, get_ident
from typing import Literal

from studio.errors import Fault
from studio.frames import Picture
from studio.inside import Look
from studio.jobs import Job, PictureFuture, Request, Superseded
from studio.recipe import Recipe

JOB_EVERY = 8  # however busy the hands are, after this many turns of theirs a job gets one
PATIENCE, PAUSE = 0.25, 0.002  # seconds that a long work lets moving frames go first, and between its looks
LEARNING = 0.1  # weight of the newest picture in the mean that estimates are made from

Fits = Callable[[Request], bool]


def anything(request: Request) -> bool:
    """A worker's choice that is none."""
    return True


@dataclass(frozen=True)
class Limits:
    """How much may wait, and for how long."""

    queue: int = 64  # single pictures and jobs that wait, of all visitors
    visitor: int = 16  # of these, a visitor's
    hands: int = 2048  # live channels that wait
    sheet: int = 64  # pictures a job
    batch: int = 16  # moving frames drawn together
    batch_seconds: float = 0.03  # and no more of them than take about so long: what comes meanwhile waits
    deadline: float = 30.0  # seconds until a request is no longer wanted


class Schedule:
    """What waits, in which order it is drawn, and what no longer fits. Safe to call from any thread."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.pace = 0.05  # seconds a picture, learned
        self._paces: dict[str, float] = {}  # the same of moving frames, by generator
        self._clock = clock
        self._changed = Condition()
        self._turns: OrderedDict[str, OrderedDict[str, deque[Request]]] = OrderedDict()  # visitor -> lane -> requests
        self._singles: dict[str, int] = {}  # visitor -> single pictures that wait
        self._jobs: list[Job] = []
        self._in_hand: dict[int, tuple[Request, ...]] = {}  # thread of a worker -> given to it last
        self._since_job = 0
        self._numbers = itertools.count(1)
        self._stopped: Fault | None = None

    def live(self, visitor: str, channel: str, recipe: Recipe, *, exact: bool) -> PictureFuture:
        """The channel's newest recipe; an older one that still waits is Superseded, and its turn is kept."""
        request = Request(visitor, recipe, "resting" if exact else "moving", self._clock() + self.limits.deadline, channel=channel)
        older: Request | None = None
        with self._changed:
            if self._stopped:
                raise self._stopped
            lane = self._turns.get(visitor, {}).get(channel)
            if lane:
                older = lane.popleft()
                lane.append(request)
            elif self._hands() >= self.limits.hands:
                raise Fault("fault.busy", place=self.limits.hands + 1, status=503)
            else:
                self._line_up(channel, request)
        if older:
            older.fail(Superseded())
        return request.future

    def single(self, visitor: str, recipe: Recipe, deadline: float | None, *, is_part: bool = False) -> PictureFuture:
        """One picture, in the visitor's next turn but behind their earlier ones; or a part of a long work of theirs."""
        due = self._clock() + (self.limits.deadline if deadline is None else deadline)
        request = Request(visitor, recipe, "single", due, is_part=is_part)
        with self._changed:
            self._admit(visitor)
            self._singles[visitor] = self._singles.get(visitor, 0) + 1
            self._line_up("", request)
        return request.future

    def submit(self, visitor: str, recipes: Sequence[Recipe], look: Look | None = None) -> Job:
        """A job. Visitors' first jobs come before anybody's second, so that no one is kept out by one who asks much."""
        if not 1 <= len(recipes) <= self.limits.sheet:
            raise Fault("fault.sheet_size", count=len(recipes), most=self.limits.sheet)
        with self._changed:
            self._admit(visitor)
            job = Job(next(self._numbers), visitor, recipes, self, look)
            self._jobs.insert(self._fair_place(visitor), job)
            self._changed.notify_all()
        return job

    def take(self, fits: Fits = anything) -> tuple[Request, ...]:
        """Wait for what a worker is to draw next: requests of one generator, all of which fit it; () once the schedule has stopped."""
        while True:
            with self._changed:
                while not (chosen := self._choose(fits)) and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return ()
            if batch := tuple(request for request in chosen if self._begin(request)):
                self._in_hand[get_ident()] = batch
                return batch

    def answer(self, request: Request, picture: Picture, seconds: float) -> None:
        """Hand over a picture that took so many seconds."""
        self.pace += LEARNING * (seconds - self.pace)
        if request.kind == "moving":
            known = self._paces.get(request.recipe.generator, seconds)
            self._paces[request.recipe.generator] = known + LEARNING * (seconds - known)
        if request.job:
            self._advance(request.job)  # first, so that who hears of the last picture finds the job done
        request.future.draw_ms = seconds * 1000
        with suppress(InvalidStateError):  # the schedule stopped meanwhile, and said so
            request.future.set_result(picture)

    def refuse(self, request: Request, error: Exception) -> None:
        """Hand over a fault; a job ends with its first."""
        if request.job:
            self.end(request.job, "failed", error)
        request.fail(error)

    def drop(self, fault: Fault) -> None:
        """Refuse what this thread was given last: it will not answer any more."""
        for request in self._in_hand.pop(get_ident(), ()):
            if not request.future.done():
                self.refuse(request, fault)

    def end(self, job: Job, state: Literal["cancelled", "failed"], error: Exception | None = None) -> None:
        with self._changed:
            if job not in self._jobs:
                return
            self._jobs.remove(job)
            job.state = state
            job.left.clear()
        job.drop_rest(error)

    def stop(self, fault: Fault) -> None:
        """Refuse all that waits and all that comes, so that nobody waits for a worker that is gone."""
        with self._changed:
            self._stopped = self._stopped or fault
            waiting = [request for batch in self._in_hand.values() for request in batch]
            waiting += [request for lanes in self._turns.values() for lane in lanes.values() for request in lane]
            self._turns.clear()
            self._singles.clear()
            jobs = list(self._jobs)
            self._changed.notify_all()
        for request in waiting:
            request.fail(fault)
        for job in jobs:
            self.end(job, "failed", fault)

    def has_hands(self) -> bool:
        """Whether anybody's newest picture waits."""
        return bool(self._turns)

    def give_way(self) -> None:
        """For long works, between two parts: return once nobody's newest picture waits, or after a moment all the same."""
        until = time.monotonic() + PATIENCE
        while self.has_hands() and time.monotonic() < until:
            time.sleep(PAUSE)

    def waiting(self) -> int:
        """Single pictures and jobs that are not done."""
        with self._changed:
            return sum(self._singles.values()) + len(self._jobs)

    def place(self, job: Job) -> int:
        with self._changed:
            return self._jobs.index(job) if job in self._jobs else 0

    def estimate(self, job: Job) -> float:
        with self._changed:
            if job not in self._jobs:
                return 0.0
            ahead = self._jobs[: self._jobs.index(job) + 1]
            return self.pace * sum(other.total - other.done for other in ahead)

    def _admit(self, visitor: str) -> None:
        if self._stopped:
            raise self._stopped
        singles = self._singles.get(visitor, 0)
        if singles + sum(job.visitor == visitor for job in self._jobs) >= self.limits.visitor:
            raise Fault("fault.too_many", most=self.limits.visitor, status=429)
        if (waiting := sum(self._singles.values()) + len(self._jobs)) >= self.limits.queue:
            raise Fault("fault.busy", place=waiting + 1, status=503)

    def _fair_place(self, visitor: str) -> int:
        """Behind every job that is no later in its own visitor's row than the new one will be in theirs."""
        round_of_new = sum(job.visitor == visitor for job in self._jobs)
        seen: dict[str, int] = {}
        place = 0
        for index, job in enumerate(self._jobs):
            if seen.get(job.visitor, 0) <= round_of_new:
                place = index + 1
            seen[job.visitor] = seen.get(job.visitor, 0) + 1
        return place

    def _hands(self) -> int:
        return sum(len(lanes) for lanes in self._turns.values())

    def _line_up(self, lane: str, request: Request) -> None:
        self._turns.setdefault(request.visitor, OrderedDict()).setdefault(lane, deque()).append(request)
        self._changed.notify_all()

    def _choose(self, fits: Fits) -> list[Request]:
        """What comes next of what fits; [] where nothing does."""
        job = next((job for job in self._jobs if job.left and fits(job.left[0])), None)
        turn = next(((visitor, lane) for visitor, lanes in self._turns.items() for lane in lanes if fits(lanes[lane][0])), None)
        if job and (not turn or self._since_job >= JOB_EVERY):
            self._since_job = 0
            job.state = "running"
            return [job.left.popleft()]
        if not turn:
            return []
        self._since_job += 1
        first = self._take_turn(*turn)
        alone = first.kind != "moving" or first.recipe.after or first.recipe.source
        return [first] if alone else [first, *self._company(first, fits)]

    def _take_turn(self, visitor: str, lane: str) -> Request:
        """A lane's first request; visitor and lane go to the back."""
        lanes = self._turns.pop(visitor)
        requests = lanes.pop(lane)
        request = requests.popleft()
        if requests:
            lanes[lane] = requests
        if lanes:
            self._turns[visitor] = lanes
        if request.kind == "single":
            self._singles[visitor] -= 1
            if not self._singles[visitor]:
                del self._singles[visitor]
        return request

    def _company(self, first: Request, fits: Fits) -> list[Request]:
        """Moving frames of the same generator that wait as well, in the order of their turns: as many as are soon drawn."""
        found: list[Request] = []
        pace = self._paces.get(first.recipe.generator, 0.0)
        most = min(self.limits.batch, int(self.limits.batch_seconds / pace)) if pace else self.limits.batch
        for visitor, lanes in list(self._turns.items()):
            for lane, requests in list(lanes.items()):
                if len(found) + 1 >= most:
                    return found
                recipe = requests[0].recipe
                alike = requests[0].kind == "moving" and recipe.generator == first.recipe.generator and not recipe.after
                if alike and fits(requests[0]):
                    found.append(requests[0])
                    del lanes[lane]
            if not lanes:
                del self._turns[visitor]
        return found

    def _begin(self, request: Request) -> bool:
        """Whether somebody still waits for it and it is not too late."""
        if not request.future.set_running_or_notify_cancel():
            if request.job:
                self._advance(request.job)
            return False
        if request.due < self._clock():
            request.fail(Fault("fault.too_late", status=504))
            return False
        return True

    def _advance(self, job: Job) -> None:
        with self._changed:
            if job not in self._jobs:
                return
            job.done += 1
            if job.done == job.total:
                job.state = "done"
                self._jobs.remove(job)
