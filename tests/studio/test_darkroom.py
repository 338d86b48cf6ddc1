"""The darkroom: steps one after another, small under a hand, whole or in strips at rest, and what is refused before it begins."""

from __future__ import annotations

import io
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from studio import darkroom as module
from studio.darkroom import Darkroom
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import read_recipe, to_png
from studio.jobs import Superseded
from studio.pictures import open_upload, to_file
from studio.recipe import Recipe
from studio.recipe_steps import Step
from studio.recipe_text import from_json
from studio.schedule import PATIENCE
from studio.tray import Tray
from studio.works import Works
from tests.studio.given import noise, photograph, wide_profile, written
from tests.studio.stand_in import StandIns, stand_ins

ME = "local"
UP = Step("tiny-up", options=(("crispness", 0.25),))
NEGATIVE = Step("negative")


@pytest.fixture
def room(engine: Engine) -> Iterator[StandIns]:
    with stand_ins(engine) as room:
        yield room


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made.png"


def bring(engine: Engine, data: bytes) -> str:
    return engine.darkroom.tray.put(data, ME)[0]


def seen(data: bytes | Path) -> Image.Image:
    image = Image.open(data if isinstance(data, Path) else io.BytesIO(data))
    image.load()
    return image


def finished(engine: Engine, recipe: Recipe, path: Path) -> Image.Image:
    assert engine.finish(recipe, path).future.result(20) == path
    return seen(path)


def code_of(call: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Fault) as caught:
        call()
    assert "{" not in str(caught.value).replace("{'", "")
    return caught.value.status, caught.value.code


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within two seconds."""
    end = time.monotonic() + 2
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# What there is


def test_translators_stand_in_the_order_of_the_page_and_are_no_generators(engine: Engine) -> None:
    assert list(engine.darkroom.translators) == ["tiny-up"]
    assert "tiny-up" not in engine.checkpoints
    assert engine.hashes()["tiny-up"] == engine.darkroom.translators["tiny-up"].short_hash != ""


def test_a_damaged_one_and_one_whose_id_is_taken_are_left_out_and_said(tiny_checkpoints: Path, tmp_path: Path) -> None:
    for name in ("damaged", "first", "second", "twin"):
        shutil.copytree(tiny_checkpoints / "tiny-up", tmp_path / name)
    (tmp_path / "damaged" / "weights.safetensors").write_bytes(b"cut short")
    card = tmp_path / "twin" / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "id": "tiny-vae"}))
    works = Works(queue=1, each=1, explain=lambda error, recipe: Fault("fault.drawing"))
    darkroom = Darkroom(Tray(tmp_path / "tray"), works)
    lines = dict(line.split(": ", 1) for line in darkroom.load(tmp_path, torch.device("cpu"), {"tiny-vae": 1}))
    works.stop(Fault("fault.stopped"))
    assert list(darkroom.translators) == ["tiny-up"]
    assert "Restore" in lines["damaged"]
    assert "ms for 64 px" in lines["first"]
    assert "'tiny-up' is there already" in lines["second"]
    assert "'tiny-vae' is there already" in lines["twin"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step("ukyoe"), (404, "fault.no_translator")),
        (Step("tiny-dcgan"), (404, "fault.no_translator")),
        (Step("tiny-up", options=(("sharpness", 1),)), (400, "fault.step_option")),
        (Step("tiny-up", options=(("clean", 1.5),)), (400, "fault.step_option")),
        (Step("tiny-up", beside=(("style", ("0" * 32,)),)), (400, "fault.step_beside")),
        (Step("painter"), (400, "fault.step_count")),
        (Step("painter", beside=(("style", ("0" * 32,) * 3),)), (400, "fault.step_count")),
        (Step("painter", beside=(("style", ("0" * 32,)),)), (404, "fault.no_source")),
    ],
    ids=str,
)
def test_what_can_never_be_worked_is_refused_at_every_door(
    engine: Engine, room: StandIns, path: Path, step: Step, expected: tuple[int, str]
) -> None:
    recipe = Recipe(source=bring(engine, photograph()), after=(UP, step))
    assert code_of(lambda: engine.ask(recipe)) == expected
    assert code_of(lambda: engine.finish(recipe, path)) == expected
    assert code_of(lambda: engine.live(ME, recipe).result(5)) == expected
    assert code_of(lambda: engine.live(ME, recipe, exact=True).result(5)) == expected
    assert engine.figures().queue == 0


def test_a_source_that_is_not_there_or_anothers_is_refused(engine: Engine, path: Path) -> None:
    recipe = Recipe(source=bring(engine, photograph()), after=(UP,))
    for other, visitor in ((replace(recipe, source="0" * 32), ME), (recipe, "someone else")):
        assert code_of(lambda: engine.ask(other, visitor=visitor)) == (404, "fault.no_source")  # noqa: B023
        assert code_of(lambda: engine.finish(other, path, visitor=visitor)) == (404, "fault.no_source")  # noqa: B023


# Steps


def test_steps_follow_one_another_and_the_recipe_tells_what_did_them(engine: Engine, room: StandIns) -> None:
    picture = engine.draw(Recipe(source=bring(engine, photograph(30, 20)), after=(NEGATIVE, UP)))
    alone = engine.draw(Recipe(source=bring(engine, written(Image.fromarray(255 - noise(30, 20)))), after=(UP,)))
    assert picture.pixels.shape == (40, 60, 3)
    assert np.array_equal(picture.pixels, alone.pixels)
    hashes = engine.hashes()
    assert [step.weights for step in picture.recipe.after] == [hashes["negative"], hashes["tiny-up"]]
    assert picture.recipe.made == engine.draw(Recipe("tiny-vae")).recipe.made
    assert np.array_equal(engine.draw(picture.recipe).pixels, picture.pixels)


def test_what_a_generator_draws_is_worked_on_and_signed_by_all(engine: Engine, room: StandIns) -> None:
    recipe = Recipe("tiny-dcgan", seed=3, upscale=2)
    drawn, picture = engine.draw(recipe), engine.draw(replace(recipe, after=(NEGATIVE,)))
    assert np.array_equal(picture.pixels, 255 - drawn.pixels)
    assert picture.recipe == replace(drawn.recipe, after=(Step("negative", weights=engine.hashes()["negative"]),))


def test_a_source_without_steps_is_itself(engine: Engine, path: Path) -> None:
    recipe = Recipe(source=bring(engine, photograph()))
    assert np.array_equal(engine.draw(recipe).pixels, noise())
    assert np.array_equal(np.asarray(finished(engine, recipe, path)), noise())


def test_styles_and_masks_lie_beside(engine: Engine, room: StandIns) -> None:
    red, blue = (bring(engine, written(Image.new("RGB", (9, 5), colour))) for colour in ("red", "blue"))
    where = np.zeros((6, 12), np.uint8)
    where[:, 6:] = 255
    mask = bring(engine, written(Image.fromarray(where)))
    step = Step("painter", options=(("strength", 1),), beside=(("style", (red, blue)), ("mask", (mask,))))
    pixels = engine.draw(Recipe(source=bring(engine, photograph(24, 12)), after=(step,))).pixels
    assert np.array_equal(pixels[:, :6], noise(24, 12)[:, :6])
    assert (pixels[:, 18:] == (128, 0, 128)).all()
    assert room.painter.masks[-1].shape == (1, 12, 24)


def test_a_picture_beside_is_no_larger_than_it_must_be(engine: Engine, room: StandIns, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[torch.Size] = []
    style = bring(engine, photograph(100, 50))
    monkeypatch.setattr(module, "BESIDE", 40)
    monkeypatch.setattr(room.painter, "translate", lambda x, _, beside: given.append(beside["style"][0].shape) or x)
    engine.draw(Recipe(source=bring(engine, photograph()), after=(Step("painter", beside=(("style", (style,)),)),)))
    assert given == [(3, 20, 40)]


def test_one_size_alone_is_the_middle_square_and_its_mask_is_cut_alike(engine: Engine, room: StandIns, path: Path) -> None:
    where = np.zeros((24, 48), np.uint8)
    where[:, 24:] = 255  # the right half; of the middle square as well
    step = Step("squarer", beside=(("mask", (bring(engine, written(Image.fromarray(where))),)),))
    recipe = Recipe(source=bring(engine, photograph(48, 24)), after=(step,))
    assert engine.draw(recipe).pixels.shape == (8, 8, 3)
    mask = room.squarer.masks[-1]
    assert (mask.shape, mask[0, :, :3].max() < 0.1, mask[0, :, 5:].min() > 0.9) == ((1, 8, 8), True, True)
    assert finished(engine, recipe, path).size == (8, 8)
    assert engine.live(ME, recipe).result(5).pixels.shape == (8, 8, 3)


def test_a_sketch_without_ground_lies_on_white(engine: Engine, room: StandIns, path: Path) -> None:
    sketch = Image.new("RGBA", (8, 8))
    sketch.putpixel((2, 2), (0, 0, 0, 255))
    recipe = Recipe(source=bring(engine, written(sketch)), after=(Step("squarer"),))
    negative = np.zeros((8, 8, 3), np.uint8)
    negative[2, 2] = 255
    made = finished(engine, recipe, path)
    assert (made.mode, np.array_equal(np.asarray(made), negative)) == ("RGB", True)
    assert np.array_equal(engine.draw(recipe).pixels, negative)
    assert np.array_equal(engine.live(ME, recipe).result(5).pixels, negative)


# Under a hand


def test_a_moving_frame_is_small_and_not_enlarged(engine: Engine, room: StandIns) -> None:
    recipe = Recipe(source=bring(engine, photograph(800, 400)), after=(UP, NEGATIVE, Step("larger")))
    frame = engine.live(ME, recipe).result(10)
    assert frame.pixels.shape == (192, 384, 3)
    assert {height for _, _, height, _ in room.negative.given} == {192}
    assert room.larger.given == []
    assert frame.recipe == recipe
    small = engine.live(ME, Recipe("tiny-dcgan", seed=3, upscale=8, after=(NEGATIVE,))).result(10)
    assert np.array_equal(small.pixels, 255 - engine.draw(Recipe("tiny-dcgan", seed=3)).pixels)


def test_moving_frames_with_steps_are_worked_alone(engine: Engine, room: StandIns) -> None:
    id = bring(engine, photograph())
    frames = [engine.live(f"visitor {k}", Recipe("tiny-dcgan", seed=k, after=(NEGATIVE,))) for k in range(3)]
    frames += [engine.live(ME, Recipe(source=id, after=(NEGATIVE,)))]
    plain = [engine.live(f"other {k}", Recipe("tiny-dcgan", seed=k)) for k in range(3)]
    for frame, other in zip(frames[:3], plain, strict=True):
        assert np.abs(255 - frame.result(5).pixels.astype(int) - other.result(5).pixels).max() <= 1
    assert np.array_equal(frames[3].result(5).pixels, 255 - noise())


def test_a_long_work_lets_frames_go_first(engine: Engine, room: StandIns, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with room.negative.held():
        work = engine.finish(Recipe(source=bring(engine, photograph(300, 40)), after=(NEGATIVE,)), path)
        room.negative.wait_until_working()
        assert engine.live(ME, Recipe("tiny-dcgan")).result(5).pixels.shape == (16, 16, 3)
    work.future.result(10)
    looks = iter([True, True, False])
    monkeypatch.setattr(engine._schedule, "has_hands", lambda: next(looks))
    engine._schedule.give_way()
    assert next(looks, None) is None
    monkeypatch.setattr(engine._schedule, "has_hands", lambda: True)
    began = time.monotonic()
    engine._schedule.give_way()
    assert PATIENCE <= time.monotonic() - began < PATIENCE + 1, "but not for ever"


def test_what_a_hand_replaces_at_rest_is_worked_no_further(engine: Engine, room: StandIns) -> None:
    recipe = Recipe(source=bring(engine, photograph(300, 40)), after=(NEGATIVE,))
    with room.negative.held():
        first = engine.live(ME, recipe, exact=True, channel="page")
        room.negative.wait_until_working()
        other = engine.live(ME, recipe, exact=True, channel="another page")
        second = engine.live(ME, replace(recipe, after=(NEGATIVE, NEGATIVE)), exact=True, channel="page")
        assert isinstance(first.exception(1), Superseded), "said at once, not when it would have been done"
        moving = engine.live(ME, Recipe("tiny-dcgan"), channel="page")
        assert isinstance(second.exception(1), Superseded)
        assert moving.result(5).pixels.shape == (16, 16, 3)
    assert np.array_equal(other.result(10).pixels, 255 - noise(300, 40))
    assert soon(lambda: engine.figures().queue == 0)


def test_who_waits_no_longer_is_worked_for_no_longer(engine: Engine, room: StandIns) -> None:
    recipe = Recipe(source=bring(engine, photograph(300, 40)), after=(NEGATIVE,))
    with room.negative.held():
        assert code_of(lambda: engine.draw(recipe, deadline=0.05)) == (504, "fault.too_late")
        gone = engine.ask(recipe)
        gone.cancel()
    assert soon(lambda: engine.figures().queue == 0)
    assert len(room.negative.given) == 1, "the part in hand is finished"


# Large ones


def test_a_file_in_strips_is_the_picture_pixel_for_pixel(engine: Engine, room: StandIns, path: Path) -> None:
    recipe = Recipe(source=bring(engine, photograph(262, 270)), after=(NEGATIVE, UP))
    told: list[tuple[int, int]] = []
    whole = engine.draw(recipe)
    work = engine.finish(recipe, path)
    while not work.over:
        told.append((work.done, work.total))
        time.sleep(0.002)
    made = seen(work.future.result(1))
    assert (made.size, made.mode, work.size) == ((524, 540), "RGB", (524, 540))
    assert np.array_equal(np.asarray(made), whole.pixels)
    assert told == sorted(told, key=lambda one: one[0])
    assert (work.done, work.total) == (8, 8), "two steps of four tiles"
    assert seen(path.with_suffix(".webp")).size == (524, 540)


def test_a_file_carries_its_recipe_which_draws_it_again(engine: Engine, room: StandIns, path: Path, tmp_path: Path) -> None:
    recipe = Recipe("tiny-style", seed=5, noise_seed=2, upscale=4, after=(UP, NEGATIVE))
    whole, made = engine.draw(recipe), finished(engine, recipe, path)
    inside = from_json(read_recipe(path.read_bytes()) or "")
    assert inside == whole.recipe == engine.signed(recipe)
    assert made.info["Source"] == seen(to_png(whole)).info["Source"]
    finished(engine, inside, tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == path.read_bytes()
    assert np.array_equal(np.asarray(made), engine.draw(inside).pixels)


@pytest.mark.parametrize("kind", ["alpha", "grey", "grey and alpha", "profile", "profile and alpha"])
def test_what_came_with_a_picture_goes_out_with_it(engine: Engine, room: StandIns, path: Path, kind: str) -> None:
    picture, profile = Image.fromarray(noise(40, 270)).convert("L" if "grey" in kind else "RGB"), wide_profile()
    if "alpha" in kind:
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    data = written(picture, icc_profile=profile if "profile" in kind else None)
    recipe = Recipe(source=bring(engine, data), after=(UP,))
    made, whole = finished(engine, recipe, path), seen(to_file(open_upload(data), engine.draw(recipe).pixels))
    assert (made.mode, made.size) == (whole.mode, whole.size) == (picture.mode, (80, 540))
    assert made.info.get("icc_profile") == (profile if "profile" in kind else None)
    ours, theirs = np.asarray(made).astype(int), np.asarray(whole).astype(int)
    assert np.abs(ours - theirs).max() <= ("alpha" in kind), "no seam between two strips"


def test_greys_stay_grey_only_where_nothing_gives_them_colours(engine: Engine, room: StandIns, path: Path) -> None:
    id = bring(engine, written(Image.new("L", (8, 8), 100)))
    red = bring(engine, written(Image.new("RGB", (4, 4), "red")))
    recipe = Recipe(source=id, after=(Step("painter", beside=(("style", (red,)),)), UP))
    assert finished(engine, recipe, path).mode == "RGB"
    assert finished(engine, replace(recipe, after=(UP, UP)), path).mode == "L"


def test_what_is_too_large_is_refused_before_it_begins(engine: Engine, room: StandIns, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(source=bring(engine, photograph(64, 48)), after=(UP, NEGATIVE))
    monkeypatch.setattr(module, "HELD", 4 * 64 * 48 - 1)
    assert code_of(lambda: engine.ask(recipe)) == (413, "fault.picture_held")
    assert code_of(lambda: engine.live(ME, recipe, exact=True).result(1)) == (413, "fault.picture_held")
    shrinking = replace(recipe, after=(UP, Step("squarer")))
    assert code_of(lambda: engine.ask(shrinking)) == (413, "fault.picture_held"), "though its end would fit"
    assert engine.live(ME, recipe).result(5).pixels.shape == (48, 64, 3)
    assert finished(engine, recipe, path).size == (128, 96)
    monkeypatch.setattr(module, "WRITTEN", 4 * 64 * 48 - 1)
    assert code_of(lambda: engine.finish(recipe, path)) == (413, "fault.picture_written")
    monkeypatch.undo()
    monkeypatch.setattr(module, "BETWEEN", 4 * 64 * 48 - 1)
    assert code_of(lambda: engine.finish(recipe, path)) == (413, "fault.picture_written")
    endless = replace(recipe, after=(Step("larger"),) * 8)
    monkeypatch.undo()
    assert code_of(lambda: engine.finish(endless, path)) == (413, "fault.picture_written")
    assert room.larger.given == []


# What goes wrong


def test_cancelled_between_two_tiles_nothing_is_left(engine: Engine, room: StandIns, path: Path) -> None:
    recipe = Recipe(source=bring(engine, photograph(300, 300)), after=(NEGATIVE,))
    with room.negative.held():
        work = engine.finish(recipe, path)
        room.negative.wait_until_working()
        assert path.is_file()
        engine.darkroom.works.cancel(work)
    assert soon(lambda: left_in(path.parent) == [])
    assert soon(lambda: engine.figures().queue == 0)
    assert (work.state, len(room.negative.given)) == ("cancelled", 1)


@pytest.mark.parametrize(
    ("error", "expected"), [(RuntimeError("a bug"), "fault.drawing"), (torch.OutOfMemoryError("CUDA out of memory."), "fault.no_memory")]
)
def test_a_fault_of_a_translator_ends_only_its_own(engine: Engine, room: StandIns, path: Path, error: Exception, expected: str) -> None:
    id = bring(engine, photograph())
    room.negative.error = error
    bad = Recipe(source=id, after=(UP, NEGATIVE))
    work, other = engine.finish(bad, path), engine.ask(Recipe(source=id, after=(UP,)))
    assert code_of(lambda: work.future.result(5))[1] == code_of(lambda: engine.live(ME, bad).result(5))[1] == expected
    with pytest.raises(Fault, match="tiny-up, negative"):
        engine.draw(bad)
    assert other.result(5).pixels.shape == (96, 128, 3)
    assert soon(lambda: left_in(path.parent) == [])


def test_a_full_disk_is_said_and_leaves_nothing(engine: Engine, room: StandIns, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    recipe = Recipe(source=bring(engine, photograph(300, 300)), after=(NEGATIVE,))
    for step in ("studio.png.PngStream.add", "studio.png.PngStream.close", "studio.pictures.Small.picture"):
        with monkeypatch.context() as patch:
            patch.setattr(step, full)
            work = engine.finish(recipe, path)
            assert code_of(lambda: work.future.result(5)) == (507, "fault.gallery_full")  # noqa: B023
        assert soon(lambda: left_in(path.parent) == [])
    assert finished(engine, recipe, path).size == (300, 300)


def test_a_generator_that_fails_ends_the_work(engine: Engine, room: StandIns, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine._shelf, "draw", lambda recipes: 1 / 0)
    work = engine.finish(Recipe("tiny-dcgan", after=(NEGATIVE,)), path)
    assert code_of(lambda: work.future.result(5)) == (500, "fault.drawing")


def test_closing_refuses_what_is_worked_on(tiny_checkpoints: Path, tmp_path: Path, path: Path) -> None:
    with Engine(tiny_checkpoints, folder=tmp_path, device="cpu", report=lambda line: None) as engine, stand_ins(engine) as room:
        recipe = Recipe(source=bring(engine, photograph(300, 40)), after=(NEGATIVE,))
        with room.negative.held():
            work, waiting = engine.finish(recipe, path), engine.ask(recipe)
            room.negative.wait_until_working()
            closing = Thread(target=engine.close)
            closing.start()
            for future in (work.future, waiting):
                assert code_of(lambda: future.result(1)) == (503, "fault.stopped")  # noqa: B023
        closing.join(5)
        assert not closing.is_alive()
        assert not path.exists()
        assert code_of(lambda: engine.finish(recipe, path)) == (503, "fault.stopped")
