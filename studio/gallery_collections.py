"""Collections: pictures of a gallery that a visitor puts together under a name, in an order. A picture may be in several."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from studio.errors import Fault
from studio.gallery_index import Index, bindable

MAX_COLLECTIONS = 100  # a visitor
MAX_COLLECTED = 1000  # pictures in one
MAX_NAME = 80  # characters
# What is seen of the pictures that are held: a removed one keeps its place until it comes back or goes for good.
_SHOWN = """SELECT id, name, held, (SELECT json_group_array(one) FROM (
        SELECT each.value AS one FROM json_each(held) AS each JOIN pictures ON pictures.id = each.value
        WHERE pictures.visitor = collections.visitor AND pictures.removed IS NULL ORDER BY each.key
    )) AS pictures FROM collections WHERE visitor = ? AND removed IS NULL"""


@dataclass(frozen=True)
class Collection:
    """Pictures under a name."""

    id: str
    name: str
    pictures: tuple[str, ...]  # ids, in their order


class Collections:
    """Every method raises Fault "fault.no_collection" for an id that is unknown, removed or another visitor's alike.

    Ids of pictures that the visitor does not see are left out without a word.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def of(self, visitor: str) -> tuple[Collection, ...]:
        """All of a visitor's, the oldest first."""
        with self._index.reading() as db:
            return tuple(map(_read, db.execute(f"{_SHOWN} ORDER BY number", (visitor,))))

    def get(self, id: str, visitor: str) -> Collection:
        return _read(self._row(id, visitor))

    def keep(self, name: str, pictures: Sequence[str], visitor: str) -> Collection:
        """A new one."""
        row = (secrets.token_hex(8), visitor, _named(name))
        with self._index.writing() as db:
            count = "SELECT count(*) FROM collections WHERE visitor = ? AND removed IS NULL"
            if db.execute(count, (visitor,)).fetchone()[0] >= MAX_COLLECTIONS:
                raise Fault("fault.collections", most=MAX_COLLECTIONS)
            db.execute("INSERT INTO collections (id, visitor, name) VALUES (?, ?, ?)", row)
            self._hold(db, row[0], visitor, pictures)
        return self.get(row[0], visitor)

    def rename(self, id: str, name: str, visitor: str) -> Collection:
        with self._index.writing() as db:
            self._row(id, visitor)
            db.execute("UPDATE collections SET name = ? WHERE id = ?", (_named(name), id))
        return self.get(id, visitor)

    def collect(self, id: str, pictures: Sequence[str], visitor: str, *, out: bool = False) -> Collection:
        """Put pictures at its end, those that are not there yet; out: take them out."""
        with self._index.writing() as db:
            before = self.get(id, visitor).pictures
            self._hold(db, id, visitor, [one for one in before if one not in set(pictures)] if out else [*before, *pictures])
        return self.get(id, visitor)

    def arrange(self, id: str, pictures: Sequence[str], visitor: str) -> Collection:
        """Hold these, in this order, and nothing else."""
        with self._index.writing() as db:
            self._hold(db, id, visitor, pictures)
        return self.get(id, visitor)

    def remove(self, id: str, visitor: str) -> None:
        """Take a collection away until `restore`; its pictures stay in the gallery."""
        self._row(id, visitor)
        with self._index.writing() as db:
            db.execute("UPDATE collections SET removed = ? WHERE id = ?", (datetime.now(UTC).isoformat(timespec="milliseconds"), id))

    def restore(self, id: str, visitor: str) -> Collection:
        """Undo `remove`."""
        with self._index.writing() as db:
            db.execute("UPDATE collections SET removed = NULL WHERE id = ? AND visitor = ?", (bindable(id), visitor))
        return self.get(id, visitor)

    def purge(self, before: str) -> None:
        """Delete for good what was removed before a moment (UTC, ISO 8601)."""
        with self._index.writing() as db:
            db.execute("DELETE FROM collections WHERE removed <= ?", (before,))

    def _row(self, id: str, visitor: str) -> sqlite3.Row:
        with self._index.reading() as db:
            row = db.execute(f"{_SHOWN} AND id = ?", (visitor, bindable(str(id)))).fetchone()
        if row is None:
            raise Fault("fault.no_collection", status=404)
        return row

    def _hold(self, db: sqlite3.Connection, id: str, visitor: str, pictures: Sequence[str]) -> None:
        """What was removed from the gallery meanwhile keeps its place among them."""
        row = self._row(id, visitor)
        wanted, held = list(dict.fromkeys(pictures)), json.loads(row["held"])
        known = "SELECT id, removed FROM pictures WHERE visitor = ? AND id IN (SELECT value FROM json_each(?))"
        gone = {id: removed is not None for id, removed in db.execute(known, (visitor, json.dumps([*wanted, *held])))}
        order = [one for one in wanted if gone.get(one) is False]
        if len(order) > MAX_COLLECTED:
            raise Fault("fault.collection_full", most=MAX_COLLECTED)
        for place, one in enumerate(held):
            if gone.get(one):
                order.insert(place, one)
        db.execute("UPDATE collections SET held = ? WHERE id = ?", (json.dumps(order), id))


def _read(row: sqlite3.Row) -> Collection:
    return Collection(row["id"], row["name"], tuple(json.loads(row["pictures"])))


def _named(name: str) -> str:
    if not (name := name.strip()) or len(name) > MAX_NAME or not name.isprintable():
        raise Fault("fault.collection_name", most=MAX_NAME)
    return name
