"""A photograph of 24 megapixels made four times as large: seconds, the estimate that was told, and the most memory; then a cancel."""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from studio.bench.server import Server, free_port, resident_mb, serving

ESTIMATED_AT = 20  # tiles after which what is told of the time left is written down
LOOK = 0.25  # seconds between looks at a work


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, nargs=2, default=(6000, 4000), metavar=("WIDTH", "HEIGHT"), help="default: 6000 4000")
    parser.add_argument("--translator", default="upscaler-x4", help="default: %(default)s")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Bring the picture in, have it enlarged, follow the work and the memory; begin again and cancel."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["app.py", "--port", str(port), "--folder", folder, "--checkpoints", str(options.checkpoints.resolve())]
        with serving(command, port, Path(folder) / "log") as server:
            before = resident_mb(server.pid)
            source = ask(server, "tray", photograph(*options.size))["id"]
            recipe = {"recipe": {"source": source, "after": [{"translator": options.translator}]}}
            figures = followed(server, recipe) | {"memory_before_mb": round(before)}
            figures |= cancelled(server, recipe, Path(folder) / "works")
    return {"megapixels": round(options.size[0] * options.size[1] / 1e6, 1), **figures}


def followed(server: Server, recipe: Mapping[str, Any]) -> dict[str, Any]:
    begun, most, told = time.monotonic(), 0.0, None
    work = ask(server, "works", json.dumps(recipe).encode())
    while work["state"] in ("waiting", "running"):
        time.sleep(LOOK)
        work = ask(server, f"works/{work['id']}")
        most = max(most, resident_mb(server.pid))
        if told is None and work["done"] >= ESTIMATED_AT:
            told = time.monotonic() - begun + work["estimate"]
    if work["state"] != "done":
        raise SystemExit(f"The work ended as {work['state']}: {work['fault']}")
    seconds = time.monotonic() - begun
    ask(server, f"works/{work['id']}", method="DELETE")
    return {"seconds": round(seconds, 1), "told_seconds": round(told or 0, 1), "peak_mb": round(most)}


def cancelled(server: Server, recipe: Mapping[str, Any], works: Path) -> dict[str, Any]:
    """Seconds until the work has stopped and nothing of it lies on the disk."""
    work = ask(server, "works", json.dumps(recipe).encode())
    while ask(server, f"works/{work['id']}")["done"] < 2:
        time.sleep(LOOK)
    begun = time.monotonic()
    ask(server, f"works/{work['id']}", method="DELETE")
    while any(works.iterdir()):
        time.sleep(0.02)
    return {"cancel_s": round(time.monotonic() - begun, 2)}


def photograph(width: int, height: int) -> bytes:
    """Clouds of every size, as photographs have, in a JPEG."""
    draw, picture = np.random.default_rng(0), np.zeros((height, width, 3), np.float32)
    for side in (4, 16, 64, 256):
        noise = Image.fromarray((255 * draw.random((side, side, 3))).astype(np.uint8))
        picture += np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 4
    file = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(file, "JPEG", quality=92)
    return file.getvalue()


def ask(server: Server, path: str, data: bytes | None = None, method: str | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(server.url + path, data, method=method)) as answer:
        return json.load(answer)


def table(figures: Mapping[str, Any]) -> str:
    return (
        f"{'megapixels':28}{figures['megapixels']:>10}\n"
        f"{'seconds':28}{figures['seconds']:>10}\n"
        f"{'seconds as told early':28}{figures['told_seconds']:>10}\n"
        f"{'memory before':28}{figures['memory_before_mb']:>10} MB\n"
        f"{'memory at most':28}{figures['peak_mb']:>10} MB\n"
        f"{'until a cancel is done':28}{figures['cancel_s']:>10} s"
    )
