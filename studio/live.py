"""The door of the /live websocket: who may come in, and how many pages there are."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.websockets import WebSocket

from studio.atlas import Atlas
from studio.engine import Engine
from studio.errors import Fault
from studio.line import Line
from studio.live_page import LivePage
from studio.osc import Osc
from studio.settings import Settings
from studio.sheets import GONE, Sheets, error_message
from studio.visitors import visitor_of

PAGES = 1024  # open at once, of all visitors
LINE = 1024  # that wait until there is room
FEW = 8  # pages that may always move at once
SLOWEST = 1.0  # seconds a frame, beyond which who comes waits instead of making it slower for all
MOVING = 5.0  # seconds since its last ask that a page counts as moving
PAGES_EACH = 16
REELS = 2  # films made ready and maps laid out at once, of all visitors

WRONG_ORIGIN = 4403
TRY_LATER = 1013


class LiveDoor:
    """Lets pages in: checks where they come from and how many there are."""

    def __init__(self, engine: Engine, atlas: Atlas, osc: Osc, settings: Settings) -> None:
        self._engine = engine
        self._atlas = atlas
        self._osc = osc
        self._turns = asyncio.Semaphore(REELS)
        self._settings = settings
        self._open: Counter[str] = Counter()
        self._pages: set[LivePage] = set()
        self._line = Line(self._has_room, LINE)
        self._channels = itertools.count(1)

    async def __call__(self, socket: WebSocket) -> None:
        await socket.accept()
        if not is_welcome(socket.headers, self._settings.origins):
            return await socket.close(WRONG_ORIGIN, "Origin is not this host. Name it with --origin.")
        visitor = visitor_of(socket, self._settings)
        if self._open[visitor] >= PAGES_EACH or self._line.is_full:
            await socket.send_json(error_message(None, Fault("fault.many_pages", status=503)))
            return await socket.close(TRY_LATER)
        self._open[visitor] += 1
        sheets, channel = Sheets(socket, self._engine, self._atlas, self._turns, visitor), f"page {next(self._channels)}"
        page = LivePage(socket, self._engine, sheets, self._osc, self._turns, visitor, channel, self._settings.borrows)
        try:
            await page.stand_in(self._line)
            self._pages.add(page)
            await page.run()
        except GONE:
            return
        finally:
            self._pages.discard(page)
            self._open[visitor] -= 1
            self._open += Counter()  # drops the zeros, so that visitors who left are not kept

    def _has_room(self) -> bool:
        """Whether one more page can be had without frames coming too seldom for all."""
        since = time.monotonic() - MOVING
        moving = sum(page.moved > since for page in self._pages) + 1
        return len(self._pages) < PAGES and (moving <= FEW or moving * self._engine.pace <= SLOWEST)


def is_welcome(headers: Headers, origins: tuple[str, ...]) -> bool:
    """Whether the page that opens the socket is ours: a browser tells the truth in Origin, and what sends none is no browser."""
    origin = headers.get("origin")
    if origin is None or origin in origins:
        return True
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return False
    # A proxy may replace Host; a foreign page in a browser can set neither.
    hosts = {headers.get(name, "").lower() for name in ("host", "x-forwarded-host")}
    return parts.scheme in ("http", "https") and bool(parts.netloc) and parts.netloc in hosts
