"""A page at the /live websocket: recipes come in, frames go out, and of what waits only the newest is drawn."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from studio.drawing import place_on_map
from studio.engine import Engine
from studio.errors import Fault
from studio.film import LONGEST, film_from_dict
from studio.frames import Picture, frame_jpeg, frame_rgba, to_png
from studio.jobs import PictureFuture, Superseded
from studio.line import Line
from studio.osc import Osc
from studio.rate import Rate
from studio.recipe import VERSION, Recipe, from_dict, to_dict
from studio.recipe_rules import number as moment
from studio.recipe_text import MAX_JSON
from studio.reel import Reel
from studio.sheets import GONE, Sheets, error_message, pack

RATE = 240.0  # messages a second
BURST = 60  # messages that may come at once
MAX_PICTURE = 1 << 20  # characters of a picture that comes with a message
PATIENCE = 2000  # messages beyond the rate until the page is sent away

TOO_FAST = 1008


@dataclass(frozen=True)
class Ask:
    """One frame that a page asks for."""

    id: int
    recipe: Recipe
    rest: bool  # the hand rests: lossless, and drawn alone
    near: bool  # the page is on this machine: plain pixels cost less than a JPEG and its decoding


@dataclass(frozen=True, eq=False)
class Flight:
    """An ask that the engine has."""

    ask: Ask
    future: PictureFuture


class LivePage:
    """One open page: at most one frame of it is drawn at a time while another is sent, and its jobs end with it.

    turns: how many films are made ready at once, of all pages; channel: its own name to the engine.
    is_still: what a generator draws is asked for at rest alone.
    """

    def __init__(
        self,
        socket: WebSocket,
        engine: Engine,
        sheets: Sheets,
        osc: Osc,
        turns: asyncio.Semaphore,
        visitor: str,
        channel: str,
        is_still: bool,
    ) -> None:
        self._socket = socket
        self._engine = engine
        self._sheets = sheets
        self._osc = osc
        self._turns = turns
        self._visitor = visitor
        self._channel = channel
        self._is_still = is_still
        self._reel: Reel | None = None
        self._newest: Ask | None = None
        self._flight: Flight | None = None
        self._asked = asyncio.Event()
        self._rate = Rate(RATE, BURST)
        self._complaints = Rate(1, 1)  # one answer a second to a page that sends too fast
        self._refused = 0
        self.moved = float("-inf")  # when it last asked for a frame

    async def stand_in(self, line: Line) -> None:
        """Wait in line, and tell the page where; raises one of GONE where it has left meanwhile."""

        async def tell(place: int, seconds: float) -> None:
            await self._socket.send_json({"type": "line", "place": place, "estimate": round(seconds)})

        turn, left = asyncio.create_task(line.wait(tell)), asyncio.create_task(self._socket.receive())
        try:
            await asyncio.wait((turn, left), return_when=asyncio.FIRST_COMPLETED)
            if left.done():  # a page says nothing before it is greeted
                raise WebSocketDisconnect
            turn.result()
        finally:
            turn.cancel()
            left.cancel()
            await asyncio.gather(turn, left, return_exceptions=True)

    async def run(self) -> None:
        """Until the page is gone; then nothing of its work goes on."""
        ends = {asyncio.create_task(self._listen()), asyncio.create_task(self._paint())}
        if self._osc.ends:
            ends.add(asyncio.create_task(self._osc.relay(self._socket.send_json)))
        try:
            finished, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                task.result()
        except GONE:
            return
        finally:
            await self._leave(ends)

    async def _leave(self, ends: set[asyncio.Task[None]]) -> None:
        if self._flight:
            self._flight.future.cancel()
        tasks = [*ends, *self._sheets.leave()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        await self._socket.send_json(self._hello())
        while (message := await self._socket.receive())["type"] == "websocket.receive":
            if not await self._read(message):
                return await self._socket.close(TOO_FAST)

    def _hello(self) -> dict[str, Any]:
        dtype = str(self._engine.dtype).removeprefix("torch.")
        return {
            "type": "hello",
            "device": self._engine.made.device if self._is_still else self._engine.device.type,
            "still": self._is_still,
            "dtype": dtype,
            "version": VERSION,
            "osc": self._osc.ends,
        }

    async def _read(self, message: Any) -> bool:
        """Do what a message asks, or answer with a fault; False when the page was too fast for too long."""
        if not self._rate.allows():
            self._refused += 1
            if self._complaints.allows():
                await self._socket.send_json(error_message(None, Fault("fault.too_fast", most=int(RATE), status=429)))
            return self._refused < PATIENCE
        number: int | None = None
        try:
            content = _parse(message.get("text"))
            number = content["id"] if type(content.get("id")) is int else None
            await self._obey(content)
        except Fault as fault:
            await self._socket.send_json(error_message(number, fault))
        return True

    async def _obey(self, content: dict[str, Any]) -> None:
        match content:
            case {"type": "draw", "id": int(), "recipe": dict(recipe), "picture": str(picture)}:
                source = await asyncio.to_thread(self._hold, picture)
                self._draw(_ask(content, from_dict({**recipe, "source": source})))
            case {"type": "draw", "id": int(), "recipe": recipe}:
                ask = _ask(content, from_dict(recipe))
                if self._is_still and not (ask.rest or ask.recipe.source or ask.recipe.after):
                    raise Fault("fault.still", status=409)
                self._draw(ask)
            case {"type": "sheet", "id": int(number)}:
                await self._sheets.begin(number, content)
            case {"type": "reel", "id": int(number), "film": film}:
                await self._make_ready(number, film)
            case {"type": "play", "id": int(), "at": int() | float() as at} if self._reel:
                self._draw(_ask(content, self._reel.at(moment("at", at, -LONGEST, LONGEST))))
            case {"type": "osc", "params": dict(parameters)}:
                self._osc.tell(content.get("seed"), parameters)
            case {"type": "cancel", "id": int(number)}:
                self._sheets.cancel(number)
            case _:
                raise Fault("fault.bad_message")

    async def _make_ready(self, number: int, given: Any) -> None:
        """Make a film ready to be played, and say how its end meets its beginning."""
        film = film_from_dict(given)

        def ready() -> tuple[Reel, tuple[float, float]]:
            reel = self._engine.films.reel(film, self._visitor)
            return reel, self._engine.films.seam(reel, self._visitor)

        async with self._turns:  # threads are few, and a film whose pace is evened takes seconds
            self._reel, (across, beside) = await asyncio.to_thread(ready)
        await self._socket.send_json(
            {"type": "reel", "id": number, "frames": film.frames, "seam": round(across, 4), "step": round(beside, 4)}
        )

    def _hold(self, picture: str) -> str:
        """A picture that comes with a message, a sketch or a camera's, held for as long as newer ones leave it room: its id."""
        try:
            data = base64.b64decode(picture, validate=True)
        except ValueError as error:
            raise Fault("fault.bad_message") from error
        return self._engine.darkroom.tray.hold(data, self._visitor)

    def _draw(self, ask: Ask) -> None:
        """What waits in the engine is replaced there and keeps its turn; while a frame is drawn or sent, only the newest is kept."""
        self.moved = time.monotonic()
        if self._flight and not (self._flight.future.running() or self._flight.future.done()):
            self._flight = self._send_off(ask)
        else:
            self._newest = ask
            self._asked.set()

    def _send_off(self, ask: Ask) -> Flight:
        return Flight(ask, self._engine.live(self._visitor, ask.recipe, ask.rest, channel=self._channel))

    async def _paint(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._go_on()
            while flight := self._flight:
                await self._deliver(flight)
                if self._flight is flight:
                    self._flight = None

    def _go_on(self) -> None:
        """Have the newest ask drawn, if there is one."""
        if ask := self._newest:
            self._newest = None
            self._flight = self._send_off(ask)

    async def _deliver(self, flight: Flight) -> None:
        """Wait for a picture and send it; the fault instead, if there is one; nothing, if a newer ask replaced it."""
        try:
            picture = await asyncio.wrap_future(flight.future)
            self._go_on()  # the next is drawn while this one is sent
            await self._send_frame(flight.ask, picture, flight.future.draw_ms)
        except Superseded:
            return
        except Fault as fault:
            await self._socket.send_json(error_message(flight.ask.id, fault))

    async def _send_frame(self, ask: Ask, picture: Picture, milliseconds: float) -> None:
        header: dict[str, Any] = {"type": "frame", "id": ask.id, "rest": ask.rest, "ms": round(milliseconds, 2)}
        checkpoint = self._engine.checkpoints.get(ask.recipe.generator)
        if checkpoint and (position := place_on_map(checkpoint, ask.recipe)):
            header["position"] = position
        if ask.rest:
            header |= {"format": "png", "recipe": to_dict(picture.recipe)}
            data = await asyncio.to_thread(to_png, picture)  # tens of milliseconds when enlarged
        elif ask.near:
            header |= {"format": "rgba", "width": picture.pixels.shape[1], "height": picture.pixels.shape[0]}
            data = frame_rgba(picture.pixels)
        else:
            header["format"] = "jpeg"
            data = frame_jpeg(picture.pixels)  # under a millisecond: sending it elsewhere would cost more
        await self._socket.send_bytes(pack(header, data))


def _ask(content: Mapping[str, Any], recipe: Recipe) -> Ask:
    return Ask(content["id"], recipe, content.get("rest") is True, content.get("near") is True)


def _parse(text: str | None) -> dict[str, Any]:
    if text is None:
        raise Fault("fault.bad_message")
    if len(text) > MAX_JSON + MAX_PICTURE:
        raise Fault("fault.too_large", size=len(text), most=MAX_JSON, status=413)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Fault("fault.bad_message") from error
    if not isinstance(content, dict):
        raise Fault("fault.bad_message")
    picture = content.get("picture")
    if (size := len(text) - (len(picture) if isinstance(picture, str) else 0)) > MAX_JSON:
        raise Fault("fault.too_large", size=size, most=MAX_JSON, status=413)
    return content
