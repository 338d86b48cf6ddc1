"""The gallery: pictures as files, and an SQLite index that never disagrees with them."""

from __future__ import annotations

import io
import json
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from studio import gallery_kin as kin
from studio.errors import Fault
from studio.frames import HEADER, png_size
from studio.gallery_entry import Entry, Found, Lineage, entry_of
from studio.gallery_export import pack
from studio.gallery_files import GalleryFiles, write_whole
from studio.gallery_index import COLUMNS, Index, as_faults, filters
from studio.recipe import Recipe, from_json, to_json

MAX_CHOSEN = 1000  # pictures in one removal or export
MAX_PAGE = 200
MAX_OFFSET = 10_000_000
MAX_LABELS = 16
MAX_LABEL = 40  # characters
KEEP_REMOVED = timedelta(days=30)


class Gallery:
    """Pictures by visitor; safe to use from many threads and from several processes on one folder.

    Every method raises Fault: "fault.no_picture" for an id that is unknown, removed or another visitor's alike,
    "fault.gallery_full" where the disk is full, "fault.gallery_write" where the folder can't be written to.
    quota: bytes of pictures a visitor may keep, None = as the disk allows.
    """

    def __init__(self, folder: Path, *, quota: int | None = None) -> None:
        self._quota = quota
        self._files = GalleryFiles(folder)
        self.index = Index(folder / "gallery.sqlite")
        self.purge(KEEP_REMOVED)
        with self.index.writing() as db:  # nobody saves meanwhile, so a file without a row is a crash's and not just coming
            self._files.sweep({id for (id,) in db.execute("SELECT id FROM pictures")})

    def close(self) -> None:
        self.index.close()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def save(self, picture_png: bytes, recipe: Recipe, *, visitor: str, parents: Sequence[str | Recipe] = ()) -> Entry:
        """Keep a picture; parents: what it was made from, ids of saved pictures or recipes. On any failure neither file nor row stays."""
        return self._save(io.BytesIO(picture_png), None, recipe, visitor, parents)

    def save_file(self, path: Path, recipe: Recipe, *, visitor: str, parents: Sequence[str | Recipe] = ()) -> Entry:
        """The same of a PNG of any size in a file, beside which a WebP of the same name shows it small (pictures.stream)."""
        with as_faults(path), path.open("rb") as file:
            return self._save(file, path.with_suffix(".webp"), recipe, visitor, parents)

    def _save(self, file: BinaryIO, look: Path | None, recipe: Recipe, visitor: str, parents: Sequence[str | Recipe]) -> Entry:
        if len(parents) > kin.MAX_PARENTS:
            raise Fault("fault.gallery_parents", most=kin.MAX_PARENTS)
        id, (width, height) = secrets.token_hex(8), png_size(file.read(HEADER))
        size = file.seek(0, io.SEEK_END)
        self._make_room(visitor, size)
        row = {
            "id": id,
            "visitor": visitor,
            "created": _now(),
            "generator": recipe.generator or (recipe.after[-1].translator if recipe.after else "picture"),
            "recipe": to_json(recipe),
            "width": width,
            "height": height,
            "bytes": size,
        }
        try:
            with self.index.writing() as db:
                for parent in parents:
                    if isinstance(parent, str):
                        self.index.row(parent, visitor)
                file.seek(0)
                write_whole(self._files.picture(id), lambda out: shutil.copyfileobj(file, out))
                if look:
                    self._files.make_thumb(id, look)
                db.execute(f"INSERT INTO pictures ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
                kin.note(db, id, parents)
        except Exception:  # an interrupt may come after the commit: then the next opening sweeps what has no row
            with suppress(OSError):
                self._files.delete((id,))
            raise
        return self.get(id, visitor)

    def ingredients(self, visitor: str) -> set[str]:
        """The ids of all pictures from outside that a visitor's saved pictures are made of."""
        mine, me = filters(visitor)
        with self.index.reading() as db:
            rows = db.execute(f"SELECT recipe FROM pictures WHERE {mine} AND (instr(recipe, 'source') OR instr(recipe, 'beside'))", me)
            recipes = [recipe for (recipe,) in rows]
        return {id for recipe in recipes for id in from_json(recipe).ingredients}

    def get(self, id: str, visitor: str) -> Entry:
        return entry_of(self.index.row(id, visitor))

    def png(self, id: str, visitor: str) -> Path:
        """The picture's file."""
        path = self._files.picture(self.index.row(id, visitor)["id"])
        if not path.is_file():
            raise Fault("fault.picture_lost", id=id, status=410)
        return path

    def thumb(self, id: str, visitor: str) -> Path:
        """A WebP of at most 256 pixels, made when first asked for."""
        self.png(id, visitor)
        with as_faults(self.index.path):
            return self._files.make_thumb(id)

    def find(
        self,
        visitor: str,
        *,
        text: str = "",
        generator: str = "",
        favourite: bool = False,
        label: str = "",
        double: bool = False,
        among: Sequence[str] | None = None,
        offset: int = 0,
        limit: int = 60,
    ) -> Found:
        """A page of what matches everything asked; each word of text must stand in the recipe, the labels or the id.

        double: only what is there more than once, side by side. among: only these ids, in their order; else the newest first.
        """
        where, values = filters(visitor, text, generator, favourite, label, double)
        source, order = "pictures", "number DESC"
        if double:
            order = "(SELECT look FROM looks WHERE looks.id = pictures.id), number DESC"
        if among is not None:
            source, order = "(SELECT key AS place, value AS one FROM json_each(?)) JOIN pictures ON id = one", "place"
            values = [json.dumps(among), *values]
        page = (min(max(limit, 1), MAX_PAGE), min(max(offset, 0), MAX_OFFSET))
        with self.index.reading() as db:
            (total,) = db.execute(f"SELECT count(*) FROM {source} WHERE {where}", values).fetchone()
            rows = db.execute(f"SELECT {COLUMNS} FROM {source} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", (*values, *page))
            entries = tuple(map(entry_of, rows))
            mine, me = filters(visitor)
            generators = db.execute(f"SELECT DISTINCT generator FROM pictures WHERE {mine} ORDER BY 1", me).fetchall()
            labels = db.execute(
                f"SELECT DISTINCT value FROM pictures, json_each(labels) WHERE {mine} AND labels <> '[]' ORDER BY 1", me
            ).fetchall()
            twice, them = filters(visitor, double=True)
            (doubles,) = db.execute(f"SELECT count(*) FROM pictures WHERE {twice}", them).fetchone()
        return Found(entries, total, tuple(name for (name,) in labels), tuple(name for (name,) in generators), doubles)

    def favourite(self, id: str, visitor: str, on: bool) -> Entry:
        return self._change(id, visitor, "favourite", int(bool(on)))

    def label(self, id: str, visitor: str, labels: Sequence[str]) -> Entry:
        """Replace a picture's labels."""
        wanted = sorted({label.strip() for label in labels if isinstance(label, str)} - {""})
        if len(wanted) > MAX_LABELS or any(len(label) > MAX_LABEL or not label.isprintable() for label in wanted):
            raise Fault("fault.gallery_labels", count=MAX_LABELS, most=MAX_LABEL)
        return self._change(id, visitor, "labels", json.dumps(wanted))

    def remove(self, ids: Sequence[str], visitor: str) -> int:
        """Hide pictures until `restore` or, for good, `purge`; how many it was. Others' pictures are left alone."""
        return self._mark(ids, visitor, "NULL", _now())

    def restore(self, ids: Sequence[str], visitor: str) -> int:
        """Undo `remove`; how many pictures came back."""
        return self._mark(ids, visitor, "NOT NULL", None)

    def purge(self, older_than: timedelta, visitor: str | None = None) -> int:
        """Delete for good what was removed at least so long ago, by everyone or by one visitor; how many pictures."""
        before = _now(-older_than)
        with self.index.writing() as db:
            rows = db.execute("SELECT id FROM pictures WHERE removed <= ? AND visitor = coalesce(?, visitor)", (before, visitor))
            ids = [id for (id,) in rows]
            for table, column in (("pictures", "id"), ("kin", "child"), ("looks", "id")):
                db.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", (json.dumps(ids),))
        with as_faults(self.index.path):  # after the rows: a crash in between leaves files without rows, which the next opening sweeps
            self._files.delete(ids)
        return len(ids)

    def lineage(self, id: str, visitor: str) -> Lineage:
        self.index.row(id, visitor)
        with self.index.reading() as db:
            above, below = kin.ancestors(db, id, visitor), kin.children(db, id, visitor)
        told = [tuple(from_json(one) if isinstance(one, str) else entry_of(one) for one in generation) for generation in above]
        return Lineage(tuple(told), tuple(map(entry_of, below)))

    def export(self, ids: Sequence[str], visitor: str) -> Path:
        """A ZIP with PNG and recipe of each picture and a manifest; it stays for a day."""
        _check_count(ids)
        chosen = [(self.get(id, visitor), self.png(id, visitor)) for id in dict.fromkeys(ids)]

        with as_faults(self.index.path):
            self._files.sweep_exports()
            write_whole(path := self._files.export(), lambda file: pack(file, chosen))
        return path

    def _make_room(self, visitor: str, size: int) -> None:
        """Within the quota a removed picture can still be restored; where it is in the way of a new one it goes for good."""
        if self._quota is None or self._used(visitor) + size <= self._quota:
            return
        self.purge(timedelta(0), visitor)
        if self._used(visitor) + size > self._quota:
            raise Fault("fault.gallery_quota", most=self._quota, status=507)

    def _used(self, visitor: str) -> int:
        with self.index.reading() as db:
            return db.execute("SELECT coalesce(sum(bytes), 0) FROM pictures WHERE visitor = ?", (visitor,)).fetchone()[0]

    def _change(self, id: str, visitor: str, column: str, value: str | int) -> Entry:
        with self.index.writing() as db:
            self.index.row(id, visitor)
            db.execute(f"UPDATE pictures SET {column} = ? WHERE id = ?", (value, id))
        return self.get(id, visitor)

    def _mark(self, ids: Sequence[str], visitor: str, was: str, removed: str | None) -> int:
        _check_count(ids)
        with self.index.writing() as db:
            return db.execute(
                f"UPDATE pictures SET removed = ? WHERE visitor = ? AND removed IS {was} AND id IN (SELECT value FROM json_each(?))",
                (removed, visitor, json.dumps(list(ids))),
            ).rowcount


def _check_count(ids: Sequence[str]) -> None:
    if len(ids) > MAX_CHOSEN:
        raise Fault("fault.gallery_many", most=MAX_CHOSEN, count=len(ids))


def _now(shift: timedelta = timedelta(0)) -> str:
    return (datetime.now(UTC) + shift).isoformat(timespec="milliseconds")
