"""What the words that a portrait was drawn by say of it in numbers: whether there are glasses, how dark the hair is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from models.directions.measured import LUMA
from models.training.datasets.pictures import Attributes, PictureSet

Trait = Callable[[Attributes], float | None]  # None: the words do not say

GLAD = frozenset({"cute", "eatingHappy", "lovingGrin1", "lovingGrin2", "smile", "smileBig", "smileLOL", "smileTeethGap"})
GRAVE = frozenset({"concerned", "contempt", "fear", "hectic", "serious", "solemn", "suspicious", "tired"})
HIDING = ("hat", "hijab", "turban")
FEWEST = 500  # pictures that a trait must be known of


def glasses(words: Attributes) -> float | None:
    if words.get("style") not in DESIGNS:
        return None
    return float("glasses" in words or "glasses" in str(words.get("accessories", "")))


def beard(words: Attributes) -> float | None:
    return float("beard" in words or "facialHair" in words) if words.get("style") in DESIGNS else None


def mood(words: Attributes) -> float | None:
    """1 for a glad face, 0 for a grave one; many are neither."""
    told = str(words.get("mouth", ""))
    if told.startswith(("happy", "sad")):
        return float(told.startswith("happy"))
    face = words.get("face")
    return 1.0 if face in GLAD else 0.0 if face in GRAVE else None


def lightness(*fields: str) -> Trait:
    """Of the first of these colours that is named, in [0, 1]."""

    def trait(words: Attributes) -> float | None:
        return next((float(np.dot(rgb(words[field]), LUMA)) for field in fields if field in words), None)

    return trait


def warmth(field: str) -> Trait:
    """Of this colour: red less blue, in [-1, 1]."""

    def trait(words: Attributes) -> float | None:
        if field not in words:
            return None
        red, _, blue = rgb(words[field])
        return red - blue

    return trait


def length(words: Attributes) -> float | None:
    """Of the hair: 1 where it is long, 0.5 where it reaches the neck, 0 where it is short or shaved; a hat says nothing."""
    worn = str(words.get({"pixel-art": "hair", "open-peeps": "head"}.get(str(words.get("style")), ""), "hat"))
    if worn.startswith(HIDING):
        return None
    return 1.0 if worn.startswith("long") else 0.5 if worn.startswith(("medium", "grayMedium", "bangs")) else 0.0


def rgb(colour: str) -> tuple[float, float, float]:
    """'#rrggbb' -> three of [0, 1]."""
    red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return red, green, blue


DESIGNS = frozenset({"lorelei", "notionists", "open-peeps", "pixel-art"})
TRAITS: Mapping[str, Trait] = {
    "beard": beard,
    "clothes": warmth("clothingColor"),
    "glasses": glasses,
    "ground": warmth("backgroundColor"),
    "hair": lightness("hairColor", "headContrastColor"),
    "length": length,
    "mood": mood,
    "skin": lightness("skinColor"),
}


def traits_of(data: PictureSet) -> Mapping[str, np.ndarray]:
    """Those that the attributes of a set tell of enough pictures: (n,) float64 each, NaN where they do not say."""
    known = {name: np.array([_number(trait(row)) for row in data.attributes or ()]) for name, trait in TRAITS.items()}
    return {name: values for name, values in known.items() if np.isfinite(values).sum() >= FEWEST and np.nanstd(values) > 0}


def _number(value: float | None) -> float:
    return np.nan if value is None else value
