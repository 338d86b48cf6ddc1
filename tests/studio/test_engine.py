"""The engine's promises: order, bounds, faults, and nobody left waiting."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from models.checkpoint import CheckpointError
from studio import engine as engine_module
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import to_png
from studio.jobs import Superseded
from studio.recipe import Recipe
from studio.schedule import Limits
from studio.supervisor import DEATHS
from tests.studio.stand_in import LOST, NAN, NO_MEMORY, NO_MEMORY_ONCE, NO_MEMORY_TOGETHER, RAISES, Obedient, obedient_engine

Pair = tuple[Engine, Obedient]


def ask(number: int) -> Recipe:
    return Recipe("obedient", noise_seed=number)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with obedient_engine(monkeypatch) as pair:
        yield pair


def code(future_or_error: object) -> str:
    error = future_or_error if isinstance(future_or_error, Exception) else future_or_error.exception(5)  # type: ignore[attr-defined]
    assert isinstance(error, Fault), repr(error)
    return error.code


# Starting


def test_what_nobody_waits_for_stands_aside_while_a_hand_moves_but_not_for_ever(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "REST", 0.2)
    monkeypatch.setattr(engine_module, "LEISURE", 0.4)
    engine.live("local", Recipe("tiny-vae")).result(10)
    began = time.monotonic()
    engine.stand_aside()
    assert 0.1 < time.monotonic() - began < 0.4
    began = time.monotonic()
    engine.stand_aside()
    assert time.monotonic() - began < 0.1, "the hand rests"
    engine._moved = time.monotonic() + 100
    engine.stand_aside()
    assert 0.3 < time.monotonic() - began < 2


def test_start_says_a_line_for_each_and_is_then_ready(tiny_checkpoints: Path) -> None:
    lines: list[str] = []
    engine = Engine(tiny_checkpoints, device="cpu", report=lines.append)
    assert not engine.ready
    with pytest.raises(Fault) as early:
        engine.draw(Recipe("tiny-vae"))
    assert (early.value.code, early.value.status) == ("fault.not_ready", 503)
    with engine:
        assert engine.ready
        assert list(engine.checkpoints) == ["tiny-dcgan", "tiny-style", "tiny-vae", "tiny-rvae"]
        assert "cpu" in lines[0]
        assert engine.draw(Recipe("tiny-vae")).recipe.made == engine.draw(Recipe("tiny-dcgan")).recipe.made
    names = ["[1/4] tiny-dcgan", "[2/4] tiny-style", "[3/4] tiny-vae", "[4/4] tiny-rvae", "tiny-up"]
    assert [line.split(":")[0] for line in lines[1:]] == names
    assert not engine.ready


def test_a_damaged_checkpoint_is_left_out_and_said(tiny_checkpoints: Path, tmp_path: Path) -> None:
    root = tmp_path / "some"
    shutil.copytree(tiny_checkpoints, root)
    (root / "tiny-style" / "weights.safetensors").write_bytes(b"cut short")
    lines: list[str] = []
    with Engine(root, device="cpu", report=lines.append) as engine:
        assert list(engine.checkpoints) == ["tiny-dcgan", "tiny-vae", "tiny-rvae"]
    assert any("left out" in line and "tiny-style" in line and "Restore" in line for line in lines)


def test_no_usable_checkpoint_is_an_error_with_a_remedy(tiny_checkpoints: Path, tmp_path: Path) -> None:
    root = tmp_path / "damaged"
    shutil.copytree(tiny_checkpoints, root)
    for card in root.glob("*/card.json"):
        card.write_text("{")
    for folder, words in ((tmp_path / "absent", "There is no checkpoint"), (root, "Every checkpoint")):
        with pytest.raises(CheckpointError, match=words) as error:
            Engine(folder, device="cpu", report=lambda line: None).start()
        assert "--checkpoints" in str(error.value)


def test_one_id_twice_is_said(tiny_checkpoints: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(tiny_checkpoints / "tiny-vae", tmp_path / name)
    lines: list[str] = []
    with Engine(tmp_path, device="cpu", report=lines.append) as engine:
        assert list(engine.checkpoints) == ["tiny-vae"]
    assert any("is there already" in line for line in lines)


def test_a_network_that_draws_nothing_valid_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Obedient, "synthesize", lambda *_: [] + 1)  # type: ignore[operator]
    with pytest.raises(CheckpointError, match="Every checkpoint"), obedient_engine(monkeypatch):
        pass


def test_a_device_that_is_not_there_is_named(tiny_checkpoints: Path) -> None:
    with pytest.raises(ValueError, match="cuda:77"):
        Engine(tiny_checkpoints, device="cuda:77", report=lambda line: None).start()


# One picture


@pytest.mark.parametrize("name", ["tiny-dcgan", "tiny-style", "tiny-vae", "tiny-rvae"])
def test_one_recipe_gives_the_same_bytes_alone_and_in_company(engine: Engine, name: str) -> None:
    recipe = Recipe(name, seed=5)
    first = to_png(engine.draw(recipe))
    crowd = [engine.live(f"visitor {k}", Recipe(name, seed=k)) for k in range(6)]
    resting = engine.live("visitor 7", recipe, exact=True)
    job = engine.submit([recipe], visitor="visitor 8")
    assert to_png(resting.result(10)) == first
    assert [to_png(picture) for picture in job.pictures()] == [first]
    assert to_png(engine.draw(engine.draw(recipe).recipe)) == first
    wait(crowd, 10)


def test_a_picture_knows_what_made_it(engine: Engine) -> None:
    picture = engine.draw(Recipe("tiny-dcgan", upscale=2))
    assert picture.pixels.shape == (32, 32, 3)
    assert picture.recipe.weights == engine.hashes()["tiny-dcgan"]
    assert picture.recipe.made
    assert picture.recipe.made.dtype in ("float32", "bfloat16")
    assert picture.recipe.made.torch.startswith("2.")


def test_a_moving_frame_is_not_enlarged(engine: Engine) -> None:
    assert engine.live("a", Recipe("tiny-dcgan", upscale=8)).result(10).pixels.shape == (16, 16, 3)


def test_what_cannot_be_drawn_is_refused_before_it_waits(pair: Pair) -> None:
    engine, generator = pair
    with pytest.raises(Fault, match="obedient") as absent:
        engine.draw(Recipe("ukyoe"))
    assert absent.value.status == 404
    with pytest.raises(Fault) as lacking:
        engine.submit([ask(1), Recipe("obedient", styles=(("serif", 1.0),))], visitor="a")
    assert lacking.value.code == "fault.no_style"
    assert code(engine.live("a", Recipe("ukyoe"))) == "fault.no_generator"
    assert generator.drawn == []


def test_a_picture_too_large_to_enlarge_is_a_fault_and_the_engine_goes_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(pixels: np.ndarray, factor: int, rendering: str) -> np.ndarray:
        if factor > 1:
            raise MemoryError
        return pixels

    monkeypatch.setattr("studio.worker.enlarge", burst)
    with pytest.raises(Fault) as error:
        pair[0].draw(Recipe("obedient", upscale=8))
    assert error.value.code == "fault.no_memory"
    assert pair[0].draw(ask(1)).pixels.shape == (4, 4, 3)


# Whose turn it is


def test_the_newest_recipe_of_a_hand_wins(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        first = engine.live("a", ask(1))
        generator.wait_until_drawing()
        second, third = engine.live("a", ask(2)), engine.live("a", ask(3))
        assert isinstance(second.exception(1), Superseded), "said at once, not when its turn would have come"
    assert first.result(5).recipe.noise_seed == 1
    assert third.result(5).pixels[0, 0, 0] == 3
    assert generator.drawn == [(1,), (3,)]


def test_two_open_pages_of_a_visitor_do_not_supersede_each_other(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        engine.live("x", ask(1))
        generator.wait_until_drawing()
        pages = [engine.live("a", ask(2 + k), channel=f"page {k}") for k in range(2)]
    assert [page.result(5).recipe.noise_seed for page in pages] == [2, 3]


def test_moving_frames_are_drawn_together_and_resting_ones_alone(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        engine.live("x", ask(1))
        generator.wait_until_drawing()
        moving = [engine.live(f"visitor {k}", ask(100 + k)) for k in range(20)]
        resting = engine.live("y", ask(99), exact=True)
    pictures = [future.result(5) for future in moving]
    assert [int(picture.pixels[0, 0, 0]) for picture in pictures] == list(range(100, 120))
    assert resting.result(5).recipe.noise_seed == 99
    assert generator.drawn == [(1,), tuple(range(100, 116)), tuple(range(116, 120)), (99,)]


def test_visitors_take_turns(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        engine.ask(ask(1), visitor="x")
        generator.wait_until_drawing()
        many = [engine.ask(ask(20 + k), visitor="greedy") for k in range(3)]
        one = engine.ask(ask(30), visitor="modest")
    wait([*many, one], 5)
    assert generator.drawn == [(1,), (20,), (30,), (21,), (22,)]


def test_a_hand_goes_before_the_next_picture_of_a_job(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        job = engine.submit([ask(k) for k in range(3)], visitor="a")
        generator.wait_until_drawing()
        hand = engine.live("b", ask(50))
    hand.result(5)
    assert [picture.recipe.noise_seed for picture in job.pictures()] == [0, 1, 2]
    assert generator.drawn == [(0,), (50,), (1,), (2,)]
    assert (job.state, job.done, job.total, job.place(), job.estimate()) == ("done", 3, 3, 0, 0.0)


def test_a_job_says_its_place_and_how_long(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        first = engine.submit([ask(0), ask(1)], visitor="a")
        generator.wait_until_drawing()
        second = engine.submit([ask(2)], visitor="b")
        assert (first.state, first.place(), second.state, second.place()) == ("running", 0, "waiting", 1)
        assert second.estimate() > first.estimate() > 0
        assert engine.figures().queue == 2
    assert len(list(second.pictures())) == 1


# Bounds


def test_a_full_queue_says_busy_and_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    with obedient_engine(monkeypatch, limits=Limits(queue=2, visitor=2, hands=2)) as (engine, generator), generator.held():
        engine.live("x", ask(0))
        generator.wait_until_drawing()
        engine.ask(ask(1), visitor="a")
        engine.submit([ask(2)], visitor="a")
        with pytest.raises(Fault) as own:
            engine.ask(ask(3), visitor="a")
        with pytest.raises(Fault) as full:
            engine.submit([ask(3)], visitor="b")
        engine.live("c", ask(4))
        assert code(engine.live("d", ask(5))) == "fault.busy"
    assert (own.value.code, own.value.status) == ("fault.too_many", 429)
    assert (full.value.code, full.value.status, full.value.params) == ("fault.busy", 503, {"place": 3})


@pytest.mark.parametrize("count", [0, 65])
def test_a_sheet_has_bounds(pair: Pair, count: int) -> None:
    with pytest.raises(Fault) as error:
        pair[0].submit([ask(0)] * count, visitor="a")
    assert error.value.code == "fault.sheet_size"


def test_a_deadline_is_kept_though_the_device_is_busy(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        engine.live("x", ask(1))
        generator.wait_until_drawing()
        late = engine.ask(ask(2), deadline=0.01)
        began = time.monotonic()
        with pytest.raises(Fault) as error:
            engine.draw(ask(3), deadline=0.05)
        assert time.monotonic() - began < 1
    assert (error.value.code, error.value.status) == ("fault.too_late", 504)
    assert code(late) == "fault.too_late"
    engine.draw(ask(4))
    assert generator.drawn == [(1,), (4,)], "what was given up is not drawn"


def test_a_cancelled_job_is_drawn_no_further(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        job = engine.submit([ask(k) for k in range(4)], visitor="a")
        generator.wait_until_drawing()
        job.cancel()
        assert job.state == "cancelled"
        assert engine.figures().queue == 0
    assert [picture.recipe.noise_seed for picture in job.pictures()] == [0], "the one being drawn is finished"
    engine.draw(ask(9))
    assert generator.drawn == [(0,), (9,)]


def test_a_cancelled_request_is_not_drawn(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        engine.live("x", ask(1))
        generator.wait_until_drawing()
        gone = [engine.ask(ask(2)), engine.live("b", ask(3))]
        assert all(future.cancel() for future in gone)
    engine.draw(ask(4))
    assert generator.drawn == [(1,), (4,)]
    with pytest.raises(CancelledError):
        gone[0].result(0)


# What goes wrong


def test_nan_names_recipe_and_generator_and_is_never_a_picture(pair: Pair) -> None:
    with pytest.raises(Fault) as error:
        pair[0].draw(Recipe("obedient", noise_seed=NAN, seed=4711))
    assert error.value.code == "fault.not_finite"
    assert "'obedient'" in str(error.value)
    assert "4711" in str(error.value)


@pytest.mark.parametrize(("seed", "expected"), [(NAN, "fault.not_finite"), (RAISES, "fault.drawing"), (NO_MEMORY, "fault.no_memory")])
def test_a_fault_in_company_reaches_only_its_own_recipe(pair: Pair, seed: int, expected: str) -> None:
    engine, generator = pair
    with generator.held():
        engine.live("x", ask(1))
        generator.wait_until_drawing()
        futures = [engine.live(f"visitor {k}", ask(n)) for k, n in enumerate((2, seed, 3))]
    assert [futures[0].result(5).recipe.noise_seed, futures[2].result(5).recipe.noise_seed] == [2, 3]
    assert code(futures[1]) == expected
    assert engine.draw(ask(5)).pixels[0, 0, 0] == 5, "the engine goes on"


def test_out_of_memory_is_tried_once_more(pair: Pair) -> None:
    engine, generator = pair
    assert engine.draw(ask(NO_MEMORY_ONCE)).pixels[0, 0, 0] == NO_MEMORY_ONCE
    with pytest.raises(Fault) as error:
        engine.draw(ask(NO_MEMORY))
    assert (error.value.code, error.value.status) == ("fault.no_memory", 503)
    assert generator.drawn == [(NO_MEMORY_ONCE,)] * 2 + [(NO_MEMORY,)] * 2


def test_a_batch_too_large_for_memory_is_drawn_one_by_one(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        engine.live("x", ask(1))
        generator.wait_until_drawing()
        futures = [engine.live(f"visitor {k}", ask(n)) for k, n in enumerate((NO_MEMORY_TOGETHER, 3))]
    assert [future.result(5).recipe.noise_seed for future in futures] == [NO_MEMORY_TOGETHER, 3]
    assert generator.drawn == [(1,), (NO_MEMORY_TOGETHER, 3), (NO_MEMORY_TOGETHER,), (3,)]


def test_a_job_ends_with_its_first_fault(pair: Pair) -> None:
    engine, generator = pair
    job = engine.submit([ask(1), ask(NAN), ask(2)], visitor="a")
    pictures = job.pictures()
    assert next(pictures).recipe.noise_seed == 1
    with pytest.raises(Fault, match="NaN"):
        next(pictures)
    assert [code(future) for future in job.futures[1:]] == ["fault.not_finite"] * 2
    assert (job.state, job.done) == ("failed", 1)
    assert generator.drawn == [(1,), (NAN,)]


def test_a_worker_that_dies_begins_anew_and_only_what_it_had_in_hand_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    with obedient_engine(monkeypatch, report=lines.append) as (engine, generator):
        answer, deaths = engine._schedule.answer, iter([SystemExit("gone")])

        def die_once(*given: Any) -> None:
            for death in deaths:
                raise death
            answer(*given)

        with generator.held():
            drawing = engine.live("x", ask(1))
            generator.wait_until_drawing()
            waiting, job = engine.ask(ask(2)), engine.submit([ask(3)], visitor="a")
            monkeypatch.setattr(engine._schedule, "answer", die_once)
        assert code(drawing) == "fault.worker"
        assert waiting.result(5).recipe.noise_seed == 2
        assert [picture.recipe.noise_seed for picture in job.pictures()] == [3]
        assert engine.ready
        assert "SystemExit" in lines[-1]


def test_a_worker_that_dies_again_and_again_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    with obedient_engine(monkeypatch, report=lines.append) as (engine, generator):
        with generator.held():
            asked = [engine.ask(ask(number)) for number in range(DEATHS + 2)]
            generator.wait_until_drawing()
            monkeypatch.setattr(engine._schedule, "answer", lambda *_: 1 / 0)
        assert [code(one) for one in asked] == ["fault.worker"] * (DEATHS - 1) + ["fault.stopped"] * 3
        assert not engine.ready
        assert "ZeroDivisionError" in lines[-1]
        assert code(engine.live("x", ask(4))) == "fault.stopped"


def test_a_device_that_is_lost_amid_a_frame_is_said_to_all_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    with obedient_engine(monkeypatch, report=lines.append) as (engine, generator):
        with generator.held():
            drawing = engine.live("x", ask(LOST))
            generator.wait_until_drawing()
            waiting, job = engine.ask(ask(2)), engine.submit([ask(3)], visitor="a")
        assert [code(one) for one in (drawing, waiting, job.futures[0])] == ["fault.device_lost"] * 3
        assert "has stopped answering" in str(waiting.exception())
        assert not engine.ready  # so /healthz says 503, and whoever watches it starts another
        assert "no longer answers" in lines[-1]


def test_closing_refuses_what_waits(pair: Pair) -> None:
    engine, generator = pair
    with generator.held():
        engine.live("x", ask(1))
        generator.wait_until_drawing()
        waiting = engine.ask(ask(2))
        closing = Thread(target=engine.close)
        closing.start()
        assert code(waiting) == "fault.stopped"
    closing.join(5)
    assert not closing.is_alive()


def test_figures_count_what_happened(pair: Pair) -> None:
    engine, _ = pair
    engine.live("a", ask(1)).result(5)
    engine.draw(ask(2), visitor="b")
    engine.live("a", ask(NAN)).exception(5)
    list(engine.submit([ask(3), ask(4)], visitor="a").pictures())
    end = time.monotonic() + 5
    while engine.figures().pictures < 3 and time.monotonic() < end:
        time.sleep(0.01)  # who waits for a picture may hear of it before it is counted
    figures = engine.figures()
    assert (figures.frames, figures.pictures, figures.faults, figures.queue, figures.visitors) == (1, 3, 1, 0, 2)
    assert 0 < figures.latency_ms_p50 <= figures.latency_ms_p95 < 5000
    assert figures.uptime > 0
    assert figures.memory_mb > 50


def test_pixels_are_eight_bit_rgb(engine: Engine) -> None:
    pixels = engine.draw(Recipe("tiny-style")).pixels
    assert (pixels.dtype, pixels.shape) == (np.uint8, (16, 16, 3))
