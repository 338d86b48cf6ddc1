"""The page one would write first, slider.change → gr.Image, served beside ours by one engine so that both can be measured."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import gradio as gr
import numpy as np
import uvicorn

from studio.engine import Engine
from studio.gallery import Gallery
from studio.recipe import Recipe
from studio.settings import from_args
from studio.ui import page
from studio.web import create_web

PATH = "/naive"
STEP = 0.01  # as our slider's


def build(engine: Engine, generator: str) -> gr.Blocks:
    """A slider and a picture with Gradio's defaults, wired as its documentation does it."""

    def draw(variation: float) -> np.ndarray:
        return engine.draw(Recipe(generator, seed=4711, variation_seed=1147, variation=variation)).pixels

    with gr.Blocks(analytics_enabled=False) as blocks:
        slider = gr.Slider(0, 1, 0, step=STEP, label="Variation")
        slider.change(draw, slider, gr.Image())
    return blocks


def main() -> int:
    """Serve both pages until stopped: ours at /, the naive one at /naive."""
    parser = argparse.ArgumentParser(prog="python -m studio.bench.naive", description=__doc__)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--checkpoints", str(options.checkpoints), "--port", str(options.port), "--folder", folder]
        settings = from_args(flags, {})
        with Engine(settings.checkpoints, folder=settings.folder, device=settings.device) as engine:
            if options.generator not in engine.checkpoints:
                print(f"No generator '{options.generator}'. Known: {', '.join(engine.checkpoints)}.", file=sys.stderr)
                return 1
            gallery = Gallery(settings.folder)
            web = create_web(engine, gallery, settings)
            gr.mount_gradio_app(web, build(engine, options.generator), path=PATH)
            page.mount(web, page.build(engine, gallery, settings), settings)
            uvicorn.run(web, host="127.0.0.1", port=options.port, log_level="warning", ws_per_message_deflate=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
