"""The gallery's SQLite index: how it is opened and asked, and what its failures mean to a visitor."""

from __future__ import annotations

import errno
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.errors import Fault
from studio.gallery_schema import prepare

PATIENCE = 10.0  # seconds to wait while another process writes
MAX_TEXT = 200  # characters of a search
COLUMNS = (
    "id, visitor, created, generator, recipe, favourite, labels, note, film, width, height, bytes,"
    " (SELECT json_group_array(parent) FROM (SELECT parent FROM kin WHERE child = id AND parent NOT NULL ORDER BY place)) AS parents,"
    # Whether the visitor has another that looks the same.
    " EXISTS (SELECT 1 FROM looks AS mine JOIN looks AS same ON same.look = mine.look JOIN pictures AS other ON other.id = same.id"
    " WHERE mine.id = pictures.id AND other.id <> pictures.id AND other.removed IS NULL AND other.visitor = pictures.visitor) AS double"
)
DOUBLES = (
    "SELECT id FROM looks WHERE look IN"
    " (SELECT look FROM looks JOIN pictures USING (id) WHERE visitor = ? AND removed IS NULL GROUP BY look HAVING count(*) > 1)"
)


class Index:
    """A gallery's one connection, safe to use from many threads and from several processes on one file.

    Fault where the index is damaged or too new, where the disk is full or can't be written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self.db = _connect(path)

    def close(self) -> None:
        with self._lock:
            self.db.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, as_faults(self.path):
            yield self.db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone among all threads and processes."""
        with self._lock, as_faults(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:  # a full disk may have ended it already
                    self.db.execute("ROLLBACK")
                raise

    def row(self, id: str, visitor: str) -> sqlite3.Row:
        """A picture that the visitor sees; Fault "fault.no_picture" for any other."""
        mine, me = filters(visitor)
        with self.reading() as db:
            row = db.execute(f"SELECT {COLUMNS} FROM pictures WHERE {mine} AND id = ?", (*me, bindable(str(id)))).fetchone()
        if row is None:
            raise Fault("fault.no_picture", status=404)
        return row


def _connect(path: Path) -> sqlite3.Connection:
    """In autocommit, the file made where it is missing."""
    with as_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            db.create_function("casefold", 1, str.casefold, deterministic=True)  # SQLite's lower() knows ASCII alone
            db.execute("PRAGMA journal_mode = WAL")
            prepare(db, path)
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
        where.append("(instr(lower(recipe || labels || id), ?) OR instr(casefold(note), ?))")
        escaped = json.dumps(word.lower())[1:-1]  # recipe and labels are JSON in ASCII, so other scripts stand there escaped
        values += [escaped, bindable(word.casefold())]
    return " AND ".join(where), values


def bindable(text: str) -> str:
    """SQLite takes no lone surrogates, and JSON from outside may hold them."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def as_faults(path: Path) -> Iterator[None]:
    """Tell a full disk, a folder that can't be written to, an index in use and a damaged one apart, in words."""
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
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Fault("fault.gallery_busy", status=503) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise Fault("fault.gallery_damaged", path=str(path), reason=str(error), status=500) from error
        if isinstance(error, sqlite3.OperationalError):
            raise Fault("fault.gallery_write", reason=str(error), status=500) from error
        raise
