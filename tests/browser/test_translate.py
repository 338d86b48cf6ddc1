"""Translate as a visitor uses it: a photograph becomes a print as soon as it is there, follows the sliders, and the camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

BENCH = "[data-bench=translate]"
MOVING = """() => {
  const {width, height, hidden} = document.querySelector('[data-bench=translate] [data-role=moving]');
  return hidden ? 0 : width * height;
}"""


def opened(page: Page) -> Page:
    page.evaluate("atelier.openTab('translate')")
    expect(page.locator(BENCH)).to_be_visible()
    return page


def done(page: Page) -> str:
    page.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    return page.evaluate("atelier.benches.get('translate').done.id")


def test_a_photograph_is_redrawn_and_follows_the_sliders(page: Page, tmp_path: Path) -> None:
    y, x = np.mgrid[:96, :128]
    Image.fromarray(np.stack([2 * x, 255 - 2 * y, 127 + 0 * x], axis=-1).astype(np.uint8)).save(tmp_path / "photograph.png")
    opened(page).set_input_files(f"{BENCH} [data-role=file]", str(tmp_path / "photograph.png"))
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
