"""What routes that answer without Gradio share."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from studio.errors import Fault
from studio.recipe import Recipe, from_dict
from studio.recipe_text import MAX_JSON

NO_CACHE = {"Cache-Control": "no-cache"}


async def body(request: Request, most: int) -> bytes:
    """The request's body, read no further than allowed."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > most:
                raise Fault("fault.too_large", size=len(data), most=most, status=413)
    except ClientDisconnect as gone:  # nobody reads the answer, and it is no fault of ours for the log
        raise Fault("fault.bad_message") from gone
    return bytes(data)


async def json_in(request: Request) -> dict[str, Any]:
    """The JSON object that a body is; Fault where it is none."""
    try:
        given = json.loads(await body(request, 2 * MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise Fault("fault.recipe_text") from error
    if not isinstance(given, dict):
        raise Fault("fault.recipe_shape")
    return given


async def recipe_in(request: Request) -> Recipe:
    """The recipe in a body {"recipe": …}; Fault for everything wrong."""
    return from_dict((await json_in(request)).get("recipe"))


def disposition(name: str, download: str) -> str:
    """Whether the browser shows a file or keeps it, and under which name."""
    return f'{"attachment" if download else "inline"}; filename="{name}"'
