"""Pictures a second that follow the pen while a visitor draws on the easel, in a real browser."""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from studio.bench.browser import open_browser
from studio.bench.server import free_port, serving

COUNT = "window.followed = 0; document.addEventListener('atelier:translated', () => { window.followed += 1; });"
CHOOSE = """async (id) => {
  const bench = await atelier.benches.open('translate');
  bench.use(bench.plan.translators.find((one) => one.id === id));
}"""
EASEL = "[data-role=easel]"
MOVES = 60  # mouse events a second
TURNS = 0.5  # circles a second


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--translator", default="sketch-portrait", help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=6.0, help="of drawing (default: %(default)s)")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Draw circles with one stroke, and count what was painted beside it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        command = ["app.py", "--port", str(port), "--folder", folder, "--checkpoints", str(options.checkpoints.resolve())]
        with serving(command, port, Path(folder) / "log") as server:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(COUNT)
            page.goto(server.url)
            page.wait_for_function("window.atelier?.benches?.names.includes('translate')")
            page.wait_for_selector("#translate-button")
            page.evaluate(CHOOSE, options.translator)
            page.wait_for_selector(EASEL, state="visible")
            draw(page, 1.0)  # the first frames open the wire
            before = page.evaluate("window.followed")
            seconds = draw(page, options.seconds)
            followed = page.evaluate("window.followed") - before
    return {"translator": options.translator, "fps": round(followed / seconds, 1)}


def draw(page: Page, seconds: float) -> float:
    """Circles under the mouse; gives how long it took."""
    box = page.locator(EASEL).bounding_box()
    assert box is not None
    centre, radius = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), 0.3 * box["width"]
    begun = time.monotonic()
    page.mouse.move(centre[0] + radius, centre[1])
    page.mouse.down()
    move = 0
    while (now := time.monotonic() - begun) < seconds:
        angle = 2 * math.pi * TURNS * now
        page.mouse.move(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle))
        move += 1
        time.sleep(max(0.0, begun + move / MOVES - time.monotonic()))
    page.mouse.up()
    return time.monotonic() - begun


def table(figures: Mapping[str, Any]) -> str:
    return f"{figures['translator']:28}{figures['fps']:>10} pictures a second follow the pen"
