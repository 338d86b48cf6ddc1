"""The contact sheet in a real browser: what varies is chosen, shown, remembered, and any picture of it can be taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from studio.bench.server import Server
from tests.browser.hands import after_rest, recipe
from tests.browser.test_axe import AXE, IN_EARNEST, SCAN

READY = "[data-role=sheet] .cell-pick:not([disabled])"


def open_sheet(page: Page, generator: str, mode: str) -> Locator:
    """The drawn pictures of a sheet of this mode."""
    after_rest(page, lambda: page.evaluate(f"window.atelier.state.restore({{generator: '{generator}', seed: 7}})"))
    return sheet_of(page, mode)


def sheet_of(page: Page, mode: str) -> Locator:
    """The drawn pictures of a sheet around the picture that stands there."""
    page.locator("[data-act=sheet]").click()
    page.locator(f"[data-mode={mode}]").click()
    cells = page.locator(READY)
    expect(cells).to_have_count(12)
    expect(page.locator("[data-dialog=sheet] progress")).to_be_hidden()
    return cells


@pytest.mark.parametrize(
    ("generator", "mode", "field", "expected"),
    [
        ("portraits", "random", "seed", None),
        ("portraits", "varied", "seed", None),
        ("portraits", "layers", "mix_layers", [6, 7, 8, 9, 10, 11]),
        ("portraits", "classes", "styles", {"notionists": 1}),
        ("digits-cgan", "series", "seed", 8),
        ("digits-cgan", "plane", "position", [0, 0.5]),
        ("digits-cgan", "walk", "variation", 0.090909),
        ("digits-cgan", "classes", "classes", {"1": 1}),
        ("digits-cgan", "truncation", "truncation", 0.109091),
    ],
)
def test_a_cell_of_every_mode_brings_all_its_controls(page: Page, generator: str, mode: str, field: str, expected: object) -> None:
    cells = open_sheet(page, generator, mode)
    before = recipe(page)
    after_rest(page, cells.nth(1).click)
    expect(page.locator("[data-dialog=sheet]")).to_have_count(0)
    assert recipe(page)[field] == expected or (expected is None and recipe(page)[field] != before[field])
    page.keyboard.press("z")
    assert recipe(page) == before, "it can be undone"


def test_a_mode_is_offered_where_the_generator_has_it_and_remembered(page: Page) -> None:
    open_sheet(page, "portraits", "layers")
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_function("window.painted?.rests > 0")
    page.locator("[data-act=sheet]").click()
    expect(page.locator("[data-mode=layers]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    after_rest(page, lambda: page.evaluate("window.atelier.state.choose('digits-vae-map')"))
    page.locator("[data-act=sheet]").click()
    expect(page.locator(".sheet-mode")).to_have_text(["In a row", "By chance", "Most different", "Around this one", "On the way"])
    expect(page.locator("[data-mode=random]")).to_have_attribute("aria-pressed", "true")


def test_going_to_another_mode_and_back_shows_the_same_pictures(page: Page) -> None:
    seeds = [cell.get_attribute("aria-label") for cell in open_sheet(page, "digits-cgan", "random").all()]
    page.locator("[data-mode=truncation]").click()
    expect(page.locator("[data-act=sheet-again]")).to_be_disabled()
    expect(page.locator(".cell-says").last).to_have_text("1.20")
    page.locator("[data-mode=random]").click()
    expect(page.locator(READY)).to_have_count(12)
    assert [cell.get_attribute("aria-label") for cell in page.locator(READY).all()] == seeds
    expect(page.locator(".cell").first).to_have_attribute("data-now", "")
    page.locator("[data-act=sheet-again]").click()
    expect(page.locator(READY)).to_have_count(12)
    assert [cell.get_attribute("aria-label") for cell in page.locator(READY).all()][1:] != seeds[1:]


def test_a_picture_of_the_sheet_is_kept_with_the_recipe_it_shows(page: Page) -> None:
    open_sheet(page, "digits-cgan", "walk")
    with page.expect_event("console", lambda message: message.text == "kept 1"):
        page.evaluate("document.addEventListener('atelier:saved', ({detail}) => console.log(`kept ${detail.recipe.variation}`))")
        page.locator(".cell").last.hover()
        page.locator(".cell-keep").last.click()
    expect(page.locator(".cell-keep").last).to_have_attribute("aria-pressed", "true")


def test_the_sheet_speaks_chinese_and_is_sound(page: Page) -> None:
    page.evaluate("window.atelier.words.use('zh')")
    open_sheet(page, "digits-cgan", "varied")
    expect(page.locator(".sheet-mode").nth(2)).to_have_text("差别最大")
    page.wait_for_function("document.getAnimations().every(({playState}) => playState !== 'running')")  # colours have come to rest
    page.add_script_tag(path=Path(AXE))
    found = [fault for fault in page.evaluate(SCAN, []) if fault["impact"] in IN_EARNEST]
    assert [fault for fault in found if "sheet" in fault["html"] or "cell" in fault["html"]] == []


def test_without_a_socket_a_sheet_comes_by_events(browser: Browser, studio: Server) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.add_init_script("window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.(), 5); } send() {} };")
    page.goto(studio.url)
    expect(page.locator("[data-role=mode]")).to_have_attribute("data-mode", "events")
    page.locator("[data-act=sheet]").click()
    page.locator("[data-mode=truncation]").click()
    expect(page.locator(READY)).to_have_count(12)
    expect(page.locator(".cell-says").last).to_have_text("1.20")
    context.close()
