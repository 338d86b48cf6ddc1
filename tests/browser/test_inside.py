"""Inside the network, as an artist goes there: maps seen, some chosen, something done to them, taken back and taken along."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import after_rest, pixels, recipe

GROUP = "[data-group=inside]"
MAPS = f"{GROUP} .inside-maps"
ITEMS = f"{GROUP} .inside-list li"


def look(page: Page) -> None:
    """With a generator whose layers show their maps, its fourth layer before one's eyes."""
    after_rest(
        page, lambda: page.evaluate("atelier.state.change({ generator: 'portraits', seed: 11, styles: {}, classes: {} }, { rest: true })")
    )
    page.click(f"{GROUP} summary")
    page.click(f"{GROUP} [data-layer='3']")
    page.locator(f"{MAPS}[data-shown='3 0']").wait_for()


def test_from_maps_to_a_bent_picture_and_back(page: Page) -> None:
    look(page)
    expect(page.locator(f"{MAPS} .inside-map")).to_have_count(64)
    plain = pixels(page)
    sheet = page.locator(MAPS).evaluate("element => element.style.getPropertyValue('--sheet')")
    for channel in (2, 5):
        page.click(f"{MAPS} [data-channel='{channel}']")
    page.click(f"{GROUP} [data-operation=turn]")
    page.focus(f"{GROUP} input[name=bend-turn]")
    after_rest(page, lambda: page.keyboard.press("End"))
    assert recipe(page)["bends"] == [{"layer": 3, "operation": "turn", "channels": [2, 5], "amount": 180}]
    assert (bent := pixels(page)) != plain
    page.wait_for_function(f"before => document.querySelector('{MAPS}').style.getPropertyValue('--sheet') !== before", arg=sheet)

    after_rest(page, lambda: page.click(f"{MAPS} [data-channel='9']"))
    assert recipe(page)["bends"][0]["channels"] == [2, 5, 9]
    page.click(f"{GROUP} [data-operation=blur]")  # a second one, on the same maps
    page.focus(f"{GROUP} input[name=bend-blur]")
    after_rest(page, lambda: page.keyboard.press("End"))
    expect(page.locator(ITEMS)).to_have_count(2)

    after_rest(page, lambda: page.locator(f"{ITEMS} [data-act=inside-on]").last.click())
    expect(page.locator(ITEMS)).to_have_count(2)
    assert len(recipe(page)["bends"]) == 1
    after_rest(page, lambda: page.locator(f"{ITEMS} [data-act=inside-on]").last.click())
    assert [bend["operation"] for bend in recipe(page)["bends"]] == ["turn", "blur"]
    after_rest(page, lambda: page.locator(f"{ITEMS} [data-act=inside-remove]").last.click())
    after_rest(page, lambda: page.evaluate("atelier.state.undo()"))
    expect(page.locator(ITEMS)).to_have_count(2)
    for _ in range(4):
        after_rest(page, lambda: page.evaluate("atelier.state.undo()"))
    assert pixels(page) == bent
    after_rest(page, lambda: page.evaluate("atelier.state.undo()"))
    assert pixels(page) == plain
    expect(page.locator(ITEMS)).to_have_count(0)


def test_a_surprise_is_there_after_a_reload_and_goes_with_its_generator(page: Page) -> None:
    look(page)
    after_rest(page, lambda: page.click(f"{GROUP} [data-act=inside-surprise]"))
    bends, drawn = recipe(page)["bends"], pixels(page)
    assert len(bends) == 1
    page.reload()
    page.wait_for_function("window.painted?.rests > 0 && window.atelier.live.settled")
    assert recipe(page)["bends"] == bends
    assert pixels(page) == drawn
    after_rest(page, lambda: page.evaluate("atelier.state.choose('digits-cgan')"))
    assert recipe(page)["bends"] == []


@pytest.mark.parametrize("generator", ["digits-vae-map", "hanzi-rvae"])
def test_what_shows_no_maps_has_no_such_group(page: Page, generator: str) -> None:
    after_rest(page, lambda: page.evaluate(f"atelier.state.choose('{generator}')"))
    expect(page.locator(GROUP)).to_have_count(0)


def test_in_chinese_on_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("atelier.words.use('zh')")
    after_rest(page, lambda: page.evaluate("atelier.state.choose('landscapes')"))
    page.click(".group-tabs [data-for=inside]")
    summary = page.locator(f"{GROUP} summary")
    expect(summary).to_have_text("看看内部")
    if not page.locator(MAPS).is_visible():
        summary.click()
    page.locator(f"{MAPS}[data-shown]").wait_for()
    after_rest(page, lambda: page.click(f"{GROUP} [data-act=inside-surprise]"))
    expect(page.locator(ITEMS)).to_contain_text("层")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("atelier.words.use('en')")
