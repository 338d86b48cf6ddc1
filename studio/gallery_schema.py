"""The tables of a gallery's SQLite index, and how those of an earlier version become those of this one."""

from __future__ import annotations

import sqlite3
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
# _CHANGES[n - 1] turns a gallery of version n into one of version n + 1.
_CHANGES = (
    (
        "DROP INDEX by_parent",
        *_KIN,
        *_LOOKS,
        "INSERT INTO kin SELECT id, 0, parent, NULL FROM pictures WHERE parent NOT NULL",
        "ALTER TABLE pictures DROP COLUMN parent",
    ),
)
SCHEMA_VERSION = 1 + len(_CHANGES)


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables where there are none, or bring them up to this version, whole or not at all; Fault where they are newer."""
    db.execute("BEGIN IMMEDIATE")  # two processes may open a new gallery at once
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise Fault("fault.gallery_newer", path=str(path), status=500)
    changes = [statement for change in _CHANGES[version - 1 :] for statement in change] if version else [*_SCHEMA, *_KIN, *_LOOKS]
    for statement in changes:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("COMMIT")
