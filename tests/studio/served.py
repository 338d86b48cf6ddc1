"""The routes of create_web on a real port, in this process, and a page that speaks with /live."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect

from studio.bench.server import free_port
from studio.engine import Engine
from studio.gallery import Gallery
from studio.server import config
from studio.settings import Settings
from studio.web import create_web


@dataclass(frozen=True)
class Served:
    host: str  # with its port
    engine: Engine
    gallery: Gallery
    web: FastAPI

    @property
    def url(self) -> str:
        return f"http://{self.host}"


@contextmanager
def served(engine: Engine, folder: Path, settings: Settings | None = None, **options: Any) -> Iterator[Served]:
    """options: of uvicorn."""
    port = free_port()
    with Gallery(folder / "gallery") as gallery:
        web = create_web(engine, gallery, settings or Settings(port=port, folder=folder))
        server = uvicorn.Server(config(web, port=port, log_level="warning", **options))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        try:
            yield Served(f"127.0.0.1:{port}", engine, gallery, web)
        finally:
            server.should_exit = True
            thread.join(10)


@dataclass(frozen=True)
class Told:
    """A message from /live: its header, and the picture if it brought one."""

    header: dict[str, Any]
    data: bytes = b""


class OpenPage:
    """What studio/ui/static/live.js is to the server."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.hello = self.hear().header

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self) -> Told:
        message = self.socket.recv(timeout=10)
        if isinstance(message, str):
            return Told(json.loads(message))
        end = 4 + int.from_bytes(message[:4], "big")
        return Told(json.loads(message[4:end]), message[end:])

    def hear_until(self, kind: str) -> Told:
        while (told := self.hear()).header["type"] != kind:
            pass
        return told

    def fault(self) -> tuple[int | None, str]:
        """The id and code of the error that comes next."""
        told = self.hear_until("error").header
        return told["id"], told["fault"]["code"]


@contextmanager
def open_page(host: str, **options: Any) -> Iterator[OpenPage]:
    with connect(f"ws://{host}/live", **options) as socket:
        yield OpenPage(socket)
