"""Open Sound Control by real packets: what is well said arrives, and nothing else does harm."""

from __future__ import annotations

import logging
import re
import socket
import struct
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from studio.bench.server import free_port
from studio.engine import Engine
from studio.errors import Fault
from studio.osc import MOST, Newest, Osc, meant
from studio.osc_packets import DEEPEST, LARGEST, MOST_MESSAGES, Malformed, read_packet, write_packet
from studio.recipe_rules import MAX_SEED
from studio.settings import Settings
from tests.studio.served import OpenPage, open_page, served

IN_A_YEAR = int(time.time()) + 365 * 24 * 3600


def packet(address: str, *values: object, kinds: str = "") -> bytes:
    builder = OscMessageBuilder(address)
    for value, kind in zip(values, kinds or [None] * len(values), strict=True):
        builder.add_arg(value, kind)  # pyright: ignore[reportArgumentType]
    return builder.build().dgram


def bundle(*contents: bytes, at: int = IMMEDIATELY) -> bytes:
    builder = OscBundleBuilder(at)
    head = builder.build().dgram
    return head + b"".join(struct.pack(">i", len(one)) + one for one in contents)


def nested(times: int, inside: bytes) -> bytes:
    for _ in range(times):
        inside = bundle(inside)
    return inside


GOOD = packet("/1/fader", 0.5)
MALFORMED = {
    "nothing": b"",
    "noise": bytes(range(256)),
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "cut off in its number": GOOD[:-2],
    "without its number": GOOD[:-4],
    "with something behind": GOOD + b"\0\0\0\0",
    "an address without an end": b"/abc",
    "an address of other signs": packet("/a b", 1.0),
    "a pattern": packet("/*{a,b}[!c]?", 1.0),
    "an address that is long": packet("/" + "a" * 64, 1.0),
    "no utf-8": b"/\xff\xfe\0,f\0\0" + struct.pack(">f", 1),
    "not a number": packet("/a", float("nan")),
    "infinite": packet("/a", float("inf")),
    "less than that": packet("/a", -float("inf"), kinds="d"),
    "far away": packet("/a", 1e300, kinds="d"),
    "a text": packet("/a", "__proto__"),
    "bytes": packet("/a", b"\0\0\0\0"),
    "a blob of a size below zero": b"/a\0\0,b\0\0" + struct.pack(">i", -8),
    "kinds that nobody knows": b"/a\0\0,QQ\0" + bytes(8),
    "arrays in arrays": packet("/a") + b"," + b"[" * 3 + bytes(4),
    "five numbers": packet("/a", *[1.0] * 5),
    "larger than any": packet("/a", b"\0" * LARGEST),
    "a bundle without a moment": b"#bundle\0\0\0",
    "a bundle that is deep": nested(DEEPEST + 1, GOOD),
    "a bundle that is deeper": nested(300, GOOD),
    "a bundle of many": bundle(*[GOOD] * (MOST_MESSAGES + 1)),
    "a bundle with a size below zero": bundle() + struct.pack(">i", -4),
    "a bundle with a size of nothing": bundle() + bytes(4 * 500),
    "a bundle with less than it says": bundle() + struct.pack(">i", 1 << 30) + GOOD,
    "a bundle, good and bad": bundle(GOOD, packet("/a", "text")),
}
UNMEANT = (
    packet("/atelier/seed", -1),
    packet("/atelier/seed", 1.5),
    packet("/atelier/seed", MAX_SEED + 1),
    packet("/atelier/seed"),
    packet("/atelier/param/variation", 1.0, 2.0),
    packet("/atelier/eval", 1),
    packet("/bang"),
)


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed_is_refused_whole_and_without_a_word(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(Malformed):
        read_packet(data)
    assert caplog.records == [], "a flood would fill the disk"


def test_all_kinds_of_numbers_are_read_from_bundles_too() -> None:
    numbers = packet("/a/b-1_2.3", 7, 0.5, 0.25, True, kinds="ifdT")
    large, plain = packet("/h", MAX_SEED, kinds="h"), packet("/plain")[: len("/plain") + 2]
    assert read_packet(numbers) == [("/a/b-1_2.3", (7.0, 0.5, 0.25, 1.0))]
    assert read_packet(bundle(numbers, bundle(large, at=IN_A_YEAR), plain)) == [
        *read_packet(numbers),
        ("/h", (float(MAX_SEED),)),
        ("/plain", ()),
    ]
    assert read_packet(nested(DEEPEST, GOOD)) == read_packet(GOOD)


def test_what_is_written_is_read() -> None:
    for address, value, kind in (("/s", 7, int), ("/s", MAX_SEED, int), ("/p", 0.5, float)):
        written = write_packet(address, value)
        assert read_packet(written) == [(address, (float(value),))]
        assert [type(number) for number in OscMessage(written)] == [kind]


def test_what_messages_mean() -> None:
    def says(data: bytes) -> dict[str, float]:
        return meant(read_packet(data)[0])

    assert says(packet("/atelier/seed", 7.0)) == says(packet("/atelier/seed", 7)) == {"/atelier/seed": 7}, "Pure Data knows floats alone"
    assert says(packet("/atelier/save")) == says(packet("/atelier/save", 1.0)) == {"/atelier/save": 1}
    assert says(packet("/atelier/save", 0.0)) == {}
    assert says(packet("/atelier/param/variation", 0.5)) == {"/atelier/param/variation": 0.5}
    assert says(packet("/xy", 0.25, 0.75)) == {"/xy": 0.25, "/xy#2": 0.75}
    for data in UNMEANT:
        with pytest.raises(Malformed):
            says(data)


def test_no_more_wait_than_there_is_room_for() -> None:
    newest = Newest()
    assert newest.put({f"/{number}": 0.0 for number in range(MOST)})
    assert newest.put({"/0": 1.0})
    assert not newest.put({"/one-more": 1.0})
    assert len(newest._values) == MOST


@dataclass(frozen=True)
class Heard:
    host: str
    into: int  # port that the studio hears
    out: socket.socket  # that it tells

    def send(self, *packets: bytes) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as mouth:
            for one in packets:
                mouth.sendto(one, ("127.0.0.1", self.into))

    def packets(self) -> dict[str, int]:
        with urllib.request.urlopen(f"http://{self.host}/metrics") as answer:
            return {name: int(count) for name, count in re.findall(r'osc_packets_total{outcome="(\w+)"} (\d+)', answer.read().decode())}

    def count(self, packets: int) -> dict[str, int]:
        """What became of those packets, once all have been seen."""
        end = time.monotonic() + 10
        while sum((seen := self.packets()).values()) < packets and time.monotonic() < end:
            time.sleep(0.02)
        return seen


@contextmanager
def studio_with_osc(engine: Engine, folder: Path) -> Iterator[Heard]:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as out:
        out.bind(("127.0.0.1", 0))
        out.settimeout(10)
        settings = Settings(folder=folder, osc=free_port(), osc_out=("127.0.0.1", out.getsockname()[1]))
        with served(engine, folder, settings) as studio:
            yield Heard(studio.host, settings.osc or 0, out)


@pytest.fixture
def heard(engine: Engine, tmp_path: Path) -> Iterator[Heard]:
    with studio_with_osc(engine, tmp_path) as heard:
        yield heard


def values(page: OpenPage) -> dict[str, float]:
    return page.hear_until("osc").header["values"]


def test_a_packet_reaches_every_page(heard: Heard) -> None:
    with open_page(heard.host) as left, open_page(heard.host) as right:
        assert left.hello["osc"] == {"in": heard.into, "out": f"127.0.0.1:{heard.out.getsockname()[1]}"}
        heard.send(bundle(packet("/1/fader", 0.25), packet("/atelier/seed", 7)))
        assert values(left) == values(right) == {"/1/fader": 0.25, "/atelier/seed": 7}
    heard.send(GOOD)  # nobody is there
    assert heard.count(2) == {"taken": 2, "refused": 0, "dropped": 0}


def test_malformed_packets_are_counted_and_the_next_good_one_arrives(heard: Heard) -> None:
    with open_page(heard.host) as page:
        heard.send(*MALFORMED.values(), *UNMEANT, GOOD)
        assert values(page) == {"/1/fader": 0.5}
        assert heard.count(len(MALFORMED) + len(UNMEANT) + 1) == {"taken": 1, "refused": len(MALFORMED) + len(UNMEANT), "dropped": 0}


def test_a_flood_is_few_messages_and_the_studio_goes_on(heard: Heard) -> None:
    with open_page(heard.host) as page:
        flood = [packet(f"/flood/{number}", 1.0) for number in range(1000)]
        for part in range(0, 10_000, 500):
            heard.send(*(flood[number % 1000] for number in range(part, part + 500)))
            page.say(type="draw", id=part, recipe={"generator": "tiny-dcgan", "seed": part})
        told: list[int] = []
        while (message := page.hear().header).get("id") != part:
            told += [len(message["values"])] if message["type"] == "osc" else []
        with urllib.request.urlopen(f"http://{heard.host}/healthz", timeout=5) as answer:
            assert answer.status == 200
        assert max(told) <= MOST
        assert heard.packets()["dropped"] > 0, "more than 2,000 a second are not read"
        time.sleep(0.5)
        heard.send(packet("/after", 0.75))
        while "/after" not in values(page):
            pass


def test_what_stands_on_a_page_goes_out_the_newest_of_each(heard: Heard) -> None:
    with open_page(heard.host) as page:
        for number in range(50):
            page.say(type="osc", seed=number, params={"variation": number / 100, "名": 1})
        page.say(type="osc", params={"direction-age": -1.5})
        told: dict[str, list[float]] = {}
        while "/atelier/param/direction-age" not in told:
            message = OscMessage(heard.out.recv(1024))
            told.setdefault(message.address, []).extend(message)
        assert told.keys() == {"/atelier/seed", "/atelier/param/variation", "/atelier/param/direction-age"}
        assert told["/atelier/seed"][-1] == 49
        assert len(told["/atelier/seed"]) < 10
        assert told["/atelier/param/direction-age"] == [-1.5]
        for wrong in ({"seed": -1, "params": {}}, {"params": {"a": "1"}}, {"params": {str(n): 1 for n in range(MOST + 1)}}, {"params": []}):
            page.say(type="osc", **wrong)
            assert page.fault()[1].startswith("fault.")


def test_without_a_flag_nothing_is_heard_and_nothing_told(engine: Engine, tmp_path: Path) -> None:
    with served(engine, tmp_path) as studio, open_page(studio.host) as page:
        assert page.hello["osc"] is None
        page.say(type="osc", seed=1, params={})
        assert page.fault() == (None, "fault.osc_off")


def test_a_port_that_is_taken_is_named_with_the_remedy() -> None:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(Fault, match=rf"OSC cannot be heard on 127.0.0.1:{port} .*--osc"):
            Osc(Settings(osc=port))


def test_whom_nobody_knows_is_named() -> None:
    with pytest.raises(Fault, match=r"OSC cannot be sent to no such host:9001 .*--osc-out"):
        Osc(Settings(osc_out=("no such host", 9001)))
