"""A kiosk's day, compressed: visits, the curator, faults of ours; memory, open files, threads and the page's heap must stay as they are."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession

from studio.bench.browser import open_browser
from studio.bench.server import free_port, resident_mb
from studio.bench.soak_day import Day
from studio.bench.soak_faults import Faults
from studio.bench.soak_studio import Incidents, Studio
from studio.kiosk.exhibition import LEAST_IDLE

EVERY = 15.0  # seconds between samples
WARM_UP = 600.0  # seconds of a life that are not counted, or two thirds of a short one: each generator's first pictures take memory
LIFE = 2400.0  # seconds between two kills
REST = 8.0  # seconds of film before each visit
MOST = 0.03  # growth that is allowed
FEWEST = 6  # samples that tell a slope


@dataclass(frozen=True)
class Sample:
    """Of one moment. at: seconds since the studio's process began; of the page, when it last was at rest."""

    life: int
    at: float
    memory: float  # MB, resident
    files: float
    threads: float
    heap: float  # MB of the screen's page, after a collection
    nodes: float  # of its document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hours", type=float, default=2.0, help="from 0.02 (default: %(default)s)")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The day of one screen, and how much grew in the worst life of a process."""
    if not options.hours >= 0.02:
        raise ValueError("--hours is a number from 0.02: each life of the studio needs half a minute.")
    seconds = 3600 * options.hours
    lives = max(2, round(seconds / LIFE))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, open_browser() as browser:
        folder, incidents = Path(name), Incidents()
        studio = Studio(options.checkpoints, folder, free_port())
        studio.start()
        try:
            gauge = Gauge(studio, min(EVERY, seconds / lives / 20))
            day = Day(browser, studio, incidents, gauge.tick)
            faults = Faults(day, studio, incidents)
            gauge.attach(day.screen.context.new_cdp_session(day.screen))
            day.open()
            for life in range(lives):
                if life:
                    faults.suffer(faults.kill)
                    day.try_to(partial(day.curate, LEAST_IDLE + life))
                _live(day, faults, gauge, time.monotonic() + seconds / lives)
            studio.read_log(incidents)
            unexplained = incidents.unexplained  # before the studio goes, of which the page complains
        finally:
            studio.end()
    warm_up = min(WARM_UP, seconds / lives * 2 / 3)
    grown = {f"{one.name}_growth": growth(gauge.samples, one.name, warm_up) for one in fields(Sample)[2:]}
    counted = {"visits": day.visits, "pictures": day.pictures, "faults_injected": faults.count, "samples": len(gauge.samples)}
    last = dict(zip([one.name for one in fields(Sample)], astuple(gauge.samples[-1]), strict=True))
    told = {"hours": options.hours, "lives": lives, **grown, **counted, "unexplained": len(unexplained)}
    return told | {"incidents": unexplained[:20], "last": last, "series": [astuple(one) for one in gauge.samples]}


class Gauge:
    """Takes a sample where one is due."""

    def __init__(self, studio: Studio, every: float) -> None:
        self._studio, self._every = studio, every
        self.samples: list[Sample] = []
        self._next = 0.0
        self._heap = 0.0, 0.0

    def attach(self, page: CDPSession) -> None:
        self._page = page
        page.send("Performance.enable")
        page.send("HeapProfiler.enable")
        self.look()

    def look(self) -> None:
        """The page as it is at rest: during a visit it holds now more, now less."""
        self._page.send("HeapProfiler.collectGarbage")
        told = {one["name"]: one["value"] for one in self._page.send("Performance.getMetrics")["metrics"]}
        self._heap = told["JSHeapUsedSize"] / 2**20, told["Nodes"]

    def tick(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        pid = self._studio.server.pid
        process = Path("/proc") / str(pid)
        counts = len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))
        self.samples.append(Sample(self._studio.lives, now - self._studio.begun, resident_mb(pid), *counts, *self._heap))


def _live(day: Day, faults: Faults, gauge: Gauge, end: float) -> None:
    """One process' life: films, visits, the curator, the wall, and a fault after every second round."""
    acts: Sequence[Callable[[], None]] = (day.visit, day.play, day.look_at_the_wall, day.visit, day.curate)
    harms: Sequence[Callable[[], None]] = (faults.cut, faults.upload_garbage, faults.flood, faults.fill)
    turn = 0
    while time.monotonic() < end:
        day.pause(REST)
        gauge.look()
        day.try_to(acts[turn % len(acts)])
        day.count()
        if turn % 2:
            faults.suffer(harms[turn // 2 % len(harms)])
        turn += 1


def growth(samples: Sequence[Sample], name: str, warm_up: float) -> float:
    """The worst life's slope (Theil and Sen: the median of those between all pairs) over its time, by its median."""
    worst = 0.0
    for life in {one.life for one in samples}:
        seen = [(one.at, getattr(one, name)) for one in samples if one.life == life and one.at >= warm_up]
        if len(seen) < FEWEST:
            continue
        slope = statistics.median((later - earlier) / (end - begin) for (begin, earlier), (end, later) in combinations(seen, 2))
        worst = max(worst, slope * (seen[-1][0] - seen[0][0]) / statistics.median(value for _, value in seen))
    return round(worst, 4)


def table(figures: Mapping[str, Any]) -> str:
    """What grew and what went wrong."""
    head = "{hours} hours, {lives} lives of the studio: {visits} visits, {pictures} pictures, {faults_injected} faults of ours"
    lines = [head.format(**figures)]
    for one in fields(Sample)[2:]:
        grown = figures[f"{one.name}_growth"]
        lines.append(f"{one.name:12}{figures['last'][one.name]:>10.1f}{grown:>10.1%}  {'too much' if grown >= MOST else 'steady'}")
    lines.append(f"unexplained {figures['unexplained']:>10}")
    return "\n".join([*lines, *figures["incidents"]])
