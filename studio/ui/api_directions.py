"""The named endpoints of a visitor's own directions."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
import json
from typing import Annotated, Any

import gradio as gr
from pydantic import Field

from studio.directions import MAX_NAME, read as read_direction, told
from studio.engine import Engine
from studio.settings import Settings
from studio.ui.answers import AnyRecipe, endpoint, read
from studio.visitors import visitor_of

Id = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(max_length=MAX_NAME)]
Pile = Annotated[list[AnyRecipe], Field(max_length=64)]


class DirectionEndpoints:
    """Ways through latent space that an artist found and named."""

    NAMES = ("directions", "keep_direction", "join_directions", "rename_direction", "remove_direction", "direction_file", "bring_direction")

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    @endpoint
    def directions(self, request: gr.Request) -> list[dict[str, Any]]:
        """List your own directions, of all generators.

        Returns:
            Objects with an id, which a recipe's `directions` names, the name, the generator, and whether it is of these weights.
        """
        hashes = self._engine.hashes()
        return [told(one, hashes) for one in self._engine.directions.of(self._visitor(request))]

    @endpoint
    def keep_direction(self, name: Name, toward: Pile, away: Pile, request: gr.Request, apart: bool = False) -> dict[str, Any]:
        """Find the way from some pictures to others, and keep it under a name: more like these, less like those.

        Args:
            name: What you call it.
            toward: Recipes of one generator, as objects or JSON text: what there shall be more of.
            away: Recipes of the same generator: what there shall be less of. None: the middle of all that it draws.
            apart: Leave the generator's own named directions as they are.
        Returns:
            The direction.
        """
        found = self._engine.between([read(one) for one in toward], [read(one) for one in away], apart)
        return self._kept(self._engine.keep_direction(found, name, visitor=self._visitor(request)))

    @endpoint
    def join_directions(self, name: Name, recipe: AnyRecipe, request: gr.Request) -> dict[str, Any]:
        """Keep all directions of a recipe, mixed as they are there, as one of your own.

        Args:
            name: What you call it.
            recipe: A recipe with directions.
        Returns:
            The direction.
        """
        return self._kept(self._engine.keep_direction(self._engine.mixed(read(recipe)), name, visitor=self._visitor(request)))

    @endpoint
    def rename_direction(self, id: Id, name: Name, request: gr.Request) -> dict[str, Any]:
        """Call one of your directions something else. Pictures that were made with it stay as they are.

        Args:
            id: As `directions` lists it.
            name: What you call it.
        Returns:
            The direction.
        """
        return self._kept(self._engine.directions.rename(self._visitor(request), id, name))

    @endpoint
    def remove_direction(self, id: Id, request: gr.Request) -> bool:
        """Take one of your directions off your list; keep its file first if pictures need it.

        Args:
            id: As `directions` lists it.
        Returns:
            True.
        """
        self._engine.directions.remove(self._visitor(request), id)
        return True

    @endpoint
    def direction_file(self, id: Id, request: gr.Request) -> dict[str, Any]:
        """Take a direction of yours with you, as a small JSON file.

        Args:
            id: As `directions` lists it.
        Returns:
            What the file holds; `bring_direction` reads it, here or in another studio.
        """
        return json.loads(self._engine.directions.find(self._visitor(request), id).as_file())

    @endpoint
    def bring_direction(self, file: AnyRecipe, request: gr.Request) -> dict[str, Any]:
        """Keep a direction that comes as a file.

        Args:
            file: What the file holds, as an object or JSON text, as `direction_file` gives it; for a generator that is here.
        Returns:
            The direction.
        """
        brought = read_direction((file if isinstance(file, str) else json.dumps(file)).encode())
        return self._kept(self._engine.keep_direction(brought, brought.name, visitor=self._visitor(request)))

    def _visitor(self, request: gr.Request) -> str:
        return visitor_of(request, self._settings)

    def _kept(self, one: Any) -> dict[str, Any]:
        return told(one, self._engine.hashes())
