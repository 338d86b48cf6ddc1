"""A newcomer's whole round, in a real browser on the real checkpoints."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from studio.bench.server import Server
from tests.browser.hands import after_rest, drag, pixels, recipe

PICTURE = "canvas[data-role=picture]"


def test_a_newcomers_round(page: Page) -> None:
    first = pixels(page)

    after_rest(page, lambda: drag(page, PICTURE, 0.25, 0.15))
    dragged = pixels(page)
    assert dragged != first
    assert recipe(page)["position"] is not None

    page.locator("[data-act=save]").click()
    expect(page.locator("[data-role=notice]")).to_contain_text("Saved")
    kept = recipe(page)
    page.locator("#gallery-button").click()
    cell = page.locator("[data-island=gallery] [role=option]").first
    expect(cell).to_have_accessible_name(re.compile(rf"\b{kept['seed']}\b"))

    page.reload()
    page.wait_for_function("window.painted?.rests > 0")
    assert recipe(page) == kept
    assert pixels(page) == dragged

    after_rest(page, lambda: page.locator("[data-act=dice]").click())
    assert pixels(page) != dragged
    page.locator("#gallery-button").click()
    cell.focus()
    after_rest(page, lambda: page.keyboard.press("c"))
    expect(page.locator("#create-button")).to_have_attribute("aria-selected", "true")
    assert pixels(page) == dragged

    after_rest(page, lambda: page.locator("[data-act=undo]").click())
    assert pixels(page) != dragged
    after_rest(page, lambda: page.locator("[data-act=redo]").click())
    assert pixels(page) == dragged

    page.locator("[data-act=language]").click()
    expect(page.locator("#create-button")).to_have_text("创作")
    expect(page.locator("[data-act=save]")).to_have_text("保存")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")

    page.set_viewport_size({"width": 390, "height": 844})
    for part in (PICTURE, "[data-act=save]", "input[name=variation]", "#gallery-button"):
        expect(page.locator(part)).to_be_in_viewport(ratio=0.99)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_drag_repaints_on_the_way(page: Page) -> None:
    assert drag(page, "input[name=variation]", 0.4, 0) >= 3


def test_each_visit_begins_somewhere_else_and_undo_leads_back(page: Page) -> None:
    before = recipe(page)
    again = page.context.new_page()
    again.goto(page.url)
    again.wait_for_function("window.atelier?.state")
    assert recipe(again)["seed"] != before["seed"]
    again.locator("[data-act=undo]").click()
    assert recipe(again)["seed"] == before["seed"]


def test_a_generator_begins_as_bold_as_suits_it(page: Page) -> None:
    declared = {one["id"]: one for one in page.evaluate("atelier.state.declarations")}
    assert recipe(page)["truncation"] == declared["portraits"]["truncation"] == 0.7
    page.evaluate("atelier.state.choose('landscapes')")
    assert recipe(page)["truncation"] == declared["landscapes"]["truncation"] == 1
    page.evaluate("atelier.state.choose('portraits')")
    page.locator("input[name=truncation]").fill("1.2")
    page.locator("input[name=truncation]").dblclick()
    assert recipe(page)["truncation"] == 0.7


def test_keys_do_what_the_list_says(page: Page) -> None:
    seed = recipe(page)["seed"]
    page.keyboard.press("ArrowRight")
    assert recipe(page)["seed"] == (seed + 1) % 2**32
    page.keyboard.press("z")
    assert recipe(page)["seed"] == seed
    page.keyboard.press("y")
    page.keyboard.press("Space")
    assert recipe(page)["seed"] not in (seed, seed + 1)
    page.keyboard.press("?")
    expect(page.locator("[data-dialog=keys]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-dialog=keys]")).to_have_count(0)


def test_a_control_answers_wheel_typing_keys_and_double_click(page: Page) -> None:
    slider = page.locator("input[name=variation]")
    slider.hover()
    page.mouse.wheel(0, -100)
    assert recipe(page)["variation"] == 0.01
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert recipe(page)["variation"] == 0.02
    field = page.locator(".row", has=slider).locator(".row-value")
    field.fill("0.5")
    field.press("Enter")
    assert recipe(page)["variation"] == 0.5
    slider.dblclick()
    assert recipe(page)["variation"] == 0


def test_a_chosen_cell_of_the_sheet_becomes_the_picture(page: Page) -> None:
    page.locator("[data-act=sheet]").click()
    cell = page.locator("[data-role=sheet] .cell-pick:not([disabled])")  # drawn, and so named by its seed
    expect(cell).to_have_count(12)
    seed = (cell.nth(5).get_attribute("aria-label") or "").split()[-1]
    after_rest(page, cell.nth(5).click)
    assert str(recipe(page)["seed"]) == seed


def test_two_tabs_keep_their_own_sessions(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_function("window.painted?.rests > 0 || window.atelier?.state")
    after_rest(page, lambda: page.locator("[data-act=dice]").click())
    mine, theirs = recipe(page), recipe(other)
    page.wait_for_timeout(300)
    page.reload()
    other.reload()
    for one in (page, other):
        one.wait_for_function("window.atelier?.state")
    assert (recipe(page), recipe(other)) == (mine, theirs)


def test_without_a_socket_pictures_come_by_events(browser: Browser, studio: Server) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.add_init_script("window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.(), 5); } send() {} };")
    page.add_init_script("document.addEventListener('atelier:painted', () => { window.came = (window.came ?? 0) + 1; });")
    page.goto(studio.url)
    page.wait_for_function("window.came > 0")
    expect(page.locator("[data-role=mode]")).to_have_attribute("data-mode", "events")
    page.locator("[data-act=dice]").click()
    page.wait_for_function("window.came > 1")
    context.close()
