"""What the studio tells systemd, over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.engine import Engine
from studio.heartbeat import beating, notify
from tests.studio.stand_in import obedient_engine


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """The service manager's end, and what it puts into the environment."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        ear.settimeout(10)
        yield ear, {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "150000"}


def live(engine: Engine, env: dict[str, str], seconds: float) -> None:
    async def run() -> None:
        async with beating(engine, env)(None):
            await asyncio.sleep(seconds)

    asyncio.run(run())


def heard(ear: socket.socket) -> list[str]:
    ear.setblocking(False)
    messages = []
    while True:
        try:
            messages.append(ear.recv(100).decode())
        except BlockingIOError:
            return messages


def test_a_studio_that_draws_says_so_again_and_again(engine: Engine, manager: tuple[socket.socket, dict[str, str]]) -> None:
    ear, env = manager
    live(engine, env, 0.4)
    messages = heard(ear)
    assert (messages[0], messages[-1]) == ("READY=1", "STOPPING=1")
    assert set(messages[1:-1]) == {"WATCHDOG=1"}


def test_one_that_hangs_falls_silent(monkeypatch: pytest.MonkeyPatch, manager: tuple[socket.socket, dict[str, str]]) -> None:
    ear, env = manager
    with obedient_engine(monkeypatch) as (engine, generator), generator.held():
        live(engine, env, 0.3)
    assert heard(ear) == ["READY=1", "STOPPING=1"]


def test_one_that_stopped_falls_silent(monkeypatch: pytest.MonkeyPatch, manager: tuple[socket.socket, dict[str, str]]) -> None:
    ear, env = manager
    with obedient_engine(monkeypatch) as (engine, _):
        pass
    live(engine, env, 0.2)
    assert "WATCHDOG=1" not in heard(ear)


def test_an_abstract_socket_hears_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0atelier-test-of-the-heartbeat")
        assert notify("READY=1", {"NOTIFY_SOCKET": "@atelier-test-of-the-heartbeat"})
        assert ear.recv(100) == b"READY=1"


@pytest.mark.parametrize("env", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}, {"NOTIFY_SOCKET": "/nobody/listens"}])
def test_without_a_manager_nothing_happens(engine: Engine, env: dict[str, str]) -> None:
    assert not notify("READY=1", env)
    live(engine, env | {"WATCHDOG_USEC": "30000"}, 0.02)
