"""The routes of the screen, the wall and the pictures that are taken home."""

from __future__ import annotations

import asyncio
from pathlib import Path
from string import Template
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from studio.errors import Fault
from studio.kiosk.diary import Day
from studio.kiosk.floor import Floor
from studio.kiosk.home import LIFE
from studio.live import is_welcome
from studio.web_answers import NO_CACHE, json_in
from studio.words import LANGUAGES, words

# Nothing is asked of anybody else, nothing is sent anywhere, and no other page may show ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE = {**NO_CACHE, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}  # stricter than headers.py
PRIVATE = {**SAFE, "Cache-Control": "no-store"}


class KioskRoutes:
    """pages: the folder of kiosk.html, wall.html and gone.html."""

    def __init__(self, floor: Floor, pages: Path) -> None:
        self._floor, self._pages = floor, pages

    def add(self, web: FastAPI) -> None:
        """Declare the routes."""
        web.get("/kiosk")(self.screen)
        web.get("/kiosk.json")(self.told)
        web.post("/kiosk/visit")(self.visit)
        web.post("/kiosk/keep")(self.keep)
        web.post("/kiosk/home")(self.take_home)
        web.get("/home/{token}")(self.home)
        web.get("/wall")(self.wall)
        web.get("/wall.json")(self.hung)
        web.get("/wall/{id}.png")(self.picture)

    def screen(self) -> Response:
        return page(self._pages / "kiosk.html")

    def told(self) -> Response:
        """What the screen shows, and the version that it is to be loaded in."""
        floor, exhibition = self._floor, self._floor.exhibition
        return answer(
            version=floor.version,
            generators=floor.generators,
            welcome=exhibition.welcome,
            opens=exhibition.opens,
            closes=exhibition.closes,
            idle=exhibition.idle,
            language=exhibition.language,
            home=floor.address is not None,
        )

    async def visit(self, request: Request) -> Response:
        """{"pictures": 12, "faults": 0} in, once a visit is over."""
        given = await own(request)
        day = Day(visitors=1, **{name: given.get(name, 0) for name in ("pictures", "faults")})
        await asyncio.to_thread(self._floor.diary.add, day)
        return answer()

    async def keep(self, request: Request) -> Response:
        """{"recipe": …} in; the id of the picture on the wall."""
        recipe = (await own(request)).get("recipe")
        return answer(id=(await asyncio.to_thread(self._floor.keep, recipe)).id)

    async def take_home(self, request: Request) -> Response:
        """{"recipe": …} in; the QR code as a PNG, and how many seconds it leads anywhere."""
        recipe = (await own(request)).get("recipe")
        code, address = await asyncio.to_thread(self._floor.take_home, recipe)
        return answer(code=code, address=address, seconds=LIFE)

    def home(self, token: str) -> Response:
        if picture := self._floor.homes.find(token):
            named = {"Content-Disposition": 'inline; filename="latent-atelier.png"'}
            return Response(picture, media_type="image/png", headers={**PRIVATE, **named})
        spoken = {f"{key}_{language}": words(language)[f"home.{key}"] for language in LANGUAGES for key in ("gone", "gone_text")}
        gone = Template((self._pages / "gone.html").read_text("utf-8")).substitute(spoken)
        return HTMLResponse(gone, 410, PRIVATE)

    def wall(self) -> Response:
        return page(self._pages / "wall.html")

    def hung(self) -> Response:
        cards = self._floor.engine.checkpoints
        pictures = [
            {"id": entry.id, "rendering": cards[entry.generator].card.rendering if entry.generator in cards else "smooth"}
            for entry in self._floor.wall()
        ]
        exhibition = self._floor.exhibition
        told = {"version": self._floor.version, "opens": exhibition.opens, "closes": exhibition.closes, "language": exhibition.language}
        return answer(pictures=pictures, **told)

    def picture(self, id: str) -> Response:
        return FileResponse(self._floor.on_the_wall(id), media_type="image/png", headers=SAFE)


def page(path: Path) -> Response:
    return FileResponse(path, media_type="text/html", headers=SAFE)


def answer(**told: Any) -> Response:
    return JSONResponse(told, headers=PRIVATE)


async def own(request: Request) -> dict[str, Any]:
    """The JSON object in a body that a page of ours sent; Fault for any other, which a form of another page could have sent."""
    if not is_welcome(request.headers, ()) or request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Fault("fault.kiosk_page", status=403)
    return await json_in(request)
