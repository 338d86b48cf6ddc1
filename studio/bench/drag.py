"""A hand that drags a slider in a real browser, and what the page paints meanwhile."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page

from studio.bench.server import NotServedError

RECORDER = Path(__file__).with_name("recorder.js")
OURS = "input[type=range][name=variation]"
MOVES = 62  # mouse events a second: as many as a screen of 60 Hz can answer, and a little more
SWEEP = 1.2  # seconds from one end of the slider to the other


@dataclass(frozen=True)
class Rate:
    """Frames that reached the screen: a second, and in the second that had fewest."""

    fps: float
    least: float


@dataclass(frozen=True)
class Drag:
    """One drag: milliseconds from input to paint of every frame, and to the screen's next refresh; frames a second."""

    latencies: tuple[float, ...]
    shown: tuple[float, ...]
    rate: Rate


async def drag_on(browser: Browser, url: str, slider: str, seconds: float) -> Drag:
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
    return Drag(tuple(latencies), tuple(record["shown"]), rate_of(record["frames"], inputs[0], inputs[-1]))


def rate_of(frames: Sequence[float], begin: float, end: float) -> Rate:
    """The rate between two moments, in milliseconds, that lie a second or more apart; several frames at one refresh count as one."""
    shown = sorted({frame for frame in frames if begin <= frame <= end})
    # The second with fewest begins right behind a frame, or with the first of all.
    least = min(bisect_right(shown, at + 1000) - bisect_right(shown, at) for at in (begin, *shown) if at + 1000 <= end)
    return Rate(1000 * len(shown) / (end - begin), float(least))
