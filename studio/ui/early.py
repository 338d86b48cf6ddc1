"""Told in the answer's first lines what the page will need, the browser fetches it while Gradio still starts."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

IMPORT = re.compile(r"from '\./([\w-]+)\.js'")
ENTRIES = ("studio", "header", "create")
DATA = ("declarations.json", "text/en.json", "text/zh.json")


def modules(static: Path) -> list[str]:
    """The names of the modules that the first tab needs, the entries first, then what they import."""
    found: list[str] = [*ENTRIES]
    for name in found:  # it grows while it is walked
        found += [other for other in dict.fromkeys(IMPORT.findall((static / f"{name}.js").read_text("utf-8"))) if other not in found]
    return found


class EarlyLinks:
    """Adds a Link header to the page itself (html.spec.whatwg.org, processing Link headers); ASGI middleware."""

    def __init__(self, app: ASGIApp, static: Path) -> None:
        self._app = app
        scripts = [f"<page/{name}.js>; rel=modulepreload" for name in modules(static)]
        sheets = [f"<page/{sheet.name}>; rel=preload; as=style" for sheet in sorted(static.glob("*.css"))]
        data = [f"<{path}>; rel=preload; as=fetch; crossorigin" for path in DATA]
        self._links = ", ".join(sheets + scripts + data)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Link"] = self._links
            await send(message)

        page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        await self._app(scope, receive, tell if page else send)
