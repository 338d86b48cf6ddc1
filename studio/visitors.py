"""Who is asking: on a hosted studio a signed random cookie tells visitors apart, elsewhere everyone is "local"."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.settings import Settings

COOKIE = "atelier_visitor"
LOCAL = "local"
LIFE = 365 * 24 * 3600  # seconds
_FOUND = "atelier.visitor"  # where the middleware leaves the visitor in an ASGI scope


def visitor_of(connection: Any, settings: Settings) -> str:
    """The visitor behind a Starlette request or websocket, or a gr.Request.

    A connection that neither came through VisitorCookies nor brings a cookie of ours gets a visitor of its own.
    """
    if not settings.hosted:
        return LOCAL
    connection = getattr(connection, "request", None) or connection  # gr.Request wraps Starlette's
    found = getattr(connection, "scope", {}).get(_FOUND)
    return found or _signed_by_us(connection.cookies.get(COOKIE, ""), settings.secret) or _fresh()


def known_visitor(connection: HTTPConnection, settings: Settings) -> str | None:
    """The visitor whose cookie of ours a connection brings."""
    return _signed_by_us(connection.cookies.get(COOKIE, ""), settings.secret)


class VisitorCookies:
    """ASGI middleware that knows each visitor again, and gives a new one a cookie.

    seen: told of each visitor who is known, at every request.
    """

    def __init__(self, app: ASGIApp, settings: Settings, seen: Callable[[str], Awaitable[object]] | None = None) -> None:
        self.app = app
        self._settings = settings
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._settings.hosted or scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        known = known_visitor(HTTPConnection(scope), self._settings)
        if known and self._seen:
            await self._seen(known)
        scope[_FOUND] = visitor = known or _fresh()

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not known:
                MutableHeaders(scope=message).append("set-cookie", _cookie(visitor, self._settings.secret))
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _fresh() -> str:
    return secrets.token_hex(16)


def _cookie(visitor: str, secret: bytes) -> str:
    """Spaces show the page in a frame of another site, where only a partitioned, secure cookie without SameSite is kept."""
    value = f"{visitor}.{_signature(visitor, secret)}"
    return f"{COOKIE}={value}; Max-Age={LIFE}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"


def _signature(visitor: str, secret: bytes) -> str:
    return hmac.new(secret, visitor.encode(), sha256).hexdigest()


def _signed_by_us(value: str, secret: bytes) -> str | None:
    """The visitor in a cookie that we signed, None for any other."""
    found = re.fullmatch(r"([0-9a-f]{32})\.([0-9a-f]{64})", value)
    return found[1] if found and hmac.compare_digest(found[2], _signature(found[1], secret)) else None
