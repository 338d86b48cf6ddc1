"""Writing: some 9,500 Chinese characters as the strokes they are written with, in their order.

Node's package hanzi-writer-data has each stroke's middle line (its median), taken from the Arphic PL typefaces. A folder holds a whole
picture set, the characters drawn with our brush, by which what a network draws can be judged; and beside it strokes.npz and the
licence's text.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.ink import ink
from models.strokes import Stroke, flattened, parted, simplified
from models.training.datasets.node import install
from models.training.datasets.pictures import PICTURES, PictureSet, PictureSetError, drafting, load as load_pictures, write_labels

PACKAGE, VERSION = "hanzi-writer-data", "2.0.1"
EM, ASCENT = 1024, 900  # the package's units: x in 0..1024, y upwards in -124..900
TOLERANCE = 12 / EM  # how far a simplified stroke may stray; 120 points then hold every character
LONGEST = 120  # points
HELD_OUT = 0.05
SOURCE = f"Stroke medians of Chinese characters (npm {PACKAGE} {VERSION}; Make Me a Hanzi, from Arphic PL KaitiM GB and UKai)"
LICENCE = "Arphic Public License (the stroke medians)"
STROKES, TERMS = "strokes.npz", "ARPHICPL.TXT"
AT_ONCE = 64  # writings drawn together


@dataclass(frozen=True, eq=False)
class StrokeSet:
    """Writings, one after the other.

    points: (p, 2) float32 in [0, 1], y down. pens: (p,) int64, what the pen does after each (models/strokes.py). starts: (n + 1,)
    int64, where each writing begins, and the end. held_out: (n,) bool, True for writings that no training may see. names: n
    characters. source and licence: one line each, for the card of a checkpoint. Raises PictureSetError at birth where shapes disagree.
    """

    points: np.ndarray
    pens: np.ndarray
    starts: np.ndarray
    held_out: np.ndarray
    names: tuple[str, ...]
    source: str
    licence: str

    def __post_init__(self) -> None:
        count = len(self.points)
        if self.points.shape != (count, 2) or self.points.dtype != np.float32 or self.pens.shape != (count,):
            raise PictureSetError(f"points must be float32 (p, 2) and pens (p,), not {self.points.shape} and {self.pens.shape}.")
        if self.starts[0] != 0 or self.starts[-1] != count or (np.diff(self.starts) < 1).any():
            raise PictureSetError("starts must rise from 0 to the number of points: every writing has at least one.")
        if not len(self.names) == len(self.held_out) == len(self.starts) - 1:
            raise PictureSetError(f"{len(self.starts) - 1} writings have {len(self.names)} names and {len(self.held_out)} places.")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """Points of each writing, (n,) int64."""
        return np.diff(self.starts)

    def strokes(self, index: int) -> list[Stroke]:
        """One writing as its strokes."""
        span = slice(self.starts[index], self.starts[index + 1])
        return parted(self.points[span], self.pens[span])

    def train(self) -> np.ndarray:
        """Indices of the writings to train on, (k,) int64, ascending."""
        return np.flatnonzero(~self.held_out)

    def test(self) -> np.ndarray:
        """Indices of the writings held out, (k,) int64, ascending."""
        return np.flatnonzero(self.held_out)


def prepare(folder: Path, n: int | None = None, size: int = 128) -> StrokeSet:
    """Prepare the characters in `folder`, drawn `size` pixels a side; `n`: at most so many.

    Raises PictureSetError where the package cannot be installed.
    """
    workshop = folder.parent / ".node" / "hanzi"
    install(workshop, json.dumps({"private": True, "dependencies": {PACKAGE: VERSION}}, indent=2))
    package = workshop / "node_modules" / PACKAGE
    files = sorted(file for file in package.glob("*.json") if len(file.stem) == 1)[:n]
    writings = [medians(json.loads(file.read_text(encoding="utf-8"))["medians"]) for file in files]
    made = assemble([file.stem for file in files], writings)
    save(made, folder, size, terms=package / TERMS)
    return made


def medians(given: Sequence[Sequence[Sequence[float]]]) -> list[Stroke]:
    """The package's strokes, [[[x, y], …], …] in its units, simplified in the unit box; the whole em, so that 一 stays thin."""
    strokes = []
    for line in given:
        across, up = np.array(line, np.float32).T
        strokes.append(simplified(np.stack([across / EM, (ASCENT - up) / EM], axis=1).clip(0, 1), TOLERANCE))
    return strokes


def assemble(names: Sequence[str], writings: Sequence[Sequence[Stroke]]) -> StrokeSet:
    """The set of these writings, those of more than 120 points left out."""
    paths = [(name, *flattened(strokes)) for name, strokes in zip(names, writings, strict=True)]
    paths = [path for path in paths if len(path[1]) <= LONGEST]
    if not paths:
        raise PictureSetError(f"No character was found. Check the package {PACKAGE} {VERSION}.")
    kept, points, pens = zip(*paths, strict=True)
    return StrokeSet(
        points=np.concatenate(points),
        pens=np.concatenate(pens),
        starts=np.cumsum([0, *map(len, points)], dtype=np.int64),
        held_out=np.array([is_held_out(name) for name in kept]),
        names=kept,
        source=SOURCE,
        licence=LICENCE,
    )


def is_held_out(name: str) -> bool:
    """A twentieth of all characters, chosen by a digest of each, so that one added later leaves the others where they are."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") < HELD_OUT * 2**32


def save(made: StrokeSet, folder: Path, size: int = 128, terms: Path | None = None) -> None:
    """Write a set, whole or not at all, and its pictures, `size` pixels a side; `terms`: the text of its licence, to be kept beside it."""
    with drafting(folder) as draft:
        np.savez_compressed(draft / STROKES, points=made.points, pens=made.pens, starts=made.starts)
        shape = len(made), size, size, 1
        pictures = np.lib.format.open_memmap(draft / PICTURES, mode="w+", dtype=np.uint8, shape=shape)
        for first in range(0, len(made), AT_ONCE):
            part = range(first, min(first + AT_ONCE, len(made)))
            pictures[part.start : part.stop] = drawn([made.strokes(row) for row in part], size)
        pictures.flush()
        characters = [{"character": name} for name in made.names]
        write_labels(PictureSet(pictures, made.held_out, None, None, (), (), made.source, made.licence, characters), draft)
        if terms is not None:
            shutil.copy(terms, draft)


def drawn(writings: Sequence[Sequence[Stroke]], size: int) -> np.ndarray:
    """Black ink on white paper, (n, size, size, 1) uint8."""
    return (255 * (1 - ink(writings, size))).round().byte()[..., None].numpy()


def load(folder: Path) -> StrokeSet:
    """Open the set in a folder. Raises PictureSetError where it, or a file in it, is missing or does not fit the others."""
    remedy = f"Make it with: python -m models.training.datasets {folder.name}"
    pictures = load_pictures(folder)
    if not (folder / STROKES).is_file() or pictures.attributes is None:
        raise PictureSetError(f"The set in {folder} has pictures and no strokes. {remedy}")
    try:
        names = tuple(row["character"] for row in pictures.attributes)
        with np.load(folder / STROKES, allow_pickle=False) as arrays:
            return StrokeSet(**arrays, held_out=pictures.held_out, names=names, source=pictures.source, licence=pictures.licence)
    except (KeyError, TypeError, ValueError, OSError, PictureSetError) as fault:
        raise PictureSetError(f"The set of strokes in {folder} is broken: {fault} {remedy}") from fault
