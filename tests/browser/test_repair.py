"""Repair as a visitor uses it: brushed over and filled, in several ways, and grown beyond the frame; the rest stays bit for bit."""

from __future__ import annotations

import io
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from studio.bench.server import Server
from tests.browser.hands import bring, stroke

BENCH = "[data-bench=repair]"


@pytest.fixture
def bench(page: Page, photograph: Path) -> Page:
    bring(page, "repair", photograph)
    page.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'given'")
    return page


def brush(page: Page) -> None:
    stroke(page, f"{BENCH} .faces-sheet", (0.4, 0.5), (0.6, 0.5))


def result(page: Page, studio: Server) -> np.ndarray:
    page.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    id = page.evaluate("atelier.benches.get('repair').done.id")
    with urllib.request.urlopen(f"{studio.url}works/{id}/picture.png") as answer:
        return np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGB"))


def test_what_is_brushed_over_is_filled_and_nothing_else(bench: Page, studio: Server, photograph: Path) -> None:
    brush(bench)
    made, before = result(bench, studio), np.asarray(Image.open(photograph))
    changed = (made != before).any(-1)
    assert changed.any()
    assert not changed[:20].any() and not changed[-20:].any() and not changed[:, :30].any() and not changed[:, -30:].any()


def test_several_ways_to_choose_from(bench: Page, studio: Server) -> None:
    brush(bench)
    result(bench, studio)
    first = bench.evaluate("atelier.benches.get('repair').done.id")
    bench.click(f"{BENCH} [data-act=ways]")
    ways = bench.locator(f"{BENCH} .ways .swatch")
    expect(ways).to_have_count(4)
    ways.nth(2).click()
    expect(ways.nth(2)).to_have_attribute("aria-pressed", "true")
    bench.wait_for_function(f"(atelier.benches.get('repair').done?.id ?? '{first}') !== '{first}'")
    seed = int(ways.nth(2).get_attribute("data-seed") or "")
    assert bench.evaluate("atelier.benches.get('repair').done.recipe.after[0].options.seed") == seed


def test_a_picture_grows_beyond_its_frame(bench: Page, studio: Server, photograph: Path) -> None:
    bench.click(f"{BENCH} details:has([name=repair-left]) summary")
    slider = bench.locator(f"{BENCH} input[name=repair-left]")
    slider.focus()
    for _ in range(4):
        bench.keyboard.press("ArrowRight")
    bench.wait_for_function("atelier.benches.get('repair').done?.recipe.after[0].options.left === 32")
    made = result(bench, studio)
    assert made.shape == (96, 160, 3)
    assert (made[:, 32:] == np.asarray(Image.open(photograph))).all()


def test_scratches_are_proposed(bench: Page, studio: Server, tmp_path: Path) -> None:
    y, x = np.mgrid[:200, :300]
    pixels = np.stack([80 + 0 * x, 90 + y / 4, 100 + x / 6], axis=-1).astype(np.uint8)
    pixels[:, 150:152] = 255
    Image.fromarray(pixels).save(tmp_path / "scratched.png")
    bench.set_input_files(f"{BENCH} [data-role=file]", str(tmp_path / "scratched.png"))
    bench.wait_for_function("atelier.benches.get('repair').given?.width === 300")
    bench.click(f"{BENCH} details:has([data-act=scratches]) summary")
    bench.click(f"{BENCH} [data-act=scratches]")
    bench.wait_for_function(f"document.querySelector('{BENCH}').dataset.state === 'done'")
    (id,) = bench.evaluate("atelier.benches.get('repair').done.recipe.after[0].beside.mask")
    with urllib.request.urlopen(f"{studio.url}tray/{id}.webp?side=300") as answer:
        mask = np.asarray(Image.open(io.BytesIO(answer.read())).convert("L"))
    marked = np.flatnonzero((mask > 127).mean(0) > 0.5)
    assert 145 < marked.min() <= 150 and 151 <= marked.max() < 157


def test_it_speaks_chinese_and_fits_a_telephone(bench: Page) -> None:
    bench.set_viewport_size({"width": 390, "height": 844})
    bench.evaluate("atelier.words.use('zh')")
    expect(bench.locator(f"{BENCH} .mask-tools p").first).to_have_text("涂过要去掉的地方。")
    assert bench.evaluate("document.documentElement.scrollWidth") <= 390
