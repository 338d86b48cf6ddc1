"""Long works: one at a time, a visitor after another, with progress, an estimate and a way to stop them."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Condition, Thread
from typing import Any, Literal

import numpy as np

from models.translators.translator import Tell
from studio.device import stand_back
from studio.errors import Fault
from studio.recipe import Recipe

WorkState = Literal["waiting", "running", "done", "cancelled", "failed"]
KEPT = 40  # works a visitor that are over and can still be asked for
LIFE = 24 * 3600.0  # seconds that they can
TURNS = 1000  # visitors of whom is known when they were last served
STOPPING = 5.0  # seconds to wait for the work in hand to notice that all stops
LEARNING = 0.3  # weight of the newest pace in the mean


class Stopped(Exception):
    """The work was cancelled."""


class Work:
    """What a visitor waits for. `future` holds its result, or the Fault that ended it.

    size: width and height of what it makes; kind: "picture", "projection", or the format of a film. cost: pixels that are worked on in all.
    undo: takes back what a work that did not come to its end has left. id: its own, where it had one before the studio was started anew.
    besides: what it tells of itself as it goes, in JSON's own types.
    """

    def __init__(
        self,
        visitor: str,
        recipe: Recipe,
        size: tuple[int, int],
        cost: float,
        run: Callable[[Tell], Any],
        undo: Callable[[], None] = lambda: None,
        kind: str = "picture",
        id: str = "",
    ) -> None:
        self.id = id or secrets.token_hex(8)
        self.visitor = visitor
        self.recipe = recipe
        self.kind = kind
        self.size = size
        self.cost = cost
        self.run, self.undo = run, undo
        self.future: Future[Any] = Future()
        self.state: WorkState = "waiting"
        self.done, self.total = 0, 1
        self.besides: Mapping[str, Any] = {}
        self.so_far: np.ndarray | None = None  # what stands there already, (h, w, 3) uint8, where that can be seen
        self.began = self.ended = 0.0
        self.fault: Fault | None = None

    @property
    def over(self) -> bool:
        return self.state in ("done", "cancelled", "failed")

    @property
    def interrupted(self) -> bool:
        """The studio stopped before it was done."""
        return self.fault is not None and self.fault.code == "fault.stopped"


class Works:
    """Safe to call from any thread.

    explain: what a visitor is told of an error. give_way: called between two parts of a work, to let moving frames through.
    """

    def __init__(
        self, *, queue: int, each: int, explain: Callable[[BaseException, Recipe], Fault], give_way: Callable[[], None] = lambda: None
    ) -> None:
        self._queue, self._each = queue, each
        self._explain, self._give_way = explain, give_way
        self._changed = Condition()
        self._waiting: list[Work] = []
        self._running: Work | None = None
        self._known: dict[str, list[Work]] = {}  # visitor -> works, oldest first
        self._turns: dict[str, int] = {}  # visitor -> when they were last served, longest ago first
        self._numbers = itertools.count(1)
        self._pace = 4e-6  # seconds a pixel, learned
        self._stopped: Fault | None = None
        self._thread = Thread(target=self._work, name="works", daemon=True)
        self._thread.start()

    def submit(self, work: Work, *, listed: bool = False) -> Work:
        """Line a work up; Fault where too much waits already. A listed one can be asked for by its id."""
        with self._changed:
            if self._stopped:
                raise self._stopped
            if sum(other.visitor == work.visitor for other in self._waiting) >= self._each:
                raise Fault("fault.too_many", most=self._each, status=429)
            if len(self._waiting) >= self._queue:
                raise Fault("fault.busy", place=len(self._waiting) + 1, status=503)
            self._waiting.append(work)
            if listed:
                self._forget_old()
                self._known.setdefault(work.visitor, []).append(work)
            self._changed.notify_all()
        return work

    def _forget_old(self) -> None:
        for visitor, works in list(self._known.items()):
            over = [one for one in works if one.over]
            fresh = [one for one in over[-KEPT:] if one.ended > time.monotonic() - LIFE]
            if left := [one for one in works if not one.over or one in fresh]:
                self._known[visitor] = left
            else:
                del self._known[visitor]

    def of(self, visitor: str) -> list[Work]:
        with self._changed:
            return list(self._known.get(visitor, ()))

    def get(self, id: str, visitor: str) -> Work:
        for work in self.of(visitor):
            if work.id == id:
                return work
        raise Fault("fault.no_work", status=404)

    def cancel(self, work: Work) -> None:
        """It stops before its next part; nothing happens to one that is over."""
        with self._changed:
            if work.over:
                return
            work.state, work.ended = "cancelled", time.monotonic()
            if waited := work in self._waiting:
                self._waiting.remove(work)
        work.future.cancel()
        if waited:  # one that runs does it itself, once it has noticed
            _undo(work)

    def forget(self, work: Work) -> None:
        self.cancel(work)
        with self._changed, suppress(ValueError, KeyError):
            self._known[work.visitor].remove(work)

    def place(self, work: Work) -> int:
        """Works before this one; 0 = its turn."""
        with self._changed:
            return self._waiting.index(work) + bool(self._running) if work in self._waiting else 0

    def estimate(self, work: Work) -> float:
        """Seconds until it is done, as far as can be told."""
        with self._changed:
            if work.over:
                return 0.0
            ahead = [self._running] if self._running else []
            if work in self._waiting:
                ahead += self._waiting[: self._waiting.index(work) + 1]
        return sum(self._left(one) for one in ahead)

    def _left(self, work: Work) -> float:
        if work.state == "running" and work.done:
            return (time.monotonic() - work.began) * (work.total - work.done) / work.done
        return work.cost * self._pace

    def stop(self, fault: Fault) -> None:
        """Refuse all that waits and all that comes; returns once the work in hand has noticed, or soon after."""
        with self._changed:
            self._stopped = self._stopped or fault
            left = [*self._waiting, *([self._running] if self._running else [])]
            self._waiting.clear()
            self._changed.notify_all()
        for work in left:
            self._end(work, "failed", fault=fault)
        self._thread.join(STOPPING)

    def waiting(self) -> int:
        with self._changed:
            return len(self._waiting) + bool(self._running)

    def busy(self) -> set[str]:
        """The visitors whose works wait or are under way."""
        with self._changed:
            return {work.visitor for work in (*self._waiting, *([self._running] if self._running else []))}

    def _work(self) -> None:
        stand_back()
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Wait for a work and do it; False once all has stopped. What it made is not held on to here while nothing waits."""
        if not (work := self._next()):
            return False
        try:
            result = work.run(self._teller(work))
        except Stopped:
            pass
        except BaseException as error:  # the thread outlives whatever a translator raises, also what is no Exception
            self._end(work, "failed", fault=_bare(error if isinstance(error, Fault) else self._explain(error, work.recipe)))
        else:
            self._end(work, "done", result)
        work.so_far = None
        if work.state != "done":  # also where it was cancelled after its last part
            _undo(work)
        with self._changed:
            self._running = None
        return True

    def _next(self) -> Work | None:
        """The oldest work of the visitor who was served longest ago; None once all has stopped."""
        with self._changed:
            while not self._waiting and not self._stopped:
                self._changed.wait()
            if self._stopped:
                return None
            work = min(self._waiting, key=lambda one: self._turns.get(one.visitor, 0))  # of equals the first
            self._waiting.remove(work)
            self._turns.pop(work.visitor, None)
            self._turns[work.visitor] = next(self._numbers)
            if len(self._turns) > TURNS:
                del self._turns[next(iter(self._turns))]  # to have been served longest ago and never is the same
            work.state, work.began, self._running = "running", time.monotonic(), work
            return work

    def _teller(self, work: Work) -> Tell:
        """It raises Stopped once nobody wants the rest."""

        def tell(done: int, total: int, so_far: np.ndarray | None = None) -> None:
            work.done, work.total, work.so_far = done, total, so_far
            if work.state != "running":
                raise Stopped
            self._give_way()

        return tell

    def _end(self, work: Work, state: Literal["done", "failed"], result: Any = None, fault: Fault | None = None) -> None:
        with self._changed:
            if work.over:
                return
            work.state, work.ended, work.fault = state, time.monotonic(), fault
            if state == "done":
                work.done = work.total
                self._pace += LEARNING * ((work.ended - work.began) / max(work.cost, 1) - self._pace)
        with suppress(InvalidStateError):
            if fault:
                work.future.set_exception(fault)
            else:
                work.future.set_result(result)


def _undo(work: Work) -> None:
    with suppress(Exception):
        work.undo()


def _bare(fault: Fault) -> Fault:
    """Without the frames that it came through: they hold pictures, and a work is remembered for long."""
    fault.__cause__ = fault.__context__ = None
    return fault.with_traceback(None)
