"""The routes of the curator's page."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from studio.errors import Fault
from studio.kiosk.exhibition import LEAST_IDLE, MAX_WELCOME, MOST_GENERATORS, MOST_IDLE, from_dict
from studio.kiosk.floor import Floor
from studio.kiosk.guard import COOKIE, is_here
from studio.kiosk.pin import LIFE, Door
from studio.kiosk.routes import answer, own, page

DAYS = 14


class CuratorRoutes:
    """pages: the folder of curator.html. Without a session all but the page itself and `enter` is refused."""

    def __init__(self, floor: Floor, door: Door, pages: Path) -> None:
        self._floor, self._door, self._pages = floor, door, pages

    def add(self, web: FastAPI) -> None:
        """Declare the routes."""
        web.get("/curator")(self.page)
        web.post("/curator/enter")(self.enter)
        web.post("/curator/leave")(self.leave)
        web.get("/curator/state")(self.state)
        web.post("/curator/settle")(self.settle)
        web.post("/curator/favour")(self.favour)
        web.post("/curator/remove")(self.remove)

    def page(self) -> Response:
        return page(self._pages / "curator.html")

    async def enter(self, request: Request) -> Response:
        """{"pin": "…"} in; a session, as a cookie that no script reads and no other site sends."""
        given = await own(request)
        address = request.client.host if request.client else ""
        token = await asyncio.to_thread(self._door.enter, given.get("pin"), address)
        entered = answer()
        entered.set_cookie(COOKIE, token, max_age=int(LIFE), httponly=True, samesite="strict")
        return entered

    async def leave(self, request: Request) -> Response:
        await own(request)
        self._door.leave(request.cookies.get(COOKIE))
        left = answer()
        left.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return left

    def state(self, request: Request) -> Response:
        """All that the page shows."""
        self._check(request)
        floor = self._floor
        return answer(
            exhibition=asdict(floor.exhibition),
            readable=floor.readable,
            shown=floor.generators,
            limits={"welcome": MAX_WELCOME, "least_idle": LEAST_IDLE, "most_idle": MOST_IDLE, "generators": MOST_GENERATORS},
            generators=[{"id": id, "title": dict(one.card.title)} for id, one in floor.engine.checkpoints.items()],
            days=[{"day": day, **asdict(counts)} for day, counts in floor.diary.days(DAYS)],
            pictures=[{"id": entry.id, "favourite": entry.favourite} for entry in floor.pictures()],
            address=floor.address,
            here=is_here(request.scope),
        )

    async def settle(self, request: Request) -> Response:
        """An exhibition in, whole."""
        given = await self._given(request)
        await asyncio.to_thread(self._floor.settle, from_dict(given))
        return answer()

    async def favour(self, request: Request) -> Response:
        """{"id": "…", "on": true} in."""
        given = await self._given(request)
        await asyncio.to_thread(self._floor.favour, str(given.get("id")), given.get("on") is True)
        return answer()

    async def remove(self, request: Request) -> Response:
        """{"id": "…"} in."""
        given = await self._given(request)
        await asyncio.to_thread(self._floor.take_down, str(given.get("id")))
        return answer()

    async def _given(self, request: Request) -> dict[str, Any]:
        self._check(request)
        return await own(request)

    def _check(self, request: Request) -> None:
        if not self._door.knows(request.cookies.get(COOKIE)):
            raise Fault("fault.kiosk_session", status=401)
