"""Writing on the picture in a real browser: first strokes of a visitor's own, the rest by the network, all of it found again."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hands import after_rest, drag, pixels, recipe

PAPER = "canvas[data-role=paper]"


def open_writer(page: Page) -> None:
    after_rest(page, lambda: page.evaluate("window.atelier.state.restore({generator: 'hanzi-rvae', seed: 7})"))


def test_the_network_goes_on_from_strokes_of_ones_own(page: Page, pictures: Path) -> None:
    open_writer(page)
    alone = pixels(page)
    page.locator("[data-act=pen]").click()
    expect(page.locator("[data-act=pen]")).to_have_attribute("aria-pressed", "true")
    after_rest(page, lambda: drag(page, PAPER, 0.3, 0))
    after_rest(page, lambda: drag(page, PAPER, 0, -0.3))
    across, down = recipe(page)["strokes"]
    assert (across[0], across[-2], down[-1]) == (500, 800, 800)
    begun = pixels(page)
    assert begun != alone

    with page.expect_download() as waiting:
        page.locator("[data-act=download]").click()
        page.locator("[data-download=svg]").click()
    drawing = pictures / "written.svg"
    waiting.value.save_as(drawing)
    assert drawing.read_text("utf-8").count("<path") > 2, "it goes on from the two strokes"

    page.keyboard.press("z")
    page.wait_for_function("window.atelier.live.settled")
    assert recipe(page)["strokes"] == [across]
    after_rest(page, lambda: page.keyboard.press("y"))
    assert pixels(page) == begun
    after_rest(page, lambda: page.locator("[data-act=clear]").click())
    assert pixels(page) == alone


def test_it_can_be_watched_while_it_is_written(page: Page) -> None:
    open_writer(page)
    page.locator("[data-act=replay]").click()
    page.wait_for_function(f"""() => {{
      const data = document.querySelector('{PAPER}')?.getContext('2d').getImageData(0, 0, 512, 512).data;
      return data?.some((value, i) => i % 4 === 0 && value < 64 && data[i + 3] === 255);
    }}""")
    expect(page.locator("[data-act=replay]")).to_have_attribute("aria-pressed", "true")
    after_rest(page, lambda: page.keyboard.press("ArrowRight"))  # another seed ends it
    expect(page.locator(PAPER)).to_have_count(0)
    expect(page.locator("[data-act=replay]")).to_have_attribute("aria-pressed", "false")


def test_no_other_generator_has_the_brush(page: Page) -> None:
    open_writer(page)
    page.locator("[data-act=pen]").click()
    after_rest(page, lambda: page.evaluate("window.atelier.state.choose('digits-cgan')"))
    expect(page.locator("[data-act=pen]")).to_have_count(0)
    expect(page.locator(PAPER)).to_have_count(0)
