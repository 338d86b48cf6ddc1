"""The named endpoints that make pictures out of pictures: children, and a table of crossings."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
from typing import Annotated, Any

from pydantic import Field

from models.latent import MAX_SEED
from studio.breeding import MAX_PARENTS, Board, Crossing, Litter
from studio.engine import Engine
from studio.recipe import to_dict
from studio.ui.answers import AnyRecipe, endpoint, read

Some = Annotated[list[AnyRecipe], Field(max_length=MAX_PARENTS)]


class BreedingEndpoints:
    """Recipes in, recipes out; `draw` draws them."""

    NAMES = ("breed", "mixing_board")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @endpoint
    def breed(
        self,
        parents: Some,
        temperature: float = Litter.temperature,
        count: int = Litter.count,
        seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0,
        crossing: Crossing = Litter.crossing,
    ) -> list[dict[str, Any]]:
        """Find the recipes of children of some pictures; equal arguments give equal children. Children can be parents in turn.

        Args:
            parents: 1 to 8 recipes of one generator, as objects or JSON text. A single one is changed by chance alone.
            temperature: How far chance leads away from them, 0 (not at all) to 1 (as far as a stranger).
            count: How many children, 1 to 56.
            seed: Decides what chance decides; the same one gives the same children.
            crossing: layers takes each run of layers of a child from one parent, where the generator has layers; blend lies between them.
        Returns:
            The recipes.
        """
        litter = Litter(tuple(map(read, parents)), temperature, count, seed, crossing)
        return [to_dict(one) for one in self._engine.breed(litter)]

    @endpoint
    def mixing_board(self, rows: Some, columns: Some, layer: Annotated[int, Field(ge=0, le=32)]) -> list[dict[str, Any]]:
        """Find the recipes of a table in which each row gives the structure and each column the texture.

        Args:
            rows: 1 to 8 recipes of one generator: their coarse layers.
            columns: 1 to 8 recipes of the same generator: their fine layers.
            layer: The first fine layer, counted from 0; `generators` says how many each has.
        Returns:
            The recipes, row by row.
        """
        return [to_dict(one) for one in self._engine.mix(Board(tuple(map(read, rows)), tuple(map(read, columns)), layer))]
