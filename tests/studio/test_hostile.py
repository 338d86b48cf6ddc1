"""Sockets that mean harm, real ones: whatever they send or leave unsent, another page is still drawn for.

Foreign origins, floods of messages, binary messages and too many pages are in test_live.py.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from studio import server
from studio.device import resident_mb
from studio.engine import Engine
from tests.studio.served import Served, open_page, served

IDLE = 1000  # sockets at once
UPGRADE = "GET /live HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
UPGRADE += "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
TEXT, BINARY, WHOLE, MASKED = 0x1, 0x2, 0x80, 0x80
HUGE = 1 << 40


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With little patience, so that a test needs little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "HEAD_WITHIN", 2.0)
        patch.setattr(server, "NEXT_WITHIN", 1.0)
        with served(engine, tmp_path_factory.mktemp("hostile"), ws_ping_interval=0.5, ws_ping_timeout=0.5) as studio:
            yield studio


def knock(studio: Served) -> socket.socket:
    host, port = studio.host.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


@contextmanager
def raw_page(studio: Served) -> Iterator[socket.socket]:
    """A websocket that has been let in, spoken by hand."""
    with knock(studio) as door:
        door.sendall(UPGRADE.format(host=studio.host).encode())
        said = b""
        while b"hello" not in said:
            said += door.recv(4096)
        assert said.startswith(b"HTTP/1.1 101")
        yield door


def frame(kind: int, data: bytes, claimed: int | None = None) -> bytes:
    """A client's frame, its mask of zeros; claimed: the length that it says it has."""
    length = len(data) if claimed is None else claimed
    return bytes([WHOLE | kind, MASKED | 127]) + struct.pack(">Q", length) + b"\0" * 4 + data


def closed_with(door: socket.socket) -> int | None:
    """The code of the close frame that comes; None where the connection ends without."""
    said = b""
    try:
        while part := door.recv(65536):
            said += part
            if (at := said.find(b"\x88")) >= 0 and len(said) >= at + 4:
                return int.from_bytes(said[at + 2 : at + 4], "big")
    except ConnectionResetError:
        pass
    return None


def still_draws(studio: Served) -> None:
    with open_page(studio.host) as page:
        page.say(type="draw", id=1, recipe={"generator": "tiny-vae"})
        assert page.hear_until("frame").header["id"] == 1


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"", claimed=HUGE), 1009),
        (frame(BINARY, b"", claimed=HUGE), 1009),
        (frame(TEXT, b"[" * 100, claimed=server.LARGEST_MESSAGE + 1), 1009),
        (frame(TEXT, b'{"type": "\xff\xfe"}'), 1007),
        (frame(TEXT, b"\xed\xa0\x80"), 1007),  # a lone surrogate
        (bytes([WHOLE | 0x7, MASKED, 0, 0, 0, 0]), 1002),  # a kind of frame that there is not
        (bytes([WHOLE | TEXT, 2]) + b"{}", 1002),  # unmasked
    ],
    ids=["a giant text", "a giant picture", "too much", "invalid UTF-8", "a surrogate", "an unknown kind", "unmasked"],
)
def test_what_breaks_the_protocol_ends_its_own_socket_alone(studio: Served, sent: bytes, code: int) -> None:
    before = resident_mb()
    with raw_page(studio) as door:
        door.sendall(sent)
        assert closed_with(door) == code
    assert resident_mb() - before < 32  # nothing was kept room for
    still_draws(studio)


def test_a_message_in_endless_parts_is_ended_before_it_fills_the_memory(studio: Served) -> None:
    before = resident_mb()
    part = bytes([0x0, MASKED | 127]) + struct.pack(">Q", 1 << 16) + b"\0" * 4 + b" " * (1 << 16)
    with raw_page(studio) as door, pytest.raises((ConnectionResetError, BrokenPipeError)):
        door.sendall(bytes([TEXT, MASKED, 0, 0, 0, 0]))
        for _ in range(4096):
            door.sendall(part)
    assert resident_mb() - before < 64
    still_draws(studio)


def test_a_socket_that_stops_in_the_middle_of_a_message_is_ended(studio: Served) -> None:
    with raw_page(studio) as door:
        door.sendall(frame(TEXT, b'{"type"', claimed=1000))
        assert closed_with(door) in (None, 1011)
    still_draws(studio)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST /draw.png HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_comes_a_byte_a_minute_is_given_up(studio: Served, begun: bytes) -> None:
    with knock(studio) as door:
        door.sendall(begun)
        assert closed_with(door) is None


def test_a_body_that_keeps_coming_may_take_its_time(studio: Served) -> None:
    body = b'{"recipe": {"generator": "tiny-vae"}}'
    with knock(studio) as door:
        door.sendall(b"POST /draw.png HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        for at in range(0, len(body), 8):
            door.sendall(body[at : at + 8])
            time.sleep(0.4)  # in all longer than one part may
        assert door.recv(12) == b"HTTP/1.1 200"


def test_a_page_that_only_looks_stays(studio: Served) -> None:
    with open_page(studio.host) as page:
        time.sleep(server.HEAD_WITHIN + server.NEXT_WITHIN)
        page.say(type="draw", id=1, recipe={"generator": "tiny-vae"})
        assert page.hear_until("frame").header["id"] == 1


def test_a_head_without_end_is_refused(studio: Served) -> None:
    with knock(studio) as door:
        door.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"a" * (2 * server.LONGEST_HEAD))
        assert door.recv(12) == b"HTTP/1.1 400"


@pytest.mark.skipif(not hasattr(os, "sysconf") or os.sysconf("SC_OPEN_MAX") < 3 * IDLE, reason="too few open files are allowed")
def test_a_thousand_idle_sockets_keep_nobody_out_and_are_given_up(studio: Served) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(knock(studio)) for _ in range(IDLE)]
        still_draws(studio)
        for door in idle:
            assert closed_with(door) is None
    still_draws(studio)
