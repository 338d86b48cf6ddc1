"""Style: any picture painted like any others; the bench that does it is drawn in the browser."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The bench's place; static/restyle.js fills it."""
    return island("restyle")
