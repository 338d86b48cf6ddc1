"""Open Sound Control: what comes by UDP moves the open pages, and what stands on them goes out. Off unless a flag asks for it."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from typing import Any, Literal, get_args

from studio.errors import Fault
from studio.osc_packets import ADDRESS, BOUND, LONGEST, Malformed, Message, read_packet, write_packet
from studio.rate import Rate
from studio.recipe_rules import MAX_SEED, number, seed as a_seed
from studio.settings import Settings

FRAME = 1 / 60  # seconds from one message to a page to the next
PAUSE = 0.04  # seconds from one telling of the outside to the next
RATE, BURST = 2000.0, 500  # packets a second that are read, and at once
MOST = 128  # addresses that wait for a page, or for the outside
OWN = "/atelier/"
SEED, SAVE, PARAM = f"{OWN}seed", f"{OWN}save", f"{OWN}param/"

Outcome = Literal["taken", "refused", "dropped"]


class Newest:
    """The newest value of each address since the last look, of at most 128 addresses."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._some = asyncio.Event()

    def put(self, values: Mapping[str, float]) -> bool:
        """False where there was no room for all."""
        room = True
        for address, value in values.items():
            if address in self._values or len(self._values) < MOST:
                self._values[address] = value
            else:
                room = False
        if self._values:
            self._some.set()
        return room

    async def take(self) -> dict[str, float]:
        """What there is, as soon as there is something."""
        await self._some.wait()
        self._some.clear()
        values, self._values = self._values, {}
        return values


class Osc(asyncio.DatagramProtocol):
    """The studio's ear and mouth for OSC. Fault where it can't listen, or where what it is to speak to isn't to be found."""

    def __init__(self, settings: Settings) -> None:
        self._ear = _open(settings.osc_host, settings.osc, "fault.osc_port", socket.socket.bind) if settings.osc else None
        self._mouth = _open(*settings.osc_out, "fault.osc_out", socket.socket.connect) if settings.osc_out else None
        self._pages: set[Newest] = set()
        self._telling = Newest()
        self._rate = Rate(RATE, BURST)
        self.packets = Counter[Outcome](dict.fromkeys(get_args(Outcome), 0))  # what became of those that came
        ends = {"in": settings.osc, "out": settings.osc_out and "{}:{}".format(*settings.osc_out)}
        self.ends: dict[str, Any] | None = ends if settings.osc or settings.osc_out else None  # as a page is told of them

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """Hear and speak for as long as the application runs."""
        async with AsyncExitStack() as stack:
            if self._ear:
                transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=self._ear)
                stack.callback(transport.close)
            if self._mouth:
                stack.callback(self._mouth.close)
                stack.callback(asyncio.create_task(self._speak(self._mouth)).cancel)
            yield

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass on what a packet says; one too many is not even read."""
        self.packets[self._hear(data) if self._rate.allows() else "dropped"] += 1

    def _hear(self, packet: bytes) -> Outcome:
        try:
            values = [meant(message) for message in read_packet(packet)]
        except Malformed:
            return "refused"
        rooms = [page.put(one) for page in self._pages for one in values]
        return "taken" if all(rooms) else "dropped"

    async def relay(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Tell a page what is heard, the newest of each address once a frame, for as long as it is open."""
        heard = Newest()
        self._pages.add(heard)
        try:
            while True:
                await send({"type": "osc", "values": await heard.take()})
                await asyncio.sleep(FRAME)
        finally:
            self._pages.discard(heard)

    def tell(self, seed: object, parameters: Mapping[str, object]) -> None:
        """What stands on a page now goes out, the newest of each address. Fault where nobody asked for it, and for what is no number."""
        if not self._mouth:
            raise Fault("fault.osc_off")
        values: dict[str, float] = {} if seed is None else {SEED: a_seed("seed", seed)}
        if len(parameters) > MOST:
            raise Fault("fault.bad_message")
        for name, value in parameters.items():
            address = PARAM + name
            if len(address) <= LONGEST and ADDRESS.fullmatch(address):  # other names OSC can't spell
                values[address] = number("params", value, -BOUND, BOUND)
        self._telling.put(values)

    async def _speak(self, mouth: socket.socket) -> None:
        while True:
            for address, value in (await self._telling.take()).items():
                with suppress(OSError):  # nobody hears it, or the line is full: the next has the newer values
                    mouth.send(write_packet(address, value))
            await asyncio.sleep(PAUSE)


def meant(message: Message) -> dict[str, float]:
    """What a message says to a page, a value by its address: a second number of a message goes by `ADDRESS#2`, and so on. Malformed for
    one of the studio's own addresses with something that it can't mean."""
    address, numbers = message
    if address == SAVE:
        return {SAVE: 1.0} if not numbers or numbers[0] else {}  # a button that is let go saves nothing
    if address == SEED and len(numbers) == 1 and numbers[0].is_integer() and 0 <= numbers[0] <= MAX_SEED:
        return {SEED: int(numbers[0])}
    if address.startswith(PARAM) and len(numbers) == 1:
        return {address: numbers[0]}
    if address.startswith(OWN) or not numbers:
        raise Malformed
    return {address if place == 1 else f"{address}#{place}": value for place, value in enumerate(numbers, start=1)}


def _open(host: str, port: int, fault: str, join: Callable[[socket.socket, Any], None]) -> socket.socket:
    with ExitStack() as stack:
        try:
            (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            made = stack.enter_context(socket.socket(family, kind, protocol))
            made.setblocking(False)
            join(made, address)
        except OSError as error:
            raise Fault(fault, host=host, port=port, reason=error.strerror or str(error)) from error
        stack.pop_all()
    return made
