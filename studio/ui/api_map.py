"""The named endpoint that lays pictures out by how they look."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
from typing import Annotated, Any

import gradio as gr
from pydantic import Field

from models.latent import MAX_SEED
from studio.atlas import MOST, Atlas, Extent
from studio.engine import Engine
from studio.gallery import Gallery
from studio.recipe_rules import MAX_NAME
from studio.settings import Settings
from studio.ui.answers import endpoint
from studio.visitors import visitor_of


class MapEndpoints:
    """An extent in, pictures and their places out."""

    NAMES = ("map",)

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings) -> None:
        self._atlas = Atlas(engine, gallery)
        self._settings = settings

    @endpoint
    def map(
        self,
        request: gr.Request,
        generator: Annotated[str, Field(max_length=MAX_NAME)] = "",
        count: Annotated[int, Field(ge=0, le=MOST)] = Extent.count,
        seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0,
        gallery: bool = False,
    ) -> list[dict[str, Any]]:
        """Lay out random pictures of a generator on a plane so that what looks alike lies close together, and your saved ones among them.

        Args:
            generator: Whose pictures; without one, only the saved ones of all generators.
            count: How many samples, 0 to 256; a larger map begins with the samples of a smaller one.
            seed: Decides which samples; the same one gives the same map, whatever is saved.
            gallery: Also your newest saved pictures, at most 200, of that generator where one is named.
        Returns:
            An object a picture, samples first: its recipe; its id where it is a saved one; x and y, rightwards and downwards, within
            -1 .. 1 for samples; column and row of its place in a wall of all of them without overlap.
        """
        chart = self._atlas.chart(Extent(generator, count, seed, gallery), visitor_of(request, self._settings))
        try:
            for future in chart.job.futures:
                chart.look(future.result())
            return chart.places()
        finally:
            chart.job.cancel()
