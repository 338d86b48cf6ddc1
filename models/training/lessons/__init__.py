"""How each family of translators is taught."""

from __future__ import annotations

from collections.abc import Mapping

from models.training.lessons.lesson import Lesson, Sets
from models.training.lessons.unpaired import Unpaired
from models.training.lessons.upscaling import Upscaling

__all__ = ["LESSONS", "Lesson", "Sets"]

LESSONS: Mapping[str, Lesson] = {"upscaler": Upscaling(), "cut": Unpaired()}  # by family
