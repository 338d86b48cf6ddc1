"""Directions of one's own, as an artist makes them: two piles of pictures, a name, a slider."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hands import after_rest, pixels, recipe

GROUP = "[data-group=directions]"
MAKE = f"{GROUP} [data-role=make-direction]"
OWN = f"{GROUP} [data-role=own-directions]"


def made(page: Page, name: str) -> str:
    """Two pictures on the first pile, one on the second, and the way between them kept; its id."""
    page.click(f"{MAKE} summary")
    for seed, pile in ((3, "toward"), (4, "toward"), (9, "away")):
        after_rest(page, lambda seed=seed: page.evaluate(f"atelier.state.change({{ seed: {seed} }}, {{ rest: true }})"))
        page.click(f"{MAKE} [data-act=directions-{pile}]")
    expect(page.locator(f"{MAKE} .pile-cell")).to_have_count(3)
    page.fill(f"{MAKE} .direction-name", name)
    page.click(f"{MAKE} [data-act=directions-keep]")
    row = page.locator(f"{OWN} .row", has_text=name)
    expect(row).to_be_visible()
    return (row.locator("input[type=range]").get_attribute("name") or "").removeprefix("direction-")


def test_from_two_piles_to_a_slider_that_is_there_after_a_reload(page: Page) -> None:
    id = made(page, "More stripes")
    expect(page.locator(f"{MAKE} .pile-cell")).to_have_count(0)
    before = pixels(page)
    slider = page.locator(f"{OWN} input[name=direction-{id}]")
    slider.focus()
    after_rest(page, lambda: page.keyboard.press("End"))
    assert recipe(page)["directions"] == {id: 5}
    assert pixels(page) != before
    moved = pixels(page)
    page.reload()
    expect(page.locator(f"{OWN} .row", has_text="More stripes")).to_be_visible()
    page.wait_for_function("window.atelier.live.settled")
    assert recipe(page)["directions"] == {id: 5}
    page.wait_for_timeout(300)
    assert pixels(page) == moved


def test_a_picture_is_taken_off_its_pile(page: Page) -> None:
    page.click(f"{MAKE} summary")
    keep = page.locator(f"{MAKE} [data-act=directions-keep]")
    expect(keep).to_be_disabled()
    page.click(f"{MAKE} [data-act=directions-toward]")
    expect(keep).to_be_enabled()
    page.click(f"{MAKE} .pile-cell")
    expect(keep).to_be_disabled()


def test_renamed_saved_removed_and_opened_again(page: Page, tmp_path: Path) -> None:
    id = made(page, "First name")
    menu = f"{OWN} .row:has(input[name=direction-{id}]) [data-act=direction-menu]"
    page.on("dialog", lambda asked: asked.accept("Second name"))
    page.click(menu)
    page.click("[data-act=direction-rename]")
    expect(page.locator(f"{OWN} .row", has_text="Second name")).to_be_visible()
    page.click(menu)
    with page.expect_download() as saved:
        page.click("[data-act=direction-file]")
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    assert json.loads(file.read_text())["name"] == "Second name"
    page.click(menu)
    page.click("[data-act=direction-remove]")
    expect(page.locator(f"{OWN} input[name=direction-{id}]")).to_have_count(0)
    page.set_input_files(f"{MAKE} input[type=file]", str(file))
    expect(page.locator(f"{OWN} .row", has_text="Second name")).to_be_visible()
    page.set_input_files(f"{MAKE} input[type=file]", {"name": "x.json", "mimeType": "application/json", "buffer": b"{}"})
    expect(page.locator(".toast", has_text="no file of a direction")).to_be_visible()


def test_sliders_become_one(page: Page) -> None:
    page.click(f"{MAKE} summary")
    expect(page.locator(f"{MAKE} [data-act=directions-join]")).to_be_disabled()
    named = page.evaluate("Object.keys(atelier.state.declaration.directions)[0]")
    after_rest(page, lambda: page.evaluate(f"atelier.state.change({{ directions: {{ '{named}': 2 }} }}, {{ rest: true }})"))
    page.fill(f"{MAKE} .direction-name", "Both")
    page.click(f"{MAKE} [data-act=directions-join]")
    expect(page.locator(f"{OWN} .row", has_text="Both")).to_be_visible()
    assert recipe(page)["directions"] == {}


def test_in_chinese_on_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("atelier.words.use('zh')")
    page.click(".group-tabs [data-for=directions]")
    page.click(f"{MAKE} summary")
    expect(page.locator(f"{MAKE} [data-act=directions-keep]")).to_have_text("留下这条路")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("atelier.words.use('en')")
