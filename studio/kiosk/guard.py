"""No way out: what a passer-by, a phone on the network and the curator may each ask for; all else is not there."""

from __future__ import annotations

import ipaddress
import re

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.kiosk.pin import Door

COOKIE = "atelier_curator"
FRONT, STUDIO = "/", "/studio"  # the exhibition stands where the studio does elsewhere, and for the curator that moves aside
SHOWN = r"/page/[\w/-]+\.(js|css)|/text/\w+\.json|/healthz|/wall(\.json|/[0-9a-f]+\.png)?|/curator(/\w+)?|/home/[\w-]+"
FROM_AFAR = re.compile(SHOWN)
AT_THE_SCREEN = re.compile(rf"{SHOWN}|/|/live|/kiosk(\.json|/\w+)?|/declarations\.json|/previews/[\w.-]+\.webp")


class Guard:
    """ASGI middleware of the kiosk's profile."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        path = scope["path"]
        allowed = AT_THE_SCREEN if is_here(scope) else FROM_AFAR
        if not allowed.fullmatch(path) and not self._door.knows(HTTPConnection(scope).cookies.get(COOKIE)):
            if scope["type"] == "websocket":
                return await send({"type": "websocket.close", "code": 1008})
            return await PlainTextResponse("Not here.", 404)(scope, receive, send)
        if moved := {FRONT: "/kiosk", STUDIO: "/"}.get(path):
            scope = {**scope, "path": moved, "raw_path": moved.encode()}
        await self._app(scope, receive, send)


def is_here(scope: Scope) -> bool:
    """The request comes from the machine itself, where the screen is."""
    client = scope.get("client")
    try:
        return client is None or ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
