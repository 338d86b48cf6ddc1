"""The family tree in the gallery's viewer: up to what a picture came from, down to what came from it, by hand and by keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

SAVE = "([recipe, parents]) => window.atelier.api.call('save', [recipe, parents])"
UNSAVED = {"generator": "digits-cgan", "seed": 803}


@pytest.fixture
def family(page: Page) -> list[dict[str, Any]]:
    """Two grandparents, a parent of theirs, a child of it and of one that nobody saved."""

    def save(seed: int, *parents: Any) -> dict[str, Any]:
        return page.evaluate(SAVE, [{"generator": "digits-cgan", "seed": seed}, parents])

    one, other = save(801), save(802)
    parent = save(804, one["id"], other["id"])
    return [one, other, parent, save(805, parent["id"], UNSAVED)]


def open_viewer(page: Page, id: str) -> Locator:
    page.evaluate("window.atelier.openTab('gallery')")
    page.locator("input[name=gallery-search]").fill(id)
    expect(page.locator(".album-count")).to_have_text("1 picture")
    page.locator(".album-cell").first.click()
    viewer = page.locator("dialog.viewer")
    expect(viewer.locator(".family-tree")).to_be_visible()
    return viewer


def seed(viewer: Locator) -> Locator:
    return viewer.locator(".facts dd").first


def test_up_and_down_by_hand(page: Page, family: list[dict[str, Any]]) -> None:
    viewer = open_viewer(page, family[3]["id"])
    rows = viewer.locator(".family-row")
    expect(rows).to_have_count(3)  # grandparents, parents, itself
    assert [rows.nth(i).locator(".relative").count() for i in range(3)] == [2, 2, 1]
    rows.nth(1).locator(".relative").first.click()
    expect(seed(viewer)).to_have_text("804")
    expect(rows).to_have_count(3)  # its parents, itself, its child
    rows.nth(2).locator("button").click()
    expect(seed(viewer)).to_have_text("805")


def test_up_aside_and_down_by_keys(page: Page, family: list[dict[str, Any]]) -> None:
    viewer = open_viewer(page, family[2]["id"])
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(seed(viewer)).to_have_text("802")
    expect(viewer.locator(".family-row")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(seed(viewer)).to_have_text("804")
    expect(viewer.locator(".family-row")).to_have_count(3)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")  # over itself, to its parents
    page.keyboard.press("Enter")
    expect(seed(viewer)).to_have_text("801")


def test_a_parent_that_nobody_saved_opens_as_a_recipe(page: Page, family: list[dict[str, Any]]) -> None:
    viewer = open_viewer(page, family[3]["id"])
    page.evaluate("window.atelier.words.use('zh')")
    expect(viewer.locator(".unsaved")).to_have_attribute("aria-label", "未保存：在“创作”中打开")
    page.evaluate("window.atelier.words.use('en')")
    viewer.locator(".unsaved").click()
    expect(page.locator("[data-island=create]")).to_be_visible()
    expect(viewer).to_be_hidden()
    assert page.evaluate("[atelier.state.recipe.seed, atelier.state.parents]") == [803, []]
    page.evaluate(SAVE, [UNSAVED, []])
    viewer = open_viewer(page, family[3]["id"])
    expect(viewer.locator(".family-row").nth(1).locator(".relative")).to_have_count(2)
    expect(viewer.locator(".unsaved")).to_have_count(0)


def test_on_a_telephone_it_fits(page: Page, family: list[dict[str, Any]]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    viewer = open_viewer(page, family[3]["id"])
    viewer.locator(".family-tree").scroll_into_view_if_needed()
    assert viewer.evaluate("(one) => one.scrollWidth") <= 390
