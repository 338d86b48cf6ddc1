"""About: what this is, what the words mean, which keys there are."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The About page's place; static/about.js writes it in the visitor's language."""
    return island("about")
