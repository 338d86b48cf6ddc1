"""Gallery: the pictures that were kept, to find, compare, label and take up again."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The gallery's place; static/gallery.js fills it, page by page, through the named endpoints."""
    return island("gallery")
