"""Likeness in the gallery: what looks like a picture, and what is there twice."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, expect

SEEDS = count(40)  # the tests share one gallery
SAVE = "(recipe) => window.atelier.api.call('save', [recipe, []])"


@pytest.fixture
def saved(page: Page) -> dict[str, dict[str, Any]]:
    """A letter, one much like it, the same once more, and a picture of another kind; the gallery in front, all of them seen."""
    seed = next(SEEDS)
    letter = {"generator": "letters-cgan", "seed": seed, "classes": {"g": 1}}
    recipes = {
        "one": letter,
        "near": {**letter, "variation": 0.1, "variation_seed": 9},
        "again": letter,
        "far": {"generator": "landscapes", "seed": seed},
    }
    kept = {name: page.evaluate(SAVE, recipe) for name, recipe in recipes.items()}
    page.evaluate("window.atelier.openTab('gallery')")
    expect(page.locator(".album-count")).not_to_have_text("")
    page.wait_for_function("window.atelier.gallery.album.unseen === 0")
    return kept


def shown(page: Page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.album-cell')].map((cell) => cell.dataset.id)")


def test_what_looks_like_a_picture_comes_first(page: Page, saved: dict[str, dict[str, Any]]) -> None:
    page.locator(f".album-cell[data-id='{saved['one']['id']}']").click()
    page.locator("dialog.viewer [data-act=like]").click()
    expect(page.locator("dialog.viewer")).to_be_hidden()
    expect(page.locator(".album-like")).to_be_visible()
    expect(page.locator(".album-cell").first).to_have_attribute("data-id", saved["one"]["id"])
    order = shown(page)
    assert order.index(saved["again"]["id"]) < order.index(saved["near"]["id"]) < order.index(saved["far"]["id"])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    page.wait_for_function(f"window.atelier.gallery.album.query.like === '{order[1]}'")
    page.click("[data-act=like-end]")
    expect(page.locator(".album-like")).to_be_hidden()
    expect(page.locator(".album-cell").first).to_have_attribute("data-id", saved["far"]["id"])  # the newest first again


def test_what_is_there_twice_is_marked_and_found(page: Page, saved: dict[str, dict[str, Any]]) -> None:
    marked = page.locator(".album-cell:has(.album-double)")
    expect(page.locator(f".album-cell[data-id='{saved['one']['id']}'] .album-double")).to_be_visible()
    expect(page.locator(f".album-cell[data-id='{saved['far']['id']}']:not(:has(.album-double))")).to_be_visible()
    page.click("[data-act=doubles]")
    expect(page.locator(".album-cell:not(:has(.album-double))")).to_have_count(0)
    for one in ("one", "again"):  # the list is empty for a moment
        expect(page.locator(f".album-cell[data-id='{saved[one]['id']}']")).to_be_visible()
    page.evaluate("window.atelier.api.call('remove', [[...document.querySelectorAll('.album-cell')].map((cell) => cell.dataset.id)])")
    page.evaluate("window.atelier.gallery.ask()")
    expect(marked).to_have_count(0)


def test_in_chinese_on_a_telephone(page: Page, saved: dict[str, dict[str, Any]]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("window.atelier.words.use('zh')")
    page.evaluate(f"window.atelier.gallery.like('{saved['near']['id']}')")
    expect(page.locator(".album-like")).to_contain_text("与它类似")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("window.atelier.words.use('en')")
