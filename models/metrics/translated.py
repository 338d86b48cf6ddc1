"""How each family of translators is measured: on a folder's pictures, or on what a picture set there holds out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from models.metrics.painted import painted_scores
from models.metrics.repaired import repaired_scores
from models.metrics.restyled import drawn_out_scores, relabelled_scores
from models.metrics.unpaired import unpaired_scores
from models.metrics.upscaled import upscaled_scores
from models.translators.translator import Translator

Measure = Callable[[Translator, Path], Mapping[str, float]]

TRANSLATED: Mapping[str, Measure] = {
    "upscaler": upscaled_scores,
    "inpainting": repaired_scores,
    "pix2pix": drawn_out_scores,
    "stargan": relabelled_scores,
    "style_transfer": painted_scores,
    "cut": unpaired_scores,
}
