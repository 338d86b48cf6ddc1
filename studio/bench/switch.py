"""Milliseconds from the press of another generator's button to its first picture, all of them resident, and the memory they take."""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.bench.browser import open_browser
from studio.bench.server import free_port, resident_mb, serving

SWITCH = """([id, pause]) => new Promise((done) => {
  const button = document.querySelector(`[data-generator="${id}"]`);
  document.addEventListener('atelier:painted', () => {
    const took = performance.now() - begun;
    setTimeout(() => done(took), pause);
  }, {once: true});
  const begun = performance.now();
  button.click();
})"""
PAUSE = 400  # ms between two presses: longer than it takes until the hand counts as resting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=2, help="times from each generator to each other (default: %(default)s)")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Press every button from every other generator, in turns; the median of each that is gone to, and of all."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        command = ["app.py", "--port", str(port), "--folder", folder, "--checkpoints", str(options.checkpoints.resolve())]
        with serving(command, port, Path(folder) / "log") as server:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(server.url)
            page.wait_for_function("document.querySelector('.stage')?.dataset.mode === 'live'")
            ids = page.evaluate("[...document.querySelectorAll('[data-generator]')].map((button) => button.dataset.generator)")
            took: dict[str, list[float]] = {name: [] for name in ids}
            page.evaluate("(id) => atelier.state.choose(id)", ids[0])
            for name in (*ids[1:], ids[0]):  # the first time builds a generator's controls
                page.evaluate(SWITCH, [name, PAUSE])
            for _ in range(options.rounds):
                for begin, end in itertools.permutations(ids, 2):
                    page.evaluate("(id) => atelier.state.choose(id)", begin)
                    page.wait_for_function("atelier.live.settled")
                    took[end].append(page.evaluate(SWITCH, [end, PAUSE]))
            memory = resident_mb(server.pid)
    medians = {name: round(statistics.median(times), 1) for name, times in took.items()}
    every = [time for times in took.values() for time in times]
    return {"median_ms": round(statistics.median(every), 1), "slowest_ms": round(max(every), 1), "to": medians, "memory_mb": round(memory)}


def table(figures: Mapping[str, Any]) -> str:
    lines = [f"{'to ' + name:28}{median:>10.1f} ms" for name, median in figures["to"].items()]
    lines.append(f"{'median of all':28}{figures['median_ms']:>10.1f} ms")
    lines.append(f"{'slowest of all':28}{figures['slowest_ms']:>10.1f} ms")
    lines.append(f"{'resident memory':28}{figures['memory_mb']:>10} MB")
    return "\n".join(lines)
