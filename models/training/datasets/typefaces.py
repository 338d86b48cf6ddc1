"""Drawing a typeface: its 62 characters on one baseline, in one size, so that case and x-height stay readable."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CHARACTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits

OVERSAMPLING = 4  # drawn at four times the size, then averaged over areas
CAP_HEIGHT, BASELINE, MARGIN = 40 / 64, 48 / 64, 2 / 64  # parts of the picture's side
TELLING = "ABDEGHNQRT"  # small letters that are no small capitals in a typeface with two cases
ALIKE = 0.16  # mean difference of two letters stretched to one box, below which they are the same design
UNASSIGNED = "\U0010fffe"  # stands for nothing in Unicode: drawn as the font's mark for a missing glyph


class UnfitTypeface(Exception):
    """A typeface that cannot teach 62 characters; the message says why."""


@dataclass(frozen=True)
class Ink:
    """Where a glyph's ink lies, in pixels from its origin on the baseline, y downwards; pixels: its coverage."""

    left: int
    top: int
    pixels: np.ndarray  # (h, w) uint8

    @property
    def right(self) -> int:
        return self.left + self.pixels.shape[1]

    @property
    def bottom(self) -> int:
        return self.top + self.pixels.shape[0]


def draw(file: Path, size: int) -> np.ndarray:
    """The characters of a font file, in the order of CHARACTERS: (62, size, size) uint8, ink 0 on paper 255.

    Capitals stand 40/64 of the side high; a font whose ink would leave the picture is drawn smaller. Raises
    UnfitTypeface where characters are missing, blank or all alike, or where the small letters are capitals.
    """
    side = size * OVERSAMPLING
    trial = _inks(file, side)
    _examine(trial, _ink(_font(file, side), UNASSIGNED))
    # Twice: first to bring the capitals to their height, then to shrink what that makes too large.
    cap = trial["H"].bottom - trial["H"].top
    em = side * (CAP_HEIGHT * side) / cap
    inks = _inks(file, em)
    fit = min(1.0, _room(side) / _width(inks), _room(side) / (_ascent(inks) + _descent(inks)))
    if fit < 1.0:
        inks = _inks(file, em * fit)
    baseline = _baseline(inks, side)
    return np.stack([_place(inks[character], side, baseline) for character in CHARACTERS])


def _font(file: Path, em: float) -> ImageFont.FreeTypeFont:
    # The basic layout engine draws the letter itself, never a contextual alternate.
    return ImageFont.truetype(str(file), em, layout_engine=ImageFont.Layout.BASIC)


def _inks(file: Path, em: float) -> dict[str, Ink]:
    font = _font(file, em)
    return {character: _ink(font, character) for character in CHARACTERS}


def _ink(font: ImageFont.FreeTypeFont, character: str) -> Ink:
    reach = int(font.size * 2)  # no letter reaches two ems from its origin
    paper = Image.new("L", (2 * reach, 2 * reach))
    ImageDraw.Draw(paper).text((reach, reach), character, fill=255, font=font, anchor="ls")
    left, top, right, bottom = paper.getbbox() or (reach, reach, reach, reach)
    return Ink(left - reach, top - reach, np.asarray(paper)[top:bottom, left:right])


def _examine(inks: dict[str, Ink], missing: Ink) -> None:
    blank = [c for c, ink in inks.items() if not ink.pixels.size]
    if blank:
        raise UnfitTypeface(f"nothing is drawn for {''.join(blank)}.")
    absent = [c for c, ink in inks.items() if np.array_equal(ink.pixels, missing.pixels)]
    if absent:
        raise UnfitTypeface(f"it has no {''.join(absent)}.")
    if len({ink.pixels.tobytes() for ink in inks.values()}) < len(inks) // 2:
        raise UnfitTypeface("its characters are alike.")
    capitals = [c for c in TELLING if _difference(inks[c], inks[c.lower()]) < ALIKE]
    if len(capitals) > len(TELLING) // 2:
        raise UnfitTypeface("its small letters are capitals.")


def _difference(one: Ink, other: Ink) -> float:
    """Mean difference in [0, 1] of two glyphs stretched to one box, so that a small capital equals its capital."""
    boxes = [np.asarray(Image.fromarray(ink.pixels).resize((32, 32), Image.Resampling.BOX), float) / 255 for ink in (one, other)]
    return float(np.abs(boxes[0] - boxes[1]).mean())


def _room(side: int) -> float:
    return side * (1 - 2 * MARGIN)


def _width(inks: dict[str, Ink]) -> int:
    return max(ink.pixels.shape[1] for ink in inks.values())


def _ascent(inks: dict[str, Ink]) -> int:
    return max(-ink.top for ink in inks.values())


def _descent(inks: dict[str, Ink]) -> int:
    return max(0, *(ink.bottom for ink in inks.values()))


def _baseline(inks: dict[str, Ink], side: int) -> int:
    """The common baseline, moved no further than long ascenders and descenders ask."""
    margin = MARGIN * side
    return round(min(max(BASELINE * side, _ascent(inks) + margin), side - _descent(inks) - margin))


def _place(ink: Ink, side: int, baseline: int) -> np.ndarray:
    paper = Image.new("L", (side, side))
    left = round((side - ink.pixels.shape[1]) / 2)
    paper.paste(Image.fromarray(ink.pixels), (left, baseline + ink.top))
    return 255 - np.asarray(paper.reduce(OVERSAMPLING))
