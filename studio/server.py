"""uvicorn with bounds: on what one message or one request's head may hold, and on how long either may take to come."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_MESSAGE = 16 << 20  # bytes of a message that is read, be it only to be told that it is too large; beyond, the socket is closed
LONGEST_HEAD = 64 << 10  # bytes of a request before its body
HEAD_WITHIN = 20.0  # seconds from the connection, or from a request's first byte, to the end of its head
NEXT_WITHIN = 30.0  # seconds from one part of a body to the next


class PatientProtocol(HttpToolsProtocol):
    """HTTP to which a request comes in good time or not at all, so that whoever sends a byte a minute holds nothing for long."""

    _late: asyncio.TimerHandle | None = None
    _head: int | None = 0  # bytes of a head that is still coming

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._wait(HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += len(data)
        elif self._late:
            self._wait(NEXT_WITHIN)
        super().data_received(data)
        if self._head is not None and self._head > LONGEST_HEAD:
            self.send_400_response("The head of this request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait(HEAD_WITHIN)

    def on_headers_complete(self) -> None:
        self._head = None
        self._wait(NEXT_WITHIN)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._head = 0
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        """Give up in so many seconds, unless told otherwise before; None = whatever comes may take its time."""
        if self._late:
            self._late.cancel()
        self._late = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if self.flow.read_paused:  # it is we who are slow
            self._wait(NEXT_WITHIN)
        else:
            self.transport.abort()


def config(web: Any, **more: Any) -> uvicorn.Config:
    """How the studio is served; more: further arguments of uvicorn.Config."""
    bounds: dict[str, Any] = {"http": PatientProtocol, "ws_max_size": LARGEST_MESSAGE, "timeout_graceful_shutdown": 2}
    return uvicorn.Config(web, **{**bounds, "ws_per_message_deflate": False, **more})
