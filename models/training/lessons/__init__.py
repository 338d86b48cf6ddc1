"""How each family of translators is taught."""

from __future__ import annotations

from collections.abc import Mapping

from models.training.lessons.lesson import Lesson, Sets
from models.training.lessons.relabelling import Relabelling
from models.training.lessons.repairing import Repairing
from models.training.lessons.restyling import Restyling
from models.training.lessons.sketching import Sketching
from models.training.lessons.unpaired import Unpaired
from models.training.lessons.upscaling import Upscaling

__all__ = ["LESSONS", "Lesson", "Sets"]

LESSONS: Mapping[str, Lesson] = {
    "upscaler": Upscaling(),
    "inpainting": Repairing(),
    "pix2pix": Sketching(),
    "stargan": Relabelling(),
    "style_transfer": Restyling(),
    "cut": Unpaired(),
}  # by family
