"""Long works: whose turn it is, how they end, and what is left of them."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from models.translators.translator import Tell
from studio import works as module
from studio.errors import Fault
from studio.recipe import Recipe
from studio.works import Work, Works

RECIPE = Recipe(source="0" * 32)


def explain(error: BaseException, recipe: Recipe) -> Fault:
    return Fault("fault.drawing", generator=type(error).__name__, status=500)


@pytest.fixture
def works() -> Iterator[Works]:
    works = Works(queue=4, each=3, explain=explain)
    yield works
    works.stop(Fault("fault.stopped"))


def work(run: Callable[[Tell], Any] = lambda tell: "made", visitor: str = "a", undo: Callable[[], None] = lambda: None) -> Work:
    return Work(visitor, RECIPE, (10, 10), 100.0, run, undo)


class Held:
    """A run that tells of its first part and then waits."""

    def __init__(self) -> None:
        self.begun, self.gate = Event(), Event()

    def __call__(self, tell: Tell) -> str:
        tell(1, 4)
        self.begun.set()
        assert self.gate.wait(10), "a test forgot to open the gate"
        tell(2, 4)
        return "made"


@pytest.fixture
def held(works: Works) -> Iterator[Held]:
    """While it lasts, the works are busy."""
    held = Held()
    works.submit(work(held, "busy"))
    assert held.begun.wait(5)
    yield held
    held.gate.set()


def soon(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def code(work: Work) -> str:
    error = work.future.exception(5)
    assert isinstance(error, Fault), repr(error)
    return error.code


def test_a_work_tells_how_far_it_is_and_holds_what_it_made(works: Works) -> None:
    told: list[tuple[int, int]] = []
    held = Held()
    one = works.submit(work(held), listed=True)
    assert held.begun.wait(5)
    told.append((one.done, one.total))
    assert (one.state, works.place(one)) == ("running", 0)
    assert works.estimate(one) > 0
    held.gate.set()
    assert one.future.result(5) == "made"
    assert (told, one.done, one.total, one.state, works.estimate(one)) == ([(1, 4)], 4, 4, "done", 0.0)
    assert works.of("a") == [one]
    assert works.get(one.id, "a") is one


def test_visitors_take_turns(works: Works, held: Held) -> None:
    order: list[str] = []

    def noted(name: str) -> Callable[[Tell], None]:
        return lambda tell: order.append(name)

    many = [works.submit(work(noted(f"greedy {k}"), "greedy")) for k in range(2)]
    one = works.submit(work(noted("modest"), "modest"))
    assert [works.place(each) for each in (*many, one)] == [1, 2, 3]
    assert works.estimate(one) > works.estimate(many[0]) > 0
    held.gate.set()
    wait([each.future for each in (*many, one)], 5)
    assert order == ["greedy 0", "modest", "greedy 1"]


def test_who_was_served_goes_behind_who_waits(works: Works, held: Held) -> None:
    order: list[str] = []
    again = [works.submit(work(lambda tell: order.append("busy"), "busy"))]
    other = works.submit(work(lambda tell: order.append("other"), "other"))
    held.gate.set()
    wait([again[0].future, other.future], 5)
    assert order == ["other", "busy"]


def test_queue_and_visitor_have_bounds(works: Works, held: Held) -> None:
    mine = [works.submit(work(visitor="a")) for _ in range(3)]
    with pytest.raises(Fault) as own:
        works.submit(work(visitor="a"))
    works.submit(work(visitor="b"))
    with pytest.raises(Fault) as full:
        works.submit(work(visitor="c"))
    assert (own.value.code, own.value.status) == ("fault.too_many", 429)
    assert (full.value.code, full.value.status, full.value.params) == ("fault.busy", 503, {"place": 5})
    works.cancel(mine[0])
    assert works.submit(work(visitor="a")).state == "waiting"


def test_a_work_stops_between_two_parts_and_leaves_nothing(works: Works, held: Held, tmp_path: Path) -> None:
    path, begun = tmp_path / "half", Event()

    def endless(tell: Tell) -> None:
        path.write_text("half")
        begun.set()
        for part in range(10_000):
            tell(part, 10_000)
            time.sleep(0.01)

    one = works.submit(work(endless, undo=path.unlink))
    held.gate.set()
    assert begun.wait(5)
    began = time.monotonic()
    works.cancel(one)
    assert one.state == "cancelled"
    assert one.future.cancelled()
    assert soon(lambda: not path.exists())
    assert time.monotonic() - began < 2
    assert works.submit(work()).future.result(5) == "made"


def test_cancelled_after_its_last_part_it_leaves_nothing_either(works: Works) -> None:
    finished, gate, undone = Event(), Event(), Event()

    def run(tell: Tell) -> str:
        finished.set()
        assert gate.wait(5)
        return "made"

    one = works.submit(work(run, undo=undone.set))
    assert finished.wait(5)
    works.cancel(one)
    gate.set()
    assert undone.wait(5)
    assert one.state == "cancelled"


def test_what_is_done_is_not_undone(works: Works) -> None:
    undone = Event()
    one = works.submit(work(undo=undone.set), listed=True)
    assert one.future.result(5) == "made"
    works.cancel(one)
    works.forget(one)
    assert (one.state, undone.is_set(), works.of("a")) == ("done", False, [])


def test_one_that_waits_is_cancelled_without_having_run(works: Works, held: Held) -> None:
    ran = Event()
    one = works.submit(work(lambda tell: ran.set()), listed=True)
    works.forget(one)
    last = works.submit(work())
    held.gate.set()
    assert last.future.result(5) == "made"
    assert (ran.is_set(), works.of("a"), works.place(one), works.estimate(one)) == (False, [], 0, 0.0)


@pytest.mark.parametrize(
    ("error", "expected"), [(IndexError("a bug"), "fault.drawing"), (Fault("fault.no_source", id="x"), "fault.no_source")], ids=str
)
def test_a_fault_ends_only_its_own_work(works: Works, held: Held, error: Exception, expected: str) -> None:
    undone = Event()

    def run(tell: Tell) -> None:
        raise error

    bad, good = works.submit(work(run, "a", undone.set), listed=True), works.submit(work(visitor="b"))
    held.gate.set()
    assert code(bad) == expected
    assert good.future.result(5) == "made"
    assert (bad.state, bad.fault and bad.fault.code) == ("failed", expected)
    assert undone.wait(1)


def test_a_fault_does_not_hold_on_to_what_was_worked_on(works: Works) -> None:
    left: list[weakref.ref[np.ndarray]] = []

    def run(tell: Tell) -> None:
        picture = np.zeros((10, 10, 3))
        left.append(weakref.ref(picture))
        try:
            raise OSError("a full disk")
        except OSError as error:
            raise Fault("fault.gallery_full") from error

    one = works.submit(work(run), listed=True)
    with pytest.raises(Fault):
        one.future.result(5)
    assert works.submit(work()).future.result(5) == "made"
    gc.collect()
    assert left[0]() is None


def test_what_was_made_is_not_held_on_to_while_nothing_waits(works: Works) -> None:
    one = works.submit(work(lambda tell: np.zeros(10)))
    left = weakref.ref(one.future.result(5))
    del one
    assert soon(lambda: gc.collect() is not None and left() is None)


def test_between_two_parts_others_are_let_through() -> None:
    passed: list[int] = []
    works = Works(queue=4, each=4, explain=explain, give_way=lambda: passed.append(1))
    works.submit(work(lambda tell: [tell(k, 3) for k in range(3)])).future.result(5)
    assert len(passed) == 3
    works.stop(Fault("fault.stopped"))


def test_others_works_are_not_there(works: Works) -> None:
    one = works.submit(work(visitor="a"), listed=True)
    for visitor, id in (("b", one.id), ("a", "0" * 16), ("a", "../x")):
        with pytest.raises(Fault) as caught:
            works.get(id, visitor)
        assert (caught.value.code, caught.value.status) == ("fault.no_work", 404)
    assert works.of("b") == []


def test_works_that_are_over_are_forgotten_in_time(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    done = [works.submit(work(), listed=True) for _ in range(3) if soon(lambda: not works.waiting())]
    done[-1].future.result(5)
    last = works.submit(work(visitor="b"), listed=True)
    assert works.of("a") == done[1:]
    last.future.result(5)
    monkeypatch.setattr(module, "LIFE", -1.0)
    works.submit(work(visitor="c"), listed=True)
    assert works.of("a") == works.of("b") == []


def test_of_many_visitors_only_the_latest_turns_are_known(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURNS", 2)
    for visitor in "abc":
        works.submit(work(visitor=visitor)).future.result(5)
    assert list(works._turns) == ["b", "c"]


def test_the_estimate_learns_the_pace(works: Works, held: Held) -> None:
    one = works.submit(work())
    before = works.estimate(one)
    works.submit(work(lambda tell: time.sleep(0.05), "b"))
    held.gate.set()
    assert soon(lambda: works.waiting() == 0)
    busy = Held()
    works.submit(work(busy, "busy"))
    assert busy.begun.wait(5)
    assert works.estimate(works.submit(work())) > before
    busy.gate.set()


def test_stopping_refuses_what_runs_what_waits_and_what_comes(works: Works) -> None:
    undone, held = Event(), Held()
    running, waiting = works.submit(work(held, undo=undone.set)), works.submit(work())
    assert held.begun.wait(5)
    stopping = Thread(target=works.stop, args=(Fault("fault.stopped", status=503),))
    stopping.start()
    assert [code(running), code(waiting)] == ["fault.stopped"] * 2
    with pytest.raises(Fault, match="stopped"):
        works.submit(work())
    held.gate.set()
    stopping.join(2)
    assert not stopping.is_alive()
    assert undone.is_set()
