"""What a visitor's hand does on the page, and what their eye sees of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, expect

PIXELS = """() => {
  const canvas = document.querySelector('canvas[data-role=picture]');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, i) => (sum * 31 + value * (i % 7 + 1)) | 0, 7);
}"""


def pixels(page: Page) -> int:
    """A number that changes with any pixel of the picture."""
    return page.evaluate(PIXELS)


def recipe(page: Page) -> dict[str, Any]:
    """Every control as it stands."""
    return page.evaluate("window.atelier.state.recipe")


def after_rest(page: Page, act: Callable[[], Any]) -> None:
    """Do something that changes the picture and wait until the lossless picture of the newest recipe stands there."""
    before = page.evaluate("window.painted.rests")
    act()
    page.wait_for_function(f"window.painted.rests > {before} && window.atelier.live.settled")


def drag(page: Page, selector: str, across: float, up: float, steps: int = 10) -> int:
    """Drag on an element by parts of its width and height; gives how many pictures were painted on the way."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = page.evaluate("window.painted.all")
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(x + across * box["width"] * step / steps, y - up * box["height"] * step / steps)
        page.wait_for_timeout(20)
    painted = page.evaluate("window.painted.all") - before
    page.mouse.up()
    return painted


def bring(page: Page, tab: str, file: Path) -> None:
    """Open a bench and choose a file there."""
    page.evaluate(f"atelier.openTab('{tab}')")
    expect(page.locator(f"[data-bench={tab}]")).to_be_visible()
    page.set_input_files(f"[data-bench={tab}] [data-role=file]", str(file))


def stroke(page: Page, selector: str, *points: tuple[float, float]) -> None:
    """Draw a line on an element, through points in parts of its width and height."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def finger(session: CDPSession, kind: str, *points: tuple[float, float, int]) -> None:
    """Fingers on the glass: where each of them is, and which it is."""
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": id} for x, y, id in points]})
