"""The routes of saved pictures and films: what they look like, and many of them as one ZIP."""

from __future__ import annotations

import asyncio
from typing import cast
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, Response, StreamingResponse

from studio.credits import credits_of
from studio.engine import Engine
from studio.filming import MEDIA, FilmFormat
from studio.gallery import MAX_CHOSEN, Gallery
from studio.gallery_export import NAME, GalleryExport
from studio.settings import Settings
from studio.visitors import visitor_of
from studio.web_answers import NO_CACHE, body, disposition
from studio.words import LANGUAGES

PRIVATE = {"Cache-Control": "private, no-cache"}
MAX_FORM = MAX_CHOSEN * 32  # bytes of a form that names pictures


class GalleryRoutes:
    """What the page asks of the gallery besides the named endpoints."""

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings) -> None:
        self._gallery, self._settings = gallery, settings
        self._export = GalleryExport(gallery, credits_of(engine))

    def add(self, web: FastAPI) -> None:
        """Declare the routes."""
        web.get("/gallery/{picture}.png")(self.png)
        web.get("/gallery/{picture}/thumb.webp")(self.thumb)
        web.get("/gallery/{picture}/film")(self.film)
        web.post("/gallery.zip")(self.archive)

    def png(self, request: Request, picture: str) -> Response:
        return FileResponse(self._gallery.png(picture, visitor_of(request, self._settings)), media_type="image/png", headers=PRIVATE)

    def thumb(self, request: Request, picture: str) -> Response:
        return FileResponse(self._gallery.thumb(picture, visitor_of(request, self._settings)), media_type="image/webp", headers=PRIVATE)

    def film(self, request: Request, picture: str) -> Response:
        """A saved film's own file, or parts of it, as a player asks."""
        visitor = visitor_of(request, self._settings)
        path, entry = self._gallery.film(picture, visitor), self._gallery.get(picture, visitor)
        return FileResponse(path, media_type=MEDIA[cast(FilmFormat, entry.film)], headers=PRIVATE)

    async def archive(self, request: Request) -> Response:
        """A form with ids=a,b,… or collection=id, and language, in; a ZIP out, sent as it is packed."""
        visitor = visitor_of(request, self._settings)
        form = {key: values[0] for key, values in parse_qs((await body(request, MAX_FORM)).decode("ascii", "replace")).items()}
        ids, collection, language = form.get("ids", ""), form.get("collection", ""), form.get("language", "")
        chosen = await asyncio.to_thread(self._export.choose, [id for id in ids.split(",") if id], visitor, collection)
        parts = self._export.parts(chosen, language if language in LANGUAGES else "en")
        return StreamingResponse(parts, media_type="application/zip", headers={**NO_CACHE, "Content-Disposition": disposition(NAME, "1")})
