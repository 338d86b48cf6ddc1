"""The tables of a gallery's SQLite index, and how those of an earlier version become those of this one."""

from __future__ import annotations

import sqlite3
from itertools import chain
from pathlib import Path

from studio.errors import Fault

# An index ends in the row's number, so each of these gives a page newest first without sorting.
_SCHEMA = (
    """CREATE TABLE pictures (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        visitor TEXT NOT NULL,
        created TEXT NOT NULL,
        generator TEXT NOT NULL,
        recipe TEXT NOT NULL,
        favourite INTEGER NOT NULL DEFAULT 0,
        labels TEXT NOT NULL DEFAULT '[]',
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        removed TEXT
    )""",
    "CREATE INDEX shown ON pictures (visitor) WHERE removed IS NULL",
    "CREATE INDEX by_generator ON pictures (visitor, generator) WHERE removed IS NULL",
    "CREATE INDEX favourites ON pictures (visitor) WHERE removed IS NULL AND favourite = 1",
    "CREATE INDEX labelled ON pictures (visitor) WHERE removed IS NULL AND labels <> '[]'",
    "CREATE INDEX by_size ON pictures (visitor, bytes)",
    "CREATE INDEX by_removal ON pictures (removed) WHERE removed IS NOT NULL",
)
# What a picture was made from: the id of a saved one, or the recipe of one that was not.
_KIN = (
    "CREATE TABLE kin (child TEXT NOT NULL, place INTEGER NOT NULL, parent TEXT, recipe TEXT, PRIMARY KEY (child, place)) WITHOUT ROWID",
    "CREATE INDEX by_parent ON kin (parent)",
    "CREATE INDEX by_parents_recipe ON kin (recipe) WHERE recipe NOT NULL",
)
# How a picture looks (likeness.py), and the id of the first that looks the same. vector: float16; empty where its file is gone.
_LOOKS = (
    "CREATE TABLE looks (id TEXT PRIMARY KEY, encoder TEXT NOT NULL, look TEXT NOT NULL, vector BLOB NOT NULL)",
    "CREATE INDEX by_look ON looks (look)",
)
# held: the ids of pictures, in their order, as JSON.
_COLLECTIONS = (
    """CREATE TABLE collections (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        visitor TEXT NOT NULL,
        name TEXT NOT NULL,
        held TEXT NOT NULL DEFAULT '[]',
        removed TEXT
    )""",
    "CREATE INDEX shown_collections ON collections (visitor) WHERE removed IS NULL",
)
# note: what the visitor wrote. film: the format of the film that the picture is the first of; '' = it is a picture.
_NOTES = (
    "ALTER TABLE pictures ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE pictures ADD COLUMN film TEXT NOT NULL DEFAULT ''",
)
# When a visitor of a hosted studio was last there (retention.py).
_SEEN = ("CREATE TABLE seen (visitor TEXT PRIMARY KEY, last TEXT NOT NULL) WITHOUT ROWID",)
# _CHANGES[n - 1] turns a gallery of version n into one of version n + 1.
_CHANGES = (
    (
        "DROP INDEX by_parent",
        *_KIN,
        *_LOOKS,
        "INSERT INTO kin SELECT id, 0, parent, NULL FROM pictures WHERE parent NOT NULL",
        "ALTER TABLE pictures DROP COLUMN parent",
    ),
    (*_COLLECTIONS, *_NOTES),
    _SEEN,
)
SCHEMA_VERSION = 1 + len(_CHANGES)


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables where there are none, or bring them up to this version, whole or not at all; Fault where they are newer."""
    db.execute("BEGIN IMMEDIATE")  # two processes may open a new gallery at once
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise Fault("fault.gallery_newer", path=str(path), status=500)
    changes = _CHANGES[version - 1 :] if version else (_SCHEMA, _KIN, _LOOKS, _COLLECTIONS, _NOTES, _SEEN)
    for statement in chain.from_iterable(changes):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("COMMIT")
