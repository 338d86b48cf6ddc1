"""Every route that is not Gradio's: live frames, pictures, what the page reads at start, health and figures."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from models.strokes import svg
from studio.atlas import Atlas
from studio.declare import declaration
from studio.edits import Edits
from studio.engine import Engine, Shown
from studio.errors import Fault
from studio.figures import Figures
from studio.film_routes import FilmRoutes
from studio.finding import FindRoutes
from studio.frames import FORMATS, MAX_FILE, encode, file_name, read_recipe
from studio.gallery import Gallery
from studio.gallery_routes import GalleryRoutes
from studio.headers import SafeHeaders
from studio.heartbeat import beating
from studio.inside import Look
from studio.kiosk import add_kiosk
from studio.limits import AddressLimits
from studio.live import LiveDoor
from studio.logs import HEADER, RequestIds, request_id
from studio.osc import Osc, Outcome
from studio.recipe import from_dict, to_dict
from studio.recipe_text import Opened, from_link, open_recipe
from studio.retention import Retention
from studio.settings import Settings
from studio.visitors import VisitorCookies, visitor_of
from studio.web_answers import NO_CACHE, body, disposition, json_in, recipe_in
from studio.words import LANGUAGES, words

STATIC = Path(__file__).parent / "ui" / "static"


class FreshFiles(StaticFiles):
    """Files that the browser asks after each time, and gets again only when they changed."""

    def file_response(self, full_path: Any, stat_result: os.stat_result, scope: Any, status_code: int = 200) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(NO_CACHE)
        return response


def create_web(engine: Engine, gallery: Gallery, settings: Settings) -> FastAPI:
    """The application that Gradio is mounted in."""
    osc, heart, retention = Osc(settings), beating(engine), Retention(engine, gallery, settings)

    @asynccontextmanager
    async def lifespan(web: FastAPI) -> AsyncIterator[None]:
        async with osc.lifespan(web), heart(web), retention.lifespan(web):
            yield

    web = FastAPI(title="Latent Atelier", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    web.add_middleware(VisitorCookies, settings=settings, seen=retention.seen)
    web.add_middleware(AddressLimits, settings=settings)
    web.add_middleware(SafeHeaders, settings=settings)
    web.add_middleware(RequestIds)
    web.add_exception_handler(Fault, _answer_fault)
    web.add_exception_handler(Exception, _answer_surprise)
    door = LiveDoor(engine, Atlas(engine, gallery), osc, settings)

    @web.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await door(socket)

    _add_state(web, engine, osc)
    _add_page_data(web, engine)
    _add_drawing(web, engine, settings)
    _add_reading(web, engine)
    GalleryRoutes(engine, gallery, settings).add(web)
    Edits(engine, gallery, settings).add(web)
    routes = FilmRoutes(engine, gallery, settings)
    routes.add(web)
    routes.go_on()
    FindRoutes(engine, settings).add(web)
    if settings.profile == "kiosk":
        add_kiosk(web, engine, gallery, settings, STATIC)
    web.mount("/page", FreshFiles(directory=STATIC), name="page")  # /static is Gradio's own
    return web


def _add_state(web: FastAPI, engine: Engine, osc: Osc) -> None:
    @web.get("/healthz")
    def health() -> Response:
        return JSONResponse({"ready": engine.ready}, 200 if engine.ready else 503, NO_CACHE)

    @web.get("/metrics")
    def metrics() -> Response:
        return PlainTextResponse(as_prometheus(engine.figures(), osc.packets), media_type="text/plain; version=0.0.4")


def _add_page_data(web: FastAPI, engine: Engine) -> None:
    @web.get("/declarations.json")
    def declarations() -> Response:
        return JSONResponse([declaration(checkpoint) for checkpoint in engine.checkpoints.values()], headers=NO_CACHE)

    @web.get("/text/{language}.json")
    def text(language: str) -> Response:
        if language not in LANGUAGES:
            raise Fault("fault.no_language", name=language[:40], known=", ".join(LANGUAGES), status=404)
        return JSONResponse(dict(words(language)), headers=NO_CACHE)

    def shown(generator: str, what: Shown) -> Response:
        if not (path := engine.shown(generator, what)):
            raise Fault("fault.no_preview", generator=generator[:64], status=404)
        return FileResponse(path, media_type="image/webp", headers=NO_CACHE)

    @web.get("/previews/{generator}.webp")
    def preview(generator: str) -> Response:
        return shown(generator, "preview")

    @web.get("/sheets/{generator}.webp")
    def sheet(generator: str) -> Response:
        return shown(generator, "sheet")

    @web.get("/neighbours/{generator}.webp")
    def neighbours(generator: str) -> Response:
        return shown(generator, "neighbours")


def _add_drawing(web: FastAPI, engine: Engine, settings: Settings) -> None:
    @web.get("/draw.{format}")
    async def draw(request: Request, format: str, r: str = "", download: str = "") -> Response:
        if format not in FORMATS:
            raise Fault("fault.picture_format", known=", ".join(FORMATS), value=format[:40], status=404)
        recipe = from_link(r)
        picture = await asyncio.wrap_future(engine.ask(recipe, visitor=visitor_of(request, settings)))
        data = await asyncio.to_thread(encode, picture, format)
        # With its weights named, a link means the same picture for ever; without, whatever is loaded then.
        lasting = replace(recipe, made=None) == replace(picture.recipe, made=None)
        headers = {"Cache-Control": "private, max-age=86400"} if lasting else dict(NO_CACHE)
        name = file_name(recipe, format)
        headers["Content-Disposition"] = disposition(name, download)
        return Response(data, media_type=f"image/{format}", headers=headers)

    @web.post("/draw.png")
    async def draw_given(request: Request) -> Response:
        recipe = await recipe_in(request)
        picture = await asyncio.wrap_future(engine.ask(recipe, visitor=visitor_of(request, settings)))
        return Response(await asyncio.to_thread(encode, picture, "png"), media_type="image/png", headers=NO_CACHE)

    @web.post("/inside.png")
    async def inside(request: Request) -> Response:
        """{"recipe": …, "layer": 0, "first": 0} in; feature maps out."""
        given = await json_in(request)
        recipe, look = from_dict(given.get("recipe")), Look(given.get("layer", 0), given.get("first", 0))
        job = engine.submit((recipe,), visitor=visitor_of(request, settings), look=look)
        try:
            picture = await asyncio.wrap_future(job.futures[0])
        finally:
            job.cancel()
        return Response(await asyncio.to_thread(encode, picture, "png"), media_type="image/png", headers=NO_CACHE)

    @web.get("/strokes.svg")
    async def strokes(r: str = "", download: str = "") -> Response:
        recipe = from_link(r)
        drawing = svg(await asyncio.to_thread(engine.strokes, recipe))
        name = file_name(recipe, "svg")
        headers = {**NO_CACHE, "Content-Disposition": disposition(name, download)}
        return Response(drawing, media_type="image/svg+xml", headers=headers)


def _add_reading(web: FastAPI, engine: Engine) -> None:
    @web.post("/read")
    async def read(request: Request) -> Response:
        data = await body(request, MAX_FILE)
        text = data if data.lstrip()[:1] == b"{" else await asyncio.to_thread(read_recipe, data)
        if text is None:
            raise Fault("fault.no_recipe", status=422)
        return JSONResponse(_as_json(open_recipe(text, engine.hashes())))


def as_prometheus(figures: Figures, osc: Mapping[Outcome, int]) -> str:
    """The figures in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats)."""
    rows = (
        ("frames_total", "counter", "moving frames drawn", {"": figures.frames}),
        ("pictures_total", "counter", "other pictures drawn", {"": figures.pictures}),
        ("faults_total", "counter", "requests that ended in a fault", {"": figures.faults}),
        (
            "latency_milliseconds",
            "summary",
            "from request to picture",
            {'{quantile="0.5"}': figures.latency_ms_p50, '{quantile="0.95"}': figures.latency_ms_p95},
        ),
        ("queue", "gauge", "single pictures and jobs that wait", {"": figures.queue}),
        ("visitors", "gauge", "visitors of the last minute", {"": figures.visitors}),
        ("uptime_seconds", "gauge", "since the start", {"": figures.uptime}),
        ("osc_packets_total", "counter", "OSC packets that came", {f'{{outcome="{outcome}"}}': count for outcome, count in osc.items()}),
        ("memory_bytes", "gauge", "resident memory", {"": figures.memory_mb * 2**20}),
    )
    lines: list[str] = []
    for name, kind, help_text, values in rows:
        lines += [f"# HELP atelier_{name} {help_text}", f"# TYPE atelier_{name} {kind}"]
        lines += [f"atelier_{name}{label} {value:.10g}" for label, value in values.items()]
    return "\n".join(lines) + "\n"


def _as_json(opened: Opened) -> dict[str, Any]:
    return {"recipe": to_dict(opened.recipe), "notes": [asdict(note) for note in opened.notes]}


async def _answer_fault(_: Request, error: Exception) -> Response:
    assert isinstance(error, Fault)
    return JSONResponse({"fault": error.as_json()}, error.status, NO_CACHE)


async def _answer_surprise(request: Request, _: Exception) -> Response:
    """A fault of ours: said kindly to the visitor; the server writes it to its log, whole."""
    headers = {**NO_CACHE, HEADER: request_id(request.scope)}
    return JSONResponse({"fault": Fault("fault.surprise").as_json()}, 500, headers)
