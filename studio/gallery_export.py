"""Saved pictures packed to be taken along: each with its recipe, a sheet of all to print, and whose work they rest on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from models.whole import writing
from studio.contact_sheet import contact_sheet
from studio.credits import Credits, credits_text
from studio.errors import Fault
from studio.filming import ENDINGS, FilmFormat
from studio.gallery import Gallery, check_count
from studio.gallery_entry import Entry, manifest_of
from studio.gallery_index import as_faults
from studio.packing import Member, zipped
from studio.recipe_text import to_json

MANIFEST, CREDITS, SHEET = "manifest.json", "credits.txt", "contact-sheet.pdf"
NAME = "latent-atelier.zip"


@dataclass(frozen=True)
class Chosen:
    """Pictures whose files were there when they were chosen."""

    entries: tuple[Entry, ...]
    title: str


class GalleryExport:
    """From chosen pictures to a ZIP that is never held whole."""

    def __init__(self, gallery: Gallery, credits: Credits) -> None:
        self._gallery, self._credits = gallery, credits

    def choose(self, ids: Sequence[str], visitor: str, collection: str = "") -> Chosen:
        """Pictures by their ids, in their order, or all of a collection; Fault where one is not there."""
        title = "Latent Atelier"
        if collection:
            found = self._gallery.collections.get(collection, visitor)
            ids, title = found.pictures, found.name
        check_count(ids)
        entries = tuple(self._gallery.get(id, visitor) for id in dict.fromkeys(ids))
        if not entries:
            raise Fault("fault.export_empty")
        for entry in entries:
            self._gallery.png(entry.id, visitor)
            if entry.film:
                self._gallery.film(entry.id, visitor)
        return Chosen(entries, title)

    def parts(self, chosen: Chosen, language: str) -> Iterator[bytes]:
        """The ZIP: <id>.png and <id>.json of each, its film beside, a list of all, credits and a sheet."""
        return zipped(self._members(chosen, language))

    def write(self, path: Path, chosen: Chosen, language: str) -> None:
        """The same as a new file, whole or not at all."""
        with as_faults(path), writing(path) as file:
            file.writelines(self.parts(chosen, language))

    def _members(self, chosen: Chosen, language: str) -> Iterator[Member]:
        gallery, entries = self._gallery, chosen.entries
        for entry in entries:
            yield f"{entry.id}.png", gallery.png(entry.id, entry.visitor)
            yield f"{entry.id}.json", to_json(entry.recipe).encode()
            if entry.film:
                yield film_name(entry), gallery.film(entry.id, entry.visitor)
        yield MANIFEST, json.dumps([manifest_of(entry) for entry in entries], ensure_ascii=False, indent=1).encode()
        recipes = [(f"{entry.id}.png", entry.recipe) for entry in entries]
        yield CREDITS, credits_text(recipes, self._credits, language).encode()
        look = lambda entry: gallery.thumb(entry.id, entry.visitor)  # noqa: E731
        yield SHEET, contact_sheet(entries, look, self._credits, title=chosen.title, language=language)


def film_name(entry: Entry) -> str:
    """What the file of a saved film is called."""
    return f"{entry.id}.{ENDINGS[cast(FilmFormat, entry.film)]}"
