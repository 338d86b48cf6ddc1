"""Killed with -9 at any moment, the studio and a training find all that they had written whole. 100 rounds by `make torture`."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.checkpoint import find, load
from models.training.run import STATE, open_run, read_log
from studio.engine import Engine
from studio.film import film_from_dict
from studio.films import Films, poster_of
from studio.gallery import Gallery
from studio.takes import FOLDER, left
from tests.studio import doomed
from tests.torture import rounds

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
MOST = 0.4  # seconds that a process may write before it is killed
PROCESSES = multiprocessing.get_context("forkserver" if sys.platform != "win32" else None)
PROCESSES.set_forkserver_preload(["tests.studio.doomed", "torch._dynamo"])  # read once, not once a round


def killed(round: int, job: doomed.Doomed, *given: Any) -> None:
    """Let a process write and kill it at a moment that chance names."""
    begun = PROCESSES.Event()
    process = PROCESSES.Process(target=job, args=(*given, begun), daemon=True)
    process.start()
    assert begun.wait(60), "it never began"
    time.sleep(random.Random(round).uniform(0, MOST))
    process.kill()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL, f"round {round}: it ended before it was killed"


def check_gallery(folder: Path) -> int:
    """Rows and files agree before anything is swept, each file whole; after the next opening nothing else is there. How many rows."""
    with closing(sqlite3.connect(folder / "gallery.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT id, film, bytes FROM pictures").fetchall()
    pictures, films = folder / "pictures", folder / "films"
    for id, film, size in rows:
        data = (pictures / id[:2] / f"{id}.png").read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            image.load()
        moving = (films / id[:2] / f"{id}.film").read_bytes() if film else b""
        assert len(data) + len(moving) == size
        if film and len(moving) == len(doomed.sealed(0)):
            assert doomed.is_sealed(moving)
    for half in (folder / "thumbs").rglob("*.new"):
        os.utime(half, (1, 1))  # another process could still be making a fresh one
    with Gallery(folder) as gallery:
        for entry in gallery.find(doomed.ME, limit=200).entries:
            with Image.open(gallery.thumb(entry.id, doomed.ME)) as thumb:
                thumb.load()
        kept = {id for (id,) in gallery.index.db.execute("SELECT id FROM pictures")}
        kin = {id for (id,) in gallery.index.db.execute("SELECT child FROM kin")}
    assert kept <= {id for id, _, _ in rows}  # and no more purged than was removed
    assert {path.name for path in pictures.glob("*/*")} == {f"{id}.png" for id in kept}
    assert {path.name for path in films.glob("*/*")} == {f"{id}.film" for id, film, _ in rows if film and id in kept}
    assert {path.stem for path in (folder / "thumbs").glob("*/*.webp")} <= kept
    assert not list(folder.rglob("*.new"))
    assert kin <= kept
    return len(kept)


@pytest.mark.parametrize("round", range(rounds(4, 34)))
def test_a_gallery_is_whole_whenever_its_writer_is_killed(round: int, tmp_path: Path) -> None:
    killed(round, doomed.save_pictures, tmp_path)
    before = check_gallery(tmp_path / "gallery")
    killed(round + 1000, doomed.save_pictures, tmp_path)  # a second life begins with what the first left
    assert check_gallery(tmp_path / "gallery") >= before or before > 3


@pytest.mark.parametrize("round", range(rounds(2, 33)))
def test_a_film_is_whole_or_gone_on_with(
    round: int, engine: Engine, tiny_checkpoints: Path, whole_films: dict[str, bytes], tmp_path: Path
) -> None:
    killed(round, doomed.export_films, tiny_checkpoints, tmp_path)
    check_gallery(tmp_path / "gallery")
    with closing(sqlite3.connect(tmp_path / "gallery" / "gallery.sqlite")) as db:
        for id, format in db.execute("SELECT id, film FROM pictures"):
            assert (tmp_path / "gallery" / "films" / id[:2] / f"{id}.film").read_bytes() == whole_films[format]
    if not (tmp_path / FOLDER).is_dir():
        return
    for take in left(tmp_path / FOLDER):
        format, path = take.asked["format"], tmp_path / f"{take.folder.name}.film"
        work = Films(engine).shoot(film_from_dict(take.asked["film"]), format, 0, path, doomed.ME, take=take)
        assert work.future.result(60).read_bytes() == whole_films[format]
        assert poster_of(path).is_file()
    assert not list((tmp_path / FOLDER).iterdir())


@pytest.fixture(scope="module")
def whole_films(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same film in each format, made without a disturbance."""
    folder = tmp_path_factory.mktemp("films")
    works = {one: Films(engine).shoot(doomed.film(), one, 0, folder / f"{one}.film", doomed.ME) for one in doomed.FORMATS}
    return {format: work.future.result(60).read_bytes() for format, work in works.items()}


@pytest.mark.parametrize("round", range(rounds(2, 33)))
def test_a_run_and_its_checkpoint_are_whole_whenever_the_training_is_killed(round: int, tmp_path: Path) -> None:
    killed(round, doomed.train, tmp_path)
    seen = check_training(tmp_path)
    killed(round + 1000, doomed.train, tmp_path)
    assert check_training(tmp_path) >= seen


def check_training(folder: Path) -> int:
    """The run resumes and its checkpoint loads; how many images it has seen."""
    run = open_run(folder / "run", doomed.PRESET, doomed.noise())
    if (folder / "run" / STATE).exists():
        assert run.seen > 0
        assert max(row["images"] for row in read_log(folder / "run")) in (run.seen, run.seen + doomed.PRESET.batch)
    for sheet in (folder / "run" / "samples").glob("*.png"):
        with Image.open(sheet) as image:
            image.load()
    for checkpoint in find(folder / "checkpoints"):
        assert load(checkpoint).card.id == "killed"
        if (preview := checkpoint / "preview.webp").exists():
            with Image.open(preview) as image:
                image.load()
    return run.seen
