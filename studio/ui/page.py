"""The page's frame: a header, Gradio's tabs as its navigation, and the named endpoints."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from studio.engine import Engine
from studio.gallery import Gallery
from studio.settings import Settings
from studio.tabs import about, create, film, gallery as gallery_tab, models, repair, restyle, translate, upscale
from studio.ui import api
from studio.ui.early import EarlyLinks
from studio.ui.island import island
from studio.ui.theme import Quiet
from studio.words import say

STATIC = Path(__file__).parent / "static"
TABS = ("create", "upscale", "restyle", "repair", "translate", "film", "gallery", "models", "about")
BUILD = {
    "create": create.build,
    "upscale": upscale.build,
    "restyle": restyle.build,
    "repair": repair.build,
    "translate": translate.build,
    "film": film.build,
    "gallery": gallery_tab.build,
    "models": models.build,
    "about": about.build,
}
# The switch of language lives in the browser. Gradio's own tabs learn of it through this event, which never leaves the page.
RELABEL = "document.addEventListener('atelier:language', () => trigger('relabel'));"
LABELS = "() => window.atelier.tabLabels().map((label) => ({__type__: 'update', label}))"


def build(engine: Engine, gallery: Gallery, settings: Settings) -> gr.Blocks:
    """Every tab and every named endpoint, ready to be mounted."""
    with gr.Blocks(title="Latent Atelier", analytics_enabled=False, fill_width=True) as blocks:
        header = island("header", script=RELABEL)
        with gr.Tabs(elem_id="atelier-tabs"):
            tabs = [_tab(name, engine) for name in TABS]
        header.relabel(None, None, tabs, js=LABELS, api_visibility="private")
        api.add(engine, gallery, settings)
    return blocks


def _tab(name: str, engine: Engine) -> gr.Tab:
    with gr.Tab(say("en", f"tab.{name}"), id=name, elem_id=name) as tab:
        BUILD[name](engine)
    return tab


def mount(web: FastAPI, blocks: gr.Blocks, settings: Settings) -> FastAPI:
    """The page at the root of `web`, under the routes that `web` has of its own."""
    if settings.profile != "kiosk":  # whose front is another page
        web.add_middleware(EarlyLinks, static=STATIC)
    return gr.mount_gradio_app(
        web,
        blocks,
        path="",
        theme=Quiet(),
        head=head(settings.language, settings.keep_days),
        footer_links=[],
        run_history=False,
        mcp_server=settings.mcp,
        ssr_mode=False,
        show_error=True,
    )


def head(language: str | None, keep_days: int | None = None) -> str:
    """Styles and the entry module, by addresses relative to the page, so that a root path or an iframe changes nothing."""
    sheets = "".join(f'<link rel="stylesheet" href="page/{sheet.name}">' for sheet in sorted(STATIC.glob("*.css")))
    chosen = f'<meta name="atelier-language" content="{language}">' if language else ""
    kept = f'<meta name="atelier-keep-days" content="{keep_days}">' if keep_days else ""
    return f'{chosen}{kept}{sheets}<script type="module" src="page/studio.js"></script>'
