"""Saved pictures on paper: a PDF with each one small, what it is called and from which seed, and whose work they rest on."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from studio.credits import Credits, told
from studio.errors import Fault
from studio.frames import enlarge
from studio.gallery_entry import Entry
from studio.pdf import PAGE, Page, Said, Shown, lines, pdf
from studio.words import say

COLUMNS, ROWS = 4, 4
MARGIN, GAP = 36.0, 12.0  # points
SIDE = (PAGE[0] - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
CELL = SIDE + 48  # with the words below
SMALL, LINE, TITLE = 7.0, 9.5, 14.0
LEAST = 256  # pixels of a side below which a picture is enlarged as its card says, so that a printer does not smear it
QUALITY = 90


def contact_sheet(
    entries: Sequence[Entry], look: Callable[[Entry], Path], credits: Credits, *, title: str, language: str
) -> Iterator[bytes]:
    """The bytes of the PDF. look: where a small picture of an entry lies; an empty frame where that raises Fault."""
    return pdf([*_pictures(entries, look, credits, title, language), *_credits(entries, credits, language)])


def _pictures(entries: Sequence[Entry], look: Callable[[Entry], Path], credits: Credits, title: str, language: str) -> Iterator[Page]:
    pages = -(-len(entries) // (COLUMNS * ROWS))
    for number, few in enumerate(_few(list(enumerate(entries, 1)), COLUMNS * ROWS), 1):
        yield _page(few, look, credits, (title, say(language, "credits.page", page=number, pages=pages)), language)


def _page(
    few: Iterable[tuple[int, Entry]], look: Callable[[Entry], Path], credits: Credits, head: tuple[str, str], language: str
) -> Iterator[Said | Shown]:
    top = PAGE[1] - MARGIN - TITLE
    yield Said(MARGIN, top, lines(head[0], TITLE, PAGE[0] - 2 * MARGIN - 80)[0], TITLE)
    yield Said(PAGE[0] - MARGIN - 60, top, head[1], SMALL, 0.4)
    for place, (number, entry) in enumerate(few):
        x = MARGIN + place % COLUMNS * (SIDE + GAP)
        y = top - 16 - SIDE - place // COLUMNS * CELL
        parts = credits(entry.recipe)
        try:
            yield _shown(look(entry), parts[0].rendering if parts else "smooth", x, y)
        except (Fault, OSError):
            yield Said(x, y + SIDE / 2, "–", TITLE, 0.4)
        name = " + ".join(part.title(language) for part in parts) or say(language, "credits.outside_short")
        seed = [] if entry.recipe.blend or not entry.recipe.generator else [say(language, "credits.seed", seed=entry.recipe.seed)]
        what = [f"{entry.id}.png", f"{entry.width} × {entry.height}"]
        for line, text in enumerate([f"{number}  {name}", *seed, *what]):
            yield Said(x, y - (line + 1) * LINE, lines(text, SMALL, SIDE)[0], SMALL, 0.0 if not line else 0.35)


def _shown(path: Path, rendering: str, x: float, y: float) -> Shown:
    """A picture in the middle of its square."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    pixels = enlarge(pixels, max(LEAST // max(pixels.shape), 1), "crisp" if rendering == "crisp" else "smooth")
    height, width = pixels.shape[:2]
    scale = SIDE / max(width, height)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY, subsampling="4:4:4")
    left, up = (SIDE - width * scale) / 2, (SIDE - height * scale) / 2
    return Shown(x + left, y + up, width * scale, height * scale, file.getvalue(), (width, height))


def _credits(entries: Sequence[Entry], credits: Credits, language: str) -> Iterator[Page]:
    """Each network once, over as many pages as it takes."""
    width = PAGE[0] - 2 * MARGIN
    blocks = dict.fromkeys(tuple(told(credit, language)) for entry in entries for credit in credits(entry.recipe))
    if any(entry.recipe.ingredients for entry in entries):
        blocks[(say(language, "credits.outside"),)] = None
    texts: list[tuple[str, float]] = []
    for block in blocks:
        for grey, paragraph in zip((0.0, *[0.35] * len(block)), block, strict=False):
            texts += [(line, grey) for line in lines(paragraph, LINE, width)]
        texts.append(("", 0.0))
    fits = int((PAGE[1] - 2 * MARGIN - 40) / (LINE * 1.5))
    for few in _few(texts, fits):
        top = PAGE[1] - MARGIN - TITLE
        heading = Said(MARGIN, top, say(language, "credits.heading"), TITLE)
        yield [heading, *(Said(MARGIN, top - 24 - row * LINE * 1.5, text, LINE, grey) for row, (text, grey) in enumerate(few) if text)]


def _few(items: Sequence[Any], count: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + count] for start in range(0, len(items), count))
