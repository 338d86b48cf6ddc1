"""Film as an artist makes one: pictures on a timeline, played at once, written as a file, and opened again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

SEAM = "[data-role=seam]"
KEYS = ".film-key"
SCRUB = """(element, at) => {
  element.value = at;
  element.dispatchEvent(new Event('input'));
  element.dispatchEvent(new Event('change'));
}"""


@pytest.fixture
def film(page: Page) -> Page:
    """Three pictures of the smallest generator on the timeline, ready to be played."""
    page.evaluate("atelier.state.choose('digits-cgan')")
    page.evaluate("atelier.openTab('film')")
    page.wait_for_function("window.atelier.film")
    page.click("[data-act=film-add]")
    page.click("[data-act=film-chance]")
    page.click("[data-act=film-chance]")
    expect(page.locator(KEYS)).to_have_count(3)
    expect(page.locator(SEAM)).not_to_be_empty()
    return page


def told(page: Page) -> dict[str, Any]:
    return page.evaluate("window.atelier.film.film")


def seen(page: Page) -> int:
    return page.evaluate("""() => {
      const canvas = document.querySelector('[data-role=film-picture]');
      const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, value, i) => (sum * 31 + value * (i % 7 + 1)) | 0, 7);
    }""")


def test_it_plays_and_stops_and_loops(film: Page) -> None:
    assert "closes without a seam" in (film.locator(SEAM).text_content() or "")
    film.evaluate("window.frames_seen = 0; document.addEventListener('atelier:film-painted', () => { window.frames_seen += 1; })")
    film.click("[data-act=film-play]")
    film.wait_for_function("window.frames_seen > 20")
    film.click("[data-act=film-play]")
    at = film.evaluate("window.atelier.film.at")
    assert 0 < at < told(film)["seconds"]
    film.wait_for_timeout(300)
    assert film.evaluate("window.atelier.film.at") == at


def test_a_picture_is_dragged_to_another_moment_and_kept(film: Page) -> None:
    before = [key["at"] for key in told(film)["keys"]]
    box = film.locator(KEYS).nth(1).bounding_box()
    assert box is not None
    film.mouse.move(box["x"] + 20, box["y"] + 20)
    film.mouse.down()
    film.mouse.move(box["x"] + 90, box["y"] + 20, steps=5)
    film.mouse.up()
    after = [key["at"] for key in told(film)["keys"]]
    assert (after[0], after[2]) == (before[0], before[2])
    assert before[1] < after[1] < before[2]
    film.reload()
    film.wait_for_function("window.atelier?.live.settled")
    film.evaluate("atelier.openTab('film')")
    film.wait_for_function("window.atelier.film")
    assert [key["at"] for key in told(film)["keys"]] == after


def test_scrubbing_shows_what_lies_between(film: Page) -> None:
    scrub = film.locator("[data-role=scrub]")
    shown = set()
    for at in (0.1, 0.2, 0.5):
        film.evaluate(
            "window.rested = false; document.addEventListener('atelier:film-painted', ({detail}) => { window.rested ||= detail.rest; })"
        )
        scrub.evaluate(SCRUB, at)
        film.wait_for_function("window.rested")
        shown.add(seen(film))
    assert len(shown) == 3


@pytest.mark.parametrize("format", ["mp4", "gif"])
def test_made_downloaded_and_opened_it_is_the_same_film(film: Page, format: str, tmp_path: Path) -> None:
    film.select_option("[data-act=film-format]", format)
    film.select_option("[data-act=film-side]", "0")
    film.select_option("[data-act=film-rate]", "12")
    before = told(film)
    film.click("[data-act=film-make]")
    expect(film.locator("[data-act=film-download]")).to_be_visible(timeout=60_000)
    if format == "mp4":
        film.wait_for_function("document.querySelector('[data-role=film-video]').readyState >= 2")
        duration = film.evaluate("document.querySelector('[data-role=film-video]').duration")
        assert duration == pytest.approx(before["seconds"], abs=0.1)
    with film.expect_download() as saved:
        film.click("[data-act=film-download]")
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    film.click("[data-act=film-remove]")
    expect(film.locator(KEYS)).to_have_count(2)
    film.set_input_files("[data-role=film-file]", str(file))
    expect(film.locator(KEYS)).to_have_count(3)
    after = told(film)
    assert (after["seconds"], after["rate"], [key["at"] for key in after["keys"]]) == (9, 12, [key["at"] for key in before["keys"]])


def test_a_film_in_the_making_is_stopped(film: Page) -> None:
    film.select_option("[data-act=film-side]", "2048")
    film.click("[data-act=film-make]")
    film.click("[data-act=film-stop]")
    expect(film.locator("[data-role=film-status]")).to_have_text("Stopped; nothing was kept.")
    expect(film.locator("[data-act=film-make]")).to_be_enabled()


def test_a_moment_is_taken_to_create_and_sent_back(film: Page) -> None:
    rests = "document.addEventListener('atelier:film-painted', ({detail}) => { window.rested ||= detail.rest; })"
    film.evaluate(f"window.rested = false; {rests}")
    film.locator(KEYS).nth(2).click()
    film.wait_for_function("window.rested")
    film.click("[data-act=film-take]")
    expect(film.locator("canvas[data-role=picture]")).to_be_visible()
    assert film.evaluate("atelier.state.recipe.seed") == told(film)["keys"][2]["recipe"]["seed"]
    film.click("[data-act=send]")
    film.click("[data-send=film]")
    expect(film.locator(KEYS)).to_have_count(4)


def test_a_moment_between_two_pictures_is_a_picture_that_is_saved_and_let_go_of(film: Page) -> None:
    film.evaluate(
        "window.rested = false; document.addEventListener('atelier:film-painted', ({detail}) => { window.rested ||= detail.rest; })"
    )
    film.locator("[data-role=scrub]").evaluate(SCRUB, 0.15)
    film.wait_for_function("window.rested")
    film.click("[data-act=film-take]")
    film.wait_for_function("atelier.state.recipe.blend.length === 2 && atelier.live.settled")
    between = film.evaluate("atelier.live.painted.recipe")
    assert len(between["blend"]) == 2
    film.click("[data-act=save]")
    expect(film.locator("[data-role=notice]", has_text="Saved")).to_be_visible()
    film.evaluate("atelier.state.change({ seed: 12 }, { rest: true })")
    assert film.evaluate("atelier.state.recipe.blend") == []
    film.wait_for_function("atelier.live.settled")
    film.evaluate("atelier.state.undo()")
    assert film.evaluate("atelier.state.recipe.blend.length") == 2


def test_another_generator_is_refused_kindly(film: Page) -> None:
    film.evaluate("atelier.state.choose('portraits')")
    film.click("[data-act=film-add]")
    expect(film.locator(".toast", has_text="one generator")).to_be_visible()
    expect(film.locator(KEYS)).to_have_count(3)


def test_in_chinese_on_a_telephone(film: Page) -> None:
    film.set_viewport_size({"width": 390, "height": 844})
    film.evaluate("atelier.words.use('zh')")
    expect(film.locator("[data-act=film-make]")).to_have_text("制作影片")
    assert film.evaluate("document.documentElement.scrollWidth") <= 390
    film.evaluate("atelier.words.use('en')")
