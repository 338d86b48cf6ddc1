"""Films asked for from outside: their routes, and the reels that pages and exports share."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np
from fastapi import FastAPI, Request
from PIL import Image
from starlette.responses import FileResponse, JSONResponse, Response

from models.translators.translator import Tell, unheard
from studio.edits import FOLDER, made, sweep, told
from studio.engine import Engine
from studio.errors import Fault
from studio.film import Film, film_from_dict, film_to_dict, film_to_json
from studio.filming import ENDINGS, FORMATS, MEDIA, FilmFormat, read_film, write_film
from studio.frames import Picture, enlarge
from studio.gallery_index import as_faults
from studio.pictures import drop
from studio.recipe import Recipe, Step
from studio.recipe_rules import flag
from studio.reel import Draw, Reel, evened, reel_of, steps
from studio.settings import Settings
from studio.visitors import visitor_of
from studio.web_answers import NO_CACHE, body, disposition, json_in
from studio.works import Work

SIDES = (0, 256, 512, 1024, 2048)  # pixels at least; 0 = as it is drawn
KEPT = 16  # reels
MOST_PIXELS = 20_000_000_000  # of all frames: a quarter of an hour at 1,024 pixels and 24 frames a second
MOST_APART = 2_000_000_000  # where each is a file of its own
MAX_OPENED = 256 << 20  # bytes of a file that is opened as a film


class Films:
    """Safe to use from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._reels: OrderedDict[str, Reel] = OrderedDict()

    def reel(self, film: Film, visitor: str, tell: Tell = unheard) -> Reel:
        """A film's reel; Fault where one of its keys can't be drawn. One whose pace is evened is drawn twice for it, once."""
        engine, key = self._engine, film_to_json(film)
        with self._lock:
            if found := self._reels.get(key):
                self._reels.move_to_end(key)
                return found
        for one in film.keys:
            engine.check_drawn(one.recipe)
        reel = reel_of(engine.prepared(film.generator), film)
        if film.even:
            reel = evened(reel, self._drawn(visitor), self._engine.eyes, tell)
        with self._lock:
            self._reels[key] = reel
            while len(self._reels) > KEPT:
                self._reels.popitem(last=False)
        return reel

    def seam(self, reel: Reel, visitor: str) -> tuple[float, float]:
        """How far the last frame is from the first, and the middle one of the steps there are, as they look."""
        draw, film = self._drawn(visitor), reel.film
        places = [reel.frame(number) for number in (film.frames - 2, film.frames - 1, 0, 1)]
        before, across, after = steps([draw(recipe) for recipe in places], self._engine.eyes, loop=False)
        return float(across), float((before + after) / 2)

    def shoot(self, film: Film, format: FilmFormat, side: int, path: Path, visitor: str, *, sharp: bool = False) -> Work:
        """A work that writes a film to a path; Fault for what can never be written.

        side: pixels at least, reached by doubling; sharp: an upscaler does it, as far as there is one.
        """
        if format not in FORMATS:
            raise Fault("fault.picture_format", known=", ".join(FORMATS), value=str(format)[:40])
        if side not in SIDES:
            raise Fault("fault.recipe_choice", field="side", known=", ".join(map(str, SIDES)), value=str(side)[:40])
        for one in film.keys:
            self._engine.check_drawn(one.recipe)
        card = self._engine.prepared(film.generator).card
        size = self._engine.prepared(film.generator).generator.spec.size
        factor = 1 << max(math.ceil(math.log2(side / size)), 0) if side else 1
        large = size * factor
        if (pixels := large * large * film.frames) > (most := MOST_APART if format == "png" else MOST_PIXELS):
            raise Fault("fault.film_large", pixels=pixels // 1_000_000, most=most // 1_000_000, status=413)
        after = self._upscaling(factor) if sharp else ()

        def run(tell: Tell) -> Path:
            begun = film.frames if film.even else 0  # looking at its pace counts as much as writing it

            def looked(done: int, total: int, so_far: np.ndarray | None = None) -> None:
                tell(done * begun // max(total, 1), film.frames + begun, so_far)

            reel = self.reel(film, visitor, looked)
            draw = self._drawn(visitor)

            def pictures() -> Iterator[Picture]:
                for number in range(film.frames):
                    recipe = reel.frame(number)
                    small = draw(recipe)
                    tell(begun + number, begun + film.frames, small)
                    recipe = self._engine.signed(replace(recipe, after=after))
                    sharper = self._engine.darkroom.worked(recipe, visitor, small) if after else small
                    yield Picture(enlarge(sharper, large // len(sharper), card.rendering), recipe)

            try:
                with as_faults(path):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_film(path, film, format, pictures())
                Image.fromarray(draw(reel.frame(0))).save(path.with_suffix(".webp"), quality=85)
            except BaseException:
                drop(path)
                raise
            return path

        cost = float(pixels)
        work = Work(visitor, film.keys[0].recipe, (large, large), cost, run, undo=lambda: drop(path), kind=format)
        return self._engine.darkroom.works.submit(work, listed=True)

    def _upscaling(self, factor: int) -> tuple[Step, ...]:
        """The step that enlarges most without going beyond; none where there is no such upscaler."""
        known = {one.spec.factor: name for name, one in self._engine.darkroom.translators.items() if 1 < one.spec.factor <= factor}
        return (Step(known[max(known)]),) if known else ()

    def _drawn(self, visitor: str) -> Draw:
        def draw(recipe: Recipe) -> np.ndarray:
            return self._engine.draw_in_turn(visitor, recipe)

        return draw


class FilmRoutes:
    """What the page asks of films."""

    def __init__(self, films: Films, engine: Engine, settings: Settings) -> None:
        self._films, self._engine, self._settings = films, engine, settings
        self._folder = settings.folder / FOLDER

    def add(self, web: FastAPI) -> None:
        """Declare the routes."""
        web.post("/films")(self.begin)
        web.post("/films/open")(self.open)
        web.get("/films/{id}/file")(self.file)

    async def begin(self, request: Request) -> Response:
        """{"film": …, "format": "mp4", "side": 512} in; the work that writes it out."""
        visitor, given = visitor_of(request, self._settings), await json_in(request)
        film = film_from_dict(given.get("film"))
        await asyncio.to_thread(sweep, self._folder)
        path = self._folder / f"{time.time_ns():x}.film"
        side = given.get("side", 512)
        format, sharp = cast(FilmFormat, given.get("format", "mp4")), flag("sharp", given.get("sharp", False))
        work = await asyncio.to_thread(lambda: self._films.shoot(film, format, side, path, visitor, sharp=sharp))
        return JSONResponse(told(work, self._engine.darkroom.works), 202, NO_CACHE)

    async def open(self, request: Request) -> Response:
        """A file of a film in; the film out."""
        data = await body(request, MAX_OPENED)
        film = await asyncio.to_thread(read_film, data)
        return JSONResponse(film_to_dict(film), headers=NO_CACHE)

    def file(self, request: Request, id: str, download: str = "") -> Response:
        work = self._engine.darkroom.works.get(id, visitor_of(request, self._settings))
        if work.kind not in FORMATS:
            raise Fault("fault.no_work", status=404)
        name = f"latent-atelier-{work.recipe.generator}-film.{ENDINGS[cast(FilmFormat, work.kind)]}"
        headers = {**NO_CACHE, "Content-Disposition": disposition(name, download)}
        return FileResponse(made(work), media_type=MEDIA[cast(FilmFormat, work.kind)], headers=headers)
