"""Films: what one may be, what lies between its pictures, and the files that it becomes."""

from __future__ import annotations

import errno
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
import torch
from PIL import Image

from models.encoder import load_encoder
from studio.drawing import centres, placed
from studio.engine import Engine
from studio.errors import Fault
from studio.film import Film, Key, film_from_dict, film_from_json, film_to_dict, film_to_json
from studio.filming import FORMATS, read_film, write_film
from studio.films import Films
from studio.frames import Picture, read_recipe
from studio.recipe import Part, Recipe
from studio.recipe_text import from_json, to_json
from studio.reel import Reel, evened, reel_of, steps
from tests.studio.served import Served, open_page, served

A, B, C = (Recipe("tiny-style", seed=seed, noise_seed=3) for seed in (1, 2, 3))
FILM = Film((Key(A, 0.0), Key(B, 1.0, "even"), Key(C, 1.5)), seconds=3.0)


def fault(code: str) -> Any:
    return pytest.raises(Fault, check=lambda error: error.code == code)


def test_a_film_is_the_same_after_writing_and_reading() -> None:
    assert film_from_json(film_to_json(FILM)) == FILM
    assert film_from_dict(film_to_dict(FILM)) == FILM


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"keys": []}, "fault.film_keys"),
        ({"keys": "abc"}, "fault.film_keys"),
        ({"keys": [{"at": 0, "recipe": {"generator": "x"}}] * 65}, "fault.film_keys"),
        ({"keys": [{"at": 0}, {"at": 1}]}, "fault.film_shape"),
        ({"keys": [7, 8]}, "fault.film_shape"),
        ({"seconds": float("nan")}, "fault.recipe_number"),
        ({"seconds": 10**400}, "fault.recipe_number"),
        ({"seconds": 1.0}, "fault.film_moments"),
        ({"seconds": 1e9}, "fault.recipe_number"),
        ({"path": "teleport"}, "fault.film_choice"),
        ({"rate": 1000}, "fault.recipe_choice"),
        ({"loop": 1}, "fault.recipe_flag"),
        ({"kind": "other"}, "fault.film_shape"),
        ({"wings": 2}, "fault.recipe_field"),
    ],
)
def test_what_a_film_may_not_be(changed: dict[str, Any], code: str) -> None:
    with fault(code):
        film_from_dict({**film_to_dict(FILM), **changed})


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ((Key(A, 0.5), Key(B, 1.0)), "fault.film_moments"),
        ((Key(A, 0.0), Key(B, 0.01)), "fault.film_moments"),
        ((Key(A, 0.0), Key(Recipe("tiny-dcgan"), 1.0)), "fault.film_generators"),
    ],
)
def test_keys_that_do_not_go_together(keys: tuple[Key, ...], code: str) -> None:
    with fault(code):
        Film(keys, seconds=3.0)


def test_a_key_is_drawn_by_a_generator() -> None:
    with fault("fault.film_key"):
        Key(Recipe(source="0" * 32), 0.0)
    with fault("fault.film_choice"):
        Key(A, 0.0, "wobbly")  # type: ignore[arg-type]
    for text in ("", "[", "[]", "7", "[" * 100_000):
        with fault("fault.film_shape"):
            film_from_json(text)


@pytest.fixture
def reel(engine: Engine) -> Reel:
    return reel_of(engine.prepared("tiny-style"), FILM)


def w_of(engine: Engine, recipe: Recipe) -> torch.Tensor:
    return placed(engine.prepared("tiny-style"), (recipe,))[0]


@pytest.mark.parametrize("path", ["slerp", "linear", "spline"])
def test_every_path_goes_through_its_keys(engine: Engine, path: Any) -> None:
    reel = reel_of(engine.prepared("tiny-style"), replace(FILM, path=path))
    for key in FILM.keys:
        assert reel.at(key.at) == key.recipe
        torch.testing.assert_close(w_of(engine, reel.at(key.at + 1e-3)), w_of(engine, key.recipe), atol=0.02, rtol=0.02)
    assert reel.at(FILM.seconds) == A


@pytest.mark.parametrize("path", ["slerp", "linear", "spline"])
def test_a_film_leads_through_blends_as_well(engine: Engine, path: Any) -> None:
    crossed = replace(A, blend=(Part(A, 0.5, (1, 1, 1, 0, 0, 0)), Part(B, 0.5, (0, 0, 0, 1, 1, 1))), directions=(("slant", 1.0),))
    film = replace(FILM, keys=(Key(A, 0.0), Key(crossed, 1.0, "even"), Key(C, 1.5)), path=path)
    reel = reel_of(engine.prepared("tiny-style"), film)
    assert reel.at(1.0) == crossed
    for near in (0.99, 1.01):
        torch.testing.assert_close(w_of(engine, reel.at(near)), w_of(engine, crossed), atol=0.1, rtol=0.1)
    between = reel.at(0.5)
    assert {part.recipe.seed for part in between.blend} == {1, 2}
    assert 0 < dict(between.directions)["slant"] < 1


def test_slerp_keeps_the_distance_from_the_middle_and_turns_evenly(engine: Engine) -> None:
    film = Film((Key(A, 0.0, "even"), Key(B, 1.0)), seconds=2.0)
    checkpoint = engine.prepared("tiny-style")
    reel, middle = reel_of(checkpoint, film), centres(checkpoint, (A,))[0]
    ways = [w_of(engine, reel.at(t)) - middle for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    lengths = torch.stack([way.norm(dim=1) for way in ways])
    assert float((lengths[2] - (lengths[0] + lengths[4]) / 2).abs().max()) < 1e-3
    turns = [float(torch.cosine_similarity(a.flatten(), b.flatten(), dim=0).acos()) for a, b in zip(ways, ways[1:], strict=False)]
    assert max(turns) - min(turns) < 0.05 * sum(turns)


def test_a_spline_has_no_corner_at_a_key(engine: Engine) -> None:
    film = Film((Key(A, 0.0, "even"), Key(B, 1.0, "even"), Key(C, 2.0, "even")), seconds=3.0, path="spline")
    reel = reel_of(engine.prepared("tiny-style"), film)
    before, at, after = (w_of(engine, reel.at(t)) for t in (0.999, 1.0, 1.001))
    assert float(((after - at) - (at - before)).norm()) < 0.02 * float((after - before).norm())


def test_a_frame_between_keys_is_a_recipe_like_any_other(engine: Engine, reel: Reel) -> None:
    recipe = reel.at(0.5)
    assert len(recipe.blend) == 2
    assert from_json(to_json(recipe)) == recipe
    assert np.array_equal(engine.draw(recipe).pixels, engine.draw(from_json(to_json(recipe))).pixels)
    led = replace(recipe, directions=(("slant", 2.0),))
    assert not np.array_equal(engine.draw(recipe).pixels, engine.draw(led).pixels)


def test_a_hold_stands_and_an_end_without_loop_too(engine: Engine) -> None:
    film = Film((Key(A, 0.0, "hold"), Key(B, 1.0)), seconds=2.0, loop=False)
    reel = reel_of(engine.prepared("tiny-style"), film)
    assert reel.at(0.9) == A
    assert reel.at(1.7) == reel.at(99.0) == B


def test_even_pace_evens_the_steps(engine: Engine) -> None:
    film = Film((Key(A, 0.0), Key(B, 0.3), Key(C, 2.0)), seconds=4.0, rate=12, even=True)
    plain = reel_of(engine.prepared("tiny-style"), film)
    encoder = load_encoder()

    def draw(recipe: Recipe) -> np.ndarray:
        return engine.draw(recipe).pixels

    def unevenness(reel: Reel) -> float:
        found = steps([draw(reel.frame(number)) for number in range(film.frames)], encoder, loop=True)
        return float(found.std() / found.mean())

    reel = evened(plain, draw, encoder)
    assert unevenness(reel) < unevenness(plain) / 3
    assert reel.at(film.seconds) == reel.at(0)


def pictures(film: Film, side: int = 32) -> Iterator[Picture]:
    for number in range(film.frames):
        pixels = np.zeros((side, side, 3), np.uint8)
        pixels[:, : side * number // film.frames] = (220, 40, 40)
        yield Picture(pixels, A)


SHORT = Film((Key(A, 0.0), Key(B, 0.25)), seconds=0.5, rate=24)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_has_every_frame_and_opens_as_the_same_film(format: Any, tmp_path: Path) -> None:
    path = tmp_path / "film"
    write_film(path, SHORT, format, pictures(SHORT))
    assert read_film(path.read_bytes()) == SHORT
    if format in ("mp4", "webm"):
        with av.open(str(path)) as film:
            frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert len(frames) == SHORT.frames
        assert np.abs(frames[6][16, 4].astype(int) - (220, 40, 40)).max() < 12
        assert frames[6][16, 28].max() < 12
    elif format == "png":
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["film.json", *(f"{number:02}.png" for number in range(SHORT.frames))]
            assert from_json(read_recipe(archive.read("03.png")) or "").seed == A.seed
    else:
        with Image.open(path) as film:
            assert getattr(film, "n_frames", 1) in range(SHORT.frames - 1, SHORT.frames + 1)  # like frames may be told as one


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"{}",
        b"PK\x03\x04" + bytes(99),
        b"\0\0\0\x18ftypmp42" + bytes(40),
        b"\x1a\x45\xdf\xa3" + bytes(40),
        b"GIF89a" + bytes(9),
        b"#EXTM3U\nfile:///etc/passwd",
        b"RIFF\x10\0\0\0WEBPVP8 ",
    ],
)
def test_what_is_no_film_says_so(data: bytes) -> None:
    with pytest.raises(Fault, check=lambda error: error.code in ("fault.no_film", "fault.film_keys")):
        read_film(data)


def test_a_zip_whose_film_is_a_bomb_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("film.json", b" " * 50_000_000)
    with fault("fault.too_large"):
        read_film(file.getvalue())


def test_a_work_writes_the_film_and_a_stopped_one_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    films = Films(engine)
    work = films.shoot(SHORT, "mp4", 256, tmp_path / "a.film", "ann")
    path = work.future.result(60)
    assert (work.size, work.kind) == ((256, 256), "mp4")
    assert read_film(path.read_bytes()) == SHORT
    again = films.shoot(SHORT, "mp4", 256, tmp_path / "b.film", "ann").future.result(60)
    assert again.read_bytes() == path.read_bytes()
    long = films.shoot(replace(FILM, seconds=500.0, rate=60), "mp4", 0, tmp_path / "c.film", "ann")
    engine.darkroom.works.cancel(long)
    films.shoot(SHORT, "gif", 0, tmp_path / "d.film", "ann").future.result(60)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.film", "a.png", "b.film", "b.png", "d.film", "d.png"]


def test_a_full_disk_is_told_and_leaves_nothing(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *_: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("studio.films.write_film", full)
    with fault("fault.gallery_full"):
        Films(engine).shoot(SHORT, "mp4", 0, tmp_path / "x.film", "ann").future.result(60)
    assert not (tmp_path / "x.film").exists()


def test_a_sharpened_film_is_enlarged_by_the_upscaler(engine: Engine, tmp_path: Path) -> None:
    films = Films(engine)
    made = {
        sharp: films.shoot(SHORT, "png", 256, tmp_path / f"{sharp}.film", "ann", sharp=sharp).future.result(60) for sharp in (False, True)
    }
    frames = {}
    for sharp, path in made.items():
        with zipfile.ZipFile(path) as archive:
            data = archive.read("00.png")
        frames[sharp] = np.array(Image.open(io.BytesIO(data)))
        steps = from_json(read_recipe(data) or "").after
        assert [step.translator for step in steps] == (["tiny-up"] if sharp else [])
    assert frames[True].shape == frames[False].shape == (256, 256, 3)
    assert not np.array_equal(frames[True], frames[False])


def test_what_can_never_be_written_is_refused_at_once(engine: Engine, tmp_path: Path) -> None:
    films = Films(engine)
    for film, format, side, code in (
        (SHORT, "avi", 0, "fault.picture_format"),
        (SHORT, "mp4", 77, "fault.recipe_choice"),
        (replace(FILM, seconds=600.0, rate=60), "mp4", 2048, "fault.film_large"),
        (replace(FILM, seconds=60.0), "png", 2048, "fault.film_large"),
        (Film((Key(Recipe("nobody"), 0.0), Key(Recipe("nobody"), 1.0)), seconds=2.0), "mp4", 0, "fault.no_generator"),
    ):
        with fault(code):
            films.shoot(film, format, side, tmp_path / "x.film", "ann")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("films")) as studio:
        yield studio


def test_a_page_plays_a_film_by_its_moments(studio: Served) -> None:
    with open_page(studio.host) as page:
        page.say(type="play", id=1, at=0.5)
        assert page.hear().header["fault"]["code"] == "fault.bad_message"  # nothing to play yet
        page.say(type="reel", id=2, film=film_to_dict(FILM))
        told = page.hear().header
        assert (told["type"], told["id"], told["frames"]) == ("reel", 2, FILM.frames)
        assert 0 <= told["seam"] < 2
        page.say(type="play", id=3, at=0.5, rest=True)
        frame = page.hear()
        assert (frame.header["id"], frame.header["rest"]) == (3, True)
        assert from_json(json.dumps(frame.header["recipe"])).blend == reel_of(studio.engine.prepared("tiny-style"), FILM).at(0.5).blend
        for at in (1e400, float("nan"), "soon", None):
            page.say(type="play", id=4, at=at)
            assert page.hear().header["type"] == "error"
        for film in (None, {}, [], {"keys": [{}] * 3, "seconds": 1}):
            page.say(type="reel", id=5, film=film)
            assert page.hear().header["type"] == "error"
        page.say(type="play", id=6, at=1.0)
        assert page.hear().header["id"] == 6  # the last film that was one is still there


def test_the_routes_make_a_film_and_open_it(studio: Served) -> None:
    with httpx.Client(base_url=studio.url, timeout=60) as client:
        begun = client.post("/films", json={"film": film_to_dict(SHORT), "format": "webm", "side": 0})
        assert begun.status_code == 202
        id = begun.json()["id"]
        while (now := client.get(f"/works/{id}").json())["state"] in ("waiting", "running"):
            assert client.get(f"/films/{id}/file").status_code in (409, 200)  # it may be done by then
        assert (now["state"], now["kind"]) == ("done", "webm")
        file = client.get(f"/films/{id}/file?download=1")
        assert file.headers["content-type"] == "video/webm"
        assert 'attachment; filename="latent-atelier-tiny-style-film.webm"' in file.headers["content-disposition"]
        assert film_from_dict(client.post("/films/open", content=file.content).json()) == SHORT
        assert client.get(f"/works/{id}/picture.png").status_code == 404
        assert client.post("/films/open", content=b"nothing").json()["fault"]["code"] == "fault.no_film"
        assert client.get("/films/../../etc/passwd/file").status_code == 404
        assert client.post("/films", json={"film": 7}).json()["fault"]["code"] == "fault.film_shape"
        assert client.delete(f"/works/{id}").status_code == 200
        assert client.get(f"/films/{id}/file").status_code == 404
