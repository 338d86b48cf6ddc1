"""Maps: the same for the same seed whatever is saved, drawn behind others in jobs, ended when nobody wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.spec import GeneratorSpec
from studio.atlas import Atlas, Extent, evened, samples, small
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import to_png
from studio.gallery import Gallery
from studio.jobs import LongJob
from studio.recipe import Recipe, from_dict
from tests.studio.served import Served, open_page, served
from tests.studio.stand_in import Obedient, obedient_engine

ME, YOU = "local", "0123456789abcdef" * 2


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery(tmp_path) as opened:
        yield opened


def charted(engine: Engine, saved: Gallery, visitor: str = ME, **extent: Any) -> list[dict[str, Any]]:
    chart = Atlas(engine, saved).chart(Extent(**extent), visitor)
    for future in chart.job.futures:
        chart.look(future.result())
    assert chart.job.state == "done"
    return chart.places()


def keep(engine: Engine, gallery: Gallery, recipe: Recipe, visitor: str = ME) -> str:
    return gallery.save(to_png(engine.draw(recipe)), recipe, visitor=visitor).id


def test_samples_are_the_same_for_the_same_seed_and_every_name_comes_as_often() -> None:
    spec = GeneratorSpec("x", size=4, channels=3, z_dim=2, w_dim=2, layers=1, classes=("a", "b", "c"), styles=("x", "y"))
    found = samples(spec, Extent("x", 12, seed=5))
    assert samples(spec, Extent("x", 30, seed=5))[:12] == found
    assert samples(spec, Extent("x", 12, seed=6)) != found
    assert Counter(recipe.classes for recipe in found) == {((name, 1.0),): 4 for name in "abc"}
    assert Counter(recipe.styles for recipe in found) == {((name, 1.0),): 6 for name in "xy"}


def test_saved_pictures_lie_among_samples_that_stay(engine: Engine, gallery: Gallery) -> None:
    bare = charted(engine, gallery, generator="tiny-dcgan", count=12, seed=3)
    assert [one["id"] for one in bare] == [None] * 12
    assert [max(abs(one[axis]) for one in bare) for axis in "xy"] == [1, 1]
    assert sorted((one["row"], one["column"]) for one in bare) == [(i // 4, i % 4) for i in range(12)]
    twin = keep(engine, gallery, from_dict(bare[4]["recipe"]))
    keep(engine, gallery, Recipe("tiny-vae", seed=1))
    keep(engine, gallery, Recipe("tiny-dcgan", seed=1), visitor=YOU)
    joined = charted(engine, gallery, generator="tiny-dcgan", count=12, seed=3, gallery=True)
    assert [one["id"] for one in joined] == [None] * 12 + [twin]
    assert [(one["x"], one["y"]) for one in joined[:12]] == [(one["x"], one["y"]) for one in bare]
    apart = [np.hypot(joined[12]["x"] - one["x"], joined[12]["y"] - one["y"]) for one in bare]
    assert apart[4] < np.median(apart)


def test_the_gallery_alone(engine: Engine, gallery: Gallery) -> None:
    assert charted(engine, gallery, gallery=True) == []
    ids = {keep(engine, gallery, Recipe(name, seed=seed)) for name in ("tiny-vae", "tiny-dcgan") for seed in range(3)}
    lost = keep(engine, gallery, Recipe("tiny-vae", seed=9))
    gallery.png(lost, ME).unlink()
    assert {one["id"] for one in charted(engine, gallery, gallery=True)} == ids
    assert len(charted(engine, gallery, generator="tiny-vae", count=0, gallery=True)) == 3
    assert charted(engine, gallery, YOU, gallery=True) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "fault.map_nothing"),
        ({"generator": "tiny-vae", "count": 0}, "fault.map_nothing"),
        ({"generator": "tiny-vae", "count": 257}, "fault.recipe_whole"),
        ({"generator": "tiny-vae", "count": True}, "fault.recipe_whole"),
        ({"generator": "tiny-vae", "seed": -1}, "fault.recipe_whole"),
        ({"generator": 7}, "fault.recipe_name"),
        ({"gallery": "yes"}, "fault.recipe_flag"),
    ],
)
def test_what_cannot_be_laid_out_is_said(given: dict[str, Any], code: str) -> None:
    with pytest.raises(Fault, check=lambda fault: fault.code == code):
        Extent(**given)


def test_a_single_place_is_the_middle_and_small_pictures_stay() -> None:
    assert evened(np.array([[3.0, 4.0]]), 1).tolist() == [[0, 0]]
    crowds = np.array([[0.0, 0], [0.1, 1], [0.2, 2], [10, 3], [5, 9]])
    spread = evened(crowds, 4)
    assert spread[:4].min(0).tolist() == [-1, -1]
    assert spread[:4].max(0).tolist() == [1, 1]
    assert spread[:4, 0].tolist() == sorted(spread[:4, 0])
    assert np.diff(spread[:4, 0]).min() > 0.4
    pixels = np.zeros((16, 16, 3), np.uint8)
    assert small(pixels) is pixels
    assert small(np.zeros((128, 128, 3), np.uint8)).shape == (64, 64, 3)


def test_a_long_job_is_several_and_ends_when_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    with obedient_engine(monkeypatch) as (engine, generator):
        job = LongJob([Recipe("obedient", noise_seed=seed) for seed in range(5)], lambda part: engine.submit(part, visitor=ME), 2)
        assert (job.state, job.place(), job.estimate()) == ("waiting", 0, 0.0)
        futures = job.futures
        for _ in range(3):
            next(futures).result(10)
        assert job.estimate() > 0
        job.cancel()
        assert list(futures) == [] or job.state == "cancelled"
        engine.draw(Recipe("obedient", noise_seed=99))
        assert [seeds for seeds in generator.drawn if seeds == (4,)] == []


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Served, Obedient]]:
    with obedient_engine(monkeypatch) as (engine, generator), served(engine, tmp_path) as studio:
        yield studio, generator


def test_a_page_has_small_pictures_first_and_then_their_places(obedient: tuple[Served, Obedient]) -> None:
    studio, _ = obedient
    with open_page(studio.host) as page:
        page.say(type="sheet", id=1, map={"generator": "obedient", "count": 70, "seed": 2})
        cells = [page.hear_until("cell").header for _ in range(70)]
        assert [cell["index"] for cell in cells] == list(range(70))
        pictures = page.hear_until("map").header["pictures"]
        assert [one["recipe"]["seed"] for one in pictures] == [cell["recipe"]["seed"] for cell in cells]
        assert page.hear_until("job").header["state"] == "done"
        page.say(type="sheet", id=2, map={"generator": "nobody", "count": 4})
        assert page.fault() == (2, "fault.no_generator")
        page.say(type="sheet", id=3, map={"count": 4, "length": 1})
        assert page.fault() == (3, "fault.recipe_field")


def test_a_map_that_is_cancelled_is_drawn_no_further(obedient: tuple[Served, Obedient]) -> None:
    studio, generator = obedient
    with open_page(studio.host) as page:
        page.say(type="sheet", id=1, map={"generator": "obedient", "count": 256})
        page.hear_until("cell")
        page.say(type="cancel", id=1)
        while (job := page.hear_until("job").header)["state"] in ("waiting", "running"):
            pass
        assert job["state"] == "cancelled"
        assert len(generator.drawn) < 256
