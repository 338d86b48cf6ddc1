"""The named endpoints of the gallery."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
from pathlib import Path
from typing import Annotated, Any, Literal

import gradio as gr
from gradio import FileData
from pydantic import Field

from studio.credits import credits_of
from studio.engine import Engine
from studio.frames import to_png
from studio.gallery import MAX_CHOSEN, MAX_LABEL, MAX_LABELS, MAX_NOTE, Gallery
from studio.gallery_export import NAME, GalleryExport
from studio.gallery_import import MAX_IMPORTED, import_pictures
from studio.gallery_index import MAX_TEXT
from studio.gallery_kin import MAX_PARENTS
from studio.gallery_reading import MAX_OFFSET, MAX_PAGE
from studio.likeness import Likeness
from studio.settings import Settings
from studio.ui.answers import (
    AnyRecipe,
    GalleryEntry,
    GalleryPage,
    ImportSummary,
    LeftFile,
    Lineage,
    endpoint,
    file_at,
    listed,
    new_file,
    read,
    related,
    uploaded_path,
)
from studio.visitors import visitor_of

Id = Annotated[str, Field(min_length=1, max_length=64)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=MAX_CHOSEN)]
Chosen = Annotated[list[Id], Field(max_length=MAX_CHOSEN)]
CollectionId = Annotated[str, Field(max_length=64)]
Parents = Annotated[list[AnyRecipe], Field(max_length=MAX_PARENTS)]
NOBODY: Any = ()
Label = Annotated[str, Field(max_length=MAX_LABEL)]
Words = Annotated[str, Field(max_length=MAX_TEXT)]
Language = Literal["en", "zh"]
Uploads = Annotated[list[FileData], Field(min_length=1, max_length=MAX_IMPORTED + 100)]


class GalleryEndpoints:
    """A visitor's saved pictures. Nobody sees another visitor's."""

    NAMES = ("save", "gallery", "favourite", "label", "remove", "undo_remove", "lineage", "note", "export", "import_pictures")

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings) -> None:
        self._engine = engine
        self._gallery = gallery
        self._export = GalleryExport(gallery, credits_of(engine))
        self._likeness = Likeness(gallery, engine.eyes, engine.stand_aside)
        self._settings = settings

    @endpoint
    def save(self, recipe: AnyRecipe, request: gr.Request, parents: Parents = NOBODY) -> GalleryEntry:
        """Draw a recipe and keep the picture in the gallery.

        Args:
            recipe: An object, or the same as JSON text.
            parents: What this picture was made from: ids of saved pictures, or recipes of those that were not saved.
        Returns:
            The new entry.
        """
        owner = visitor_of(request, self._settings)
        picture = self._engine.draw(read(recipe), visitor=owner)
        from_these = [one if isinstance(one, str) and "{" not in one else self._engine.signed(read(one)) for one in parents]
        entry = self._gallery.save(to_png(picture), picture.recipe, visitor=owner, parents=from_these)
        self._engine.darkroom.tray.keep(picture.recipe.ingredients, owner)
        return listed(entry)

    @endpoint
    def gallery(
        self,
        request: gr.Request,
        text: Words = "",
        generator: Words = "",
        favourite: bool = False,
        label: Label = "",
        offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0,
        limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 60,
        like: Annotated[str, Field(max_length=64)] = "",
        double: bool = False,
        collection: CollectionId = "",
    ) -> GalleryPage:
        """Look through the saved pictures and films, newest first.

        Args:
            text: Words that must stand in the recipe, the labels, the note or the id.
            generator: Only what this generator drew.
            favourite: Only favourites.
            label: Only pictures with this label.
            offset: How many to skip.
            limit: How many to give, 1 to 200.
            like: The id of a picture: those that look like it, the likest first.
            double: Only pictures that are there more than once.
            collection: The id of a collection: only its pictures, in its order.
        Returns:
            The entries, how many there are in all, the labels and generators in use, how many are there more than once, and how many
            were not looked at yet.
        """
        owner = visitor_of(request, self._settings)
        self._likeness.wake()
        query = {"text": text, "generator": generator, "favourite": favourite, "label": label, "double": double}
        held = self._gallery.collections.get(collection, owner).pictures if collection else None
        among = [id for id in self._likeness.like(like, owner) if held is None or id in held] if like else held
        found = self._gallery.find(owner, **query, among=among, offset=offset, limit=limit)
        return GalleryPage(
            entries=[listed(entry) for entry in found.entries],
            total=found.total,
            labels=list(found.labels),
            generators=list(found.generators),
            doubles=found.doubles,
            unseen=self._likeness.unseen(owner),
        )

    @endpoint
    def favourite(self, id: Id, request: gr.Request, on: bool = True) -> GalleryEntry:
        """Mark a saved picture as a favourite, or take the mark away.

        Args:
            id: The picture.
            on: False takes the mark away.
        Returns:
            The entry as it is now.
        """
        return listed(self._gallery.favourite(id, visitor_of(request, self._settings), on))

    @endpoint
    def label(self, id: Id, request: gr.Request, labels: Annotated[list[Label], Field(max_length=MAX_LABELS)]) -> GalleryEntry:
        """Set the labels of a saved picture.

        Args:
            id: The picture.
            labels: All the labels it shall have; an empty list takes every one away.
        Returns:
            The entry as it is now.
        """
        return listed(self._gallery.label(id, visitor_of(request, self._settings), labels))

    @endpoint
    def remove(self, ids: Ids, request: gr.Request) -> int:
        """Take pictures out of the gallery. `undo_remove` brings them back.

        Args:
            ids: The pictures.
        Returns:
            How many were taken out.
        """
        return self._gallery.remove(ids, visitor_of(request, self._settings))

    @endpoint
    def undo_remove(self, ids: Ids, request: gr.Request) -> int:
        """Bring removed pictures back, as they were.

        Args:
            ids: The pictures that were removed.
        Returns:
            How many are back.
        """
        return self._gallery.restore(ids, visitor_of(request, self._settings))

    @endpoint
    def lineage(self, id: Id, request: gr.Request) -> Lineage:
        """Show what a saved picture was made from and what was made from it.

        Args:
            id: The picture.
        Returns:
            Its parents, then theirs, and so on; and its children.
        """
        family = self._gallery.lineage(id, visitor_of(request, self._settings))
        ancestors = [[related(one) for one in generation] for generation in family.ancestors]
        return Lineage(ancestors=ancestors, children=[listed(entry) for entry in family.children])

    @endpoint
    def note(self, id: Id, request: gr.Request, text: Annotated[str, Field(max_length=MAX_NOTE)] = "") -> GalleryEntry:
        """Write something about a saved picture. The search finds it.

        Args:
            id: The picture.
            text: Plain text; nothing takes the note away.
        Returns:
            The entry as it is now.
        """
        return listed(self._gallery.note(id, visitor_of(request, self._settings), text))

    @endpoint
    def export(self, request: gr.Request, ids: Chosen = NOBODY, collection: CollectionId = "", language: Language = "en") -> FileData:
        """Pack saved pictures into a ZIP: each PNG, its recipe as JSON, films, a list of all, a sheet to print, sources and licences.

        Args:
            ids: The pictures, in their order.
            collection: The id of a collection, whose pictures are packed instead.
            language: Of the sheet and the credits.
        Returns:
            The ZIP file.
        """
        target = new_file(NAME)  # under a name of chance: an archive's address must not be something another visitor can work out
        chosen = self._export.choose(ids, visitor_of(request, self._settings), collection)
        self._export.write(target, chosen, language)
        return file_at(target)

    @endpoint
    def import_pictures(self, files: Uploads, request: gr.Request) -> ImportSummary:
        """Bring pictures back into the gallery: PNGs that were made here, loose or in ZIPs. What has no recipe inside is left alone.

        Args:
            files: PNGs and ZIPs. The list of an exported ZIP, manifest.json, brings labels, notes and parents back too.
        Returns:
            The ids of what came in; the names of what was here already, and of what was left, with the reason; how many other files
            there were.
        """
        given = [(file.orig_name or Path(file.path).name, uploaded_path(file)) for file in files]
        done = import_pictures(self._gallery, given, visitor_of(request, self._settings))
        left = [LeftFile(name=one.name, fault=one.fault.as_json()) for one in done.left]
        return ImportSummary(pictures=done.pictures, known=done.known, left=left, others=done.others)
