"""Repair: what is brushed over is filled anew, and a picture grows beyond its frame; the bench is drawn in the browser."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The bench's place; static/repair.js fills it."""
    return island("repair")
