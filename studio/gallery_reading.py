"""What a visitor sees of a gallery: pictures, pages of them, and which came from which."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from studio import gallery_kin as kin
from studio.errors import Fault
from studio.gallery_entry import Entry, Found, Lineage, entry_of
from studio.gallery_files import GalleryFiles
from studio.gallery_index import COLUMNS, Index, as_faults, filters
from studio.recipe_text import from_json

MAX_PAGE = 200
MAX_OFFSET = 10_000_000


class GalleryReading:
    """The side of a gallery that changes nothing; its faults are those of Gallery."""

    def __init__(self, index: Index, files: GalleryFiles) -> None:
        self.index, self._files = index, files

    def get(self, id: str, visitor: str) -> Entry:
        return entry_of(self.index.row(id, visitor))

    def png(self, id: str, visitor: str) -> Path:
        """The picture's file."""
        path = self._files.picture(self.index.row(id, visitor)["id"])
        if not path.is_file():
            raise Fault("fault.picture_lost", id=id, status=410)
        return path

    def film(self, id: str, visitor: str) -> Path:
        """The file of the film that a saved picture is the first of; Fault where it is a picture."""
        if not (entry := self.get(id, visitor)).film:
            raise Fault("fault.no_film", status=404)
        if not (path := self._files.film(entry.id)).is_file():
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

    def lineage(self, id: str, visitor: str) -> Lineage:
        self.index.row(id, visitor)
        with self.index.reading() as db:
            above, below = kin.ancestors(db, id, visitor), kin.children(db, id, visitor)
        told = [tuple(from_json(one) if isinstance(one, str) else entry_of(one) for one in generation) for generation in above]
        return Lineage(tuple(told), tuple(map(entry_of, below)))

    def ingredients(self, visitor: str) -> set[str]:
        """The ids of all pictures from outside that a visitor's saved pictures are made of."""
        mine, me = filters(visitor)
        with self.index.reading() as db:
            rows = db.execute(f"SELECT recipe FROM pictures WHERE {mine} AND (instr(recipe, 'source') OR instr(recipe, 'beside'))", me)
            recipes = [recipe for (recipe,) in rows]
        return {id for recipe in recipes for id in from_json(recipe).ingredients}

    def recipes(self, visitor: str) -> dict[str, str]:
        """Every recipe that a visitor has a picture of, as JSON, and the newest such picture's id."""
        mine, me = filters(visitor)
        with self.index.reading() as db:
            return dict(db.execute(f"SELECT recipe, id FROM pictures WHERE {mine} AND film = '' ORDER BY number", me).fetchall())
