"""The tray: pictures are found again by their hash, by their owner alone, for as long as they are wanted."""

from __future__ import annotations

import builtins
import io
import os
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import tray as module
from studio.errors import Fault
from studio.frames import Picture, to_png
from studio.recipe import Recipe
from studio.tray import LIFE, Tray
from tests.studio.given import noise, photograph, written

ME, YOU = "local", "0123456789abcdef" * 2
DATA = photograph()
BYTES = len(DATA)


@pytest.fixture
def tray(tmp_path: Path) -> Tray:
    return Tray(tmp_path / "tray")


def code_of(call: object, *args: object) -> tuple[int, str]:
    with pytest.raises(Fault) as caught:
        call(*args)  # type: ignore[operator]
    assert "{" not in str(caught.value)
    return caught.value.status, caught.value.code


def files_in(tmp_path: Path) -> list[Path]:
    return sorted(path for path in tmp_path.rglob("*") if path.is_file())


def file_of(tmp_path: Path, id: str) -> Path:
    (path,) = tmp_path.rglob(id)
    return path


def age(path: Path, seconds: float) -> None:
    os.utime(path, (0, time.time() - seconds))


def put(tray: Tray, seed: int, visitor: str = ME) -> str:
    return tray.put(photograph(seed=seed), visitor)[0]


def test_a_picture_has_the_hash_of_its_bytes_for_a_name(tray: Tray, tmp_path: Path) -> None:
    id, upload = tray.put(DATA, ME)
    assert id == sha256(DATA).hexdigest()[:32]
    assert tray.put(DATA, ME)[0] == id
    assert np.array_equal(upload.pixels, noise())
    assert [path.read_bytes() for path in files_in(tmp_path)] == [DATA]
    assert np.array_equal(Tray(tmp_path / "tray").open(id, ME).pixels, noise()), "it outlives the studio"


def test_another_visitor_finds_nothing(tray: Tray, tmp_path: Path) -> None:
    id, _ = tray.put(DATA, ME)
    for look in (tray.find, tray.open, tray.size, tray.small):
        assert code_of(look, id, YOU) == (404, "fault.no_source")
    assert code_of(tray.shown, id, YOU, 64) == (404, "fault.no_source")
    tray.keep([id], YOU)
    assert file_of(tmp_path, id).stat().st_mtime < module.KEPT
    tray.put(DATA, YOU)
    assert tray.size(id, YOU) == (64, 48)


@pytest.mark.parametrize("id", ["..", "../../secret", "/etc/passwd", "A" * 32, "0" * 31, "0" * 33, "\0" * 32, "\ud800", "0" * 31 + "\n"])
def test_an_id_that_is_none_never_becomes_a_path(tray: Tray, tmp_path: Path, id: str) -> None:
    (tmp_path / "secret").write_bytes(DATA)
    for look in (tray.find, tray.open, tray.size, tray.small):
        assert code_of(look, id, ME) == (400, "fault.recipe_source")
    assert code_of(tray.find, "0" * 32, ME) == (404, "fault.no_source")
    assert code_of(tray.find, "", ME) == (404, "fault.no_source")


def test_what_is_no_picture_leaves_nothing(tray: Tray, tmp_path: Path) -> None:
    assert code_of(tray.put, b"no picture", ME) == (415, "fault.not_upload")
    assert files_in(tmp_path) == []


def test_size_and_small_form_are_known_without_opening_again(tray: Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    id, _ = tray.put(photograph(800, 400), ME)
    other = put(tray, 1)
    monkeypatch.setattr(module, "OPEN_PIXELS", 1)
    tray.open(other, ME)  # now the first is held no more
    monkeypatch.setattr(module, "open_upload", lambda data: pytest.fail("opened again"))
    tray.find(id, ME)
    assert tray.size(id, ME) == (800, 400)
    assert tray.small(id, ME).size == (384, 192)
    assert tray.small(other, ME).size == (64, 48)


def test_what_is_held_is_not_on_the_disk_and_goes_for_newer_ones(tray: Tray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    id = tray.hold(DATA, ME)
    assert (tray.size(id, ME), tray.small(id, ME).size, files_in(tmp_path)) == ((64, 48), (64, 48), [])
    assert code_of(tray.find, id, YOU) == (404, "fault.no_source")
    monkeypatch.setattr(module, "OPEN_PIXELS", 2 * 64 * 48)
    newer = [tray.hold(photograph(seed=seed), ME) for seed in (1, 2)]
    assert code_of(tray.open, id, ME) == (404, "fault.no_source")
    for one in newer:
        tray.find(one, ME)
    assert code_of(tray.hold, photograph(1001, 1000), ME) == (413, "fault.picture_pixels")


# How long it stays


def test_what_was_not_used_for_a_day_goes_whoever_brought_it(tray: Tray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, used, kept, yours = put(tray, 1), put(tray, 2), put(tray, 3), put(tray, 4, YOU)
    half = file_of(tmp_path, old).with_name(f"{old}.0a0a0a0a.new")
    half.write_bytes(b"half")
    for path in files_in(tmp_path):
        age(path, LIFE + 60)
    tray.open(used, ME)
    tray.keep([kept, "0" * 32], ME)
    monkeypatch.setattr(module, "SWEEP", 0.0)
    new = put(tray, 5)
    assert {path.name for path in files_in(tmp_path)} == {used, kept, new}
    assert code_of(tray.open, old, ME) == code_of(tray.size, yours, YOU) == (404, "fault.no_source")
    assert len(list((tmp_path / "tray").iterdir())) == 1, "nothing is left of a visitor without pictures"


def test_what_is_brought_again_stays_another_day(tray: Tray, tmp_path: Path) -> None:
    id, _ = tray.put(DATA, ME)
    age(file_of(tmp_path, id), LIFE - 60)
    tray.put(DATA, ME)
    assert file_of(tmp_path, id).stat().st_mtime > time.time() - 60


def test_where_space_is_short_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    tray = Tray(tmp_path, space=BYTES * 3 + 100)
    first, second, third = (put(tray, seed) for seed in (1, 2, 3))
    for position, id in enumerate((first, second, third)):
        age(file_of(tmp_path, id), 1000 - position)
    tray.open(first, ME)
    yours = put(tray, 9, YOU)
    fourth = put(tray, 4)
    assert {path.name for path in files_in(tmp_path)} == {first, third, fourth, yours}


def test_what_is_kept_stays_where_space_is_short(tmp_path: Path) -> None:
    tray = Tray(tmp_path, space=BYTES * 3 + 100)
    kept, loose = [put(tray, seed) for seed in (1, 2)], put(tray, 3)
    tray.keep(kept, ME)
    assert code_of(tray.put, written(Image.fromarray(noise(64, 96))), ME) == (507, "fault.tray_full")
    assert {path.name for path in files_in(tmp_path)} == {*kept, loose}, "nothing goes in vain"
    new = put(tray, 4)
    assert {path.name for path in files_in(tmp_path)} == {*kept, new}


def test_what_was_kept_for_pictures_that_are_gone_makes_room(tmp_path: Path) -> None:
    needed: dict[str, set[str]] = {}
    tray = Tray(tmp_path, space=BYTES * 2 + 100, needed=needed.__getitem__)
    first, second = (put(tray, seed) for seed in (1, 2))
    tray.keep([first, second], ME)
    needed[ME] = {first, second}
    assert code_of(put, tray, 3) == (507, "fault.tray_full")
    needed[ME] = {second}
    third = put(tray, 3)
    assert {path.name for path in files_in(tmp_path)} == {second, third}


def test_a_file_that_was_taken_away_is_said(tray: Tray, tmp_path: Path) -> None:
    id, _ = tray.put(DATA, ME)
    file_of(tmp_path, id).unlink()
    again = Tray(tmp_path / "tray")
    assert code_of(again.open, id, ME) == (404, "fault.no_source")
    tray.keep([id], ME)


@pytest.mark.parametrize("step", ["mkdir", "open", "fsync", "replace"])
def test_a_full_disk_is_said_and_leaves_nothing(tray: Tray, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(builtins if step == "open" else os, step, full)
        assert code_of(tray.put, DATA, ME) == (507, "fault.gallery_full")
    assert files_in(tmp_path) == []
    assert tray.put(DATA, ME)[1].size == (64, 48)


# How it is shown again


def test_it_is_shown_small_with_its_alpha_and_without_its_metadata(tray: Tray) -> None:
    half = Image.new("RGBA", (800, 400), (200, 0, 0, 255))
    half.paste((0, 0, 0, 0), (0, 0, 400, 400))
    exif = half.getexif()
    exif[0x8298] = "a name"
    id, _ = tray.put(written(half, exif=exif), ME)
    for side, size in ((200, (200, 100)), (-5, (64, 32)), (10**9, (800, 400))):
        shown = Image.open(io.BytesIO(tray.shown(id, ME, side)))
        assert (shown.format, shown.size, shown.mode) == ("WEBP", size, "RGBA")
        assert not dict(shown.getexif())
    assert np.asarray(shown)[200, [0, 799], 3].tolist() == [0, 255]


def test_the_recipe_inside_is_found(tray: Tray) -> None:
    picture = Picture(noise(), Recipe("a", seed=7))
    assert '"seed":7' in (tray.put(to_png(picture), ME)[1].recipe or "")
