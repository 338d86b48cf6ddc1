"""Models: a card for each checkpoint, with what it draws, what it was trained with, its scores and its limits."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The cards' place; static/models.js writes them from the declarations in the visitor's language."""
    return island("models")
