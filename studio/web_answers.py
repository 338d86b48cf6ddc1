"""What routes that answer without Gradio share."""

from __future__ import annotations

from starlette.requests import Request

from studio.errors import Fault

NO_CACHE = {"Cache-Control": "no-cache"}


async def body(request: Request, most: int) -> bytes:
    """The request's body, read no further than allowed."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise Fault("fault.too_large", size=len(data), most=most, status=413)
    return bytes(data)


def disposition(name: str, download: str) -> str:
    """Whether the browser shows a file or keeps it, and under which name."""
    return f'{"attachment" if download else "inline"}; filename="{name}"'
