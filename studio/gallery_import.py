"""Pictures brought back into a gallery, by the recipe inside each; whatever can't come in is named, and the rest does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from studio.archives import Budget, Found, is_archive, loose, named, unpacked
from studio.errors import Fault
from studio.frames import MAX_FILE
from studio.gallery import Gallery
from studio.gallery_export import MANIFEST
from studio.gallery_kin import MAX_PARENTS
from studio.pictures import open_upload
from studio.png import SIGNATURE
from studio.recipe import Recipe
from studio.recipe_text import from_json, to_json

MAX_IMPORTED = 1000  # pictures at once
MAX_MANIFEST = 8 << 20  # bytes

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Left:
    """A file that did not come in, and why."""

    name: str
    fault: Fault


@dataclass
class Imported:
    """What became of files: ids of pictures that came in, names of those that were there already, those that were left, other files."""

    pictures: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    others: int = 0  # files that are no PNGs, of which nobody thought that they would come in

    def leave(self, name: str, fault: Fault) -> None:
        self.left.append(Left(named(name), fault))


def import_pictures(gallery: Gallery, files: Sequence[tuple[str, Path]], visitor: str) -> Imported:
    """Take PNGs that have a recipe inside into a gallery, from loose files (name, where it lies) and from ZIPs.

    A recipe that the visitor has a picture of is known and not taken twice. Where the list of an export lies among them, a
    picture keeps its labels, its note and its heart, and its parents as far as they are here or come in with it.
    """
    budget, taking = Budget(), _Import(gallery, visitor)
    archives = [(name, path) for name, path in files if is_archive(path)]
    taking.take([loose(name, path, budget) for name, path in files if (name, path) not in archives])
    for name, path in archives:
        try:
            with unpacked(path, budget) as found:
                taking.take(found)
        except Fault as fault:
            taking.done.leave(name, fault)
    return taking.done


class _Import:
    """One import on its way."""

    def __init__(self, gallery: Gallery, visitor: str) -> None:
        self._gallery, self._visitor = gallery, visitor
        self._known = gallery.recipes(visitor)  # recipe -> id; recipes have one spelling each
        self._new: dict[str, str] = {}  # id in a list -> id here
        self.done = Imported()

    def take(self, found: Sequence[Found]) -> None:
        """What lies together: files and, maybe, the list that they were exported with."""
        rows = self._rows(found)
        row_of = lambda one: rows.get(PurePosixPath(one.name).stem, {})  # noqa: E731
        pictures = [one for one in found if one.name.lower().endswith(".png")]
        self.done.others += len(found) - len(pictures)
        for place, one in enumerate(sorted(pictures, key=lambda one: str(row_of(one).get("created", "")))):  # parents before children
            if len(self.done.pictures) >= MAX_IMPORTED:
                rest = len(pictures) - place
                return self.done.leave(one.name, Fault("fault.import_many", most=MAX_IMPORTED, count=rest))
            try:
                self._take(one, row_of(one))
            except Fault as fault:
                self.done.leave(one.name, fault)

    def _take(self, one: Found, row: Row) -> None:
        data = one.read(MAX_FILE)
        if not data.startswith(SIGNATURE):
            raise Fault("fault.import_kind")
        if row.get("film"):
            raise Fault("fault.import_film")
        recipe = _recipe_in(data)
        if not (id := self._known.get(spelt := to_json(recipe))):
            entry = self._gallery.save(data, recipe, visitor=self._visitor, parents=self._parents(row))
            id = self._known[spelt] = entry.id
            self.done.pictures.append(id)
            self._describe(id, row)
        else:
            self.done.known.append(named(one.name))
        if row:
            self._new[row["id"]] = id

    def _parents(self, row: Row) -> list[str]:
        """Those that came in before, and those that are here already."""
        here: list[str] = []
        for parent in _texts(row.get("parents"))[:MAX_PARENTS]:
            with suppress(Fault):
                here.append(self._new.get(parent) or self._gallery.get(parent, self._visitor).id)
        return here

    def _describe(self, id: str, row: Row) -> None:
        """What the list says of it, as far as it may be said here."""
        gallery, visitor = self._gallery, self._visitor
        with suppress(Fault):
            gallery.label(id, visitor, _texts(row.get("labels")))
        with suppress(Fault):
            gallery.note(id, visitor, note if isinstance(note := row.get("note"), str) else "")
        if row.get("favourite") is True:
            gallery.favourite(id, visitor, True)

    def _rows(self, found: Sequence[Found]) -> dict[str, Row]:
        """What an export's list says of each of its pictures, by the ids that they had; nothing where it is damaged."""
        for one in found:
            if PurePosixPath(one.name).name == MANIFEST:
                with suppress(Fault, ValueError, RecursionError):
                    told = json.loads(one.read(MAX_MANIFEST))
                    return {row["id"]: row for row in told if isinstance(row, dict) and isinstance(row.get("id"), str)}
        return {}


def _recipe_in(data: bytes) -> Recipe:
    """The recipe in a PNG that is whole; Fault where it is none, or has none."""
    upload = open_upload(data)  # every pixel is read: what is cut off or blown up does not come in
    if upload.recipe is None:
        raise Fault("fault.no_recipe", status=422)
    return from_json(upload.recipe)


def _texts(given: object) -> list[str]:
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
