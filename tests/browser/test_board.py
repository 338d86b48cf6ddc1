"""The mixing board in a real browser: rows give the shape, columns the colour, and every cell is a picture like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import after_rest, recipe
from tests.browser.test_axe import AXE, IN_EARNEST, SCAN
from tests.browser.test_breeding import choose
from tests.browser.test_sheet import open_sheet

BOARD = "[data-dialog=board]"
TOOLS = f"{BOARD} .board-tools"


def drawn(page: Page, count: int) -> Locator:
    """The board's pictures, heads and cells, once all are there and none is under way."""
    pictures = page.locator(f"{BOARD} .board button:not([disabled]):has(canvas)")
    expect(pictures).to_have_count(count)
    page.wait_for_function("window.atelier.live.sheets.size === 0")
    return pictures


def open_board(page: Page, seed: int = 7) -> None:
    after_rest(page, lambda: page.evaluate(f"window.atelier.state.restore({{generator: 'portraits', seed: {seed}}})"))
    page.click("[data-act=board]")
    drawn(page, 15)


def look(page: Page, row: int, column: int) -> str:
    return (
        page.locator(f"{BOARD} .board button:has(canvas)")
        .nth((row + 1) * 4 + column)
        .locator("canvas")
        .evaluate("(one) => one.toDataURL()")
    )


def test_a_cell_is_opened_with_both_its_heads_as_parents(page: Page) -> None:
    open_board(page)
    page.locator(".board-cell").nth(4).click()
    after_rest(page, lambda: page.click(f"{TOOLS} [data-act=board-open]"))
    expect(page.locator(BOARD)).to_have_count(0)
    parts: list[Any] = recipe(page)["blend"]
    parents = page.evaluate("window.atelier.state.parents")
    assert [part["recipe"]["seed"] for part in parts] == [parent["seed"] for parent in parents]
    assert [part["layers"] for part in parts] == [[1] * 6 + [0] * 6, [0] * 6 + [1] * 6]


def test_the_slider_moves_where_colour_begins_and_heads_are_exchanged(page: Page) -> None:
    open_board(page)
    before, head = look(page, 1, 1), look(page, 1, -1)
    slider = page.locator(f"{BOARD} input[name=board-layer]")
    slider.fill("1")
    slider.dispatch_event("input")
    drawn(page, 15)
    assert look(page, 1, 1) != before
    page.locator(".board-head").nth(4).click()  # the second row's
    page.click(f"{TOOLS} [data-act=board-seed-dice]")
    drawn(page, 15)
    assert look(page, 1, -1) != head
    page.click(f"{TOOLS} [data-act=board-from-create]")
    drawn(page, 15)
    assert look(page, 1, 1) == look(page, 0, 1), "the first row is what stands in Create"
    page.click(f"{TOOLS} [data-act=board-remove]")
    drawn(page, 11)
    page.click("[data-act='board.add_row']")
    drawn(page, 15)
    page.keyboard.press("Escape")
    page.click("[data-act=board]")
    drawn(page, 15)
    expect(slider).to_have_value("1")  # the board stands as it was left


def test_a_head_from_the_gallery_and_a_saved_cell_are_parent_and_child(page: Page) -> None:
    saved = page.evaluate("window.atelier.api.call('save', [{generator: 'portraits', seed: 5150}, []])")
    open_board(page)
    page.locator(".board-head").first.click()
    page.click(f"{TOOLS} [data-act=board-from-gallery]")
    page.locator("[data-dialog=choose] .choice").first.click()
    drawn(page, 15)
    page.locator(".board-cell").first.click()
    page.click(f"{TOOLS} [data-act=board-save]")
    expect(page.locator(f"{TOOLS} [data-act=board-save]")).to_have_attribute("aria-pressed", "true")
    assert len(page.evaluate("(id) => window.atelier.api.call('lineage', [id])", saved["id"])["children"]) == 1


def test_by_keys_and_to_the_film(page: Page) -> None:
    open_board(page)
    for _ in range(2):
        page.locator(".board-cell").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".board-cell").nth(4)).to_have_attribute("aria-pressed", "true")
        page.click(f"{TOOLS} [data-act=board-film]")
        expect(page.locator("[data-island=film]")).to_be_visible()
        page.evaluate("window.atelier.openTab('create')")
        page.click("[data-act=board]")
        drawn(page, 15)
    assert page.evaluate("window.atelier.film.film.keys.map(({recipe}) => recipe.blend.length)") == [2, 2]
    page.keyboard.press("Escape")
    page.evaluate("window.atelier.openTab('film')")
    expect(page.locator("[data-role=seam]")).not_to_be_empty()


def test_parents_of_a_sheet_become_its_edges_on_a_telephone_in_chinese(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("window.atelier.words.use('zh')")
    open_sheet(page, "portraits", "random")
    choose(page, 1, 2)
    page.click("[data-act=breed-board]")
    drawn(page, 8)
    expect(page.locator(f"{BOARD} h2")).to_have_text("混搭板")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert look_of(page, 0) == look_of(page, 3), "what is crossed with itself is itself"
    page.add_script_tag(path=Path(AXE))
    found = [fault for fault in page.evaluate(SCAN, []) if fault["impact"] in IN_EARNEST]
    assert [fault for fault in found if "board" in fault["html"]] == []
    page.evaluate("window.atelier.words.use('en')")


def look_of(page: Page, number: int) -> str:
    return page.locator(f"{BOARD} .board button:has(canvas)").nth(number).locator("canvas").evaluate("(one) => one.toDataURL()")
