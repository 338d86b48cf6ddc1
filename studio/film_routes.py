"""The routes of films: made and opened, and the music that they go with."""

from __future__ import annotations

import asyncio
import base64
import secrets
from typing import Any, cast

import numpy as np
from fastapi import FastAPI, Request
from starlette.responses import FileResponse, JSONResponse, Response

from models.music import PACE, Heard
from studio.edits import FOLDER, made, sweep, told
from studio.engine import Engine
from studio.errors import Fault
from studio.film import film_from_dict, film_to_dict
from studio.filming import ENDINGS, FORMATS, MEDIA, FilmFormat
from studio.films import MAX_OPENED, keep_film, poster_of
from studio.gallery import Gallery
from studio.recipe_rules import flag
from studio.settings import Settings
from studio.sounds import MAX_SOUND, kind_of
from studio.takes import FOLDER as TAKES, Take, claim, left
from studio.visitors import visitor_of
from studio.web_answers import NO_CACHE, body, disposition, json_in
from studio.works import Work


class FilmRoutes:
    """What the page asks of films."""

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings) -> None:
        self._engine, self._gallery, self._settings = engine, gallery, settings
        self._folder = settings.folder / FOLDER

    def add(self, web: FastAPI) -> None:
        """Declare the routes."""
        web.post("/films")(self.begin)
        web.post("/films/open")(self.open)
        web.get("/films/{id}/file")(self.file)
        web.get("/films/{id}/poster.png")(self.poster)
        web.post("/films/{id}/save")(self.save)
        web.post("/sounds")(self.bring)
        web.get("/sounds/{id}/heard.json")(self.heard)
        web.get("/sounds/{id}")(self.sound)

    async def begin(self, request: Request) -> Response:
        """{"film": …, "format": "mp4", "side": 512} in; the work that writes it out."""
        visitor, given = visitor_of(request, self._settings), await json_in(request)
        asked = {name: given[name] for name in ("film", "format", "side", "sharp") if name in given}
        await asyncio.to_thread(sweep, self._folder)
        take = Take(self._settings.folder / TAKES / secrets.token_hex(8), visitor, asked)
        work = await asyncio.to_thread(self._shoot, take)
        return JSONResponse(told(work, self._engine.darkroom.works), 202, NO_CACHE)

    def go_on(self) -> None:
        """With the films that a killed studio was making, under the ids that their visitors know."""
        self._claim = claim(self._settings.folder / TAKES)
        if not self._claim:
            return
        for take in left(self._settings.folder / TAKES):
            try:
                self._shoot(take)
            except Fault:  # its generator may be gone
                take.drop()

    def _shoot(self, take: Take) -> Work:
        asked = take.asked
        film, sharp = film_from_dict(asked.get("film")), flag("sharp", asked.get("sharp", False))
        path = self._folder / f"{take.folder.name}.film"
        return self._engine.films.shoot(
            film, asked.get("format", "mp4"), asked.get("side", 512), path, take.visitor, sharp=sharp, take=take
        )

    async def open(self, request: Request) -> Response:
        """A file of a film in; the film out, its music among the visitor's sounds."""
        data, visitor = await body(request, MAX_OPENED), visitor_of(request, self._settings)
        film = await asyncio.to_thread(self._engine.films.opened, data, visitor)
        return JSONResponse(film_to_dict(film), headers=NO_CACHE)

    def save(self, request: Request, id: str) -> Response:
        """Keep a film in the gallery."""
        work, visitor = self._work(request, id), visitor_of(request, self._settings)
        return JSONResponse({"id": keep_film(self._gallery, made(work), work.kind, visitor).id}, headers=NO_CACHE)

    def poster(self, request: Request, id: str) -> Response:
        """A film's first picture."""
        path = poster_of(made(self._work(request, id)))
        return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})

    def _work(self, request: Request, id: str) -> Work:
        work = self._engine.darkroom.works.get(id, visitor_of(request, self._settings))
        if work.kind not in FORMATS:
            raise Fault("fault.no_work", status=404)
        return work

    def file(self, request: Request, id: str, download: str = "") -> Response:
        work = self._work(request, id)
        name = f"latent-atelier-{work.recipe.generator}-film.{ENDINGS[cast(FilmFormat, work.kind)]}"
        headers = {**NO_CACHE, "Content-Disposition": disposition(name, download)}
        return FileResponse(made(work), media_type=MEDIA[cast(FilmFormat, work.kind)], headers=headers)

    async def bring(self, request: Request) -> Response:
        """A sound's bytes in; its id and what is heard in it out."""
        data, visitor = await body(request, MAX_SOUND), visitor_of(request, self._settings)
        id, heard = await asyncio.to_thread(self._engine.sounds.put, data, visitor)
        return JSONResponse(told_of_sound(id, heard), headers=NO_CACHE)

    async def heard(self, request: Request, id: str) -> Response:
        heard = await asyncio.to_thread(self._engine.sounds.hear, id, visitor_of(request, self._settings))
        return JSONResponse(told_of_sound(id, heard), headers=NO_CACHE)

    def sound(self, request: Request, id: str) -> Response:
        """As it came, for a browser to play."""
        path = self._engine.sounds.find(id, visitor_of(request, self._settings))
        with path.open("rb") as file:
            kind = kind_of(file.read(16))
        return FileResponse(path, media_type=kind.media, headers={"Cache-Control": "private, max-age=86400"})


def told_of_sound(id: str, heard: Heard) -> dict[str, Any]:
    """What is heard in a sound, in JSON's own types: its curves as bytes in base64, 0 .. 255, `pace` a second."""
    curves = {name: base64.b64encode(np.round(curve * 255).astype(np.uint8).tobytes()).decode() for name, curve in heard.curves.items()}
    return {
        "id": id,
        "seconds": round(heard.seconds, 3),
        "tempo": round(heard.tempo, 1),
        "bar": heard.bar,
        "beats": np.round(heard.beats, 3).tolist(),
        "onsets": np.round(heard.onsets, 3).tolist(),
        "strengths": np.round(heard.strengths, 3).tolist(),
        "pace": PACE,
        "curves": curves,
    }
