"""How each family of translators is measured: its scores, and the pictures they are taken on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.metrics.painted import painted_scores
from models.metrics.repaired import repaired_scores
from models.metrics.restyled import drawn_out_scores, relabelled_scores
from models.metrics.unpaired import unpaired_scores
from models.metrics.upscaled import upscaled_scores
from models.translators.translator import Translator


@dataclass(frozen=True)
class Measured:
    """scores: of a translator, by a folder. originals: the folder's name among originals, several joined by +;
    none where it is the sets that the translator was trained on."""

    scores: Callable[[Translator, Path], Mapping[str, float]]
    originals: str = ""


TRANSLATED: Mapping[str, Measured] = {
    "upscaler": Measured(upscaled_scores, "kodak"),
    "inpainting": Measured(repaired_scores, "kodak"),
    "style_transfer": Measured(painted_scores, "kodak+paintings"),
    "pix2pix": Measured(drawn_out_scores),
    "stargan": Measured(relabelled_scores),
    "cut": Measured(unpaired_scores),
}
