"""Portraits: faces drawn by four open designs, with the attributes each was drawn from.

Node draws them (portraits.mjs, its packages pinned in package.json beside it); two of its workers stream pixels here.
Each portrait follows from its index alone, so a set of the same n and size is the same anywhere.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np

from models.training.datasets.node import install, program
from models.training.datasets.pictures import PICTURES, Attributes, PictureSet, PictureSetError, drafting, write_labels

HERE = Path(__file__).parent

STYLES = ("lorelei", "notionists", "open-peeps", "pixel-art")  # in the order of portraits.mjs
HELD_OUT = 0.05
WORKERS = 2
SOURCE = "DiceBear 9.4.3: Lorelei by Lisa Wischofsky, Notionists by Zoish, Open Peeps by Pablo Stanley, Pixel Art by DiceBear"
LICENCE = "CC0 1.0 (the designs of all four styles)"


def prepare(folder: Path, n: int = 24_000, size: int = 128) -> PictureSet:
    """Draw n portraits of size x size pixels into `folder`; the last twentieth of them is held out.

    pictures: (n, size, size, 3) RGB. Raises PictureSetError where Node is missing or a worker fails.
    """
    if n < 1 or size < 16:
        raise PictureSetError(f"No portraits of n {n}, size {size}. Ask for n 1 or more, size 16 or more.")
    script = _workshop(folder.parent / ".node" / "portraits")
    with drafting(folder) as draft:
        # Straight into the file the set is read from: 24,000 portraits would else stand in memory twice.
        pictures = np.lib.format.open_memmap(draft / PICTURES, mode="w+", dtype=np.uint8, shape=(n, size, size, 3))
        bounds = [n * k // WORKERS for k in range(WORKERS + 1)]
        with ThreadPoolExecutor(WORKERS) as workers:
            parts = workers.map(lambda span: _draw(script, pictures, *span), zip(bounds, bounds[1:], strict=False))
            attributes = [row for part in parts for row in part]
        pictures.flush()
        portraits = PictureSet(
            pictures=pictures,
            held_out=np.arange(n) >= n - round(n * HELD_OUT),
            class_labels=None,
            style_labels=np.array([STYLES.index(row["style"]) for row in attributes], np.int64),
            classes=(),
            styles=STYLES,
            source=SOURCE,
            licence=LICENCE,
            attributes=attributes,
        )
        write_labels(portraits, draft)
    return portraits


def _workshop(folder: Path) -> Path:
    """Install the drawing packages; returns the script, copied beside them because Node looks for packages there."""
    manifest, lock = (HERE / name for name in ("package.json", "package-lock.json"))
    install(folder, manifest.read_text(encoding="utf-8"), lock.read_text(encoding="utf-8"))
    return Path(shutil.copy(HERE / "portraits.mjs", folder))


def _draw(script: Path, pictures: np.ndarray, first: int, end: int) -> list[Attributes]:
    """Let one worker draw portraits first..end-1 into their rows of pictures; returns their attributes."""
    size = pictures.shape[1]
    command = [program("node"), str(script), str(size), str(first), str(end)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        attributes = []
        for index, (row, picture) in enumerate(frames(worker.stdout, size), start=first):
            pictures[index] = picture
            attributes.append(row)
    if worker.returncode or len(attributes) != end - first:
        raise PictureSetError(
            f"Drawing stopped after {len(attributes)} of {end - first} portraits; "
            f"node's words stand above. Delete {script.parent} and try again."
        )
    return attributes


def frames(stream: IO[bytes], size: int) -> Iterator[tuple[Attributes, np.ndarray]]:
    """The portraits in a worker's stream: attributes and (size, size, 3) uint8; a last, cut-off one is left out."""
    while line := stream.readline():
        pixels = stream.read(size * size * 3)
        if len(pixels) < size * size * 3:
            return
        yield json.loads(line), np.frombuffer(pixels, np.uint8).reshape(size, size, 3)
