"""Tells systemd that the studio is ready and still draws, as sd_notify(3) has it; silent where nobody asked."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from studio.engine import Engine
from studio.errors import Fault
from studio.recipe import Recipe

ADDRESS, WATCHDOG = "NOTIFY_SOCKET", "WATCHDOG_USEC"
BUSY = ("fault.busy", "fault.too_many")
BEATS = 3  # in the time after which systemd loses patience


def notify(message: str, env: Mapping[str, str] = os.environ) -> bool:
    """Send one datagram to the service manager; whether there was one to hear it."""
    address = env.get(ADDRESS, "")
    if address[:1] not in ("/", "@"):
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:  # who is gone need not be told
        out.sendto(message.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
        return True
    return False


def beating(engine: Engine, env: Mapping[str, str] = os.environ) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """The lifespan of an application that draws with an engine."""

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        notify("READY=1", env)
        microseconds = env.get(WATCHDOG, "")
        every = int(microseconds) / 1e6 / BEATS if microseconds.isdigit() and env.get(ADDRESS) else 0
        heart = asyncio.create_task(_beat(engine, every, env)) if every else None
        try:
            yield
        finally:
            notify("STOPPING=1", env)
            if heart:
                heart.cancel()

    return lifespan


async def _beat(engine: Engine, every: float, env: Mapping[str, str]) -> None:
    """A beat is a picture drawn: where the loop, the queue or the worker hangs, none comes and the studio is started anew."""
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await _draw(engine)
            notify("WATCHDOG=1", env)
        await asyncio.sleep(every)


async def _draw(engine: Engine) -> None:
    """Who is too busy for one more is alive; one that stopped, broke or has no memory left is not."""
    try:
        await asyncio.wrap_future(engine.ask(Recipe(next(iter(engine.checkpoints)))))
    except Fault as fault:
        if fault.code not in BUSY:
            raise TimeoutError from fault
