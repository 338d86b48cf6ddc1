"""Breeding in a real browser: parents from the sheet, children on the sheet, back and forward by generations."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hands import after_rest, recipe
from tests.browser.test_axe import AXE, IN_EARNEST, SCAN
from tests.browser.test_sheet import READY, open_sheet

BAR = "[data-dialog=sheet] .breed"


def choose(page: Page, *places: int) -> None:
    """Take pictures of the sheet as parents."""
    for place in places:
        page.locator(READY).nth(place).focus()
        page.keyboard.press("p")


def breed(page: Page, children: int) -> None:
    page.click(f"{BAR} [data-act=breed]")
    expect(page.locator(READY)).to_have_count(children)
    expect(page.locator("[data-dialog=sheet] progress")).to_be_hidden()


def looks(page: Page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.cell canvas')].map((canvas) => canvas.toDataURL())")


def test_children_can_be_parents_and_every_generation_can_be_gone_back_to(page: Page) -> None:
    open_sheet(page, "portraits", "random")
    expect(page.locator(f"{BAR} [data-act=breed]")).to_be_hidden()
    first = looks(page)
    choose(page, 1, 4)
    expect(page.locator(f"{BAR} .breed-mate")).to_have_count(2)
    breed(page, 14)
    children = looks(page)
    assert children[:2] == [first[1], first[4]], "parents come first"
    assert len(set(children)) == 14
    choose(page, 3, 7, 0)
    breed(page, 15)
    grandchildren = looks(page)
    expect(page.locator(f"{BAR} strong")).to_have_text("Generation 3")
    page.keyboard.press("z")
    expect(page.locator(READY)).to_have_count(14)
    assert looks(page) == children
    expect(page.locator(".cell[data-mate]")).to_have_count(3)
    page.keyboard.press("z")
    expect(page.locator(READY)).to_have_count(12)
    assert looks(page) == first
    page.keyboard.press("y")
    expect(page.locator(READY)).to_have_count(14)
    page.keyboard.press("y")
    expect(page.locator(READY)).to_have_count(15)
    assert looks(page) == grandchildren
    page.click("[data-act=sheet-again]")
    expect(page.locator(READY)).to_have_count(15)
    assert looks(page)[3:] != grandchildren[3:], "others of the same parents"


def test_a_child_is_taken_with_its_recipe_and_saved_with_its_parents(page: Page) -> None:
    open_sheet(page, "portraits", "random")
    before = recipe(page)
    choose(page, 1, 2)
    breed(page, 14)
    after_rest(page, page.locator(READY).nth(5).click)
    child = recipe(page)
    assert {part["recipe"]["generator"] for part in child["blend"]} == {"portraits"}
    parents = page.evaluate("window.atelier.state.parents")
    assert len(parents) == 2
    page.keyboard.press("s")
    expect(page.locator("[data-role=notice]")).to_contain_text("Saved")
    family = page.evaluate("window.atelier.api.call('lineage', window.atelier.state.parents)")
    assert [[(one["entry"], one["recipe"]["seed"]) for one in line] for line in family["ancestors"]] == [
        [(None, one["seed"]) for one in parents]
    ]
    page.keyboard.press("z")
    assert recipe(page) == before


def test_one_parent_is_changed_by_chance_and_the_heart_keeps_a_child(page: Page) -> None:
    open_sheet(page, "digits-cgan", "random")
    choose(page, 2)
    expect(page.locator(f"{BAR} [data-act=breed-crossing]")).to_have_count(0)  # it has one layer
    page.locator(f"{BAR} input[name=breed-temperature]").fill("0.6")
    breed(page, 13)
    page.locator(".cell").last.hover()
    with page.expect_event("console", lambda message: message.text == "kept 0"):
        page.evaluate("document.addEventListener('atelier:saved', ({detail}) => console.log(`kept ${detail.parents.length}`))")
        page.locator(".cell-keep").last.click()
    choose(page, 2)
    page.locator(f"{BAR} .breed-mate").click()
    expect(page.locator(".cell[data-mate]")).to_have_count(0)


def test_on_a_telephone_in_chinese_and_sound(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("window.atelier.words.use('zh')")
    open_sheet(page, "portraits", "random")
    choose(page, 0, 1)
    expect(page.locator(f"{BAR} [data-act=breed]")).to_have_text("繁育")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.add_script_tag(path=Path(AXE))
    found = [fault for fault in page.evaluate(SCAN, []) if fault["impact"] in IN_EARNEST]
    assert [fault for fault in found if any(part in fault["html"] for part in ("sheet", "cell", "breed"))] == []
    page.evaluate("window.atelier.words.use('en')")
