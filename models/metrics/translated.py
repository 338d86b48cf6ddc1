"""How each family of translators is measured, on the pictures of a folder that nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from models.metrics.unpaired import unpaired_scores
from models.metrics.upscaled import upscaled_scores
from models.translators.translator import Translator

Measure = Callable[[Translator, Path], Mapping[str, float]]

TRANSLATED: Mapping[str, Measure] = {"upscaler": upscaled_scores, "cut": unpaired_scores}
