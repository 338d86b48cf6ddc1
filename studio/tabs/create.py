"""Create: the instrument. All of it is drawn in the browser from the declarations, so that a drag never waits for a form."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The instrument's place; static/create.js fills it."""
    return island("create")
