"""Picture repair: holes filled so that they go on from around them, in as many ways as there are seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from models.registry import TRANSLATORS
from models.translators.filler import Chance, Filler, InpaintingConfig, chance, reflected, smooth
from models.translators.mending import extend, mend
from models.translators.translator import NONE, Beside, Option, Others, Tell, Translator, TranslatorSpec, unheard

SIDES = ("top", "bottom", "left", "right")  # of the frame, beyond which a picture may grow
MOST = 1024  # pixels on a side
PARTS = 1000  # in which progress is told


@TRANSLATORS.register("inpainting", InpaintingConfig)
class Inpainting(Translator):
    """Fills what a mask marks and changes nothing else, and grows a picture beyond its frame."""

    def __init__(self, config: InpaintingConfig) -> None:
        super().__init__()
        self.config = config
        grown = tuple(Option(name, 0, most=MOST, unit="pixels", whole=True) for name in SIDES)
        options = (Option("seed", 0, most=2**32 - 1, whole=True), Option("freedom", 0.25), *grown)
        self.spec = TranslatorSpec("inpainting", options=options, beside=(Beside("mask", "mask"),))
        self.filler = Filler(config)

    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        told, masks = self.spec.read(options), beside.get("mask", ())
        if len(masks) != 1:
            raise ValueError(f"One mask of what is to be filled is needed beside the picture, not {len(masks)}.")
        hole = (masks[0] > 0).to(pictures).expand(len(pictures), -1, -1, -1)
        luck = self.chance(int(told["seed"]), *pictures.shape[-2:])
        return self.fill(smooth(pictures, hole), hole, luck, told["freedom"])

    def size(self, width: int, height: int, options: Mapping[str, float]) -> tuple[int, int]:
        above, below, left, right = self._sides(options)
        return width + left + right, height + above + below

    def work(self, pixels: np.ndarray, options: Mapping[str, float], beside: Others = NONE, tell: Tell = unheard) -> np.ndarray:
        """What a mask marks is filled, and what lies beyond the frame made up; a picture of any size, window by window."""
        told, masks, sides = self.spec.read(options), beside.get("mask", ()), self._sides(options)
        heard = lambda share: tell(round(PARTS * share), PARTS)  # noqa: E731
        if masks:
            hole = masks[0][0].gt(0.5).cpu().numpy()
            pixels = mend(self, pixels, hole, told, heard)
        return extend(self, pixels, sides, told, heard) if any(sides) else pixels

    def _sides(self, options: Mapping[str, float]) -> tuple[int, int, int, int]:
        """Pixels that are added above, below, left and right."""
        above, below, left, right = (round(options.get(name, 0)) for name in SIDES)
        return above, below, left, right

    def chance(self, seed: int, height: int, width: int) -> Chance:
        """What a seed decides for a picture of this size."""
        return chance(self.config.z_dim, height, width, torch.Generator().manual_seed(seed))

    def fill(self, base: Tensor, hole: Tensor, luck: Chance, freedom: float) -> Tensor:
        """base, (n, 3, h, w) in [0, 1] of any size, its holes filled smoothly -> the same, filled as the network proposes."""
        n, _, height, width = base.shape
        rows, columns = (reflected(side, base.device) for side in (height, width))
        padded, marked = (x[..., rows, :][..., columns] for x in (base, hole))
        luck = Chance(luck.whole.to(base).expand(n, -1), luck.grain.to(base).expand(n, -1, -1, -1))
        filled = self.filler(padded, marked, luck, base.new_full((n,), freedom))
        return torch.where(hole > 0, filled[..., :height, :width].clamp(0, 1), base)
