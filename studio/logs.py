"""What the studio writes about itself: a line an event, with the request it belongs to, and nothing about persons.

Neither addresses, cookies, recipes nor queries are ever written: of a request its method, the pattern of its path, its status and
the milliseconds that it took.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.settings import Style

HEADER = "X-Request-ID"
_FOUND = "atelier.request"  # where the middleware leaves the id in an ASGI scope
_REQUEST: ContextVar[str] = ContextVar("request", default="")
LOG = logging.getLogger("studio.web")


def request_id(scope: Scope) -> str:
    """The id of a request that came through RequestIds; nothing of another."""
    return scope.get(_FOUND, "")


class JsonLines(logging.Formatter):
    """A JSON object a line: when (UTC), how grave, who says it, what, in which request, and the trace of a fault."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": _REQUEST.get(),
            **getattr(record, "figures", {}),
            "trace": self.formatException(record.exc_info) if record.exc_info else "",
        }
        return json.dumps({key: value for key, value in told.items() if value != ""}, ensure_ascii=False)


class Plain(logging.Formatter):
    """The same for eyes, the request behind the words."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        request = _REQUEST.get()
        return super().formatMessage(record) + (f" [{request}]" if request else "")


def set_up(style: Style, stream: TextIO = sys.stderr) -> None:
    """Everything that is logged in this process goes there in that style; replaces what was set up before."""
    told = logging.StreamHandler(stream)
    told.setFormatter(JsonLines() if style == "json" else Plain())
    logging.basicConfig(level=logging.WARNING, handlers=[told], force=True)
    LOG.setLevel(logging.INFO if style == "json" else logging.WARNING)


class RequestIds:
    """ASGI middleware: every answer carries an id of its request, which every line written meanwhile carries too.

    The id is made here: one from outside could forge lines. In the JSON style each request is one line; in the plain one only what
    failed is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        scope[_FOUND] = id = secrets.token_hex(6)
        _REQUEST.set(id)  # and never unset: each request is a task of its own, and what catches its fault outside of us is in it too
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            status = 500
            raise
        finally:
            if scope["type"] == "http":
                self._tell(scope, status, (time.perf_counter() - began) * 1000)

    @staticmethod
    def _tell(scope: Scope, status: int, milliseconds: float) -> None:
        """status 0: the one who asked was gone before an answer."""
        grave = logging.ERROR if status >= 500 and status != 503 else logging.INFO  # 503 is said by a studio that is full or not ready
        figures = {"method": scope["method"], "path": path_of(scope), "status": status, "ms": round(milliseconds, 1)}
        LOG.log(grave, "%(method)s %(path)s %(status)d in %(ms).1f ms", figures, extra={"figures": figures})


def path_of(scope: Scope) -> str:
    """The pattern of a request's path, so that no id of a picture, no link and no name is written; its first part where none fits."""
    pattern = getattr(scope.get("route"), "path", "")
    return pattern or "/" + scope["path"].lstrip("/").partition("/")[0][:40]
