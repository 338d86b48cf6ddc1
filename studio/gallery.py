"""The gallery: pictures as files, and an SQLite index that never disagrees with them."""

from __future__ import annotations

import io
import json
import secrets
import shutil
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from models.whole import writing
from studio import gallery_kin as kin
from studio.errors import Fault
from studio.frames import HEADER, png_size
from studio.gallery_collections import Collections
from studio.gallery_entry import Entry
from studio.gallery_files import GalleryFiles
from studio.gallery_index import Index, as_faults
from studio.gallery_reading import GalleryReading
from studio.recipe import Recipe
from studio.recipe_text import to_json

MAX_CHOSEN = 1000  # pictures in one removal or export
MAX_LABELS = 16
MAX_LABEL = 40  # characters
MAX_NOTE = 2000
KEEP_REMOVED = timedelta(days=30)


class Gallery(GalleryReading):
    """Pictures by visitor; safe to use from many threads and from several processes on one folder.

    Every method raises Fault: "fault.no_picture" for an id that is unknown, removed or another visitor's alike,
    "fault.gallery_full" where the disk is full, "fault.gallery_write" where the folder can't be written to, "fault.gallery_busy" where
    another program keeps the index to itself.
    quota: bytes of pictures a visitor may keep, None = as the disk allows.
    """

    def __init__(self, folder: Path, *, quota: int | None = None) -> None:
        super().__init__(Index(folder / "gallery.sqlite"), GalleryFiles(folder))
        self._quota = quota
        self.collections = Collections(self.index)
        self.purge(KEEP_REMOVED)
        self.collections.purge(_now(-KEEP_REMOVED))
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

    def save_film(
        self, path: Path, poster: bytes, recipe: Recipe, *, format: str, visitor: str, parents: Sequence[str | Recipe] = ()
    ) -> Entry:
        """Keep a film, as the PNG of its first picture, that picture's recipe, and its file beside."""
        with as_faults(path), path.open("rb") as film:
            return self._save(io.BytesIO(poster), None, recipe, visitor, parents, (format, film))

    def save_file(self, path: Path, recipe: Recipe, *, visitor: str, parents: Sequence[str | Recipe] = ()) -> Entry:
        """The same of a PNG of any size in a file, beside which a WebP of the same name shows it small (pictures.stream)."""
        with as_faults(path), path.open("rb") as file:
            return self._save(file, path.with_suffix(".webp"), recipe, visitor, parents)

    def _save(
        self,
        file: BinaryIO,
        look: Path | None,
        recipe: Recipe,
        visitor: str,
        parents: Sequence[str | Recipe],
        film: tuple[str, BinaryIO] | None = None,
    ) -> Entry:
        if len(parents) > kin.MAX_PARENTS:
            raise Fault("fault.gallery_parents", most=kin.MAX_PARENTS)
        id, (width, height) = secrets.token_hex(8), png_size(file.read(HEADER))
        size = file.seek(0, io.SEEK_END) + (film[1].seek(0, io.SEEK_END) if film else 0)
        self._make_room(visitor, size)
        row = {
            "id": id,
            "visitor": visitor,
            "created": _now(),
            "generator": recipe.generator or (recipe.after[-1].translator if recipe.after else "picture"),
            "recipe": to_json(recipe),
            "film": film[0] if film else "",
            "width": width,
            "height": height,
            "bytes": size,
        }
        try:
            with self.index.writing() as db:
                for parent in parents:
                    if isinstance(parent, str):
                        self.index.row(parent, visitor)
                with writing(self._files.picture(id)) as out:
                    _copy(file, out)
                if film:
                    with writing(self._files.film(id)) as out:
                        _copy(film[1], out)
                if look:
                    self._files.make_thumb(id, look)
                db.execute(f"INSERT INTO pictures ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
                kin.note(db, id, parents)
        except Exception:  # an interrupt may come after the commit: then the next opening sweeps what has no row
            with suppress(OSError):
                self._files.delete((id,))
            raise
        return self.get(id, visitor)

    def favourite(self, id: str, visitor: str, on: bool) -> Entry:
        return self._change(id, visitor, "favourite", int(bool(on)))

    def label(self, id: str, visitor: str, labels: Sequence[str]) -> Entry:
        """Replace a picture's labels."""
        wanted = sorted({label.strip() for label in labels if isinstance(label, str)} - {""})
        if len(wanted) > MAX_LABELS or any(len(label) > MAX_LABEL or not label.isprintable() for label in wanted):
            raise Fault("fault.gallery_labels", count=MAX_LABELS, most=MAX_LABEL)
        return self._change(id, visitor, "labels", json.dumps(wanted))

    def note(self, id: str, visitor: str, text: str) -> Entry:
        """Replace what is written about a picture: plain text, in which lines may end."""
        text = text.replace("\r\n", "\n").strip()
        if len(text) > MAX_NOTE or any(unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t" for one in text):
            raise Fault("fault.gallery_note", most=MAX_NOTE)
        return self._change(id, visitor, "note", text)

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

    def see(self, visitor: str, when: datetime) -> None:
        """Note that a visitor was there."""
        with self.index.writing() as db:
            db.execute("INSERT INTO seen VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last", (visitor, _told(when)))

    def visitors(self, unseen_since: datetime | None = None) -> list[str]:
        """Who has anything here; with a moment, those who were not there since, nor saved anything."""
        # Who saved before visits were noted was there when the newest picture was saved.
        query = (
            "SELECT visitor FROM (SELECT visitor, created AS last FROM pictures UNION ALL SELECT visitor, '' FROM collections"
            " UNION ALL SELECT visitor, last FROM seen) GROUP BY visitor HAVING max(last) < ?"
        )
        with self.index.reading() as db:
            return [visitor for (visitor,) in db.execute(query, (_told(unseen_since) if unseen_since else "~",))]

    def forget(self, visitor: str) -> int:
        """Delete all that a visitor has here, for good; how many pictures."""
        with self.index.writing() as db:
            db.execute("UPDATE pictures SET removed = ? WHERE visitor = ?", (_now(), visitor))
            db.execute("DELETE FROM collections WHERE visitor = ?", (visitor,))
            db.execute("DELETE FROM seen WHERE visitor = ?", (visitor,))
        return self.purge(timedelta(0), visitor)

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
        check_count(ids)
        with self.index.writing() as db:
            return db.execute(
                f"UPDATE pictures SET removed = ? WHERE visitor = ? AND removed IS {was} AND id IN (SELECT value FROM json_each(?))",
                (removed, visitor, json.dumps(list(ids))),
            ).rowcount


def check_count(ids: Sequence[str]) -> None:
    """Fault where more pictures are chosen than are worked on at once."""
    if len(ids) > MAX_CHOSEN:
        raise Fault("fault.gallery_many", most=MAX_CHOSEN, count=len(ids))


def _now(shift: timedelta = timedelta(0)) -> str:
    return _told(datetime.now(UTC) + shift)


def _told(moment: datetime) -> str:
    """A moment in UTC as the index has it, which sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _copy(file: BinaryIO, out: BinaryIO) -> None:
    file.seek(0)
    shutil.copyfileobj(file, out)
