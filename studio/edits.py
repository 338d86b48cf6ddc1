"""The routes of what is done to pictures: bringing them in, works and how far they are, results."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from PIL import Image
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from models.translators.scratches import scratches
from studio.declare import translator_declaration
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import file_name
from studio.gallery import Gallery
from studio.gallery_export import NAME
from studio.gallery_files import drop_old
from studio.gallery_index import as_faults
from studio.packing import zipped
from studio.pictures import MAX_UPLOAD, Upload
from studio.recipe import to_dict
from studio.recipe_rules import number
from studio.recipe_text import Opened, open_recipe
from studio.settings import Settings
from studio.visitors import visitor_of
from studio.web_answers import NO_CACHE, body, disposition, json_in, recipe_in
from studio.works import Work, Works

LIFE = 24 * 3600  # seconds that a result waits to be fetched
FOLDER = "works"
MOST_PACKED = 100  # results in one ZIP


class Edits:
    """What a visitor brings and has worked on. Results lie in a folder of the studio's own for a day."""

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings) -> None:
        self._engine, self._gallery, self._settings = engine, gallery, settings
        self._darkroom = engine.darkroom
        self._folder = settings.folder / FOLDER

    def add(self, web: FastAPI) -> None:
        """Declare the routes."""
        web.get("/translators.json")(self.translators)
        web.post("/tray")(self.bring)
        web.get("/tray/{id}.webp")(self.brought)
        web.get("/tray/{id}")(self.known)
        web.post("/scratches")(self.scratches)
        web.post("/works")(self.begin)
        web.get("/works")(self.all)
        web.get("/works.zip")(self.archive)
        web.get("/works/{id}")(self.standing)
        web.delete("/works/{id}")(self.end)
        web.get("/works/{id}/so-far.webp")(self.so_far)
        web.get("/works/{id}/preview.webp")(self.preview)
        web.get("/works/{id}/picture.png")(self.result)
        web.post("/works/{id}/save")(self.save)

    def translators(self) -> Response:
        return JSONResponse([translator_declaration(one) for one in self._darkroom.translators.values()], headers=NO_CACHE)

    async def bring(self, request: Request) -> Response:
        """A picture's bytes in; its id, its size, what was noticed, and the recipe inside out."""
        data, visitor = await body(request, MAX_UPLOAD), visitor_of(request, self._settings)
        id, upload = await asyncio.to_thread(self._darkroom.tray.put, data, visitor)
        return JSONResponse(self._brought(id, upload), headers=NO_CACHE)

    def _brought(self, id: str, upload: Upload) -> dict[str, Any]:
        opened: Opened | None = None
        if upload.recipe:
            with suppress(Fault):  # a damaged recipe is no reason to refuse the picture
                opened = open_recipe(upload.recipe, self._engine.hashes())
        width, height = upload.size
        notes = [asdict(note) for note in (*upload.notes, *(opened.notes if opened else ()))]
        recipe = to_dict(opened.recipe) if opened else None
        return {"id": id, "width": width, "height": height, "notes": notes, "recipe": recipe}

    async def known(self, request: Request, id: str) -> Response:
        upload = await asyncio.to_thread(self._darkroom.tray.open, id, visitor_of(request, self._settings))
        return JSONResponse(self._brought(id, upload), headers=NO_CACHE)

    async def brought(self, request: Request, id: str, side: int = 1024) -> Response:
        visitor = visitor_of(request, self._settings)
        data = await asyncio.to_thread(self._darkroom.tray.shown, id, visitor, side)
        return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})

    async def scratches(self, request: Request) -> Response:
        """{"source": id, "sensitivity": 0 … 1} in; the id of a mask of what looks like scratches and dust out."""
        given, visitor = await json_in(request), visitor_of(request, self._settings)
        tray, sensitivity = self._darkroom.tray, number("sensitivity", given.get("sensitivity", 0.5), 0, 1)

        def find() -> str:
            found = scratches(tray.open(given.get("source", ""), visitor).pixels, sensitivity)
            file = io.BytesIO()
            Image.fromarray(found).save(file, "PNG")
            return tray.put(file.getvalue(), visitor)[0]

        return JSONResponse({"id": await asyncio.to_thread(find)}, headers=NO_CACHE)

    async def begin(self, request: Request) -> Response:
        """{"recipe": …} in; the work that makes it out."""
        visitor, recipe = visitor_of(request, self._settings), await recipe_in(request)
        await asyncio.to_thread(sweep, self._folder)
        path = self._folder / f"{time.time_ns():x}.png"
        work = await asyncio.to_thread(lambda: self._engine.finish(recipe, path, visitor=visitor))
        return JSONResponse(told(work, self._darkroom.works), 202, NO_CACHE)

    def all(self, request: Request) -> Response:
        works = self._darkroom.works.of(visitor_of(request, self._settings))
        return JSONResponse([told(work, self._darkroom.works) for work in works], headers=NO_CACHE)

    def standing(self, request: Request, id: str) -> Response:
        return JSONResponse(told(self._work(request, id), self._darkroom.works), headers=NO_CACHE)

    def end(self, request: Request, id: str) -> Response:
        """Stop a work and drop what it made."""
        work = self._work(request, id)
        self._darkroom.works.forget(work)
        if work.state == "done":
            work.undo()
        return JSONResponse(told(work, self._darkroom.works), headers=NO_CACHE)

    def so_far(self, request: Request, id: str) -> Response:
        """What stands there of a work that is still going on."""
        if (pixels := self._work(request, id).so_far) is None:
            raise Fault("fault.work_not_done", status=409)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "WEBP", quality=80, method=0)
        return Response(file.getvalue(), media_type="image/webp", headers=NO_CACHE)

    def preview(self, request: Request, id: str) -> Response:
        path = self._made(request, id).with_suffix(".webp")
        return FileResponse(path, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})

    def result(self, request: Request, id: str, download: str = "") -> Response:
        path, recipe = self._made(request, id), self._work(request, id).recipe
        headers = {**NO_CACHE, "Content-Disposition": disposition(file_name(recipe, "png"), download)}
        return FileResponse(path, media_type="image/png", headers=headers)

    def archive(self, request: Request, ids: str = "") -> Response:
        """Several results as one ZIP, sent as it is packed."""
        chosen = {id: (self._made(request, id), self._work(request, id).recipe) for id in ids.split(",")[:MOST_PACKED]}

        parts = zipped((f"{id}-{file_name(recipe, 'png')}", path) for id, (path, recipe) in chosen.items())
        return StreamingResponse(parts, media_type="application/zip", headers={**NO_CACHE, "Content-Disposition": disposition(NAME, "1")})

    def save(self, request: Request, id: str, parent: str = "") -> Response:
        """Keep a result in the gallery, and what it was made of in the tray."""
        path, visitor = self._made(request, id), visitor_of(request, self._settings)
        work = self._work(request, id)
        signed = self._engine.signed(work.recipe)
        entry = self._gallery.save_file(path, signed, visitor=visitor, parents=(parent,) if parent else ())
        self._darkroom.tray.keep(signed.ingredients, visitor)
        return JSONResponse({"id": entry.id}, headers=NO_CACHE)

    def _work(self, request: Request, id: str) -> Work:
        return self._darkroom.works.get(id, visitor_of(request, self._settings))

    def _made(self, request: Request, id: str) -> Path:
        if (work := self._work(request, id)).kind != "picture":
            raise Fault("fault.no_work", status=404)
        return made(work)


def made(work: Work) -> Path:
    """Where the file lies that a work made; Fault while it is not there, and once it is gone."""
    if work.state != "done":
        raise Fault("fault.work_not_done", status=409)
    path: Path = work.future.result()
    if not path.is_file():
        raise Fault("fault.no_work", status=404)
    return path


def told(work: Work, works: Works) -> dict[str, Any]:
    """How far a work is, in JSON's own types."""
    return {
        "id": work.id,
        "kind": work.kind,
        "state": work.state,
        "done": work.done,
        "total": work.total,
        "seen": work.so_far is not None,
        "place": works.place(work),
        "estimate": round(works.estimate(work), 1),
        "recipe": to_dict(work.recipe),
        "besides": dict(work.besides),
        "size": work.size,
        "fault": work.fault.as_json() if work.fault else None,
    }


def sweep(folder: Path) -> None:
    """Results that nobody fetched for a day."""
    with as_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
    drop_old(folder, LIFE)
