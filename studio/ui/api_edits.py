"""The named endpoints of the darkroom: pictures in, translators, pictures of any size out."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
from typing import Annotated, Any

import gradio as gr
from gradio import FileData
from pydantic import Field

from studio.declare import translator_declaration
from studio.engine import Engine
from studio.finding import Finder
from studio.frames import file_name
from studio.pictures import MAX_UPLOAD
from studio.recipe import to_dict
from studio.settings import Settings
from studio.ui.answers import AnyRecipe, Brought, Projected, ended, endpoint, new_file, noted, read, uploaded, written
from studio.visitors import visitor_of


class EditingEndpoints:
    """Pictures in, pictures out."""

    NAMES = ("translators", "bring", "finish", "project")

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._finder = Finder(engine)
        self._settings = settings

    @endpoint
    def translators(self) -> list[dict[str, Any]]:
        """List what can be done to pictures here: options with their ranges, what is given beside, licence, measured scores and limits.

        Returns:
            One object a translator; its id is what a step of a recipe names.
        """
        return [translator_declaration(one) for one in self._engine.darkroom.translators.values()]

    @endpoint
    def bring(self, picture: FileData, request: gr.Request) -> Brought:
        """Bring a picture from outside, so that recipes can begin with it or name it as a style or a mask.

        Args:
            picture: JPEG, PNG, WebP, GIF, TIFF, BMP or AVIF, at most 100 megapixels. It is kept for a day after its last use.
        Returns:
            Its id: {"source": id, "after": [{"translator": "upscaler-x4"}]} is a recipe that `draw` and `finish` take.
        """
        data = uploaded(picture, MAX_UPLOAD)
        id, upload = self._engine.darkroom.tray.put(data, visitor_of(request, self._settings))
        return Brought(id=id, width=upload.size[0], height=upload.size[1], notes=[noted(note) for note in upload.notes])

    @endpoint
    def finish(self, recipe: AnyRecipe, request: gr.Request) -> FileData:
        """Draw a recipe of any size, a strip at a time, in the colours of its source. `draw` is quicker for what is small.

        Args:
            recipe: An object, or the same as JSON text, for example {"generator": "portraits", "after": [{"translator": "upscaler-x4"}]}.
        Returns:
            A PNG with the recipe inside.
        """
        wanted = read(recipe)
        target = new_file(file_name(wanted, "png"))
        target.parent.mkdir(parents=True)
        work = self._engine.finish(wanted, target, visitor=visitor_of(request, self._settings))
        return written(self._engine.darkroom.works, work, target)

    @endpoint
    def project(
        self,
        generator: Annotated[str, Field(max_length=64)],
        picture: AnyRecipe,
        request: gr.Request,
        mask: Annotated[str, Field(max_length=64)] = "",
    ) -> Projected:
        """Find a picture in a generator's latent space: the recipe whose picture looks most like it. It takes some ten seconds.

        Args:
            generator: What is to draw it.
            picture: A recipe, as an object or JSON text: {"source": id} of what `bring` brought, or any other. Its middle
                square is looked for.
            mask: The id of a picture that `bring` brought: white where it has to fit. Left out: everywhere.
        Returns:
            The recipe, with its place as `w`; the fit in a word (same, close, partly, far); and distances: of what was found,
            of the first guess, and of two pictures of this generator that are strangers to each other.
        """
        work = self._finder.find(generator, read(picture), visitor_of(request, self._settings), mask=mask)
        recipe = to_dict(ended(self._engine.darkroom.works, work))
        return Projected(recipe=recipe, **work.besides)
