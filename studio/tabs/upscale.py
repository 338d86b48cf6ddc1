"""Upscale: a picture of any origin made larger; the bench that works on it is drawn in the browser."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The bench's place; static/upscale.js fills it."""
    return island("upscale")
