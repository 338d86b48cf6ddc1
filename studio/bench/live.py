"""From hand to pixel: a slider dragged on our page and on the naive one, in turns; and the pace of pictures with much done to them."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from studio.bench import laden
from studio.bench.browser import launch_options
from studio.bench.drag import OURS, Drag, drag_on
from studio.bench.server import free_port, serving
from studio.frames import read_recipe
from studio.recipe import Recipe
from studio.recipe_text import from_json, to_link

NAIVE = "input[type=range]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", default="letters-cgan", help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each drag (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="drags on each page, in turns (default: %(default)s)")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Drag on both pages in turns, medians over the rounds; then with all that can be done to a picture, in Create and in a film."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "studio.bench.naive", "--generator", options.generator, "--port", str(port)]
        command += ["--checkpoints", str(options.checkpoints.resolve())]
        with serving(command, port, Path(folder) / "log") as server:
            link = to_link(Recipe(options.generator, seed=4711, variation_seed=1147))
            pages = {"ours": (f"{server.url}?r={link}", OURS), "naive": (f"{server.url}naive/", NAIVE)}
            drags = asyncio.run(_drag_in_turns(pages, options.rounds, options.seconds))
            with urllib.request.urlopen(f"{server.url}draw.png?r={link}") as answer:
                made = from_json(read_recipe(answer.read()) or "{}").made
            held = laden.measure(server.url, options.seconds)
    return {**_figures(drags), **held, "generator": options.generator, "cores": os.cpu_count(), "dtype": made.dtype if made else ""}


def table(figures: Mapping[str, Any]) -> str:
    """The figures side by side."""
    rows = (
        ("input to paint, median, ms", "ours_ms", "naive_ms", "{:.1f}"),
        ("input to paint, p95, ms", "ours_p95_ms", "naive_p95_ms", "{:.1f}"),
        ("input to refresh, median, ms", "ours_shown_ms", "naive_shown_ms", "{:.1f}"),
        ("painted frames a second", "ours_fps", "naive_fps", "{:.1f}"),
    )
    lines = [f"{figures['generator']}, {figures['cores']} cores, {figures['dtype']}", f"{'':28}{'ours':>10}{'naive':>10}"]
    lines += [f"{label:28}{form.format(figures[ours]):>10}{form.format(figures[naive]):>10}" for label, ours, naive, form in rows]
    lines += [f"{figures['ratio']:.1f} times quicker from hand to pixel", *laden.lines(figures)]
    return "\n".join(lines)


async def _drag_in_turns(pages: Mapping[str, tuple[str, str]], rounds: int, seconds: float) -> dict[str, list[Drag]]:
    """{name: (address, slider)} -> {name: a drag a round}; no two pages are ever open at once."""
    drags: dict[str, list[Drag]] = {name: [] for name in pages}
    options = launch_options()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        for _ in range(rounds):
            for name, (url, slider) in pages.items():
                drags[name].append(await drag_on(browser, url, slider, seconds))
        await browser.close()
    return drags


def _figures(drags: Mapping[str, Sequence[Drag]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, rounds in drags.items():
        figures[f"{name}_ms"] = statistics.median(statistics.median(drag.latencies) for drag in rounds)
        figures[f"{name}_p95_ms"] = statistics.median(_p95(drag.latencies) for drag in rounds)
        figures[f"{name}_shown_ms"] = statistics.median(statistics.median(drag.shown) for drag in rounds)
        figures[f"{name}_fps"] = statistics.median(drag.rate.fps for drag in rounds)
    figures["ratio"] = figures["naive_ms"] / figures["ours_ms"]
    return {key: round(value, 2) for key, value in figures.items()}


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
