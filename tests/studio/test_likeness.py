"""Saved pictures are looked at once each; what is alike is found, what is there twice is marked, and nobody sees another's."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from models.encoder import load_encoder
from studio.errors import Fault
from studio.frames import Picture, to_png
from studio.gallery import Gallery
from studio.gallery_entry import Entry
from studio.likeness import SAME, Likeness, looked_at
from studio.recipe import Recipe

ME, YOU = "local", "0123456789abcdef" * 2


def drawn(seed: int, noise: int = 0) -> np.ndarray:
    """Blots of a seed, and a grain upon them."""
    draw = np.random.default_rng(seed)
    blots = draw.integers(0, 255, (4, 4, 3)).repeat(8, 0).repeat(8, 1)
    return np.clip(blots + np.random.default_rng(noise).normal(0, noise, blots.shape), 0, 255).astype(np.uint8)


def keep(gallery: Gallery, seed: int, noise: int = 0, visitor: str = ME) -> Entry:
    recipe = Recipe("a", seed=seed)
    return gallery.save(to_png(Picture(drawn(seed, noise), recipe)), recipe, visitor=visitor)


def see(likeness: Likeness, visitor: str = ME) -> None:
    likeness.wake()
    until = time.monotonic() + 30
    while likeness.unseen(visitor):
        assert time.monotonic() < until, "it never looked"
        time.sleep(0.01)


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery(tmp_path) as opened:
        yield opened


@pytest.fixture
def likeness(gallery: Gallery) -> Likeness:
    return Likeness(gallery, load_encoder)


def test_the_same_look_the_same_and_strangers_do_not() -> None:
    encoder = load_encoder()
    look = looked_at(encoder, drawn(1))
    assert look.shape == (480,)
    assert np.linalg.norm(look) == pytest.approx(1, abs=1e-3)
    assert np.linalg.norm(look - looked_at(encoder, drawn(1))) < SAME / 10
    assert np.linalg.norm(look - looked_at(encoder, drawn(2))) > 5 * SAME


def test_the_likest_come_first_and_filters_still_hold(gallery: Gallery, likeness: Likeness) -> None:
    first = keep(gallery, 1)
    strangers = [keep(gallery, seed) for seed in (2, 3, 4)]
    near, nearer = keep(gallery, 1, noise=12), keep(gallery, 1, noise=4)
    keep(gallery, 1, visitor=YOU)
    see(likeness)
    found = likeness.like(first.id, ME)
    assert found[:3] == [first.id, nearer.id, near.id]
    assert set(found[3:]) == {one.id for one in strangers}
    gallery.favourite(near.id, ME, True)
    assert [one.id for one in gallery.find(ME, among=found).entries] == found
    assert [one.id for one in gallery.find(ME, among=found, offset=1, limit=2).entries] == found[1:3]
    assert [one.id for one in gallery.find(ME, among=found, favourite=True).entries] == [near.id]
    gallery.remove([nearer.id], ME)
    assert likeness.like(first.id, ME)[1] == near.id
    with pytest.raises(Fault, check=lambda error: error.code == "fault.no_picture"):
        likeness.like(first.id, YOU)


def test_what_is_there_twice_is_marked_and_found(gallery: Gallery, likeness: Likeness) -> None:
    one, other, third = keep(gallery, 1), keep(gallery, 2), keep(gallery, 1)
    keep(gallery, 2, visitor=YOU)
    see(likeness)
    see(likeness, YOU)
    assert [gallery.get(entry.id, ME).double for entry in (one, other, third)] == [True, False, True]
    found = gallery.find(ME, double=True)
    assert ([entry.id for entry in found.entries], found.total, found.doubles) == ([third.id, one.id], 2, 2)
    assert gallery.find(YOU).doubles == 0
    gallery.remove([one.id], ME)
    assert not gallery.get(third.id, ME).double
    again = keep(gallery, 1)
    see(likeness)
    assert gallery.get(third.id, ME).double
    gallery.remove([again.id], ME)
    gallery.purge(timedelta(0))
    with gallery.index.reading() as db:
        assert {id for (id,) in db.execute("SELECT id FROM looks WHERE id NOT IN (SELECT id FROM pictures)")} == set()


def test_each_is_looked_at_once_and_again_by_another_encoder(
    gallery: Gallery, likeness: Likeness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        keep(gallery, seed)
    looks: list[str] = []
    look = Likeness._look
    monkeypatch.setattr(Likeness, "_look", lambda self, entry: looks.append(entry.id) or look(self, entry))
    see(likeness)
    see(likeness)
    Likeness(gallery, load_encoder).wake()
    assert len(looks) == 3
    with sqlite3.connect(tmp_path / "gallery.sqlite") as db:
        db.execute("UPDATE looks SET encoder = 'older'")
    see(likeness)
    assert len(looks) == 6


def test_a_picture_whose_file_is_gone_holds_nothing_up(gallery: Gallery, likeness: Likeness) -> None:
    lost, there = keep(gallery, 1), keep(gallery, 2)
    gallery.png(lost.id, ME).unlink()
    see(likeness)
    assert likeness.like(lost.id, ME) == [lost.id]
    assert likeness.like(there.id, ME) == [there.id]


def test_it_lets_moving_frames_go_first_and_outlives_a_closed_gallery(tmp_path: Path) -> None:
    waits: list[int] = []
    with Gallery(tmp_path) as gallery:
        keep(gallery, 1)
        likeness = Likeness(gallery, load_encoder, stand_aside=lambda: waits.append(1))
        see(likeness)
    assert waits == [1]
    likeness.wake()
    until = time.monotonic() + 10
    while likeness._running:
        assert time.monotonic() < until
        time.sleep(0.01)
