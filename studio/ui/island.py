"""A place on the page that one ES module of studio/ui/static fills and keeps."""

from __future__ import annotations

import gradio as gr

# Gradio renders an HTML component again only when its value or props change. An island's never do, so the node stays
# for as long as the page and the module that owns it may keep state in it.
ANNOUNCE = "document.dispatchEvent(new CustomEvent('atelier:island', {detail: element}));"


def island(name: str, content: str = "", *, script: str = "") -> gr.HTML:
    """A gr.HTML whose one node, `[data-island=NAME]`, is filled by `static/NAME.js` through its `mount(root, atelier)`.

    `content` is what stands there until the module arrives. `script` runs when Gradio has put the node on the page.
    """
    return gr.HTML(
        html_template=f'<div data-island="{name}" class="island island-{name}">{content}</div>',
        js_on_load=f"{script}{ANNOUNCE}",
        apply_default_css=False,
        elem_id=f"island-{name}",
        elem_classes=["island-frame"],
    )
