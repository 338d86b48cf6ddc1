"""Style as a visitor uses it: painted at once, like one picture or several, only somewhere, and taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import bring, stroke

BENCH = "[data-bench=restyle]"


@pytest.fixture
def bench(page: Page, photograph: Path) -> Page:
    bring(page, "restyle", photograph)
    done(page)
    return page


def done(page: Page, other_than: str = "") -> str:
    page.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    page.wait_for_function(f"(atelier.benches.get('restyle').done?.id ?? '') !== '{other_than}'")
    return page.evaluate("atelier.benches.get('restyle').done.id")


def step(page: Page) -> dict:
    return page.evaluate("atelier.benches.get('restyle').recipe.after[0]")


def test_another_style_and_then_both_by_shares(bench: Page) -> None:
    first, (one,) = done(bench), step(bench)["beside"]["style"]
    swatches = bench.locator(f"{BENCH} .swatch")
    assert swatches.count() >= 6
    swatches.nth(2).click()
    second = done(bench, first)
    (other,) = step(bench)["beside"]["style"]
    assert other != one
    swatches.nth(0).click(modifiers=["Shift"])
    done(bench, second)
    assert step(bench)["beside"]["style"] == [other, one]
    share = bench.locator(f"{BENCH} input[name=restyle-share-1]")
    share.focus()
    bench.keyboard.press("Home")
    bench.wait_for_function("atelier.benches.get('restyle').recipe.after[0].options.share_2 === 0")


def test_a_style_of_ones_own_and_a_mask(bench: Page, photograph: Path) -> None:
    first = done(bench)
    bench.set_input_files(f"{BENCH} [data-role=style-file]", str(photograph))
    second = done(bench, first)
    bench.click(f"{BENCH} details:has(.mask-tools) summary")
    bench.click(f"{BENCH} [data-tool=brush]")
    stroke(bench, f"{BENCH} .faces-sheet", (0.3, 0.5), (0.5, 0.5))
    done(bench, second)
    assert len(step(bench)["beside"]["mask"]) == 1


def test_it_is_kept_and_taken_up_again(bench: Page) -> None:
    bench.locator(f"{BENCH} .swatch").nth(1).click()
    bench.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    kept = step(bench)["beside"]["style"]
    bench.wait_for_function(f"atelier.benches.get('restyle').done?.recipe.after[0].beside.style[0] === '{kept[0]}'")
    bench.click(f"{BENCH} [data-act=keep]")
    expect(bench.locator(".toast")).to_be_visible()
    bench.locator(f"{BENCH} .swatch").nth(3).click()
    (entry, *_) = bench.evaluate("atelier.api.call('gallery', ['', '', false, '', 0, 9, '', false, ''])")["entries"]
    bench.evaluate("atelier.openTab('gallery')")
    bench.wait_for_function("window.atelier.gallery")
    bench.evaluate("(entry) => atelier.gallery.restore(entry)", entry)
    bench.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    assert step(bench)["beside"]["style"] == kept


def test_a_slow_painting_can_be_stopped(bench: Page) -> None:
    slider = bench.locator(f"{BENCH} input[name=restyle-patience]")
    slider.focus()
    bench.keyboard.press("End")
    bench.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'working'")
    bench.wait_for_function(f"document.querySelector('{BENCH} progress').value > 0")
    bench.wait_for_function(f"document.querySelector('{BENCH} .face.over').src.includes('so-far')")  # it grows under one's eyes
    bench.click(f"{BENCH} [data-act=stop]")
    bench.wait_for_function(f"document.querySelector('{BENCH} .face.over').src.includes('preview')")
    expect(bench.locator(BENCH)).to_have_attribute("data-state", "done")  # what was painted at once still stands


def test_it_speaks_chinese_and_fits_a_telephone(bench: Page) -> None:
    bench.set_viewport_size({"width": 390, "height": 844})
    bench.evaluate("atelier.words.use('zh')")
    expect(bench.locator(f"{BENCH} h3").first).to_have_text("像这样画")
    assert bench.evaluate("document.documentElement.scrollWidth") <= 390
    assert bench.evaluate("atelier.tab()") == "restyle"
