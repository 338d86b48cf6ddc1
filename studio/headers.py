"""What every answer tells the browser to refuse: other hosts' code, frames of strangers, guessed types (Content Security Policy 3).

Gradio's page has scripts and styles in its HTML and makes functions of text, so neither can be refused. What is: code, pictures and
connections from or to any other host, plug-ins, and a <base> or a form that leads elsewhere.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.settings import Settings

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors {frames}"
)
USED = ("camera", "microphone", "midi", "fullscreen", "screen-wake-lock")
UNUSED = ("geolocation", "payment", "usb", "serial", "hid", "display-capture")


class SafeHeaders:
    """ASGI middleware that adds these headers to every answer; one that has a stricter policy of its own keeps it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._headers = {
            "Content-Security-Policy": POLICY.format(frames=" ".join(settings.frames)),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": ", ".join([*(f"{name}=(self)" for name in USED), *(f"{name}=()" for name in UNUSED)]),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    given.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_safely if scope["type"] == "http" else send)
