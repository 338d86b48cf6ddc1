"""Translate as a visitor uses it: a photograph becomes a print as soon as it is there, follows the sliders, and the camera."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hands import stroke

BENCH = "[data-bench=translate]"
EASEL = f"{BENCH} [data-role=easel]"
MOVING = """() => {
  const {width, height, hidden} = document.querySelector('[data-bench=translate] [data-role=moving]');
  return hidden ? 0 : width * height;
}"""


RESULT = """() => {
  const canvas = document.querySelector('[data-role=translated]');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, i) => (sum * 31 + value * (i % 7 + 1)) | 0, 7);
}"""


def opened(page: Page, translator: str = "photo-ukiyoe") -> Page:
    page.evaluate("atelier.openTab('translate')")
    expect(page.locator(BENCH)).to_be_visible()
    page.click(f"{BENCH} [data-translator={translator}]")
    return page


def done(page: Page) -> str:
    page.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    return page.evaluate("atelier.benches.get('translate').done.id")


def test_a_photograph_is_redrawn_and_follows_the_sliders(page: Page, photograph: Path) -> None:
    opened(page).set_input_files(f"{BENCH} [data-role=file]", str(photograph))
    first = done(page)
    slider = page.locator(f"{BENCH} input[type=range][name=translate-strength]")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"({MOVING})() > 0")
    page.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    page.wait_for_function(f"atelier.benches.get('translate').done?.id !== '{first}'")
    assert page.evaluate("atelier.benches.get('translate').recipe.after[0].options.strength") == 0


def test_the_camera_is_redrawn_live(page: Page) -> None:
    page.context.grant_permissions(["camera"])
    opened(page).click(f"{BENCH} [data-act=live-camera]")
    page.wait_for_function(f"({MOVING})() > 0")
    page.click(f"{BENCH} [data-act=live-camera]")
    expect(page.locator(f"{BENCH} [data-act=live-camera]")).to_have_attribute("aria-pressed", "false")


def test_a_picture_follows_the_pen_and_what_is_taken_back(page: Page) -> None:
    opened(page, "sketch-portrait")
    expect(page.locator(f"{BENCH} .easel-hint")).to_be_visible()
    blank = page.evaluate(RESULT)
    stroke(page, EASEL, (0.3, 0.3), (0.5, 0.2), (0.7, 0.3), (0.7, 0.6), (0.5, 0.75), (0.3, 0.6), (0.3, 0.3))
    done(page)
    face = page.evaluate(RESULT)
    assert face != blank
    stroke(page, EASEL, (0.42, 0.6), (0.58, 0.6))
    page.wait_for_function(f"({RESULT})() !== {face}")
    page.click(f"{BENCH} [data-act=easel-undo]")
    page.wait_for_function(f"({RESULT})() === {face}")  # the same sketch gives the same picture
    page.click(f"{BENCH} [data-act=easel-clear]")
    expect(page.locator(f"{BENCH} .easel-hint")).to_be_visible()
    expect(page.locator(BENCH)).to_have_attribute("data-state", "empty")


def test_a_sketch_to_begin_with_in_another_design_is_kept(page: Page) -> None:
    opened(page, "sketch-portrait").click(f"{BENCH} [data-starter] >> nth=0")
    first = done(page)
    page.click(f"{BENCH} [data-style=pixel-art]")
    page.wait_for_function(f"(atelier.benches.get('translate').done?.id ?? '{first}') !== '{first}'")
    (step,) = page.evaluate("atelier.benches.get('translate').done.recipe.after")
    assert step["options"]["pixel-art"] == 1 and step["options"]["lorelei"] == 0
    page.click(f"{BENCH} [data-act=keep]")
    expect(page.locator(".toast")).to_be_visible()


def test_it_speaks_chinese_and_fits_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, "sketch-portrait")
    page.evaluate("atelier.words.use('zh')")
    expect(page.locator(f"{BENCH} .easel-hint")).to_have_text("在这里画")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
