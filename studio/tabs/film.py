"""Film: pictures at moments and all that lies between them; the tab is drawn in the browser."""

from __future__ import annotations

import gradio as gr

from studio.engine import Engine
from studio.ui.island import island


def build(engine: Engine) -> gr.HTML:
    """The tab's place; static/film.js fills it."""
    return island("film")
