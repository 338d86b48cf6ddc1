"""What fails around the studio, and the sentence that the visitor reads: disks, folders, other programs, clocks.

The engine's own (a dead worker, a lost device, no memory) are in test_engine.py, slow pages in test_line.py, a disk that fills up at each
single step of a save in test_gallery.py.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from studio import edits, gallery as gallery_module, gallery_index
from studio.edits import made
from studio.engine import Engine
from studio.errors import Fault
from studio.film import Film, Key
from studio.filming import FilmFormat
from studio.films import Films
from studio.gallery import Gallery
from studio.recipe import Recipe
from studio.sounds import Sounds
from studio.takes import Take, left
from studio.tray import Tray
from tests.studio.doomed import ME, picture
from tests.studio.given import click_track, photograph

RECIPE = Recipe("tiny-style")
FULL = "The disk is full, so nothing was saved. Make room, then save again."
LOCKED = "Another program is writing to the gallery, so nothing was changed. Try again in a moment."


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        sys.platform != "linux"
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode
    ):
        pytest.skip("A disk can be mounted by root on Linux alone.")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def said(act: Callable[[], object]) -> str:
    """What the visitor reads."""
    with pytest.raises(Fault) as caught:
        act()
    return str(caught.value)


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("gallery.sqlite")}


def test_a_disk_that_fills_up_keeps_what_was_saved_whole(disk: Path) -> None:
    with Gallery(disk) as gallery:
        saved = [gallery.save(picture(0), RECIPE, visitor=ME)]
        with pytest.raises(Fault) as caught:
            while True:
                saved.append(gallery.save(picture(len(saved)), RECIPE, visitor=ME))
        assert (str(caught.value), caught.value.status) == (FULL, 507)
        assert len(saved) > 5
        assert [entry.id for entry in gallery.find(ME).entries] == [entry.id for entry in reversed(saved)]
        assert all(gallery.png(entry.id, ME).read_bytes() == picture(number) for number, entry in enumerate(saved))
        assert len(files_in(disk)) == len(saved)
        next(iter(files_in(disk))).write_bytes(b"")  # somebody makes room
        gallery.save(picture(0), RECIPE, visitor=ME)


WRITERS: dict[str, Callable[[Path], object]] = {
    "a picture from outside": lambda folder: Tray(folder / "tray").put(photograph(800, 600), ME),
    "a sound": lambda folder: Sounds(folder / "sounds").put(click_track(np.arange(0, 9.0), 12.0), ME),
    "a film in the making": lambda folder: Take(folder / "take", ME, {"film": "x" * (1 << 21)}).keep(),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_no_other_writer_leaves_half_a_file_on_a_full_disk(disk: Path, write: Callable[[Path], object]) -> None:
    (disk / "rest").write_bytes(b"\0" * 1_000_000)
    assert said(lambda: write(disk)) == FULL
    assert files_in(disk) == {disk / "rest"}


@pytest.mark.parametrize("format", ["mp4", "webp", "png"])
def test_a_film_on_a_full_disk_says_so_and_leaves_nothing(engine: Engine, disk: Path, format: FilmFormat) -> None:
    (disk / "rest").write_bytes(b"\0" * 1_040_000)
    film = Film((Key(RECIPE, 0.0), Key(Recipe("tiny-style", seed=9), 0.5)), seconds=1.0, rate=24)
    work = Films(engine).shoot(film, format, 256, disk / "x.film", ME)
    assert str(work.future.exception(60)) == FULL
    assert files_in(disk) == {disk / "rest"}


def test_a_folder_that_becomes_read_only_is_said_and_what_hangs_is_still_seen(disk: Path) -> None:
    pictures = disk / "pictures"
    with Gallery(disk) as gallery:
        entry = gallery.save(picture(0), RECIPE, visitor=ME)
        subprocess.run(["mount", "--bind", str(pictures), str(pictures)], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(pictures)], check=True)
            told = said(lambda: gallery.save(picture(1), RECIPE, visitor=ME))
            assert told.startswith("The gallery's folder cannot be written to (")
            assert told.endswith("so nothing was changed. Allow it, or choose another with --folder.")
            assert gallery.find(ME).entries == (entry,)
            assert gallery.png(entry.id, ME).read_bytes() == picture(0)
        finally:
            subprocess.run(["umount", "-l", str(pictures)], check=True)
        gallery.save(picture(1), RECIPE, visitor=ME)


def test_an_index_that_another_program_keeps_to_itself_is_said_and_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_index, "PATIENCE", 0.05)
    with Gallery(tmp_path) as gallery, closing(sqlite3.connect(tmp_path / "gallery.sqlite", isolation_level=None)) as other:
        entry = gallery.save(picture(0), RECIPE, visitor=ME)
        other.execute("BEGIN IMMEDIATE")
        before = files_in(tmp_path)
        assert said(lambda: gallery.save(picture(1), RECIPE, visitor=ME)) == LOCKED
        assert said(lambda: gallery.remove([entry.id], ME)) == LOCKED
        assert gallery.find(ME).entries == (entry,)
        assert files_in(tmp_path) == before
        other.execute("ROLLBACK")
        gallery.save(picture(1), RECIPE, visitor=ME)


def test_a_clock_set_back_or_forth_loses_and_reorders_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Gallery(tmp_path) as gallery:
        saved = []
        for days in (0, 4000, -4000):
            now = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="milliseconds")
            monkeypatch.setattr(gallery_module, "_now", lambda shift=None, now=now: now)
            saved.append(gallery.save(picture(0), RECIPE, visitor=ME).id)
        assert [entry.id for entry in gallery.find(ME).entries] == saved[::-1]
        gallery.remove([saved[0]], ME)
        assert gallery.restore([saved[0]], ME) == 1
    with Gallery(tmp_path) as gallery:
        assert gallery.find(ME).total == 3


def test_what_a_clock_that_jumped_made_too_old_is_gone_in_words(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = Film((Key(RECIPE, 0.0), Key(Recipe("tiny-style", seed=9), 0.5)), seconds=1.0, rate=12)
    work = Films(engine).shoot(film, "png", 0, tmp_path / "films" / "x.film", ME)
    work.future.result(60)
    Take(tmp_path / "takes" / "one", ME, {}).keep()
    later = time.time() + 1e9
    monkeypatch.setattr(edits.time, "time", lambda: later)
    edits.sweep(tmp_path / "films")
    assert said(lambda: made(work)) == "That work is not here any more. Begin it again."
    assert list(left(tmp_path / "takes")) == []
