"""One recipe by websocket, button, API, link and restored PNG: the same bytes each time, in the studio as it is served."""

from __future__ import annotations

import base64
import urllib.request
from pathlib import Path

from gradio_client import Client
from playwright.sync_api import Page, expect

from studio.bench.server import Server
from tests.browser.hands import after_rest, drag, recipe
from tests.browser.test_restore import drop

# Keeps the lossless bytes that the socket brought for the picture on the page.
LISTEN = """() => window.atelier.live.on('frame', ({header, bytes}) => {
  if (!header.rest) return;
  window.brought = {id: header.id, text: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))};
})"""


def brought(page: Page) -> bytes:
    """The PNG of the newest resting frame."""
    page.wait_for_function("window.atelier.live.settled && window.brought?.id === window.atelier.live.painted.id")
    return base64.b64decode(page.evaluate("window.brought.text"))


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def test_every_door_gives_the_same_bytes(page: Page, studio: Server) -> None:
    page.evaluate(LISTEN)
    after_rest(page, lambda: drag(page, "input[name=variation]", 0.3, 0))  # the slider, over the socket
    wanted = recipe(page)
    socket = brought(page)

    page.locator("[data-act=save]").click()  # the button
    expect(page.locator("[data-role=notice]")).to_contain_text("Saved")
    saved = fetched(f"{studio.url}gallery/{page.evaluate('window.atelier.state.parents[0]')}.png")

    client = Client(studio.url, verbose=False)
    drawn = Path(client.predict(wanted, "png", api_name="/draw")).read_bytes()
    link = client.predict(None, page.evaluate("JSON.stringify(window.atelier.state.recipe)"), api_name="/recipe")["link"]
    linked = fetched(f"{studio.url}draw.png?r={link}")

    after_rest(page, lambda: page.locator("[data-act=dice]").click())
    assert brought(page) != socket
    after_rest(page, lambda: drop(page, "saved.png", saved))
    restored = brought(page)

    assert {saved, drawn, linked, restored} == {socket}
