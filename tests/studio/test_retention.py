"""What strangers leave stays for as long as was said, and no longer; what a saved picture or a work needs stays."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from studio.engine import Engine
from studio.errors import Fault
from studio.frames import to_png
from studio.gallery import Gallery
from studio.recipe import Recipe
from studio.retention import HANDED_OUT, RESULTS, UPLOADS, Retention
from studio.settings import CACHE, Settings
from studio.tray import KEPT
from tests.studio.given import click_track, photograph
from tests.studio.stand_in import stand_ins

ME, YOU = "a" * 32, "b" * 32
HERE = Recipe("tiny-dcgan", seed=4)


class Days:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, days: float) -> None:
        self.now += timedelta(days=days)


class House:
    """A hosted studio's gallery, uploads and retention."""

    def __init__(self, engine: Engine, folder: Path, keep_days: int | None = 30) -> None:
        self.engine, self.folder, self.days = engine, folder, Days()
        self.gallery = Gallery(folder)
        self.retention = Retention(engine, self.gallery, Settings(profile="spaces", folder=folder, keep_days=keep_days), self.days)

    def come(self, visitor: str) -> None:
        asyncio.run(self.retention.seen(visitor))

    def save(self, visitor: str, recipe: Recipe = HERE) -> str:
        return self.gallery.save(to_png(self.engine.draw(HERE)), recipe, visitor=visitor).id

    def count(self, visitor: str) -> int:
        return self.gallery.find(visitor).total


@pytest.fixture
def house(tiny_checkpoints: Path, tmp_path: Path):
    gallery: list[Gallery] = []

    def needed(visitor: str) -> set[str]:
        return gallery[0].ingredients(visitor)

    with Engine(tiny_checkpoints, folder=tmp_path, needed=needed, device="cpu", report=lambda line: None) as engine:
        house = House(engine, tmp_path)
        gallery.append(house.gallery)
        yield house
        house.gallery.close()


def age(path: Path, seconds: float) -> None:
    os.utime(path, (0, time.time() - seconds))


def test_pictures_go_a_month_after_the_last_visit_and_not_before(house: House) -> None:
    house.come(ME)
    house.come(YOU)
    mine = house.save(ME)
    house.save(YOU)
    house.gallery.collections.keep("Yours", [], YOU)
    file = house.gallery.png(mine, ME)
    house.days.pass_by(29)
    house.come(ME)
    house.days.pass_by(2)
    house.retention.sweep()
    assert (house.count(ME), house.count(YOU)) == (1, 0)
    assert house.gallery.collections.of(YOU) == ()
    assert file.is_file()
    house.days.pass_by(31)
    house.retention.sweep()
    assert house.count(ME) == 0
    assert not file.exists()
    assert house.gallery.visitors() == []


def test_who_saved_before_visits_were_noted_is_counted_from_the_newest_picture(house: House) -> None:
    house.save(ME)
    house.days.pass_by(29)
    house.retention.sweep()
    assert house.count(ME) == 1
    house.days.pass_by(2)
    house.retention.sweep()
    assert house.count(ME) == 0


def test_where_nothing_is_said_pictures_stay_for_ever(house: House) -> None:
    forever = Retention(house.engine, house.gallery, Settings(profile="spaces", folder=house.folder), house.days)
    house.save(ME)
    house.days.pass_by(4000)
    forever.sweep()
    assert house.count(ME) == 1


def test_a_visit_is_noted_once_an_hour(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[str] = []
    monkeypatch.setattr(house.gallery, "see", lambda visitor, when: noted.append(visitor))
    for _ in range(5):
        house.come(ME)
    house.days.pass_by(1)
    house.come(ME)
    assert noted == [ME, ME]


def test_uploads_go_an_hour_after_their_last_use_unless_a_saved_picture_needs_them(house: House) -> None:
    tray, sounds = house.engine.darkroom.tray, house.engine.sounds
    lost, used, needed, freed = (tray.put(photograph(seed=seed), ME)[0] for seed in range(4))
    sound, _ = sounds.put(click_track(np.array([0.1, 0.3]), 1.0), ME)
    saved = house.save(ME, Recipe(source=needed))
    tray.keep([needed, freed], ME)
    for id in (lost, used):
        age(tray._path(id, ME), UPLOADS + 1)
    age(sounds._path(sound, ME), UPLOADS + 1)
    tray.open(used, ME)
    house.retention.sweep()
    for id, stays in ((lost, False), (used, True), (needed, True), (freed, True)):
        assert tray._path(id, ME).is_file() == stays
    assert tray._path(freed, ME).stat().st_mtime < KEPT, "nothing needs it any more, so its hour begins"
    with pytest.raises(Fault):
        sounds.find(sound, ME)
    house.gallery.remove([saved], ME)
    house.retention.sweep()
    age(tray._path(needed, ME), UPLOADS + 1)
    house.retention.sweep()
    assert not tray._path(needed, ME).exists()


def test_who_has_a_work_under_way_loses_nothing_of_it(house: House) -> None:
    tray = house.engine.darkroom.tray
    id, yours = tray.put(photograph(), ME)[0], tray.put(photograph(), YOU)[0]
    with stand_ins(house.engine) as translators, translators.negative.held():
        recipe = Recipe(source=id, after=({"translator": "negative"},))  # type: ignore[arg-type]
        work = house.engine.finish(recipe, house.folder / "made.png", visitor=ME)
        translators.negative.wait_until_working()
        for one, visitor in ((id, ME), (yours, YOU)):
            age(tray._path(one, visitor), 2 * UPLOADS)
        house.retention.sweep()
        assert tray._path(id, ME).is_file()
        assert not tray._path(yours, YOU).exists()
    assert work.future.result(20)


def test_files_that_were_handed_out_are_swept(house: House) -> None:
    old, new = house.folder / CACHE / "0a" / "old.png", house.folder / CACHE / "0b" / "new.png"
    result, late = house.folder / "works" / "1.png", house.folder / "works" / "2.png"
    for path in (old, new, result, late):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    age(old, HANDED_OUT + 1)
    age(result, RESULTS + 1)
    house.retention.sweep()
    assert [path.exists() for path in (old, old.parent, new, result, late)] == [False, False, True, False, True]


def test_a_sweep_that_fails_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def fail() -> None:
        tried.append(1)
        raise OSError("the disk is gone")

    monkeypatch.setattr(house.retention, "sweep", fail)
    monkeypatch.setattr("studio.retention.EVERY", 0.001)

    async def live() -> None:
        async with house.retention.lifespan(None):
            while len(tried) < 3:
                await asyncio.sleep(0.001)

    asyncio.run(live())
