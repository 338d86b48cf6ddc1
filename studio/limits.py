"""How often one address may come, so that dropping the cookie gains nothing; ASGI middleware of the hosted profile.

An address is what uvicorn calls the client: the connection's own, or what a trusted proxy says of it (--proxies). Of IPv6 it is the
/64 network, which one subscriber has whole.
"""

from __future__ import annotations

import ipaddress
import json
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.errors import Fault
from studio.rate import Rate
from studio.settings import Settings
from studio.sheets import error_message
from studio.visitors import known_visitor
from studio.web_answers import NO_CACHE
from studio.words import LANGUAGES, say

REMEMBERED = 20_000  # addresses
TRY_LATER = 1013  # how a socket is closed
UPLOADS = ("/tray", "/sounds", "/films/open", "/gradio_api/upload")


@dataclass(frozen=True)
class Allowance:
    """At once, and a minute after that."""

    burst: int
    minute: float

    def rate(self, clock: Callable[[], float]) -> Rate:
        return Rate(self.minute / 60, self.burst, clock)


@dataclass(frozen=True)
class Allowances:
    """Of one address. A class behind one address opens the page at once; a page asks for itself and for one socket."""

    pages: Allowance = Allowance(120, 60)
    uploads: Allowance = Allowance(240, 120)
    visitors: Allowance = Allowance(60, 30)  # who bring no cookie of ours
    sockets: int = 128  # open at once


class Comer:
    """What is known of an address."""

    def __init__(self, most: Allowances, clock: Callable[[], float]) -> None:
        self.pages, self.uploads, self.visitors = (one.rate(clock) for one in (most.pages, most.uploads, most.visitors))

    @property
    def forgettable(self) -> bool:
        return self.pages.full and self.uploads.full and self.visitors.full


class AddressLimits:
    """Refuses with 429 and Retry-After; a socket with the fault as a message. All else of a page goes through uncounted."""

    def __init__(
        self, app: ASGIApp, settings: Settings, most: Allowances | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app = app
        self._settings, self._most, self._clock = settings, most or Allowances(), clock
        self._comers: OrderedDict[str, Comer] = OrderedDict()
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._settings.hosted or scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        address = address_of(scope)
        if fault := self._fault(scope, address):
            return await _refuse(fault, scope, receive, send)
        if scope["type"] == "http":
            return await self.app(scope, receive, send)
        self._open[address] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._open[address] -= 1
            self._open += Counter()  # drops the zeros

    def _fault(self, scope: Scope, address: str) -> Fault | None:
        """Why this request is one too many."""
        path, is_socket = scope["path"].removeprefix(scope.get("root_path", "")), scope["type"] == "websocket"
        if is_socket and self._open[address] >= self._most.sockets:
            return _too_often("fault.address_sockets", 60)
        comer, is_post = self._comer(address), scope.get("method") == "POST"
        is_page = is_socket or (scope["method"] == "GET" and path in ("", "/"))
        if (is_page or is_post) and not known_visitor(HTTPConnection(scope), self._settings) and not comer.visitors.allows():
            return _too_often("fault.address_visitors", comer.visitors.wait)
        if is_page and not comer.pages.allows():
            return _too_often("fault.address_pages", comer.pages.wait)
        if is_post and path in UPLOADS and not comer.uploads.allows():
            return _too_often("fault.address_uploads", comer.uploads.wait)
        return None

    def _comer(self, address: str) -> Comer:
        if not (comer := self._comers.get(address)):
            comer = self._comers[address] = Comer(self._most, self._clock)
        self._comers.move_to_end(address)
        while len(self._comers) > REMEMBERED or (len(self._comers) > 1 and next(iter(self._comers.values())).forgettable):
            self._comers.popitem(last=False)
        return comer


def address_of(scope: Scope) -> str:
    """The network that a request comes from, as text; "" where nothing is known, which is an address like any other."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


def _too_often(code: str, seconds: float) -> Fault:
    return Fault(code, status=429, seconds=max(1, math.ceil(seconds)))


async def _refuse(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        return await _answer(fault, Headers(scope=scope))(scope, receive, send)
    await receive()  # that it wants to connect
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps(error_message(None, fault))})
    await send({"type": "websocket.close", "code": TRY_LATER})


def _answer(fault: Fault, headers: Headers) -> Response:
    """JSON for scripts; for who types the address, the sentence in every language."""
    told = {**NO_CACHE, "Retry-After": str(fault.params["seconds"])}
    if "text/html" in headers.get("accept", ""):
        return PlainTextResponse("\n\n".join(say(one, fault.code, **fault.params) for one in LANGUAGES), fault.status, told)
    return JSONResponse({"fault": fault.as_json()}, fault.status, told)
