"""Turns and fairness, without an engine."""

from __future__ import annotations

import numpy as np
import pytest

from studio.errors import Fault
from studio.frames import Picture
from studio.recipe import Recipe
from studio.recipe_steps import Step
from studio.schedule import JOB_EVERY, Limits, Schedule


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def recipe(number: int) -> Recipe:
    return Recipe("any", seed=number)


def picture() -> Picture:
    return Picture(np.zeros((1, 1, 3), np.uint8), Recipe("any"))


def test_a_replaced_recipe_keeps_its_turn() -> None:
    schedule = Schedule(Limits())
    schedule.live("a", "page", recipe(1), exact=True)
    schedule.live("b", "page", recipe(2), exact=True)
    schedule.live("a", "page", recipe(3), exact=True)
    assert [schedule.take()[0].recipe.seed for _ in range(2)] == [3, 2]


def test_a_visitor_with_many_pages_has_no_more_turns() -> None:
    schedule = Schedule(Limits())
    for page in range(3):
        schedule.live("many", f"page {page}", recipe(page), exact=True)
    schedule.live("one", "page", recipe(9), exact=True)
    assert [schedule.take()[0].recipe.seed for _ in range(4)] == [0, 9, 1, 2]


def test_a_visitors_single_picture_is_not_starved_by_their_hand() -> None:
    schedule = Schedule(Limits())
    schedule.live("a", "page", recipe(1), exact=False)
    schedule.single("a", recipe(2), None)
    assert schedule.take()[0].recipe.seed == 1
    schedule.live("a", "page", recipe(3), exact=False)
    assert schedule.take()[0].recipe.seed == 2


def test_only_one_generator_is_drawn_together() -> None:
    schedule = Schedule(Limits())
    for visitor, name in zip("abc", ("one", "two", "one"), strict=True):
        schedule.live(visitor, "page", Recipe(name), exact=False)
    assert [request.visitor for request in schedule.take()] == ["a", "c"]
    assert [request.visitor for request in schedule.take()] == ["b"]


def test_a_worker_takes_what_fits_it_alone_and_leaves_the_rest_its_turn() -> None:
    schedule = Schedule(Limits())
    for number, visitor in enumerate("abcd"):
        schedule.live(visitor, "page", recipe(number), exact=False)
    job = schedule.submit("j", [recipe(5), recipe(6)])
    odd, even = (lambda request: request.recipe.seed % 2 == 1), (lambda request: request.recipe.seed % 2 == 0)
    assert [request.visitor for request in schedule.take(odd)] == ["b", "d"]
    assert [request.recipe.seed for request in schedule.take(odd)] == [5]
    assert [request.visitor for request in schedule.take(even)] == ["a", "c"]
    assert [request.recipe.seed for request in schedule.take(even)] == [6]
    assert job.state == "running"


def test_a_batch_is_no_larger_than_is_soon_drawn() -> None:
    schedule = Schedule(Limits(batch=16, batch_seconds=0.03))
    for visitor in "abcdefgh":
        schedule.live(visitor, "page", recipe(0), exact=False)
    batch = schedule.take()
    assert len(batch) == 8
    for request in batch:
        schedule.answer(request, picture(), 0.01)
    for visitor in "abcdefgh":
        schedule.live(visitor, "page", recipe(0), exact=False)
    assert [len(schedule.take()) for _ in range(3)] == [3, 3, 2]


def test_what_translators_work_on_is_drawn_alone() -> None:
    schedule = Schedule(Limits())
    after = (Step("up"),)
    source = Recipe(source="0" * 32)
    for visitor, one in zip("abcde", (Recipe("one"), Recipe("one", after=after), source, source, Recipe("one")), strict=True):
        schedule.live(visitor, "page", one, exact=False)
    assert [[request.visitor for request in schedule.take()] for _ in range(4)] == [["a", "e"], ["b"], ["c"], ["d"]]


def test_busy_hands_do_not_starve_a_job() -> None:
    schedule = Schedule(Limits())
    schedule.submit("j", [recipe(0)])
    kinds = []
    for turn in range(JOB_EVERY + 1):
        schedule.live("a", "page", recipe(turn), exact=False)
        kinds.append(schedule.take()[0].kind)
    assert kinds == ["moving"] * JOB_EVERY + ["job"]


def test_first_jobs_come_before_anybodys_second() -> None:
    schedule = Schedule(Limits())
    jobs = [schedule.submit(visitor, [recipe(0)]) for visitor in ("greedy", "greedy", "greedy", "modest", "other", "modest")]
    assert [job.place() for job in jobs] == [0, 3, 5, 1, 2, 4]


def test_what_is_too_late_is_told_so_and_passed_over() -> None:
    clock = Clock()
    schedule = Schedule(Limits(deadline=30), clock)
    late, wanted = schedule.live("a", "page", recipe(1), exact=False), schedule.single("b", recipe(2), 100)
    clock.now = 31
    assert schedule.take()[0].recipe.seed == 2
    error = late.exception(0)
    assert isinstance(error, Fault)
    assert error.code == "fault.too_late"
    assert wanted.running()


def test_the_estimate_learns_the_pace() -> None:
    schedule = Schedule(Limits())
    job = schedule.submit("a", [recipe(k) for k in range(20)])
    before = job.estimate()
    for _ in range(10):
        schedule.answer(schedule.take()[0], picture(), 2.0)
    assert job.done == 10
    assert before < job.estimate() <= 20


def test_a_job_whose_pictures_nobody_wants_ends() -> None:
    schedule = Schedule(Limits())
    job = schedule.submit("a", [recipe(1), recipe(2)])
    for future in job.futures:
        future.cancel()
    last = schedule.single("b", recipe(3), None)
    schedule.answer(schedule.take()[0], picture(), 0.1)
    schedule.submit("c", [recipe(4)])
    assert schedule.take()[0].recipe.seed == 4
    assert job.state == "done"
    assert last.result(0)


def test_a_stopped_schedule_takes_nothing_and_refuses_all() -> None:
    schedule = Schedule(Limits())
    waiting = schedule.single("a", recipe(1), None)
    job = schedule.submit("a", [recipe(2)])
    schedule.stop(Fault("fault.stopped", status=503))
    assert schedule.take() == ()
    for refuse in (lambda: schedule.single("a", recipe(1), None), lambda: schedule.submit("a", [recipe(1)]), waiting.result):
        with pytest.raises(Fault, match="stopped"):
            refuse()
    assert job.state == "failed"
