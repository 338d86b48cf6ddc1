"""Pictures from outside looked for in a generator's latent space: a long work whose recipe comes nearer as it goes."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import numpy as np
import torch
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response
from torch import Tensor

from models.projection import STEPS, Found, Projection, can_project
from models.translators.translator import Tell, as_pixels, as_tensor
from studio.drawing import Prepared
from studio.edits import told
from studio.engine import Engine
from studio.errors import Fault
from studio.pictures import resized, square
from studio.recipe import Pairs, Recipe, from_dict
from studio.recipe_rules import MAX_AWAY, MAX_POSITION, name, source, spelled
from studio.settings import Settings
from studio.visitors import visitor_of
from studio.web_answers import NO_CACHE, json_in
from studio.works import Work

KIND = "projection"
SEEN = 128 * 128  # pixels that each step looks at


class Finder:
    """Safe to use from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, generator: str, picture: Recipe, visitor: str, *, mask: str = "") -> Work:
        """A work whose recipe is, at any moment, the generator's own that looks most like what another recipe makes.

        `besides` tells how well it fits. mask: the id of a picture, white where it has to. Fault where it can't be looked for.
        """
        engine = self._engine
        engine.check_drawn(Recipe(name("generator", generator)))
        prepared = engine.prepared(generator)
        if not can_project(prepared.generator.spec):
            able = (id for id, one in engine.checkpoints.items() if can_project(one.generator.spec))
            raise Fault("fault.no_projection", generator=generator, known=", ".join(able))
        engine.check(picture, visitor)
        if source("mask", mask):
            engine.darkroom.tray.find(mask, visitor)

        def run(tell: Tell) -> Recipe:
            whole = engine.darkroom.made(picture, visitor, lambda recipe: engine.draw_in_turn(visitor, recipe))
            marked = engine.darkroom.tray.open(mask, visitor).pixels.max(-1) if mask else None
            try:
                projection = self._projection(prepared, whole, marked)
            except ValueError as error:  # all else that it refuses cannot come through this door
                raise Fault("fault.empty_mask") from error
            first = 0.0
            for found in projection.run(STEPS):
                if not np.isfinite(found.distance):
                    raise Fault("fault.not_finite", generator=generator, recipe="", status=500)
                first = first if found.step else found.distance
                work.recipe = recipe_of(prepared, found)
                work.besides = {"fit": found.fit, **_rounded(first=first, distance=found.distance, strangers=found.strangers)}
                tell(found.step, STEPS, as_pixels((found.picture[None] + 1) / 2))
            return work.recipe

        size = prepared.generator.spec.size
        work = Work(visitor, Recipe(generator), (size, size), float(SEEN * STEPS), run, kind=KIND)
        return engine.darkroom.works.submit(work, listed=True)

    def _projection(self, prepared: Prepared, whole: np.ndarray, marked: np.ndarray | None) -> Projection:
        size = prepared.generator.spec.size
        mask: Tensor | None = None
        if marked is not None:
            fitted = square(resized(marked, whole.shape[1], whole.shape[0]), size)
            mask = torch.from_numpy(fitted.copy()).float() / 255
        eyes = copy.deepcopy(self._engine.eyes()).to(prepared.device)
        return Projection(prepared.generator, eyes, as_tensor(square(whole, size))[0] * 2 - 1, mask)


def recipe_of(checkpoint: Prepared, found: Found) -> Recipe:
    """The recipe that draws what was found: of a place in w, or on a map of that place."""
    spec, generator = checkpoint.generator.spec, checkpoint.card.id
    classes, styles = _named(spec.classes, found.condition.classes), _named(spec.styles, found.condition.styles)
    numbers = found.away.flatten().tolist()
    if spec.is_map:
        x, y = (min(max(one, -MAX_POSITION), MAX_POSITION) for one in numbers)
        return Recipe(generator, weights=checkpoint.short_hash, position=(x, y))
    place = spelled([min(max(one, -MAX_AWAY), MAX_AWAY) for one in numbers])
    return Recipe(generator, weights=checkpoint.short_hash, classes=classes, styles=styles, w=place)


def _named(names: tuple[str, ...], rows: Tensor | None) -> Pairs:
    return () if rows is None else tuple(zip(names, rows[0].tolist(), strict=True))


def _rounded(**numbers: float) -> dict[str, Any]:
    return {name: round(number, 5) for name, number in numbers.items()}


class FindRoutes:
    """What the page asks; how far it is, what stands there and an end to it are asked of /works."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._finder = Finder(engine)

    def add(self, web: FastAPI) -> None:
        """Declare the route."""
        web.post("/projections")(self.begin)

    async def begin(self, request: Request) -> Response:
        """{"generator": id, "picture": recipe, "mask": id or ""} in; the work that finds it out."""
        visitor, given = visitor_of(request, self._settings), await json_in(request)
        picture, mask = from_dict(given.get("picture")), given.get("mask", "")
        work = await asyncio.to_thread(lambda: self._finder.find(given.get("generator", ""), picture, visitor, mask=mask))
        return JSONResponse(told(work, self._engine.darkroom.works), 202, NO_CACHE)
