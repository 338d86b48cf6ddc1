"""What a visitor brings, has worked on, fetches and keeps, over the real port."""

from __future__ import annotations

import http.client
import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from studio import edits
from studio.engine import Engine
from studio.frames import read_recipe, to_png
from studio.recipe import Recipe, from_dict, to_dict
from studio.recipe_steps import Step
from studio.recipe_text import from_json, to_json, to_link
from studio.settings import Settings
from tests.studio.given import photograph, written
from tests.studio.served import Served, open_page, served
from tests.studio.stand_in import StandIns, stand_ins

ID = "0" * 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edits")


@pytest.fixture(scope="module")
def studio(engine: Engine, folder: Path) -> Iterator[Served]:
    with served(engine, folder) as studio:
        yield studio


@pytest.fixture
def room(engine: Engine) -> Iterator[StandIns]:
    with stand_ins(engine) as room:
        yield room


def fault(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["fault"]["code"]


def bring(studio: Served, data: bytes) -> dict[str, Any]:
    answer = httpx.post(f"{studio.url}/tray", content=data, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def begin(studio: Served, recipe: Recipe) -> dict[str, Any]:
    answer = httpx.post(f"{studio.url}/works", json={"recipe": to_dict(recipe)})
    assert answer.status_code == 202, answer.text
    return answer.json()


def standing(studio: Served, id: str) -> dict[str, Any]:
    return httpx.get(f"{studio.url}/works/{id}").json()


def ended(studio: Served, id: str) -> dict[str, Any]:
    """How a work stands once it is over."""
    end = time.monotonic() + 10
    while (told := standing(studio, id))["state"] in ("waiting", "running"):
        assert time.monotonic() < end, told
        time.sleep(0.01)
    return told


def works_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / edits.FOLDER).iterdir())


def emptied(folder: Path) -> bool:
    end = time.monotonic() + 2
    while works_in(folder) and time.monotonic() < end:
        time.sleep(0.01)
    return not works_in(folder)


# Bringing


def test_what_can_be_done_is_declared(studio: Served, room: StandIns) -> None:
    declared = {one["id"]: one for one in httpx.get(f"{studio.url}/translators.json").json()}
    assert list(declared) == ["tiny-up", "negative", "painter", "squarer", "larger"]
    assert (declared["tiny-up"]["factor"], [one["name"] for one in declared["tiny-up"]["options"]]) == (2, ["crispness", "clean"])
    assert declared["painter"]["beside"] == [
        {"name": "style", "kind": "picture", "least": 1, "most": 2},
        {"name": "mask", "kind": "mask", "least": 0, "most": 1},
    ]
    assert (declared["squarer"]["given"], declared["squarer"]["side"]) == ("sketch", 8)


def test_a_picture_is_brought_told_of_and_shown_again(studio: Served) -> None:
    frames = [Image.new("RGB", (300, 200), colour) for colour in ("red", "blue")]
    told = bring(studio, written(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (told["width"], told["height"], told["recipe"]) == (300, 200, None)
    assert told["notes"] == [{"code": "note.first_frame", "params": {"count": 2}}]
    shown = httpx.get(f"{studio.url}/tray/{told['id']}.webp", params={"side": 150})
    assert shown.headers["content-type"] == "image/webp"
    assert "private" in shown.headers["cache-control"]
    assert Image.open(io.BytesIO(shown.content)).size == (150, 100)


def test_a_picture_made_here_brings_its_recipe_with_notes(studio: Served) -> None:
    picture = studio.engine.draw(Recipe("tiny-dcgan", seed=8))
    told = bring(studio, to_png(picture))
    assert (from_dict(told["recipe"]), told["notes"]) == (picture.recipe, [])
    elsewhere = bring(studio, to_png(type(picture)(picture.pixels, Recipe(source=ID, after=(Step("ukyoe"),)))))
    assert [note["code"] for note in elsewhere["notes"]] == ["note.absent_generator"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/tray/{ID}.webp", 404, "fault.no_source"),
        (f"/tray/{'A' * 32}.webp", 400, "fault.recipe_source"),
        ("/tray/..%2f..%2fgallery.webp", 404, ""),
        ("/tray/../../app.webp", 404, ""),
        ("/tray/%00.webp", 400, "fault.recipe_source"),
        ("/tray/%ed%a0%80.webp", 400, "fault.recipe_source"),
        ("/tray/.webp", 400, "fault.recipe_source"),
        (f"/tray/{ID}.webp?side=abc", 422, ""),
        (f"/tray/{ID}.webp?side={'9' * 30}", 404, "fault.no_source"),
        ("/works/../tray", 404, ""),
        ("/works/%00", 404, "fault.no_work"),
        ("/works/..%2f..%2fx/picture.png", 404, ""),
        ("/works/0123456789abcdef/picture.png", 404, "fault.no_work"),
        ("/works/0123456789abcdef/preview.webp", 404, "fault.no_work"),
    ],
)
def test_no_path_leads_out(studio: Served, path: str, status: int, code: str) -> None:
    connection = http.client.HTTPConnection(studio.host, timeout=10)
    connection.putrequest("GET", path)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == status, body
    assert not code or json.loads(body)["fault"]["code"] == code
    assert b"Traceback" not in body


def test_another_visitor_finds_neither_picture_nor_work(engine: Engine, tmp_path: Path) -> None:
    with served(engine, tmp_path, Settings(profile="spaces", folder=tmp_path, secret=b"s" * 32)) as studio:

        def visitor() -> httpx.Client:
            cookie = httpx.get(f"{studio.url}/healthz").cookies["atelier_visitor"]
            return httpx.Client(base_url=studio.url, headers={"cookie": f"atelier_visitor={cookie}"})

        with visitor() as mine, visitor() as other:
            recipe = Recipe(source=mine.post("/tray", content=photograph()).json()["id"], after=(Step("tiny-up"),))
            begun = {"recipe": to_dict(recipe)}
            work = f"/works/{mine.post('/works', json=begun).json()['id']}"
            while mine.get(work).json()["state"] != "done":
                time.sleep(0.01)
            drawn, brought = f"/draw.png?r={to_link(recipe)}", f"/tray/{recipe.source}.webp"
            for path in (drawn, brought, work, f"{work}/picture.png", f"{work}/preview.webp"):
                assert [who.get(path).status_code for who in (mine, other)] == [200, 404], path
            assert other.get("/works").json() == []
            assert fault(other.post("/works", json=begun)) == (404, "fault.no_source")
            assert fault(other.delete(work)) == fault(other.post(f"{work}/save")) == (404, "fault.no_work")
            assert mine.get(f"{work}/picture.png").status_code == 200
            mine.delete(work)


def test_too_much_is_refused_while_it_comes(studio: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "MAX_UPLOAD", 1 << 20)

    def endless() -> Iterator[bytes]:
        for _ in range(10_000):
            yield bytes(1 << 16)

    with suppress(httpx.WriteError):  # it may hang up on us, which is as good
        assert fault(httpx.post(f"{studio.url}/tray", content=endless(), timeout=20)) == (413, "fault.too_large")


# Works


def test_a_work_is_begun_followed_fetched_and_dropped(studio: Served, folder: Path) -> None:
    recipe = Recipe(source=bring(studio, photograph())["id"], after=(Step("tiny-up"),))
    begun = begin(studio, recipe)
    assert begun["size"] == [128, 96]
    told = ended(studio, begun["id"])
    assert (told["state"], told["done"], told["total"], told["place"], told["estimate"]) == ("done", 1, 1, 0, 0.0)
    assert told["fault"] is None
    assert begun["id"] in [one["id"] for one in httpx.get(f"{studio.url}/works").json()]
    picture = httpx.get(f"{studio.url}/works/{begun['id']}/picture.png", params={"download": "1"})
    assert picture.headers["content-disposition"] == f'attachment; filename="picture-{recipe.source[:6]}-tiny-up.png"'
    assert picture.headers["content-type"] == "image/png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture.content))), studio.engine.draw(recipe).pixels)
    preview = httpx.get(f"{studio.url}/works/{begun['id']}/preview.webp")
    assert Image.open(io.BytesIO(preview.content)).size == (128, 96)
    dropped = httpx.post(f"{studio.url}/read", content=picture.content).json()
    assert (from_dict(dropped["recipe"]), dropped["notes"]) == (studio.engine.signed(recipe), [])
    assert httpx.delete(f"{studio.url}/works/{begun['id']}").status_code == 200
    assert works_in(folder) == []
    assert fault(httpx.get(f"{studio.url}/works/{begun['id']}")) == (404, "fault.no_work")


def test_a_work_is_stopped_within_two_seconds_and_leaves_nothing(studio: Served, engine: Engine, room: StandIns, folder: Path) -> None:
    recipe = Recipe(source=bring(studio, photograph(300, 300))["id"], after=(Step("negative"),))
    with room.negative.held():
        running, waiting = begin(studio, recipe), begin(studio, recipe)
        room.negative.wait_until_working()
        now = standing(studio, waiting["id"])
        assert (standing(studio, running["id"])["state"], now["state"], now["place"]) == ("running", "waiting", 1)
        assert now["estimate"] >= 0
        assert fault(httpx.get(f"{studio.url}/works/{running['id']}/picture.png")) == (409, "fault.work_not_done")
        assert fault(httpx.post(f"{studio.url}/works/{running['id']}/save")) == (409, "fault.work_not_done")
        assert fault(httpx.get(f"{studio.url}/works/{running['id']}/so-far.webp")) == (409, "fault.work_not_done")
        (work,) = (one for one in engine.darkroom.works.of("local") if one.id == running["id"])
        work.so_far = np.zeros((4, 6, 3), np.uint8)
        assert standing(studio, running["id"])["seen"]
        assert Image.open(io.BytesIO(httpx.get(f"{studio.url}/works/{running['id']}/so-far.webp").content)).size == (6, 4)
        for work in (running, waiting):
            assert httpx.delete(f"{studio.url}/works/{work['id']}").json()["state"] == "cancelled"
    assert emptied(folder)
    assert len(room.negative.given) == 1


def test_a_fault_is_told_and_the_others_are_still_listed(studio: Served, room: StandIns, folder: Path) -> None:
    id = bring(studio, photograph())["id"]
    room.negative.error = RuntimeError("a bug")
    bad, good = begin(studio, Recipe(source=id, after=(Step("negative"),))), begin(studio, Recipe(source=id, after=(Step("tiny-up"),)))
    told = ended(studio, bad["id"])
    assert (told["state"], told["fault"]["code"]) == ("failed", "fault.drawing")
    assert "bug" not in json.dumps(told)
    assert ended(studio, good["id"])["state"] == "done"
    for path in studio.engine.darkroom.tray._folder.rglob(id):
        path.unlink()  # what it was made of is gone, and forgotten
    studio.engine.darkroom.tray._opened.clear()
    studio.engine.darkroom.tray._looks.clear()
    listed = {one["id"]: one["size"] for one in httpx.get(f"{studio.url}/works").json()}
    assert listed[good["id"]] == [128, 96]
    for work in (bad, good):
        httpx.delete(f"{studio.url}/works/{work['id']}")
    assert emptied(folder)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "fault.recipe_text")),
        (b"\xff\xfe\x00", (400, "fault.recipe_text")),
        (b"[]", (400, "fault.recipe_shape")),
        (b"{}", (400, "fault.recipe_shape")),
        (b'{"recipe": {}}', (400, "fault.recipe_generator")),
        (b'{"recipe": {"source": "../../secret"}}', (400, "fault.recipe_source")),
        (b'{"recipe": {"source": "' + ID.encode() + b'"}}', (404, "fault.no_source")),
        (b'{"recipe": {"generator": "tiny-vae", "after": [{"translator": "ukyoe"}]}}', (404, "fault.no_translator")),
        (b'{"recipe": {"generator": "tiny-vae", "after": [{"translator": "tiny-up", "options": {"x": 1}}]}}', (400, "fault.step_option")),
        (b'{"recipe": {"generator": "ukyoe"}}', (404, "fault.no_generator")),
        (b" " * 140_000, (413, "fault.too_large")),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(studio: Served, body: bytes, expected: tuple[int, str]) -> None:
    assert fault(httpx.post(f"{studio.url}/works", content=body)) == expected


def test_a_result_is_swept_after_a_day_and_then_said_to_be_gone(studio: Served, folder: Path) -> None:
    recipe = Recipe(source=bring(studio, photograph())["id"], after=(Step("tiny-up"),))
    old = begin(studio, recipe)
    ended(studio, old["id"])
    for path in (folder / edits.FOLDER).iterdir():
        os.utime(path, (0, time.time() - edits.LIFE - 60))
    new = begin(studio, recipe)
    ended(studio, new["id"])
    assert len(works_in(folder)) == 2, "the new one and its preview"
    assert fault(httpx.get(f"{studio.url}/works/{old['id']}/picture.png")) == (404, "fault.no_work")
    assert fault(httpx.post(f"{studio.url}/works/{old['id']}/save")) == (404, "fault.no_work")
    for work in (old, new):
        assert httpx.delete(f"{studio.url}/works/{work['id']}").status_code == 200


# Keeping


def test_a_result_is_kept_with_its_recipe_its_parent_and_what_it_was_made_of(studio: Served, folder: Path) -> None:
    picture = studio.engine.draw(Recipe("tiny-dcgan", seed=8))
    parent = studio.gallery.save(to_png(picture), picture.recipe, visitor="local")
    recipe = Recipe(source=bring(studio, to_png(picture))["id"], after=(Step("tiny-up"),))
    work = begin(studio, recipe)
    ended(studio, work["id"])
    made = httpx.get(f"{studio.url}/works/{work['id']}/picture.png").content
    id = httpx.post(f"{studio.url}/works/{work['id']}/save", params={"parent": parent.id}).json()["id"]
    entry = studio.gallery.get(id, "local")
    assert (entry.generator, entry.parents, entry.width, entry.height, entry.bytes) == ("tiny-up", (parent.id,), 32, 32, len(made))
    assert entry.recipe == studio.engine.signed(recipe) == from_json(read_recipe(made) or "")
    assert httpx.get(f"{studio.url}/gallery/{id}.png").content == made
    assert Image.open(io.BytesIO(httpx.get(f"{studio.url}/gallery/{id}/thumb.webp").content)).size == (32, 32)
    assert studio.gallery.ingredients("local") == {recipe.source}
    (source,) = studio.engine.darkroom.tray._folder.rglob(recipe.source)
    assert source.stat().st_mtime > time.time() + 1e8, "what it was made of stays"
    assert fault(httpx.post(f"{studio.url}/works/{work['id']}/save", params={"parent": ID})) == (404, "fault.no_picture")
    httpx.delete(f"{studio.url}/works/{work['id']}")
    assert httpx.get(f"{studio.url}/gallery/{id}.png").status_code == 200
    studio.gallery.remove([id], "local")
    assert studio.gallery.ingredients("local") == set()


# One recipe, every door


@pytest.mark.parametrize("begins", ["source", "generator"])
def test_every_door_gives_the_same_bytes(studio: Served, room: StandIns, begins: str) -> None:
    first = {"source": bring(studio, photograph(40, 30))["id"]} if begins == "source" else {"generator": "tiny-style", "seed": 4}
    recipe = from_dict({**first, "after": [{"translator": "tiny-up", "options": {"crispness": 1}}, {"translator": "negative"}]})
    drawn = to_png(studio.engine.draw(recipe))
    linked = httpx.get(f"{studio.url}/draw.png", params={"r": to_link(recipe)})
    with open_page(studio.host) as page:
        page.say(type="draw", id=1, rest=True, recipe=json.loads(to_json(recipe)))
        live = page.hear()
    restored = httpx.post(f"{studio.url}/read", content=drawn).json()
    again = httpx.get(f"{studio.url}/draw.png", params={"r": to_link(from_dict(restored["recipe"]))})
    assert {linked.content, live.data, again.content} == {drawn}
    assert restored["notes"] == []
    assert from_dict(live.header["recipe"]) == studio.engine.signed(recipe)
    assert linked.headers["cache-control"] == "no-cache", "other weights may be loaded tomorrow"
    assert again.headers["cache-control"] == "private, max-age=86400"
    work = begin(studio, recipe)
    ended(studio, work["id"])
    finished = httpx.get(f"{studio.url}/works/{work['id']}/picture.png").content
    ours, theirs = (np.asarray(Image.open(io.BytesIO(data))) for data in (finished, drawn))
    assert np.array_equal(ours, theirs)
    assert read_recipe(finished) == read_recipe(drawn)
    httpx.delete(f"{studio.url}/works/{work['id']}")
