"""Collections hold a visitor's own pictures, in their order, and nothing that happens to the pictures breaks one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from studio import gallery_collections
from studio.errors import Fault
from studio.gallery import Gallery
from tests.studio.test_gallery import ME, YOU, code_of, keep


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery(tmp_path) as gallery:
        yield gallery


def test_a_picture_is_in_several_and_each_has_an_order_of_its_own(gallery: Gallery) -> None:
    a, b, c = (keep(gallery).id for _ in range(3))
    shelf = gallery.collections
    one, two = shelf.keep(" For print ", [b, a, b], ME), shelf.keep("展览", [], ME)
    assert (one.name, one.pictures, two.pictures) == ("For print", (b, a), ())
    assert shelf.collect(two.id, [a, c, a], ME).pictures == (a, c)
    assert shelf.arrange(one.id, [c, a, b], ME).pictures == (c, a, b)
    assert shelf.collect(one.id, [a, "no such"], ME, out=True).pictures == (c, b)
    assert shelf.of(ME) == (shelf.get(one.id, ME), shelf.get(two.id, ME))
    assert shelf.rename(two.id, "other", ME).name == "other"
    assert [entry.id for entry in gallery.find(ME, among=shelf.get(one.id, ME).pictures).entries] == [c, b]


def test_a_removed_picture_keeps_its_place_until_it_is_back_or_gone(gallery: Gallery) -> None:
    a, b, c = (keep(gallery).id for _ in range(3))
    shelf = gallery.collections
    one = shelf.keep("x", [a, b, c], ME)
    gallery.remove([b], ME)
    assert shelf.get(one.id, ME).pictures == (a, c)
    assert shelf.arrange(one.id, [c, a], ME).pictures == (c, a)
    gallery.restore([b], ME)
    assert shelf.get(one.id, ME).pictures == (c, b, a)
    gallery.remove([b], ME)
    gallery.purge(timedelta(0))
    assert shelf.get(one.id, ME).pictures == (c, a)
    shelf.collect(one.id, [], ME)
    assert gallery.index.db.execute("SELECT held FROM collections").fetchone()[0].count(b) == 0


def test_removing_one_can_be_undone_and_leaves_its_pictures(gallery: Gallery) -> None:
    a = keep(gallery).id
    shelf = gallery.collections
    one = shelf.keep("x", [a], ME)
    shelf.remove(one.id, ME)
    assert shelf.of(ME) == () and gallery.get(a, ME)
    assert code_of(shelf.get, one.id, ME) == code_of(shelf.remove, one.id, ME) == "fault.no_collection"
    assert shelf.restore(one.id, ME) == one
    shelf.remove(one.id, ME)
    shelf.purge("2999")
    assert code_of(shelf.restore, one.id, ME) == "fault.no_collection"


def test_others_see_and_change_nothing_and_hold_no_picture_of_mine(gallery: Gallery) -> None:
    mine = keep(gallery).id
    shelf = gallery.collections
    one = shelf.keep("x", [mine], ME)
    assert shelf.of(YOU) == ()
    for act in (
        lambda: shelf.get(one.id, YOU),
        lambda: shelf.rename(one.id, "y", YOU),
        lambda: shelf.collect(one.id, [], YOU),
        lambda: shelf.arrange(one.id, [], YOU),
        lambda: shelf.remove(one.id, YOU),
        lambda: shelf.restore(one.id, YOU),
        lambda: shelf.get("\ud800", ME),
    ):
        assert code_of(act) == "fault.no_collection"
    assert shelf.keep("theirs", [mine], YOU).pictures == ()
    assert shelf.get(one.id, ME) == one


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "\ud800"])
def test_names_are_bounded(gallery: Gallery, name: str) -> None:
    assert code_of(gallery.collections.keep, name, [], ME) == "fault.collection_name"
    assert gallery.collections.of(ME) == ()


def test_their_number_and_size_are_bounded(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_collections, "MAX_COLLECTIONS", 2)
    monkeypatch.setattr(gallery_collections, "MAX_COLLECTED", 2)
    ids = [keep(gallery).id for _ in range(3)]
    shelf = gallery.collections
    assert code_of(shelf.keep, "x", ids, ME) == "fault.collection_full"
    one, two = shelf.keep("x", ids[:2], ME), shelf.keep("y", [], ME)
    assert code_of(shelf.collect, one.id, ids[2:], ME) == "fault.collection_full"
    with pytest.raises(Fault, match="2 collections"):
        shelf.keep("z", [], ME)
    shelf.remove(two.id, ME)
    assert shelf.keep("z", [], ME).name == "z"
