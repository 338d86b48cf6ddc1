"""A picture of one's own, found before one's eyes and taken to Create, with every control working on it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from studio.bench.server import Server
from tests.browser.hands import after_rest, pixels, recipe, stroke
from tests.browser.test_restore import drop

SMALLEST = "digits-cgan"
FOUND = ".find[data-state=found]"
LINE = ".find [data-role=find-line]"


@pytest.fixture
def digit(page: Page, studio: Server, tmp_path: Path) -> Path:
    """A seven that the generator in Create drew, as a picture without a recipe."""
    after_rest(page, lambda: page.evaluate(f"atelier.state.choose('{SMALLEST}')"))
    picture = {"recipe": {"generator": SMALLEST, "seed": 11, "classes": {"7": 1}}}
    id = httpx.post(f"{studio.url}tray", content=httpx.post(f"{studio.url}draw.png", json=picture).content).json()["id"]
    path = tmp_path / "seven.webp"
    path.write_bytes(httpx.get(f"{studio.url}tray/{id}.webp").content)
    return path


def begin(page: Page, file: Path) -> None:
    page.click("[data-act=find]")
    page.set_input_files(".find [data-role=file]", str(file))


def test_it_is_found_taken_and_moved_in_both_languages(page: Page, digit: Path) -> None:
    before = recipe(page)
    begin(page, digit)
    expect(page.locator(".find[data-state=working] [data-role=nearest] img")).to_be_visible()
    expect(page.locator(".find [data-act=find-take]")).to_be_hidden()
    page.wait_for_selector(FOUND)
    expect(page.locator(LINE)).to_have_text("Found: the network draws this very picture, or as good as.")
    page.evaluate("atelier.words.use('zh')")
    expect(page.locator(LINE)).to_have_text("找到了：网络能画出这张图片，几乎一模一样。")
    expect(page.locator(".find [data-act=find-take]")).to_have_text("拿到“创作”")
    page.evaluate("atelier.words.use('en')")
    after_rest(page, lambda: page.click("[data-act=find-take]"))
    expect(page.locator("[data-dialog=find]")).to_have_count(0)
    taken, seen = recipe(page), pixels(page)
    assert taken["w"] and taken["classes"] == {"7": 1}
    expect(page.locator("[data-act=find]")).to_have_attribute("aria-pressed", "true")

    page.locator("input[name=truncation]").focus()
    after_rest(page, lambda: page.keyboard.press("Home"))
    assert recipe(page)["w"] == taken["w"] and pixels(page) != seen
    after_rest(page, lambda: page.click("[data-act=undo]"))
    assert pixels(page) == seen
    page.reload()
    page.wait_for_function("window.atelier?.live?.settled")
    assert recipe(page)["w"] == taken["w"]
    after_rest(page, lambda: page.click("[data-act=dice]"))
    assert recipe(page)["w"] == "", "a seed takes the place of what was found"
    for _ in range(2):
        after_rest(page, lambda: page.click("[data-act=undo]"))
    assert recipe(page)["seed"] == before["seed"]


def test_whoever_stops_keeps_what_there_is(page: Page, photograph: Path) -> None:
    page.evaluate("atelier.state.choose('portraits')")
    begin(page, photograph)
    page.wait_for_function("atelier.finder.found?.done > 0")
    page.click("[data-act=find-stop]")
    page.wait_for_selector(FOUND)
    page.wait_for_function("fetch('works').then((answer) => answer.json()).then((all) => !all.some(({kind}) => kind === 'projection'))")
    kept = page.evaluate("atelier.finder.found.recipe.w")
    after_rest(page, lambda: page.click("[data-act=find-take]"))
    assert recipe(page)["w"] == kept != ""


def test_it_goes_on_while_its_window_is_closed_and_a_part_may_be_marked(page: Page, digit: Path) -> None:
    begin(page, digit)
    page.wait_for_function("atelier.finder.work")
    page.keyboard.press("Escape")
    expect(page.locator("[data-dialog=find]")).to_have_count(0)
    page.wait_for_function("atelier.finder.found && !atelier.finder.work")
    page.click("[data-act=find]")
    expect(page.locator(FOUND)).to_be_visible()
    page.click(".find summary")
    page.click(".find [data-tool=brush]")
    stroke(page, ".find .faces-sheet", (0.2, 0.3), (0.8, 0.3))
    with page.expect_request("**/projections") as asked:
        page.click("[data-act=find-begin]")
    assert (asked.value.post_data_json or {}).get("mask")
    page.wait_for_selector(FOUND)


def test_a_dropped_picture_without_a_recipe_can_be_looked_for(page: Page, digit: Path) -> None:
    drop(page, digit.name, digit.read_bytes())
    page.click(".toast .button")
    page.wait_for_selector(FOUND)
    drop(page, digit.name, digit.read_bytes())
    expect(page.locator(".find[data-state=working]")).to_be_visible()
    page.wait_for_selector(FOUND)


def test_where_strokes_are_written_nothing_is_looked_for(page: Page) -> None:
    after_rest(page, lambda: page.evaluate("atelier.state.choose('hanzi-rvae')"))
    expect(page.locator("[data-act=find]")).to_have_count(0)
