"""Two replicas of what draws, run by Ray Serve: the same bytes as one process, one killed under load, frames a second beside one."""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.bench.crowd import shelf_of
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import to_png
from studio.painters import Company
from studio.recipe import Recipe
from studio.replicas import Replicas


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", default="letters-cgan", help="default: %(default)s")
    parser.add_argument("--visitors", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=10.0, help="of dragging, each time (default: %(default)s)")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The same hands before the one process, one replica, two, and two of which one is killed in the middle."""
    hands = Hands(options.generator, options.visitors)
    figures: dict[str, Any] = {"generator": options.generator, "visitors": options.visitors, "cores": os.cpu_count()}
    with shelf_of(options.checkpoints, options.generator) as shelf:
        with studio(shelf, None) as engine:
            alone = pictures(engine, options.generator)
            figures["in_process_fps"] = hands.drag(engine, options.seconds).fps(options.seconds)
        for count in (1, 2):
            began = time.monotonic()
            company = Replicas(shelf, count, count, "cpu")
            with studio(shelf, company) as engine:
                figures[f"open_{count}_seconds"] = time.monotonic() - began
                figures[f"same_bytes_{count}"] = pictures(engine, options.generator) == alone
                figures[f"replicas_{count}_fps"] = hands.drag(engine, options.seconds).fps(options.seconds)
                if count == 2:
                    figures |= kill_one(engine, company, hands, options)
                    figures["same_bytes_after"] = pictures(engine, options.generator) == alone
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in figures.items()}


@contextmanager
def studio(shelf: Path, company: Company | None) -> Iterator[Engine]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine(shelf, folder=Path(folder), device="cpu", company=company, report=lambda line: None) as engine,
    ):
        yield engine


def pictures(engine: Engine, generator: str) -> list[bytes]:
    """Whole files, recipes inside."""
    return [to_png(engine.draw(Recipe(generator, seed=seed, variation_seed=9, variation=0.3))) for seed in range(12)]


class Dragged:
    """When frames came, by visitor, and what went wrong."""

    def __init__(self, visitors: int) -> None:
        self.came: list[list[float]] = [[] for _ in range(visitors)]
        self.errors = 0

    def fps(self, seconds: float) -> float:
        return sum(map(len, self.came)) / seconds

    def wait_over(self, moment: float) -> float:
        """The longest that any visitor's frames stayed away around a moment, in seconds."""
        gaps = [
            next((at for at in came if at > moment), float("inf")) - max((at for at in came if at <= moment), default=moment)
            for came in self.came
        ]
        return max(gaps)


class Hands:
    """Visitors without sockets: each asks for its next frame when its last has come."""

    def __init__(self, generator: str, visitors: int) -> None:
        self._generator, self._visitors = generator, visitors

    def drag(self, engine: Engine, seconds: float) -> Dragged:
        dragged, until = Dragged(self._visitors), time.monotonic() + seconds
        threads = [threading.Thread(target=self._one, args=(engine, number, until, dragged)) for number in range(self._visitors)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return dragged

    def _one(self, engine: Engine, number: int, until: float, dragged: Dragged) -> None:
        move = 0
        while time.monotonic() < until:
            recipe = Recipe(self._generator, seed=number, variation_seed=1000 + number, variation=move % 100 / 100)
            try:
                engine.live(f"visitor {number}", recipe, channel="page").result(60)
                dragged.came[number].append(time.monotonic())
            except Fault:
                dragged.errors += 1
            move += 1


def kill_one(engine: Engine, company: Replicas, hands: Hands, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds that the worst-off visitor waited, and those until there were two replicas again."""
    victim = min(company.processes())
    killed: list[float] = []

    def kill() -> None:
        killed.append(time.monotonic())
        os.kill(victim, signal.SIGKILL)

    timer = threading.Timer(options.seconds / 3, kill)
    timer.start()
    dragged = hands.drag(engine, options.seconds)
    timer.join()
    until = time.monotonic() + 60
    while (victim in (there := company.processes()) or len(there) < 2) and time.monotonic() < until:
        time.sleep(0.2)
    return {
        "wait_over_kill_seconds": dragged.wait_over(killed[0]),
        "errors_over_kill": dragged.errors,
        "replaced_seconds": time.monotonic() - killed[0],
    }


def table(figures: Mapping[str, Any]) -> str:
    """The figures, one a line."""
    rows = (
        ("frames a second, one process", "in_process_fps"),
        ("frames a second, one replica", "replicas_1_fps"),
        ("frames a second, two replicas", "replicas_2_fps"),
        ("seconds to open two", "open_2_seconds"),
        ("the same bytes", "same_bytes_2"),
        ("longest wait over a kill, s", "wait_over_kill_seconds"),
        ("errors over it", "errors_over_kill"),
        ("seconds until it was replaced", "replaced_seconds"),
        ("the same bytes after it", "same_bytes_after"),
    )
    head = f"{figures['generator']}, {figures['visitors']} visitors, {figures['cores']} cores"
    return "\n".join([head, *(f"{label:32}{figures[name]!s:>12}" for label, name in rows)])
