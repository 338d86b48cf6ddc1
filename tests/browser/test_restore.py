"""A picture dropped on the page brings every control back."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.hands import after_rest, drag, pixels, recipe

DROP = """([name, type, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, {type}));
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
  }
}"""


def drop(page: Page, name: str, data: bytes) -> None:
    page.evaluate(DROP, [name, f"image/{name.rpartition('.')[2]}", base64.b64encode(data).decode()])


def turn_everything(page: Page) -> None:
    """Move each kind of control that the generator has."""
    for dice in page.locator(".groups [data-act$=dice]").all():
        dice.click()
    for name in [slider.get_attribute("name") for slider in page.locator(".groups input[type=range]:visible").all()]:
        drag(page, f"input[name='{name}']", 0.2, 0, steps=2)
    for switch in (".chip", ".layer"):
        for second in page.locator(f"{switch}:visible").all()[1:2]:
            second.click()
    after_rest(page, lambda: drag(page, "canvas[data-role=picture]", 0.2, -0.1, steps=2))


def generators(page: Page) -> list[str]:
    return page.evaluate("window.atelier.state.declarations.map(({id}) => id)")


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_a_dropped_picture_restores_every_control(page: Page, pictures: Path, format: str) -> None:
    for generator in generators(page) if format == "png" else generators(page)[:1]:
        if recipe(page)["generator"] != generator:
            after_rest(page, lambda generator=generator: page.locator(f"[data-generator='{generator}']").click())
        turn_everything(page)
        wanted, seen = recipe(page), pixels(page)
        page.locator("[data-act=download]").click()
        with page.expect_download() as download:
            page.locator(f"[data-download={format}-1]").click()
        download.value.save_as(file := pictures / f"{generator}.{format}")

        after_rest(page, lambda: page.locator("[data-act=dice]").click())
        assert pixels(page) != seen
        after_rest(page, lambda file=file: drop(page, file.name, file.read_bytes()))
        found = recipe(page)
        assert {key: near(value) for key, value in found.items()} == {key: near(value) for key, value in wanted.items()}
        assert pixels(page) == seen


def near(value: object) -> object:
    """A control as far as a recipe keeps it, six digits."""
    if isinstance(value, dict):
        return {key: near(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return [near(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def test_a_picture_without_a_recipe_says_so_kindly(page: Page) -> None:
    before = recipe(page)
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    drop(page, "holiday.png", file.getvalue())
    toast = page.locator(".toast")
    expect(toast).to_contain_text("recipe")
    expect(toast.get_by_role("button", name="Find it")).to_be_visible()
    assert recipe(page) == before


def test_a_link_opens_with_every_control(page: Page) -> None:
    turn_everything(page)
    wanted = recipe(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-act=share]").click()
    expect(page.locator("[data-role=notice]")).to_contain_text("link")
    link = page.evaluate("navigator.clipboard.readText()")
    other = page.context.new_page()
    other.goto(link)
    expect(other.locator("[data-role=notice]")).to_contain_text("Every control")
    assert {key: near(value) for key, value in recipe(other).items()} == {key: near(value) for key, value in wanted.items()}
    assert "r=" not in other.url
