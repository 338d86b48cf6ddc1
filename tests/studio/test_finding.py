"""Pictures looked for in w: a work that comes nearer, is followed, stopped and kept; and a recipe that holds a place in w."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from models import projection
from studio import finding
from studio.drawing import centres, placed
from studio.engine import Engine
from studio.errors import Fault
from studio.film import film_from_dict
from studio.films import Films
from studio.finding import Finder
from studio.frames import Picture, read_recipe, to_png
from studio.recipe import Part, Recipe, from_dict, to_dict
from studio.recipe_rules import numbers_of, spelled
from studio.recipe_text import from_json, from_link, to_json, to_link
from studio.settings import Settings
from tests.studio.given import photograph, written
from tests.studio.served import Served, open_page, served

STEPS = 30


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("finding")) as studio:
        yield studio


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "GUESSES", 32)
    monkeypatch.setattr(projection, "SAMPLED", 256)
    monkeypatch.setattr(finding, "STEPS", STEPS)


def fault(code: str) -> Any:
    return pytest.raises(Fault, check=lambda error: error.code == code)


def held(engine: Engine, generator: str, seed: int, **names: Any) -> Recipe:
    """The recipe of a seed's place in w, in the place of the seed."""
    of_seed = Recipe(generator, seed=seed, **names)
    prepared = engine.prepared(generator)
    away = (placed(prepared, [of_seed]) - centres(prepared, [of_seed]))[0]
    return Recipe(generator, w=spelled(away[:1].flatten().tolist()), **names)


def near(a: np.ndarray, b: np.ndarray, within: int = 4) -> bool:
    """Half precision is rounded."""
    return int(np.abs(a.astype(int) - b).max()) <= within


def pixels(engine: Engine, recipe: Recipe) -> np.ndarray:
    return engine.draw(recipe).pixels


# A recipe with a place in w


@pytest.mark.parametrize("generator", ["tiny-style", "tiny-dcgan"])
def test_a_place_draws_what_its_seed_draws_and_every_control_moves_from_there(engine: Engine, generator: str) -> None:
    place, of_seed = held(engine, generator, 5), Recipe(generator, seed=5)
    assert near(pixels(engine, place), pixels(engine, of_seed))
    moves: Sequence[dict[str, Any]] = (
        {"directions": (("slant", 3.0),)},
        {"truncation": 0.4},
        {"styles": (("y", 1.0),), "truncation": 0.0},
        {"variation": 1.0, "variation_seed": 9},
    )
    for move in moves:
        moved = pixels(engine, replace(place, **move))
        assert near(moved, pixels(engine, replace(of_seed, **move))), move
        assert not near(moved, pixels(engine, place), 0), move
    dragged = pixels(engine, replace(place, position=(0.5, 0.5)))
    assert not near(dragged, pixels(engine, place), 0)
    assert near(pixels(engine, replace(place, position=(0.0, 0.0))), pixels(engine, place), 1)


def test_layers_may_each_have_a_place_and_can_be_mixed(engine: Engine) -> None:
    one, spec = held(engine, "tiny-style", 5), engine.prepared("tiny-style").generator.spec
    each = replace(one, w=spelled(numbers_of(one.w) * spec.layers))
    assert near(pixels(engine, each), pixels(engine, one), 1)
    mixed = {"mix_seed": 8, "mix_layers": (0, 1)}
    assert near(pixels(engine, replace(each, **mixed)), pixels(engine, Recipe("tiny-style", seed=5, **mixed)))


def test_a_place_lies_in_blends_films_and_sheets(engine: Engine, short: None) -> None:
    place, other = held(engine, "tiny-style", 5), Recipe("tiny-style", seed=6)
    blend = Recipe("tiny-style", blend=(Part(place, 0.5), Part(other, 0.5)))
    of_seeds = Recipe("tiny-style", blend=(Part(Recipe("tiny-style", seed=5), 0.5), Part(other, 0.5)))
    assert near(pixels(engine, blend), pixels(engine, of_seeds))
    keys = [{"at": at, "recipe": to_dict(one)} for at, one in ((0, place), (1, other))]
    film = Films(engine).reel(film_from_dict({"keys": keys, "seconds": 2}), "local")
    assert film.at(0).w == place.w
    assert [part.recipe.w for part in film.at(0.5).blend] == [place.w, ""]
    for mode, kept in (("series", 1), ("random", 1), ("varied", 1), ("walk", 4), ("truncation", 4), ("classes", 2), ("plane", 4)):
        sheet = engine.sample(place, mode, 4)  # type: ignore[arg-type]
        assert sum(one.w == place.w for one in sheet) == kept, mode
        assert all(one.seed != place.seed for one in sheet if not one.w), mode


def test_a_place_travels_in_json_links_and_pngs(engine: Engine) -> None:
    place = held(engine, "tiny-style", 5, styles=(("y", 1.0),))
    assert from_json(to_json(place)) == from_link(to_link(place)) == place
    inside = read_recipe(to_png(Picture(pixels(engine, place), place)))
    assert inside and from_json(inside) == place
    largest = Recipe("portraits", w=spelled([i / 7 for i in range(1024)]))
    assert from_link(to_link(largest)) == largest, "even the largest is short enough for a link"


def test_a_place_of_another_generator_and_one_on_a_map_are_refused(engine: Engine) -> None:
    for given in (Recipe("tiny-style", w=spelled([0.5] * 17)), Recipe("tiny-vae", w=spelled([0.5] * 2))):
        with fault("fault.no_w"):
            engine.draw(given)


# Looking


def look(engine: Engine, generator: str, picture: Recipe, **more: Any) -> tuple[Recipe, dict[str, Any]]:
    work = Finder(engine).find(generator, picture, "local", **more)
    return work.future.result(60), dict(work.besides)


@pytest.mark.parametrize("generator", ["tiny-dcgan", "tiny-style", "tiny-vae"])
def test_what_it_finds_is_a_recipe_that_draws_it(engine: Engine, generator: str) -> None:
    wanted = Recipe(generator, seed=5)
    found, told = look(engine, generator, wanted)
    assert bool(found.w) != bool(found.position), "on a map it is the map's own position"
    assert told["distance"] < told["first"] <= told["strangers"]
    assert told["fit"] in ("same", "close", "partly")
    drawn, aim = (pixels(engine, one).astype(float) for one in (found, wanted))
    assert np.abs(drawn - aim).mean() < np.abs(pixels(engine, Recipe(generator, seed=6)) - aim).mean()


def test_a_wide_picture_is_looked_for_in_its_middle(engine: Engine) -> None:
    small = np.asarray(pixels(engine, Recipe("tiny-style", seed=5)))
    wide = np.concatenate([np.zeros_like(small), small, np.zeros_like(small)], axis=1)
    ids = [engine.darkroom.tray.put(written(Image.fromarray(one)), "local")[0] for one in (small, wide)]
    found = [look(engine, "tiny-style", Recipe(source=id))[0].w for id in ids]
    assert found[0] == found[1]


def test_a_mask_changes_what_is_found_and_an_empty_one_is_refused(engine: Engine) -> None:
    tray, mask = engine.darkroom.tray, np.zeros((16, 16), np.uint8)
    empty, _ = tray.put(written(Image.fromarray(mask)), "local")
    mask[:, :8] = 255
    half, _ = tray.put(written(Image.fromarray(mask)), "local")
    wanted = Recipe("tiny-dcgan", seed=5)
    assert look(engine, "tiny-dcgan", wanted, mask=half)[0] != look(engine, "tiny-dcgan", wanted)[0]
    with fault("fault.empty_mask"):
        look(engine, "tiny-dcgan", wanted, mask=empty)


def test_what_cannot_be_looked_for_is_refused_at_once(engine: Engine) -> None:
    find, plain = Finder(engine).find, Recipe("tiny-dcgan")
    with fault("fault.no_projection"):
        find("tiny-rvae", plain, "local")
    with fault("fault.no_generator"):
        find("nobody", plain, "local")
    with fault("fault.no_source"):
        find("tiny-dcgan", Recipe(source="0" * 32), "local")
    with fault("fault.no_source"):
        find("tiny-dcgan", plain, "local", mask="0" * 32)
    with fault("fault.recipe_source"):
        find("tiny-dcgan", plain, "local", mask="../x")
    with fault("fault.recipe_name"):
        find(["tiny-dcgan"], plain, "local")  # type: ignore[arg-type]


def begin(studio: Served, **given: Any) -> dict[str, Any]:
    id = httpx.post(f"{studio.url}/tray", content=photograph(), timeout=20).json()["id"]
    answer = httpx.post(f"{studio.url}/projections", json={"generator": "tiny-dcgan", "picture": {"source": id}, **given}, timeout=20)
    return {"status": answer.status_code, **answer.json()}


def followed(studio: Served, id: str, until: Sequence[str]) -> list[dict[str, Any]]:
    """Each standing until it is in one of some states, or has come to its first steps ("steps")."""
    end, seen = time.monotonic() + 30, list[dict[str, Any]]()
    while not seen or not (seen[-1]["state"] in until or "steps" in until and seen[-1]["done"] > 2):
        assert time.monotonic() < end, seen[-1:]
        seen.append(httpx.get(f"{studio.url}/works/{id}").json())
        time.sleep(0.01)
    return seen


def test_it_is_followed_and_its_recipe_can_be_taken_at_any_moment(studio: Served) -> None:
    begun = begin(studio)
    assert (begun["status"], begun["kind"]) == (202, "projection")
    seen = followed(studio, begun["id"], ["done", "failed"])
    assert seen[-1]["state"] == "done"
    told = [one for one in seen if one["besides"]]
    distances = [one["besides"]["distance"] for one in told]
    assert distances == sorted(distances, reverse=True)
    for one in (told[0], told[-1]):
        assert httpx.post(f"{studio.url}/draw.png", json={"recipe": one["recipe"]}).status_code == 200
    assert from_dict(told[-1]["recipe"]).w
    gone = httpx.delete(f"{studio.url}/works/{begun['id']}")
    assert (gone.status_code, httpx.get(f"{studio.url}/works/{begun['id']}").status_code) == (200, 404)


def test_it_is_stopped_while_frames_go_on(studio: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "STEPS", 5000)
    begun = begin(studio)
    now = followed(studio, begun["id"], ["steps"])[-1]
    assert now["seen"]
    shown = httpx.get(f"{studio.url}/works/{begun['id']}/so-far.webp")
    assert Image.open(io.BytesIO(shown.content)).size == (16, 16)
    with open_page(studio.host) as page:
        page.say(type="draw", id=1, recipe=now["recipe"], rest=True)
        frame = page.hear_until("frame").header
    assert frame["recipe"]["w"] == now["recipe"]["w"]
    httpx.delete(f"{studio.url}/works/{begun['id']}")
    end = time.monotonic() + 5
    while studio.engine.darkroom.works.waiting() and time.monotonic() < end:
        time.sleep(0.01)
    assert not studio.engine.darkroom.works.waiting()


def test_bad_asking_is_answered_with_its_fault(studio: Served) -> None:
    for given, code in (
        ({"picture": None}, "fault.recipe_shape"),
        ({"mask": 7}, "fault.recipe_source"),
        ({"generator": "tiny-rvae"}, "fault.no_projection"),
        ({"generator": {}}, "fault.recipe_name"),
    ):
        answer = begin(studio, **given)
        assert answer["fault"]["code"] == code and 400 <= answer["status"] < 500, given


def test_another_visitor_finds_neither_the_picture_nor_the_search(engine: Engine, tmp_path: Path) -> None:
    with served(engine, tmp_path, Settings(folder=tmp_path, profile="spaces")) as studio:

        def visitor() -> httpx.Client:
            cookie = httpx.get(f"{studio.url}/healthz").cookies["atelier_visitor"]
            return httpx.Client(base_url=studio.url, headers={"cookie": f"atelier_visitor={cookie}"}, timeout=20)

        with visitor() as mine, visitor() as other:
            id = mine.post("/tray", content=photograph()).json()["id"]
            asked = {"generator": "tiny-dcgan", "picture": {"source": id}}
            assert other.post("/projections", json=asked).status_code == 404
            work = mine.post("/projections", json=asked).json()["id"]
            assert other.get(f"/works/{work}").status_code == other.delete(f"/works/{work}").status_code == 404
            assert mine.delete(f"/works/{work}").status_code == 200
