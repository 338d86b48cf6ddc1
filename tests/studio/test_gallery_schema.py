"""A gallery of every earlier version opens, and is brought up to this one in place."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from studio.frames import png_size
from studio.gallery import Gallery
from studio.gallery_schema import SCHEMA_VERSION
from studio.recipe import Recipe
from studio.recipe_text import to_json
from tests.studio.given import photograph

ME = "local"
# As those versions wrote them, spelt out: what the studio says of them today may be wrong.
PICTURES = """CREATE TABLE pictures (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, visitor TEXT NOT NULL, created TEXT NOT NULL,
    generator TEXT NOT NULL, recipe TEXT NOT NULL, favourite INTEGER NOT NULL DEFAULT 0, labels TEXT NOT NULL DEFAULT '[]', {parent}
    width INTEGER NOT NULL, height INTEGER NOT NULL, bytes INTEGER NOT NULL, removed TEXT);
CREATE INDEX shown ON pictures (visitor) WHERE removed IS NULL;
CREATE INDEX by_generator ON pictures (visitor, generator) WHERE removed IS NULL;
CREATE INDEX favourites ON pictures (visitor) WHERE removed IS NULL AND favourite = 1;
CREATE INDEX labelled ON pictures (visitor) WHERE removed IS NULL AND labels <> '[]';
CREATE INDEX by_size ON pictures (visitor, bytes);
CREATE INDEX by_removal ON pictures (removed) WHERE removed IS NOT NULL;
"""
FIRST = PICTURES.format(parent="parent TEXT,") + "CREATE INDEX by_parent ON pictures (parent); PRAGMA user_version = 1;"
SECOND = (
    PICTURES.format(parent="")
    + """
CREATE TABLE kin (child TEXT NOT NULL, place INTEGER NOT NULL, parent TEXT, recipe TEXT, PRIMARY KEY (child, place)) WITHOUT ROWID;
CREATE INDEX by_parent ON kin (parent);
CREATE INDEX by_parents_recipe ON kin (recipe) WHERE recipe NOT NULL;
CREATE TABLE looks (id TEXT PRIMARY KEY, encoder TEXT NOT NULL, look TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX by_look ON looks (look);
PRAGMA user_version = 2;
"""
)
IDS = ("00000000000000aa", "00000000000000bb", "00000000000000cc")


def old(folder: Path, tables: str) -> None:
    """Three pictures, the second made from the first, the third removed."""
    png = photograph()
    width, height = png_size(png)
    folder.mkdir()
    with sqlite3.connect(folder / "gallery.sqlite") as db:
        db.executescript(tables)
        for seed, id in enumerate(IDS):
            path = folder / "pictures" / "00" / f"{id}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png)
            row = (id, ME, f"2099-01-0{seed + 1}", "a", to_json(Recipe("a", seed=seed)), '["old"]', width, height, len(png))
            columns = "id, visitor, created, generator, recipe, labels, width, height, bytes"
            db.execute(f"INSERT INTO pictures ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        db.execute("UPDATE pictures SET removed = '2099-01-05' WHERE id = ?", IDS[2:])
        if tables is FIRST:
            db.execute("UPDATE pictures SET parent = ? WHERE id = ?", IDS[:2])
        else:
            db.execute("INSERT INTO kin VALUES (?2, 0, ?1, NULL)", IDS[:2])
    db.close()


@pytest.mark.parametrize("tables", [FIRST, SECOND], ids=["first", "second"])
def test_it_opens_with_all_that_it_held_and_takes_what_is_new(tmp_path: Path, tables: str) -> None:
    old(tmp_path / "gallery", tables)
    for _ in range(2):  # the second time it is of this version
        with Gallery(tmp_path / "gallery") as gallery:
            assert gallery.index.db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
            second, first = gallery.find(ME).entries
            assert [first.id, second.id] == list(IDS[:2]) and second.parents == (first.id,)
            assert (first.labels, first.film) == (("old",), "")
            assert gallery.png(first.id, ME).read_bytes() == photograph()
            assert gallery.lineage(first.id, ME).children == (second,)
            gallery.note(first.id, ME, "a note")
            made = gallery.collections.keep("mine", [second.id, first.id], ME)
            assert gallery.collections.get(made.id, ME).pictures == (second.id, first.id)
    with Gallery(tmp_path / "gallery") as gallery:
        assert gallery.get(IDS[0], ME).note == "a note" and len(gallery.collections.of(ME)) == 2
        assert gallery.restore(IDS[2:], ME) == 1


@pytest.mark.parametrize("tables", [FIRST, SECOND], ids=["first", "second"])
def test_it_then_has_the_tables_of_a_new_one(tmp_path: Path, tables: str) -> None:
    old(tmp_path / "old", tables)

    def shape(folder: Path) -> dict[str, set[str]]:
        with Gallery(folder) as gallery:
            names = [name for (name,) in gallery.index.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: {row[1] for row in gallery.index.db.execute(f"PRAGMA table_info({name})")} for name in names}

    assert shape(tmp_path / "old") == shape(tmp_path / "new")


def test_a_change_that_fails_leaves_it_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old(tmp_path / "gallery", SECOND)
    monkeypatch.setattr("studio.gallery_schema._CHANGES", ((), ("CREATE TABLE half (one)", "no such statement")))
    with pytest.raises(Exception, match="syntax error"):
        Gallery(tmp_path / "gallery")
    monkeypatch.undo()
    with Gallery(tmp_path / "gallery") as gallery:
        assert gallery.find(ME).total == 2
        assert not gallery.index.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchall()
