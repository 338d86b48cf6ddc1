"""The named endpoints: all that the page does, for gradio_client, curl and the MCP server alike."""

# Annotations stay real types here (no `from __future__ import annotations`): gr.api reads the return type from the
# signature as it stands, and a type left as text would vanish from the documentation.
import os
import re
from typing import Annotated, Any

import gradio as gr
from gradio import FileData
from gradio.context import get_blocks_context
from gradio.events import api
from pydantic import Field, WrapValidator

from models.latent import MAX_SEED
from models.strokes import svg
from studio.declare import declaration
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import MAX_FILE, Format, encode, file_name, read_recipe, to_png
from studio.gallery import Gallery
from studio.inside import Look
from studio.recipe import to_dict
from studio.recipe_rules import MAX_CHANNEL, MAX_LAYER
from studio.recipe_text import MAX_JSON, link_text, open_recipe, to_link
from studio.sampling import MAX_SHEET, Mode
from studio.settings import CACHE, Settings
from studio.ui.answers import (
    AnyRecipe,
    OpenedRecipe,
    endpoint,
    noted,
    read,
    served,
    uploaded,
)
from studio.ui.api_breeding import BreedingEndpoints
from studio.ui.api_collections import CollectionEndpoints
from studio.ui.api_directions import DirectionEndpoints
from studio.ui.api_edits import EditingEndpoints
from studio.ui.api_films import FilmEndpoints
from studio.ui.api_gallery import GalleryEndpoints
from studio.ui.api_map import MapEndpoints
from studio.visitors import visitor_of

SWEEP = (3600, 24 * 3600)  # seconds: how often files that were handed out are looked through, and how long they are kept
LINK = "?r="  # what stands before the recipe in a shared address
# The documentation must read FileData and nothing else: in a union with None, MCP no longer sees that it is a file.
Upload = Annotated[FileData, WrapValidator(lambda given, check: given if given is None else check(given))]
NOTHING: Any = None
SheetCount = Annotated[int, Field(ge=1, le=MAX_SHEET)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Layer = Annotated[int, Field(ge=0, le=MAX_LAYER)]
Channel = Annotated[int, Field(ge=0, le=MAX_CHANNEL)]


def add(engine: Engine, gallery: Gallery, settings: Settings) -> None:
    """Declare every endpoint in the gr.Blocks that is being built, and keep all that Gradio reads and writes inside settings.folder."""
    os.environ["GRADIO_TEMP_DIR"] = str((settings.folder / CACHE).resolve())  # the one way Gradio has to be told
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
        FilmEndpoints(engine, gallery, settings),
        GalleryEndpoints(engine, gallery, settings),
        MapEndpoints(engine, gallery, settings),
        CollectionEndpoints(gallery, settings),
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
