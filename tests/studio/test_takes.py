"""Films in the making: what is kept of them whole, and a studio that was killed goes on where it stood."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from studio.bench.server import free_port, serving
from studio.engine import Engine
from studio.errors import Fault
from studio.film import Film, Key, film_to_dict
from studio.films import Films
from studio.recipe import Recipe
from studio.takes import FOLDER, LOCK, TRIES, Frames, Take, claim, forgetful, left

STUDIO = """
import sys, uvicorn
from pathlib import Path
from studio.engine import Engine
from studio.gallery import Gallery
from studio.settings import Settings
from studio.web import create_web
folder, checkpoints, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
with Gallery(folder / "gallery") as gallery, Engine(checkpoints, folder=folder, device="cpu") as engine:
    uvicorn.run(create_web(engine, gallery, Settings(folder=folder)), port=port, log_level="warning")
"""  # the studio without its page, which takes the longer half of the time to start
A, B = (Recipe("tiny-style", seed=seed) for seed in (1, 2))
FILM = Film((Key(A, 0.0), Key(B, 1.0)), seconds=2.0, rate=24)


def whole(data: bytes) -> list[bytes]:
    with Frames(io.BytesIO(data)) as frames:
        return list(iter(frames.next, None))


def test_wherever_a_file_of_frames_breaks_off_those_before_are_there_and_it_is_gone_on_with() -> None:
    file = io.BytesIO()
    frames = Frames(file)
    assert frames.next() is None
    parts = [b"one", b"three" * 9, b"two"]
    for part in parts:
        frames.add(part)
    data = file.getvalue()
    assert whole(data) == parts
    ends = [8 + 3, 8 + 3 + 8 + 45, len(data)]
    for cut in range(len(data)):
        broken = io.BytesIO(data[:cut])
        frames = Frames(broken)
        found = list(iter(frames.next, None))
        assert found == parts[: sum(end <= cut for end in ends)]
        frames.add(b"more")
        assert whole(broken.getvalue()) == [*found, b"more"]


def test_a_damaged_part_ends_what_is_there() -> None:
    file = io.BytesIO()
    frames = Frames(file)
    assert frames.next() is None
    for part in (b"one", b"two", b"three"):
        frames.add(part)
    for place in range(11, 22):  # anywhere in the second
        data = bytearray(file.getvalue())
        data[place] ^= 1
        assert whole(bytes(data)) == [b"one"]


def test_pictures_come_back_as_they_were_and_no_more_than_there_is_room_for() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 6, 3)).astype(np.uint8)
    file = io.BytesIO()
    frames = Frames(file, most=1000)
    assert frames.next() is None
    for _ in range(9):
        frames.add_picture(picture)
    file.seek(0)
    frames = Frames(file, most=1000)
    found: list[np.ndarray] = []
    while (one := frames.next_picture()) is not None:
        found.append(one)
    assert 0 < len(found) < 9
    assert all(np.array_equal(one, picture) for one in found)
    with forgetful() as none:
        none.add_picture(picture)
        assert none.next() is None


def test_what_can_not_be_gone_on_with_is_dropped(tmp_path: Path) -> None:
    for name, told in {
        "good": {"visitor": "ann", "asked": {}, "tries": 0, "size": 0},
        "thrice": {"visitor": "ann", "asked": {}, "tries": TRIES, "size": 0},
        "odd": {"visitor": "ann", "asked": 7, "tries": 0, "size": 0},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "order.json").write_text(json.dumps(told))
    (tmp_path / "empty").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "order.json").write_text((tmp_path / "good" / "order.json").read_text())
    os.utime(tmp_path / "old" / "order.json", (1, 1))
    assert [take.folder.name for take in left(tmp_path)] == ["good"]
    assert [path.name for path in tmp_path.iterdir()] == ["good"]


def test_two_studios_never_go_on_with_the_same(tmp_path: Path) -> None:
    first = claim(tmp_path / FOLDER)
    assert first
    assert claim(tmp_path / FOLDER) is None
    first.close()
    assert claim(tmp_path / FOLDER)


def test_one_that_ends_the_studio_each_time_is_given_up(tmp_path: Path) -> None:
    Take(tmp_path / "x", "ann", {}).keep()
    for _ in range(TRIES):
        (take,) = left(tmp_path)
        take.begin().__exit__()
    assert list(left(tmp_path)) == []
    Take(tmp_path / "x", "ann", {}).keep()
    for _ in range(TRIES + 2):
        (take,) = left(tmp_path)
        with take.begin() as frames:
            while frames.next():
                pass
            frames.add(b"another frame")


@pytest.mark.parametrize("even", [False, True])
def test_an_interrupted_film_is_gone_on_with_and_no_frame_is_drawn_twice(engine: Engine, tmp_path: Path, even: bool) -> None:
    film = Film(FILM.keys, seconds=2.0, rate=24, even=even)
    whole = Films(engine).shoot(film, "png", 0, tmp_path / "whole.film", "ann").future.result(60)
    films, drawn = Films(engine), list[Recipe]()
    plain, broken = engine.draw_in_turn, True

    def draw(visitor: str, recipe: Recipe) -> np.ndarray:
        if broken and len(drawn) == 20 + even * 96:
            raise Fault("fault.stopped", status=503)
        drawn.append(recipe)
        return plain(visitor, recipe)

    engine.draw_in_turn = draw  # type: ignore[method-assign]
    try:
        take = Take(tmp_path / FOLDER / "a1", "ann", {})
        with pytest.raises(Fault):
            films.shoot(film, "png", 0, tmp_path / "x.film", "ann", take=take).future.result(60)
        while not (tmp_path / FOLDER / "a1" / "frames").is_file():
            time.sleep(0.01)
        broken = False
        (take,) = left(tmp_path / FOLDER)
        work = Films(engine).shoot(film, "png", 0, tmp_path / "x.film", "ann", take=take)
        assert work.id == "a1"
        assert work.future.result(60).read_bytes() == whole.read_bytes()
    finally:
        del engine.draw_in_turn
    assert len(drawn) == film.frames + even * 96
    assert not take.folder.exists()


def test_one_that_is_stopped_leaves_nothing_wherever_it_stands(engine: Engine, tmp_path: Path) -> None:
    films, long = Films(engine), Film(FILM.keys, seconds=500.0, rate=60)
    works = [films.shoot(long, "mp4", 0, tmp_path / f"{name}.film", "ann", take=Take(tmp_path / name, "ann", {})) for name in "ab"]
    assert (tmp_path / "b").is_dir()
    for work in reversed(works):
        engine.darkroom.works.cancel(work)
    films.shoot(FILM, "mp4", 0, tmp_path / "c.film", "ann").future.result(60)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.film", "c.png"]


def test_frames_of_other_weights_are_drawn_anew(engine: Engine, tmp_path: Path) -> None:
    take = Take(tmp_path / "t", "ann", {})
    with take.begin() as frames:
        assert frames.next() is None
        frames.add(json.dumps({"made_by": "others", "pace": []}).encode())
        frames.add_picture(np.zeros((16, 16, 3), np.uint8))
    films = Films(engine)
    path = films.shoot(FILM, "png", 0, tmp_path / "x.film", "ann", take=take).future.result(60)
    assert path.read_bytes() == films.shoot(FILM, "png", 0, tmp_path / "y.film", "ann").future.result(60).read_bytes()


def answer(client: httpx.Client, id: str) -> dict[str, Any]:
    return client.get(f"/works/{id}").json()


def test_a_studio_that_is_killed_makes_the_same_film_when_it_starts_again(tiny_checkpoints: Path, tmp_path: Path) -> None:
    film = Film(FILM.keys, seconds=6.0, rate=60)
    port = free_port()
    command = ["-c", STUDIO, str(tmp_path), str(tiny_checkpoints), str(port)]
    ask = {"film": film_to_dict(film), "format": "png", "side": 0}
    with serving(command, port, tmp_path / "log") as server, httpx.Client(base_url=server.url) as client:
        id = client.post("/films", json=ask).json()["id"]
        while (now := answer(client, id))["done"] < 30:
            assert now["state"] in ("waiting", "running")
        os.kill(server.pid, signal.SIGKILL)
    kept = tmp_path / FOLDER / id / "frames"
    size = kept.stat().st_size
    assert size > 30 * 200
    with kept.open("ab") as file:
        file.write(b"\x77\x03\0\0half a frame")
    with serving(command, port, tmp_path / "log") as server, httpx.Client(base_url=server.url) as client:
        while (now := answer(client, id))["state"] != "done":
            assert now["state"] in ("waiting", "running"), now
            time.sleep(0.05)
        again = client.post("/films", json=ask).json()["id"]
        while answer(client, again)["state"] != "done":
            time.sleep(0.05)
        gone_on, anew = (client.get(f"/films/{one}/file").content for one in (id, again))
        assert gone_on == anew
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [LOCK]
