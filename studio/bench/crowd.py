"""Many visitors at once, each at a slider on a socket of their own: frames a second, delays, fairness, with micro-batches and without."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from studio.bench.server import Server, free_port, resident_mb, serving
from studio.schedule import Limits
from studio.sheets import as_json, unpack

MOVES = 60.0  # of each hand, a second
SWEEP = 2.4  # seconds from one end of the slider to the other and back
WARM_UP = 3.0  # seconds that are not counted
SETTLE = 1.0  # seconds that the studio has to let go of visitors who left
REFRESH = 0.05  # as studio/ui/static/live.js has it: seconds after which what waits is replaced by the hand's newest


@dataclass
class Visit:
    """What one visitor saw: when each frame came, in seconds, and how old the hand's move in it then was."""

    frames: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    errors: int = 0
    received: int = 0  # bytes

    def fps(self, seconds: float) -> float:
        return len(self.frames) / seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", default="letters-cgan", help="default: %(default)s")
    parser.add_argument("--visitors", type=int, default=40, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of dragging, with micro-batches and again without (default: %(default)s)"
    )


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The same crowd before two studios, one after the other: as it is, and with Limits.batch = 1."""
    figures: dict[str, Any] = {"generator": options.generator, "visitors": options.visitors, "cores": os.cpu_count()}
    for prefix, batch in (("", Limits.batch), ("unbatched_", 1)):
        with hosted(options.checkpoints, options.generator, batch) as server:
            before = resident_mb(server.pid)
            visits = asyncio.run(crowd(server, options.generator, options.visitors, options.seconds))
            time.sleep(SETTLE)
            seen = summary(visits, options.seconds) | {"rss_before_mb": before, "rss_after_mb": resident_mb(server.pid)}
            seen["rss_growth_mb"] = seen["rss_after_mb"] - before
        figures |= {prefix + name: round(value, 3) for name, value in seen.items()}
    return figures


@contextmanager
def hosted(checkpoints: Path, generator: str, batch: int) -> Iterator[Server]:
    """A studio of the hosted profile, in a process of its own, with one generator."""
    port = free_port()
    with shelf_of(checkpoints, generator) as shelf:
        command = ["-m", "studio.bench.hosted", "--port", str(port), "--checkpoints", str(shelf), "--batch", str(batch)]
        with serving(command, port, shelf / "log") as server:
            yield server


@contextmanager
def shelf_of(checkpoints: Path, generator: str) -> Iterator[Path]:
    """A folder with one checkpoint alone."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / generator).symlink_to((checkpoints / generator).resolve())
        yield Path(name)


async def crowd(server: Server, generator: str, visitors: int, seconds: float) -> list[Visit]:
    """So many visitors, each with a cookie of their own, dragging at once."""
    cookies = [_cookie(server.url) for _ in range(visitors)]
    begin = time.monotonic() + WARM_UP
    hands = [_drag(server.url, cookie, generator, number, begin, begin + seconds) for number, cookie in enumerate(cookies)]
    return await asyncio.gather(*hands)


def _cookie(url: str) -> str:
    with urllib.request.urlopen(f"{url}healthz") as answer:
        return answer.headers["set-cookie"].partition(";")[0]


async def _drag(url: str, cookie: str, generator: str, number: int, begin: float, end: float) -> Visit:
    """One visitor, who keeps the page's manners: asks for the hand's newest when a frame has come, and again while none comes."""
    visit = Visit()
    address = f"{url.replace('http', 'ws', 1)}live"
    async with connect(address, additional_headers={"Cookie": cookie}, compression=None, max_size=None) as socket:
        while "hello" not in str(await socket.recv()):  # until then it stands in line
            pass
        start = time.monotonic() + number / 997 % (1 / MOVES)  # hands don't move in step
        sent = flying = -1
        asked = 0.0
        while (now := time.monotonic()) < end:
            if (move := int((now - start) * MOVES)) > sent and (flying < 0 or now - asked >= REFRESH):
                wanted = {"type": "draw", "id": move, "rest": False, "near": False, "recipe": _recipe(generator, number, move)}
                await socket.send(as_json(wanted))
                sent, flying, asked = move, move, now
            next_chance = start + (sent + 1) / MOVES if flying < 0 else asked + REFRESH
            if (message := await _heard(socket, next_chance - now)) is None:
                continue
            if isinstance(message, str):
                visit.errors += 1
                flying = -1
                continue
            frame, now = unpack(message)[0]["id"], time.monotonic()
            flying = -1 if frame == flying else flying
            if now >= begin:
                visit.frames.append(now)
                visit.delays.append(now - start - frame / MOVES)
                visit.received += len(message)
    return visit


async def _heard(socket: ClientConnection, seconds: float) -> str | bytes | None:
    with suppress(TimeoutError):
        return await asyncio.wait_for(socket.recv(), max(seconds, 0.001))


def _recipe(generator: str, number: int, move: int) -> dict[str, Any]:
    return {
        "generator": generator,
        "seed": number,
        "variation_seed": 1000 + number,
        "variation": 0.5 - 0.5 * math.cos(move / MOVES / SWEEP * math.tau),
    }


def summary(visits: Sequence[Visit], seconds: float) -> dict[str, float]:
    """Frames a second of all and of each; milliseconds from the hand's move to its frame; the slowest visitor beside the fastest."""
    delays = sorted(1000 * delay for visit in visits for delay in visit.delays)
    rates = [visit.fps(seconds) for visit in visits]
    gaps = [later - earlier for visit in visits for earlier, later in pairwise(visit.frames)]
    return {
        "fps_total": sum(rates),
        "fps_each": statistics.median(rates),
        "p50_ms": delays[len(delays) // 2],
        "p99_ms": delays[int(0.99 * (len(delays) - 1))],
        "longest_gap_ms": 1000 * max(gaps),
        "fairness": min(rates) / max(rates),
        "errors": sum(visit.errors for visit in visits),
        "kilobytes_a_frame": sum(visit.received for visit in visits) / max(1, len(delays)) / 1000,
    }


def table(figures: Mapping[str, Any]) -> str:
    """The figures side by side."""
    rows = (
        ("frames a second, all", "fps_total", "{:.0f}"),
        ("frames a second, each, median", "fps_each", "{:.1f}"),
        ("hand to frame, median, ms", "p50_ms", "{:.1f}"),
        ("hand to frame, p99, ms", "p99_ms", "{:.1f}"),
        ("longest wait, ms", "longest_gap_ms", "{:.0f}"),
        ("slowest visitor by fastest", "fairness", "{:.2f}"),
        ("errors", "errors", "{:.0f}"),
        ("kilobytes a frame", "kilobytes_a_frame", "{:.2f}"),
        ("memory before, MB", "rss_before_mb", "{:.0f}"),
        ("memory grown by, MB", "rss_growth_mb", "{:.1f}"),
    )
    head = f"{figures['generator']}, {figures['visitors']} visitors, {figures['cores']} cores"
    lines = [head, f"{'':32}{'as it is':>12}{'one at a time':>16}"]
    lines += [f"{label:32}{form.format(figures[name]):>12}{form.format(figures['unbatched_' + name]):>16}" for label, name, form in rows]
    return "\n".join(lines)
