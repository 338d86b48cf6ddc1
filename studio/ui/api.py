"""The named endpoints: all that the page does, for gradio_client, curl and the MCP server alike."""

# Annotations stay real types here (no `from __future__ import annotations`): gr.api reads the return type from the
# signature as it stands, and a type left as text would vanish from the documentation.
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from gradio import FileData
from gradio.context import get_blocks_context
from gradio.events import api
from gradio.utils import get_upload_folder
from pydantic import Field, WrapValidator

from models.latent import MAX_SEED
from models.strokes import svg
from studio.declare import declaration
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import MAX_FILE, Format, encode, file_name, read_recipe, to_png
from studio.gallery import MAX_CHOSEN, MAX_LABEL, MAX_LABELS, MAX_OFFSET, MAX_PAGE, Gallery
from studio.gallery_index import MAX_TEXT
from studio.gallery_kin import MAX_PARENTS
from studio.inside import Look
from studio.likeness import Likeness
from studio.recipe import MAX_JSON, link_text, open_recipe, to_dict, to_link
from studio.recipe_rules import MAX_CHANNEL, MAX_LAYER
from studio.sampling import MAX_SHEET, Mode
from studio.settings import Settings
from studio.ui.answers import (
    AnyRecipe,
    GalleryEntry,
    GalleryPage,
    Lineage,
    OpenedRecipe,
    endpoint,
    file_at,
    listed,
    noted,
    read,
    related,
    served,
    uploaded,
)
from studio.ui.api_breeding import BreedingEndpoints
from studio.ui.api_directions import DirectionEndpoints
from studio.ui.api_edits import EditingEndpoints
from studio.ui.api_films import FilmEndpoints
from studio.ui.api_map import MapEndpoints
from studio.visitors import visitor_of

SWEEP = (3600, 24 * 3600)  # seconds: how often files that were handed out are looked through, and how long they are kept
LINK = "?r="  # what stands before the recipe in a shared address
# The documentation must read FileData and nothing else: in a union with None, MCP no longer sees that it is a file.
Upload = Annotated[FileData, WrapValidator(lambda given, check: given if given is None else check(given))]
NOTHING: Any = None
Id = Annotated[str, Field(min_length=1, max_length=64)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=MAX_CHOSEN)]
Parents = Annotated[list[AnyRecipe], Field(max_length=MAX_PARENTS)]
NOBODY: Any = ()
Label = Annotated[str, Field(max_length=MAX_LABEL)]
Words = Annotated[str, Field(max_length=MAX_TEXT)]
SheetCount = Annotated[int, Field(ge=1, le=MAX_SHEET)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Layer = Annotated[int, Field(ge=0, le=MAX_LAYER)]
Channel = Annotated[int, Field(ge=0, le=MAX_CHANNEL)]


def add(engine: Engine, gallery: Gallery, settings: Settings) -> None:
    """Declare every endpoint in the gr.Blocks that is being built, and keep all that Gradio reads and writes inside settings.folder."""
    os.environ["GRADIO_TEMP_DIR"] = str((settings.folder / "cache").resolve())  # the one way Gradio has to be told
    if blocks := get_blocks_context():
        # Gradio refuses a client's path outside of its cache only in an app that it launched itself. A mounted one copies
        # whatever the path names into the cache, unless it is told so.
        blocks.root_block.has_launched = True
        blocks.root_block.delete_cache = SWEEP
    for endpoints in (
        DrawingEndpoints(engine, settings),
        BreedingEndpoints(engine),
        DirectionEndpoints(engine, settings),
        EditingEndpoints(engine, settings),
        FilmEndpoints(engine, settings),
        GalleryEndpoints(engine, gallery, settings),
        MapEndpoints(engine, gallery, settings),
    ):
        for name in endpoints.NAMES:
            # The engine and the gallery do their own queueing; Gradio's default of one call at a time would only add a wait.
            api(getattr(endpoints, name), api_name=name, concurrency_limit=None)


class DrawingEndpoints:
    """Recipes in, pictures out."""

    NAMES = ("generators", "draw", "draw_sheet", "feature_maps", "sample", "strokes", "recipe")

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    @endpoint
    def generators(self) -> list[dict[str, Any]]:
        """List what can draw here: its classes, styles, directions, what can be bent, size, licence, measured scores and limits.

        Returns:
            One object a generator; its id is what a recipe names.
        """
        return [declaration(checkpoint) for checkpoint in self._engine.checkpoints.values()]

    @endpoint
    def draw(self, recipe: AnyRecipe, request: gr.Request, format: Format = "png") -> FileData:
        """Draw one picture. The same recipe gives the same picture, and the file carries the recipe inside.

        Args:
            recipe: An object, or the same as JSON text. {"generator": "letters-cgan", "seed": 7} is enough; see `generators` for names.
            format: The kind of file; png is lossless.
        Returns:
            The picture.
        """
        picture = self._engine.draw(read(recipe), visitor=visitor_of(request, self._settings))
        return served(encode(picture, format), file_name(picture.recipe, format))

    @endpoint
    def draw_sheet(
        self, recipe: AnyRecipe, request: gr.Request, count: SheetCount = 12, mode: Mode = "series", seed: Seed = 0
    ) -> list[FileData]:
        """Draw many pictures around one recipe, to choose from. Each PNG carries its own recipe, which draws it again.

        The modes: series has seeds in a row from the recipe's. random has seeds by chance, varied those of eight times as many that
        lie farthest apart in w. plane is a grid of positions around the recipe's. walk leads by slerp from its seed to a second one.
        classes has each class and style in turn. truncation goes from psi 0 to 1.2. layers holds coarse layers and draws fine ones anew.

        Args:
            recipe: An object, or the same as JSON text.
            count: How many pictures, 1 to 64.
            mode: What varies; `generators` lists the modes that each generator has.
            seed: Decides what chance decides in a sheet; the same one gives the same sheet.
        Returns:
            The pictures, in their order.
        """
        recipes = self._engine.sample(read(recipe), mode, count, seed)
        job = self._engine.submit(recipes, visitor=visitor_of(request, self._settings))
        try:
            return [served(to_png(p), file_name(p.recipe, "png")) for p in job.pictures()]
        finally:
            job.cancel()

    @endpoint
    def feature_maps(self, recipe: AnyRecipe, request: gr.Request, layer: Layer = 0, first: Channel = 0) -> FileData:
        """Look inside a generator: what a layer has made of a recipe on the way to its picture, and what its bends made of that.

        Args:
            recipe: An object, or the same as JSON text. Its `bends` name layers and channels: {"layer": 3, "operation": "turn",
                "amount": 30, "channels": [2, 5]}; without channels it is all of them. `generators` lists operations and their ranges.
            layer: Counted from 0, coarse to fine; `generators` says in `bendable` how many channels each has.
            first: The first of the channels that are shown, 64 at most.
        Returns:
            A PNG of the maps, eight in a row, each from its least value, black, to its most, white.
        """
        job = self._engine.submit((read(recipe),), visitor=visitor_of(request, self._settings), look=Look(layer, first))
        try:
            picture = job.futures[0].result()
        finally:
            job.cancel()
        return served(to_png(picture), f"{picture.recipe.generator}-inside.png")

    @endpoint
    def sample(self, recipe: AnyRecipe, count: SheetCount = 12, mode: Mode = "series", seed: Seed = 0) -> list[dict[str, Any]]:
        """Find the recipes of a sheet without drawing them; `draw_sheet` explains the modes.

        Args:
            recipe: An object, or the same as JSON text.
            count: How many recipes, 1 to 64.
            mode: What varies; `generators` lists the modes that each generator has.
            seed: Decides what chance decides in a sheet; the same one gives the same sheet.
        Returns:
            The recipes, in their order.
        """
        return [to_dict(one) for one in self._engine.sample(read(recipe), mode, count, seed)]

    @endpoint
    def strokes(self, recipe: AnyRecipe) -> FileData:
        """Write what a generator of strokes writes, as an SVG drawing: one path a stroke, in the order of writing.

        Args:
            recipe: An object, or the same as JSON text. {"generator": "hanzi-rvae", "temperature": 0.4} is enough; strokes that it
                holds, [[x, y, x, y, …], …] in thousandths of the side, are gone on with.
        Returns:
            The drawing.
        """
        wanted = read(recipe)
        return served(svg(self._engine.strokes(wanted)).encode(), file_name(wanted, "svg"))

    @endpoint
    def recipe(self, picture: Upload = NOTHING, text: Annotated[str, Field(max_length=MAX_JSON)] = "") -> OpenedRecipe:
        """Find the recipe inside a picture made here, or check one given as JSON text or as a shared link.

        Args:
            picture: A PNG, JPEG or WebP that was saved here. Leave it out when text is given.
            text: A recipe as JSON, or a link that holds one.
        Returns:
            The recipe, its link form, and notes where it was drawn by something that is not here.
        """
        opened = open_recipe(recipe_inside(picture) if picture else recipe_text(text.strip()), self._engine.hashes())
        return OpenedRecipe(recipe=to_dict(opened.recipe), link=to_link(opened.recipe), notes=[noted(note) for note in opened.notes])


class GalleryEndpoints:
    """A visitor's saved pictures. Nobody sees another visitor's."""

    NAMES = ("save", "gallery", "favourite", "label", "remove", "undo_remove", "lineage", "export")

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings) -> None:
        self._engine = engine
        self._gallery = gallery
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
    ) -> GalleryPage:
        """Look through the saved pictures, newest first.

        Args:
            text: Words that must stand in the recipe, the labels or the id.
            generator: Only what this generator drew.
            favourite: Only favourites.
            label: Only pictures with this label.
            offset: How many to skip.
            limit: How many to give, 1 to 200.
            like: The id of a picture: those that look like it, the likest first.
            double: Only pictures that are there more than once.
        Returns:
            The entries, how many there are in all, the labels and generators in use, how many are there more than once, and how many
            were not looked at yet.
        """
        owner = visitor_of(request, self._settings)
        self._likeness.wake()
        query = {"text": text, "generator": generator, "favourite": favourite, "label": label, "double": double}
        among = self._likeness.like(like, owner) if like else None
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
    def export(self, ids: Ids, request: gr.Request) -> FileData:
        """Pack saved pictures into a ZIP: each PNG, its recipe as JSON, and a list of all.

        Args:
            ids: The pictures.
        Returns:
            The ZIP file.
        """
        archive = self._gallery.export(ids, visitor_of(request, self._settings))
        # A name of chance: unlike a picture's, an archive's address must not be something another visitor can work out.
        target = Path(get_upload_folder()) / secrets.token_hex(16) / "latent-atelier.zip"
        target.parent.mkdir(parents=True)
        shutil.move(archive, target)
        return file_at(target)


def recipe_text(text: str) -> str | bytes:
    """The JSON in a text that is a recipe, a shared address, or the part of the address that holds one."""
    if text.startswith("{"):
        return text
    return link_text(re.split("[&#]", text.rpartition(LINK)[2])[0])


def recipe_inside(picture: FileData) -> str:
    """The recipe's JSON in a file that was uploaded to this app."""
    found = read_recipe(uploaded(picture, MAX_FILE))
    if found is None:
        raise Fault("fault.no_recipe")
    return found
