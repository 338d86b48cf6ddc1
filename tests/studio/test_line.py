"""The line at the door: in turn, told where one stands, and left without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from studio import live, live_page
from studio.line import Line
from tests.studio.served import OpenPage, Served, open_page, served
from tests.studio.stand_in import Obedient, obedient_engine


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Served, Obedient]]:
    with obedient_engine(monkeypatch) as (engine, generator), served(engine, tmp_path) as studio:
        yield studio, generator


def test_who_comes_first_is_let_in_first_and_told_the_place() -> None:
    room, told, came = [False], {"a": [], "b": []}, []
    line = Line(lambda: room[0], 8)

    async def one(name: str) -> None:
        async def tell(place: int, seconds: float) -> None:
            told[name].append((place, seconds > 0))

        await line.wait(tell, every=0.001)
        came.append(name)

    async def all_of_them() -> None:
        waiting = [asyncio.create_task(one(name)) for name in "ab"]
        await asyncio.sleep(0.02)
        assert came == []
        room[0] = True
        await asyncio.gather(*waiting)

    asyncio.run(all_of_them())
    assert came == ["a", "b"]
    assert told == {"a": [(0, True)], "b": [(1, True)]} or told == {"a": [(0, True)], "b": [(1, True), (0, True)]}


def test_who_leaves_the_line_holds_nobody_up() -> None:
    line = Line(lambda: False, 1)

    async def come_and_go() -> None:
        async def tell(place: int, seconds: float) -> None: ...

        waiting = asyncio.create_task(line.wait(tell, every=0.001))
        await asyncio.sleep(0.01)
        assert line.is_full
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert not line.is_full

    asyncio.run(come_and_go())


def test_a_page_waits_in_line_until_another_leaves(studio: tuple[Served, Obedient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAGES", 1)
    host = studio[0].host
    with connect(f"ws://{host}/live") as waiting:
        first = OpenPage(waiting)
        with connect(f"ws://{host}/live") as second:
            told = second.recv(timeout=5)
            assert '"type":"line"' in str(told).replace(" ", "")
            assert '"place":0' in str(told).replace(" ", "")
            waiting.close()
            page = OpenPage(second)
            page.say(type="draw", id=1, recipe={"generator": "obedient"})
            assert page.hear().header["id"] == 1
    assert first.hello["type"] == "hello"


def test_who_comes_while_frames_come_too_seldom_waits(studio: tuple[Served, Obedient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "FEW", 0)
    monkeypatch.setattr(live, "SLOWEST", 0.0)
    with connect(f"ws://{studio[0].host}/live") as second:
        assert "line" in str(second.recv(timeout=5))


def test_a_thousand_idle_pages_are_held_and_one_that_moves_is_drawn_for(
    studio: tuple[Served, Obedient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PAGES_EACH", 2000)
    monkeypatch.setattr(live, "PAGES", 1000)
    host = studio[0].host

    async def come() -> None:
        from websockets.asyncio.client import connect as open_socket

        sockets = [await open_socket(f"ws://{host}/live", compression=None) for _ in range(1000)]
        assert {'"hello"' in str(await socket.recv()) for socket in sockets} == {True}
        await sockets[500].send('{"type": "draw", "id": 7, "recipe": {"generator": "obedient"}}')
        assert b'"id":7' in bytes(await sockets[500].recv())  # type: ignore[arg-type]
        async with open_socket(f"ws://{host}/live") as late:
            assert '"line"' in str(await late.recv())
        await asyncio.gather(*(socket.close() for socket in sockets))

    asyncio.run(come())


def test_a_page_that_does_not_read_holds_nobody_up(studio: tuple[Served, Obedient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_page, "frame_rgba", lambda pixels: bytes(8 << 20))  # more than lies on the way
    host, generator = studio[0].host, studio[1]
    with open_page(host, compression=None, max_queue=1, max_size=None, close_timeout=0.1) as slow, open_page(host) as quick:
        for number in range(30):
            slow.say(type="draw", id=number, near=True, recipe={"generator": "obedient", "noise_seed": 200})
            quick.say(type="draw", id=number, recipe={"generator": "obedient", "noise_seed": 100})
            assert quick.hear().header["id"] == number
    drawn = [seed for batch in generator.drawn for seed in batch]
    assert drawn.count(100) == 30
    assert drawn.count(200) < 10, "what nobody takes is not drawn on and on"
