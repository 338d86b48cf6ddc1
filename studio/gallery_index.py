"""The gallery's SQLite index: its tables, how it is opened and asked, and what its failures mean to a visitor."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.errors import Fault

PATIENCE = 10.0  # seconds to wait while another process writes
MAX_TEXT = 200  # characters of a search
COLUMNS = (
    "id, visitor, created, generator, recipe, favourite, labels, width, height, bytes,"
    " (SELECT json_group_array(parent) FROM (SELECT parent FROM kin WHERE child = id AND parent NOT NULL ORDER BY place)) AS parents,"
    # Whether the visitor has another that looks the same.
    " EXISTS (SELECT 1 FROM looks AS mine JOIN looks AS same ON same.look = mine.look JOIN pictures AS other ON other.id = same.id"
    " WHERE mine.id = pictures.id AND other.id <> pictures.id AND other.removed IS NULL AND other.visitor = pictures.visitor) AS double"
)
DOUBLES = (
    "SELECT id FROM looks WHERE look IN"
    " (SELECT look FROM looks JOIN pictures USING (id) WHERE visitor = ? AND removed IS NULL GROUP BY look HAVING count(*) > 1)"
)

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


def connect(path: Path) -> sqlite3.Connection:
    """The index, made where it is missing, in autocommit; Fault where it is damaged or too new."""
    with as_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
        return db


def filters(
    visitor: str, text: str = "", generator: str = "", favourite: bool = False, label: str = "", double: bool = False
) -> tuple[str, list[str]]:
    """A WHERE clause and its values for the pictures that a visitor sees and that match everything asked."""
    where, values = ["visitor = ?", "removed IS NULL"], [visitor]
    if generator:
        where.append("generator = ?")
        values.append(bindable(generator))
    if favourite:
        where.append("favourite = 1")
    if label:
        where.append("labels <> '[]' AND EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)")
        values.append(bindable(label))
    if double:
        where.append(f"id IN ({DOUBLES})")
        values.append(visitor)
    for word in text[:MAX_TEXT].split():
        where.append("instr(lower(recipe || labels || id), ?)")
        values.append(json.dumps(word.lower())[1:-1])  # recipe and labels are JSON in ASCII, so other scripts stand there escaped
    return " AND ".join(where), values


def bindable(text: str) -> str:
    """SQLite takes no lone surrogates, and JSON from outside may hold them."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def as_faults(path: Path) -> Iterator[None]:
    """Tell a full disk, a folder that can't be written to and a damaged index apart, in words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Fault("fault.gallery_full", status=507) from error
        raise Fault("fault.gallery_write", reason=error.strerror or type(error).__name__, status=500) from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
        if code == sqlite3.SQLITE_FULL:
            raise Fault("fault.gallery_full", status=507) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise Fault("fault.gallery_damaged", path=str(path), reason=str(error), status=500) from error
        if isinstance(error, sqlite3.OperationalError):
            raise Fault("fault.gallery_write", reason=str(error), status=500) from error
        raise


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    db.execute("BEGIN IMMEDIATE")  # two processes may open a new gallery at once
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise Fault("fault.gallery_newer", path=str(path), status=500)
    changes = [statement for change in _CHANGES[version - 1 :] for statement in change] if version else [*_SCHEMA, *_KIN, *_LOOKS]
    for statement in changes:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("COMMIT")
