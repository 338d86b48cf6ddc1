"""Maps: random pictures of a generator, and saved ones among them, laid out on a plane by how they look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from models.latent import stratified
from models.layout import neighbour_layout, wall
from models.spec import GeneratorSpec
from studio import recipe_rules as rules
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import Picture
from studio.gallery import Entry, Gallery
from studio.gallery_reading import MAX_PAGE
from studio.jobs import LongJob
from studio.likeness import Likeness, looked_at
from studio.recipe import Recipe, to_dict
from studio.sampling import chance_seeds

MOST = 256  # samples
SMALL = 64  # pixels of a sample's side at most, as it is sent while the map is drawn
DIGITS = 4  # of a place
EVEN = 0.75  # how far crowds are spread: 0 as they lie, 1 evenly along each axis


@dataclass(frozen=True)
class Extent:
    """What a map shows: so many samples of a generator and, with them or alone, what the visitor saved.

    count: 0 .. 256. gallery: the newest of the visitor's pictures too, at most 200; with a generator only what that one drew.
    Equal extents have equal samples in equal places on one device and precision. Raises Fault for anything out of range, and where
    nothing would be shown.
    """

    generator: str = ""
    count: int = 96
    seed: int = 0
    gallery: bool = False

    def __post_init__(self) -> None:
        rules.name("generator", self.generator)
        rules.whole("count", self.count, 0, MOST)
        rules.seed("seed", self.seed)
        rules.flag("gallery", self.gallery)
        if not self.gallery and not (self.generator and self.count):
            raise Fault("fault.map_nothing", most=MOST)


class Atlas:
    """Makes maps. Its samples are drawn behind all live work; how saved pictures look is what the gallery's index knows of them."""

    def __init__(self, engine: Engine, gallery: Gallery) -> None:
        self._engine, self._gallery = engine, gallery
        self._likeness = Likeness(gallery, engine.eyes)

    def chart(self, extent: Extent, visitor: str) -> Chart:
        """Begin a map; Fault for a generator that is not here. Nothing is drawn before its job's futures are waited for."""
        recipes: list[Recipe] = []
        if extent.generator and extent.count:
            self._engine.check_drawn(Recipe(extent.generator))
            recipes = samples(self._engine.prepared(extent.generator).generator.spec, extent)
        return Chart(self._engine, self._gallery, self._likeness, extent, recipes, visitor)


class Chart:
    """A map in the making: `look` at each of its job's pictures in their order, then ask for the `places`."""

    def __init__(self, engine: Engine, gallery: Gallery, likeness: Likeness, extent: Extent, recipes: list[Recipe], visitor: str) -> None:
        self.job = LongJob(recipes, partial(engine.submit, visitor=visitor), engine.limits.sheet)
        self._engine, self._gallery, self._likeness = engine, gallery, likeness
        self._extent, self._visitor = extent, visitor
        self._drawn: list[tuple[Recipe, np.ndarray]] = []

    def look(self, picture: Picture) -> None:
        """Note a sample as it was drawn. Takes some milliseconds."""
        self._drawn.append((picture.recipe, looked_at(self._engine.eyes(), picture.pixels)))

    def places(self) -> list[dict[str, Any]]:
        """All pictures with their recipes and places, samples first; those saved have an id. Takes up to some seconds.

        x, y: samples lie within -1 .. 1, right and down, and where they lie does not depend on what is saved; that is laid out among them.
        column, row: the same as a wall without overlap, as near to a square as it goes, filled row by row.
        """
        saved, looks = self._saved()
        vectors = [vector for _, vector in self._drawn]
        held = neighbour_layout(np.stack(vectors)) if vectors else None
        plane = neighbour_layout(np.stack([*vectors, *looks]), held) if looks else held
        if plane is None:
            return []
        plane = evened(plane, len(vectors) or len(plane))
        cells = wall(plane, math.ceil(math.sqrt(len(plane))))
        told = [*((None, recipe) for recipe, _ in self._drawn), *((entry.id, entry.recipe) for entry in saved)]
        return [
            {"id": id, "recipe": to_dict(recipe), "x": round(x, DIGITS), "y": round(y, DIGITS), "column": column, "row": row}
            for (id, recipe), (x, y), (column, row) in zip(told, plane.tolist(), cells.tolist(), strict=True)
        ]

    def _saved(self) -> tuple[list[Entry], list[np.ndarray]]:
        if not self._extent.gallery:
            return [], []
        entries = self._gallery.find(self._visitor, generator=self._extent.generator, limit=MAX_PAGE).entries
        looks = self._likeness.vectors(entries, self._visitor)
        seen = [entry for entry in entries if entry.id in looks]
        return seen, [looks[entry.id] for entry in seen]


def samples(spec: GeneratorSpec, extent: Extent) -> list[Recipe]:
    """Recipes of seeds by chance, each class and style as often as the others; a larger map begins with the smaller one."""
    count = extent.count
    turns = [
        [((names[i], 1.0),) for i in stratified(len(names), count, extent.seed + lane).tolist()] if names else [()] * count
        for lane, names in enumerate((spec.classes, spec.styles))
    ]
    seeds = chance_seeds(extent.seed, count, besides=-1)
    return [Recipe(extent.generator, seed=seed, classes=a, styles=b) for seed, a, b in zip(seeds, *turns, strict=True)]


def evened(places: np.ndarray, first: int) -> np.ndarray:
    """Moved and stretched along each axis so that the first of them reach from -1 to 1, with less room between crowds; order is kept.

    A place goes part of the way to where it would be if those lay evenly (histogram equalisation).
    """
    found = np.zeros_like(places)
    for axis in range(2):
        values = np.sort(places[:first, axis])
        if values[-1] > values[0]:
            plain = (places[:, axis] - values[0]) / (values[-1] - values[0])
            even = np.interp(places[:, axis], values, np.linspace(0, 1, first))
            found[:, axis] = 2 * (EVEN * even + (1 - EVEN) * plain) - 1
    return found


def small(pixels: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) at most 64 pixels wide."""
    if pixels.shape[1] <= SMALL:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((SMALL, SMALL), Image.Resampling.LANCZOS))
