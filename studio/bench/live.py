"""From hand to pixel: a real slider dragged on our page and on the naive one, in turns, in one run."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from studio.bench.browser import launch_options
from studio.bench.server import NotServedError, free_port, serving
from studio.frames import read_recipe
from studio.recipe import Recipe, from_json, to_link

RECORDER = Path(__file__).with_name("recorder.js")
OURS = "input[type=range][name=variation]"
NAIVE = "input[type=range]"
MOVES = 62  # mouse events a second: as many as a screen of 60 Hz can answer, and a little more
SWEEP = 1.2  # seconds from one end of the slider to the other


@dataclass(frozen=True)
class Drag:
    """One drag: milliseconds from input to paint of every frame, and to the screen's next refresh; painted frames a second."""

    latencies: tuple[float, ...]
    shown: tuple[float, ...]
    fps: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", default="letters-cgan", help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each drag (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="drags on each page, in turns (default: %(default)s)")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Drag on both pages in turns. The figures are medians over the rounds."""
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
    return {**_figures(drags), "generator": options.generator, "cores": os.cpu_count(), "dtype": made.dtype if made else ""}


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
    times = figures["naive_ms"] / figures["ours_ms"]
    return "\n".join([*lines, f"{times:.1f} times quicker from hand to pixel"])


async def _drag_in_turns(pages: Mapping[str, tuple[str, str]], rounds: int, seconds: float) -> dict[str, list[Drag]]:
    """{name: (address, slider)} -> {name: a drag a round}; no two pages are ever open at once."""
    drags: dict[str, list[Drag]] = {name: [] for name in pages}
    options = launch_options()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        for _ in range(rounds):
            for name, (url, slider) in pages.items():
                drags[name].append(await _drag_on(browser, url, slider, seconds))
        await browser.close()
    return drags


async def _drag_on(browser: Browser, url: str, slider: str, seconds: float) -> Drag:
    """Open a page afresh, hold its slider and move it to and fro."""
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    try:
        await page.add_init_script(path=RECORDER)
        await page.goto(url)
        await page.locator(slider).first.wait_for(state="visible")
        await page.wait_for_timeout(1500)  # the page's own start must not be measured
        await _sweep(page, slider, SWEEP)  # and one sweep to warm both sides up
        await page.wait_for_timeout(500)
        await page.evaluate("benchReset()")
        await _sweep(page, slider, seconds)
        await page.wait_for_timeout(1000)
        record = await page.evaluate("benchRecord")
    finally:
        await page.close()
    return _read(record, url)


async def _sweep(page: Page, slider: str, seconds: float) -> None:
    """Real mouse events at a steady rate, from end to end and back.

    None is waited for: the browser answers a move only after its frame, and a hand does not wait for the screen.
    """
    box = await page.locator(slider).first.bounding_box()
    if box is None:
        raise NotServedError(f"The slider {slider} is not on the page {page.url}.")
    y, left, width = box["y"] + box["height"] / 2, box["x"] + 8, box["width"] - 16
    await page.mouse.move(left, y)
    await page.mouse.down()
    begin = time.monotonic()
    moves: list[asyncio.Task[None]] = []
    while (now := time.monotonic() - begin) < seconds:
        phase = now / SWEEP % 2
        moves.append(asyncio.create_task(page.mouse.move(left + width * (phase if phase < 1 else 2 - phase), y)))
        await asyncio.sleep(max(0.0, begin + len(moves) / MOVES - time.monotonic()))
    await asyncio.gather(*moves)
    await page.mouse.up()


def _read(record: Mapping[str, Sequence[float]], url: str) -> Drag:
    inputs, latencies = record["inputs"], record["latencies"]
    if len(inputs) < 2 or not latencies:
        raise NotServedError(f"Nothing was painted while dragging on {url}: {len(inputs)} inputs, {len(record['frames'])} frames.")
    begin, end = inputs[0], inputs[-1]
    shown = {frame for frame in record["frames"] if begin <= frame <= end}
    return Drag(tuple(latencies), tuple(record["shown"]), 1000 * len(shown) / (end - begin))


def _figures(drags: Mapping[str, Sequence[Drag]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, rounds in drags.items():
        figures[f"{name}_ms"] = statistics.median(statistics.median(drag.latencies) for drag in rounds)
        figures[f"{name}_p95_ms"] = statistics.median(_p95(drag.latencies) for drag in rounds)
        figures[f"{name}_shown_ms"] = statistics.median(statistics.median(drag.shown) for drag in rounds)
        figures[f"{name}_fps"] = statistics.median(drag.fps for drag in rounds)
    return {key: round(value, 2) for key, value in figures.items()}


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
