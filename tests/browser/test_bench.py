"""A bench as a visitor uses it: a picture comes in by every door, is worked on, compared, kept, found again and sent on."""

from __future__ import annotations

import io
import json
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from studio.bench.server import Server

UPSCALE = "[data-bench=upscale]"
PASTE = """async (bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], 'pasted.png', {type: 'image/png'}));
  document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));
}"""
DROP = """async (bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], 'dropped.png', {type: 'image/png'}));
  document.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("given") / "photograph.png"
    y, x = np.mgrid[:40, :60]
    Image.fromarray(np.stack([4 * x, 6 * y, 127 + 100 * np.sin(x / 3)], axis=-1).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def upscale(page: Page) -> Page:
    page.evaluate("atelier.openTab('upscale')")
    expect(page.locator(UPSCALE)).to_be_visible()
    return page


def given(page: Page) -> dict[str, int]:
    page.wait_for_function(f"document.querySelector('{UPSCALE}')?.dataset.state === 'given'")
    return page.evaluate("(({width, height}) => ({width, height}))(atelier.benches.get('upscale').given)")


def work(page: Page) -> str:
    """Press the button and wait for the result; gives its id."""
    page.click(f"{UPSCALE} [data-act=work]")
    page.wait_for_function(f"document.querySelector('{UPSCALE}').dataset.state === 'done'")
    return page.evaluate("atelier.benches.get('upscale').done.id")


def test_a_file_is_enlarged_compared_kept_and_taken_up_again(upscale: Page, studio: Server, photograph: Path) -> None:
    page = upscale
    page.set_input_files(f"{UPSCALE} [data-role=file]", str(photograph))
    assert given(page) == {"width": 60, "height": 40}
    expect(page.locator(f"{UPSCALE} .print")).to_contain_text("240 × 160")
    result = work(page)
    with urllib.request.urlopen(f"{studio.url}works/{result}/picture.png") as answer:
        picture = Image.open(io.BytesIO(answer.read()))
    assert picture.size == (240, 160)
    recipe = json.loads(picture.info["latent-atelier"])
    assert [step["translator"] for step in recipe["after"]] == ["upscaler-x4"]

    page.click(f"{UPSCALE} [data-act=keep]")
    expect(page.locator(".toast")).to_be_visible()
    (entry, *_) = page.evaluate("atelier.api.call('gallery', ['', '', false, '', 0, 9, '', false, ''])")["entries"]
    assert (entry["width"], entry["height"]) == (240, 160)
    page.evaluate("atelier.benches.get('upscale').options['upscaler-x4'].crispness = 0.9")
    page.evaluate("atelier.openTab('gallery')")
    page.wait_for_function("window.atelier.gallery")
    page.evaluate("(entry) => atelier.gallery.restore(entry)", entry)
    page.wait_for_function(f"document.querySelector('{UPSCALE}').dataset.state === 'done'")
    assert page.evaluate("atelier.benches.get('upscale').given.recipe.source") == recipe["source"]
    assert "crispness" not in page.evaluate("atelier.benches.get('upscale').options['upscaler-x4']")


def test_it_comes_by_drop_paste_and_from_create(upscale: Page, photograph: Path) -> None:
    page, data = upscale, list(photograph.read_bytes())
    for way in (DROP, PASTE):
        page.evaluate(way, data)
        assert given(page) == {"width": 60, "height": 40}
        page.evaluate("atelier.benches.get('upscale').root.dataset.state = 'empty'")
    side = page.evaluate("atelier.state.declaration.size")
    page.click(f"{UPSCALE} [data-act=from-create]")
    assert given(page) == {"width": side, "height": side}
    work(page)


def test_create_sends_its_picture_to_a_bench_that_was_never_opened(page: Page) -> None:
    side = page.evaluate("atelier.state.declaration.size")
    page.click("[data-act=send]")
    page.click("[data-send=upscale]")
    assert given(page) == {"width": side, "height": side}


def test_what_is_no_picture_is_said_beside_it(upscale: Page, tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("Dear picture,")
    upscale.set_input_files(f"{UPSCALE} [data-role=file]", str(tmp_path / "letter.png"))
    line = upscale.locator(f"{UPSCALE} .bench-line")
    expect(line).to_have_attribute("data-kind", "fault")
    expect(line).to_contain_text("PNG")
    upscale.evaluate("atelier.words.use('zh')")
    upscale.set_input_files(f"{UPSCALE} [data-role=file]", str(tmp_path / "letter.png"))
    expect(line).to_contain_text("图片")


def test_many_files_come_out_as_one_archive(upscale: Page, photograph: Path, tmp_path: Path) -> None:
    page = upscale
    page.click(f"{UPSCALE} .batch-box summary")
    page.set_input_files(f"{UPSCALE} [data-role=batch]", [str(photograph)] * 2)
    expect(page.locator(f"{UPSCALE} .batch li").filter(has_text="✓")).to_have_count(2)
    with page.expect_download() as download:
        page.click(f"{UPSCALE} [data-act=zip]")
    download.value.save_as(tmp_path / "all.zip")
    assert (tmp_path / "all.zip").read_bytes()[:2] == b"PK"


def test_the_camera_takes_a_picture(page: Page) -> None:
    page.context.grant_permissions(["camera"])
    page.evaluate("atelier.openTab('upscale')")
    page.click(f"{UPSCALE} [data-act=from-camera]")
    page.wait_for_function("document.querySelector('.viewfinder')?.videoWidth > 0")
    page.click("[data-act=shoot]")
    assert given(page)["width"] > 100


def test_it_fits_a_telephone(upscale: Page, photograph: Path) -> None:
    upscale.set_viewport_size({"width": 390, "height": 844})
    upscale.set_input_files(f"{UPSCALE} [data-role=file]", str(photograph))
    given(upscale)
    assert upscale.evaluate("document.documentElement.scrollWidth") <= 390
    box = upscale.locator(f"{UPSCALE} .faces-sheet").bounding_box()
    assert box and box["width"] > 300
