"""Seconds from process start to the first painted picture, and the memory that the studio then holds."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.bench.browser import open_browser
from studio.bench.server import free_port, resident_mb, serving

NOTE_PAINT = "document.addEventListener('atelier:painted', () => { window.benchPainted = true; })"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose beyond what every measurement has."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Start app.py as a visitor would, open the page as soon as it answers, wait for its first picture."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(NOTE_PAINT)
        command = ["app.py", "--port", str(port), "--folder", folder, "--checkpoints", str(options.checkpoints.resolve())]
        begin = time.monotonic()
        with serving(command, port, Path(folder) / "log") as server:
            ready = time.monotonic() - begin
            page.goto(server.url)
            page.wait_for_function("window.benchPainted")
            painted = time.monotonic() - begin
            memory = resident_mb(server.pid)
    return {"ready_s": round(ready, 2), "painted_s": round(painted, 2), "memory_mb": round(memory)}


def table(figures: Mapping[str, Any]) -> str:
    return (
        f"{'ready':28}{figures['ready_s']:>10.1f} s\n"
        f"{'first painted picture':28}{figures['painted_s']:>10.1f} s\n"
        f"{'resident memory':28}{figures['memory_mb']:>10} MB"
    )
