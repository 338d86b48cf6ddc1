"""Squares cut from a picture: a few large pictures become many small ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.training.datasets.pictures import PictureSetError

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(frozen=True)
class Crops:
    """How squares are cut: `count` a picture, their side from `least` to 1 of its shorter side, their place anywhere.

    One square of the whole shorter side is the one in the middle. A square is never smaller than `size`, so that none is
    enlarged. Raises PictureSetError at birth where a value makes no sense.
    """

    size: int = 128  # pixels a side, once reduced
    count: int = 1
    least: float = 1.0

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 1024 or not 1 <= self.count <= 10_000 or not 0 < self.least <= 1:
            raise PictureSetError(
                f"No squares of size {self.size}, {self.count} a picture, at least {self.least} of it. "
                "Ask for a size from 8 to 1024, 1 to 10,000 a picture, and a least above 0, at most 1."
            )

    def said(self, pictures: int) -> str:
        """The policy in one sentence: '91 pictures, 60 squares of each: 60 to 100 % of the shorter side, 128 px.'"""
        if self.least == 1 and self.count == 1:
            return f"{pictures:,} pictures, the middle square of each: {self.size} px."
        share = "100" if self.least == 1 else f"{100 * self.least:g} to 100"
        squares = "one square" if self.count == 1 else f"{self.count:,} squares"
        return f"{pictures:,} pictures, {squares} of each: {share} % of the shorter side, {self.size} px."

    def boxes(self, width: int, height: int, name: str, margin: float = 0.0) -> list[Box]:
        """Where the squares of a picture of that name lie, always the same; none of them in its outer margin.

        margin: share of the shorter side, cut off on each of the four edges. No boxes where what is left is below `size`.
        """
        cut = round(margin * min(width, height))
        within, short = (width - 2 * cut, height - 2 * cut), min(width, height) - 2 * cut
        if short < self.size:
            return []
        if self.count == 1 and self.least == 1:
            left, top = (cut + (length - short) // 2 for length in within)
            return [(left, top, left + short, top + short)]
        draw = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
        sides = draw.uniform(max(self.least * short, self.size), short, self.count).round().astype(int)
        lefts, tops = (cut + np.floor(draw.random(self.count) * (length - sides + 1)).astype(int) for length in within)
        return [(int(x), int(y), int(x + s), int(y + s)) for x, y, s in zip(lefts, tops, sides, strict=True)]

    def cut(self, picture: Image.Image, box: Box) -> np.ndarray:
        """One square of an RGB picture, (size, size, 3) uint8."""
        return np.asarray(picture.resize((self.size, self.size), Image.Resampling.LANCZOS, box=box))
