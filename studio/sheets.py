"""What a page has drawn besides its frame: contact sheets and maps, jobs whose pictures are sent as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, cast

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from studio.atlas import Atlas, Chart, Extent, small
from studio.breeding import Board, Litter, asked
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import Picture, frame_jpeg, to_png
from studio.jobs import Job, LongJob
from studio.recipe import Recipe, from_dict, to_dict
from studio.recipe_rules import seed
from studio.sampling import Mode

SHEETS_EACH = 4  # a page
PROGRESS_EVERY = 0.5  # seconds between looks at a job that waits
GONE = (WebSocketDisconnect, WebSocketDisconnected)  # what a send or receive raises once the page has left
as_json = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make an encoder for each frame


class Sheets:
    """Those of one open page, by the numbers that it gave them.

    turns: how many maps are laid out at once, shared with all that takes seconds of a thread.
    """

    def __init__(self, socket: WebSocket, engine: Engine, atlas: Atlas, turns: asyncio.Semaphore, visitor: str) -> None:
        self._socket, self._engine, self._atlas, self._turns, self._visitor = socket, engine, atlas, turns, visitor
        self._open: dict[int, tuple[Job | LongJob, asyncio.Task[None]]] = {}

    async def begin(self, number: int, content: dict[str, Any]) -> None:
        """Find what a message asks for and begin to draw it; Fault for everything wrong with it."""
        match content:
            case {"recipes": list(recipes)}:
                self._submit(number, [from_dict(recipe) for recipe in recipes])
            case {"recipe": recipe, "mode": str(mode), "count": int(count), "seed": int(sheet_seed)}:
                around, sheet_seed = from_dict(recipe), seed("seed", sheet_seed)
                self._submit(number, await asyncio.to_thread(self._engine.sample, around, cast(Mode, mode), count, sheet_seed))
            case {"breed": given}:
                litter = asked(Litter, given)
                self._submit(number, [*litter.parents, *await asyncio.to_thread(self._engine.breed, litter)])
            case {"board": given}:
                self._submit(number, await asyncio.to_thread(self._engine.mix, asked(Board, given)))
            case {"map": given}:
                self._check_room(number)
                chart = self._atlas.chart(asked(Extent, given), self._visitor)
                self._start(number, chart.job, self._send_map(number, chart))
            case _:
                raise Fault("fault.bad_message")

    def cancel(self, number: int) -> None:
        if number in self._open:
            self._open[number][0].cancel()

    def leave(self) -> list[asyncio.Task[None]]:
        """The page is gone: draw no more. What is still to be ended is the caller's."""
        for job, _ in self._open.values():
            job.cancel()
        return [task for _, task in self._open.values()]

    def _check_room(self, number: int) -> None:
        if len(self._open) >= SHEETS_EACH:
            raise Fault("fault.too_many", most=SHEETS_EACH, status=429)
        if number in self._open:
            raise Fault("fault.bad_message")

    def _submit(self, number: int, recipes: Sequence[Recipe]) -> None:
        self._check_room(number)
        job = self._engine.submit(recipes, visitor=self._visitor)
        self._start(number, job, self._send_sheet(number, job))

    def _start(self, number: int, job: Job | LongJob, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(sending)
        self._open[number] = job, task
        task.add_done_callback(lambda _: self._open.pop(number, None))

    async def _send_sheet(self, number: int, job: Job) -> None:
        """Every picture of a job, losslessly."""

        async def cell(index: int, picture: Picture) -> None:
            await self._send_cell(number, index, picture, "png", await asyncio.to_thread(to_png, picture))

        await self._follow(number, job, cell)

    async def _send_map(self, number: int, chart: Chart) -> None:
        """A map's samples, small, as they are drawn; then where they and the saved pictures lie."""

        async def cell(index: int, picture: Picture) -> None:
            await asyncio.to_thread(chart.look, picture)
            await self._send_cell(number, index, picture, "jpeg", frame_jpeg(small(picture.pixels)))

        async def places() -> None:
            async with self._turns:
                pictures = await asyncio.to_thread(chart.places)
            await self._socket.send_json({"type": "map", "id": number, "pictures": pictures})

        await self._follow(number, chart.job, cell, places)

    async def _follow(
        self,
        number: int,
        job: Job | LongJob,
        cell: Callable[[int, Picture], Awaitable[None]],
        last: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Each picture as it comes, with a line on the job whenever something changed; how it ended comes last."""
        told: dict[str, Any] = {}
        sent = 0
        with suppress(*GONE):
            try:
                for future in job.futures:
                    waiter = asyncio.wrap_future(future)
                    while not waiter.done():
                        if (now := _standing(number, job, sent)) != told:
                            await self._socket.send_json(told := now)
                        await asyncio.wait([waiter], timeout=PROGRESS_EVERY)
                    if waiter.cancelled():
                        break
                    await cell(sent, waiter.result())
                    sent += 1
                if last and job.state == "done":
                    await last()
            except Fault as fault:
                job.cancel()
                await self._socket.send_json(error_message(number, fault))
            await self._socket.send_json(_standing(number, job, sent) | {"state": job.state})

    async def _send_cell(self, number: int, index: int, picture: Picture, format: str, data: bytes) -> None:
        header = {"type": "cell", "id": number, "index": index, "format": format, "recipe": to_dict(picture.recipe)}
        await self._socket.send_bytes(pack(header, data))


def pack(header: dict[str, Any], data: bytes) -> bytes:
    """A binary message: the header's length in 4 bytes, big-endian, the header as JSON, the picture."""
    text = as_json(header).encode()
    return len(text).to_bytes(4, "big") + text + data


def error_message(number: int | None, fault: Fault) -> dict[str, Any]:
    """A fault as the page hears it, with the number of what it answers."""
    return {"type": "error", "id": number, "fault": fault.as_json()}


def _standing(number: int, job: Job | LongJob, sent: int) -> dict[str, Any]:
    """Where a job stands as the page sees it: it is not over before its last picture was sent."""
    state = "waiting" if job.state == "waiting" else "running"
    estimate = round(job.estimate(), 1)
    return {"type": "job", "id": number, "place": job.place(), "estimate": estimate, "done": sent, "total": job.total, "state": state}


def unpack(message: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the picture of what `pack` made."""
    end = 4 + int.from_bytes(message[:4], "big")
    return json.loads(message[4:end]), message[end:]
