"""Translate: pictures of one kind become another; the bench that does it is drawn in the browser."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The bench's place; static/translate.js fills it."""
    return island("translate")
