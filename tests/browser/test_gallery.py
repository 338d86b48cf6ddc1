"""The Gallery and the Models tab as a visitor's hand meets them, over ten thousand pictures."""

from __future__ import annotations

import json
import os
import re
import secrets
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect

from studio.bench.server import Server, free_port, serving
from studio.engine import Engine
from studio.frames import to_png
from studio.gallery import Gallery
from studio.gallery_files import GalleryFiles
from studio.look import open_tab
from studio.recipe import Recipe
from tests.conftest import TINY

MANY = 10_000
DRAWN = 24  # really different ones; the others are links to these
CALL = "([name, args]) => window.atelier.api.call(name, args)"
DESK: ViewportSize = {"width": 1440, "height": 900}
LONG = 20_000  # milliseconds, on a machine that does other things too


@pytest.fixture(scope="module")
def full(tiny_checkpoints: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A studio of its own with a long-used gallery. Every test leaves it as it was."""
    folder, port = tmp_path_factory.mktemp("full"), free_port()
    fill(folder / "gallery", engine)
    flags = ["--port", str(port), "--checkpoints", str(tiny_checkpoints), "--folder", str(folder / "gallery")]
    with serving(["app.py", *flags], port, folder / "log") as server:
        yield server


def fill(folder: Path, engine: Engine) -> None:
    """Save some pictures, each made from the one before, and copy them in the index until there are very many."""
    with Gallery(folder) as gallery:
        ids: list[str] = []
        for seed in range(DRAWN):
            picture = engine.draw(Recipe("tiny-vae" if seed % 3 else "tiny-dcgan", seed=seed))
            ids.append(gallery.save(to_png(picture), picture.recipe, visitor="local", parents=ids[-1:]).id)
    files = GalleryFiles(folder)
    copied = "generator, recipe, width, height, bytes, created, visitor"
    with sqlite3.connect(folder / "gallery.sqlite") as db:
        for number in range(MANY - DRAWN):
            source, id = ids[number % DRAWN], secrets.token_hex(8)
            db.execute(f"INSERT INTO pictures (id, {copied}) SELECT ?, {copied} FROM pictures WHERE id = ?", (id, source))
            files.picture(id).parent.mkdir(parents=True, exist_ok=True)
            os.link(files.picture(source), files.picture(id))
    db.close()


@pytest.fixture(scope="module")
def window(browser: Browser, full: Server) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, locale="en-GB", accept_downloads=True)
    window = context.new_page()
    window.set_default_timeout(LONG)
    window.goto(full.url)
    open_gallery(window)
    yield window
    context.close()


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The Gallery tab in front, on a desk, with nothing selected or filtered; a test may leave it otherwise."""
    errors: list[str] = []
    listen = lambda error: errors.append(str(error))  # noqa: E731
    window.on("pageerror", listen)
    window.set_viewport_size(DESK)
    window.evaluate("document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close())")
    window.evaluate("window.atelier.words.use('en')")
    open_gallery(window)
    window.evaluate("() => { scrollTo(0, 0); window.atelier.gallery.grid.clear(); return window.atelier.gallery.showAll(); }")
    cells(window).first.wait_for()
    yield window
    window.remove_listener("pageerror", listen)
    assert errors == []


def open_gallery(page: Page) -> None:
    """Gradio builds a tab when it is first opened."""
    page.locator("canvas[data-role=picture]").wait_for(state="attached")
    open_tab(page, "gallery")
    page.wait_for_function("window.atelier.gallery")


def cells(page: Page) -> Locator:
    return page.locator(".album-cell")


def selected(page: Page) -> Locator:
    return page.locator(".album-cell[aria-selected=true]")


def count(page: Page) -> Locator:
    return page.locator(".album-count")


def test_ten_thousand_pictures_cost_no_more_than_those_in_sight(page: Page) -> None:
    """Counted and not timed, so that a busy machine doesn't matter: nodes on the page, calls and thumbnails asked for."""
    asked: list[str] = []
    note = lambda request: asked.append(request.url)  # noqa: E731
    page.on("request", note)
    expect(count(page)).to_have_text("10,000 pictures")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.album-cell')].some((cell) => {
             const {top, bottom} = cell.getBoundingClientRect();
             return top > 0 && bottom < innerHeight && cell.querySelector('img').naturalWidth > 0; })"""
    )
    cells(page).first.focus()
    page.keyboard.press("End")
    page.wait_for_function(f"document.activeElement.dataset.index === '{MANY - 1}'")
    page.remove_listener("request", note)
    assert cells(page).count() < 400
    assert len([url for url in asked if url.endswith("/call/gallery")]) < 16
    assert len([url for url in asked if url.endswith("thumb.webp")]) < 600


def test_search_and_filters_narrow(page: Page) -> None:
    page.get_by_role("button", name="tiny-dcgan").click()
    expect(count(page)).not_to_have_text("10,000 pictures")
    expect(cells(page).first).to_have_attribute("aria-label", re.compile("^tiny-dcgan"))
    page.locator("input[name=gallery-search]").fill("no such thing")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Show everything").click()
    expect(count(page)).to_have_text("10,000 pictures")


def test_favourite_by_key_and_filter(page: Page) -> None:
    first = cells(page).first
    id = first.get_attribute("data-id")
    first.focus()
    page.keyboard.press("f")
    expect(page.locator(f"[data-id='{id}'] .album-heart")).to_be_visible()
    page.locator("[data-act=favourites]").click()
    expect(count(page)).to_have_text("1 picture")
    cells(page).first.focus()
    page.keyboard.press("f")
    expect(page.locator(".album-heart")).to_have_count(0)


def test_the_keyboard_walks_and_selects(page: Page) -> None:
    cells(page).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(selected(page)).to_have_count(3)
    expect(page.locator(".album-acts strong")).to_have_text("3 selected")
    page.keyboard.press("Space")
    expect(selected(page)).to_have_count(2)
    page.keyboard.press("Escape")
    expect(selected(page)).to_have_count(0)
    expect(page.locator(".album-acts")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.index") == "3"


def test_a_range_by_mouse_is_compared_and_labelled(page: Page) -> None:
    cells(page).nth(0).locator(".album-tick").click()
    cells(page).nth(2).click(modifiers=["Shift"])
    expect(selected(page)).to_have_count(3)
    page.locator(".album-acts [data-act=compare]").click()
    compared = page.locator("[data-dialog=gallery-compare]")
    expect(compared.locator("figure img")).to_have_count(3)
    expect(compared.locator("dt").first).to_have_text("Seed")
    page.keyboard.press("Escape")
    page.locator(".album-acts [data-act=label]").click()
    labels = page.locator("[data-dialog=labels]")
    labels.locator("input").fill("for print")
    labels.locator("input").press("Enter")
    expect(labels.locator(".chip")).to_contain_text("for print")
    page.keyboard.press("Escape")
    page.locator("select[name=gallery-label]").select_option("for print")
    expect(count(page)).to_have_text("3 pictures")
    page.locator(".album-acts [data-act=label]").click()
    labels.get_by_role("button", name="Take off the label for print").click()
    expect(labels.locator(".chip")).to_have_count(0)
    page.keyboard.press("Escape")


def test_large_with_next_previous_and_lineage(page: Page) -> None:
    page.locator("input[name=gallery-search]").fill("tiny-dcgan")
    expect(count(page)).not_to_have_text("10,000 pictures")
    parent = page.evaluate(CALL, ["save", [{"generator": "tiny-vae", "seed": 900}, []]])
    child = page.evaluate(CALL, ["save", [{"generator": "tiny-vae", "seed": 901}, [parent["id"]]]])
    page.locator("input[name=gallery-search]").fill(child["id"])
    expect(count(page)).to_have_text("1 picture")
    cells(page).first.click()
    viewer = page.locator("dialog.viewer")
    expect(viewer.locator("dd").first).to_have_text("901")
    viewer.locator("button.relative").click()
    expect(viewer.locator("dd").first).to_have_text("900")
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    page.locator("input[name=gallery-search]").fill("")
    expect(count(page)).to_have_text("10,002 pictures")
    cells(page).first.click()
    expect(viewer.locator("dd").first).to_have_text("901")
    page.keyboard.press("ArrowRight")
    expect(viewer.locator("dd").first).to_have_text("900")
    page.keyboard.press("ArrowLeft")
    expect(viewer.locator("dd").first).to_have_text("901")
    page.keyboard.press("Escape")
    page.evaluate(CALL, ["remove", [[parent["id"], child["id"]]]])


def test_restore_brings_every_control_back_and_the_next_save_is_its_child(page: Page) -> None:
    recipe = {"generator": "tiny-dcgan", "seed": 77, "classes": {"a": 0.5, "b": 0.5}, "directions": {"slant": 1.5}, "truncation": 0.6}
    saved = page.evaluate(CALL, ["save", [recipe, []]])
    page.locator("input[name=gallery-search]").fill(saved["id"])
    expect(count(page)).to_have_text("1 picture")
    cells(page).first.click()
    page.locator("dialog.viewer [data-act=restore]").click()
    expect(page.locator("[data-island=create]")).to_be_visible()
    now = page.evaluate("window.atelier.state.recipe")
    assert {key: now[key] for key in recipe} == recipe
    page.locator("[data-act=save]").click()
    page.wait_for_function("([id]) => window.atelier.state.parents[0] !== id", arg=[saved["id"]])
    child = page.evaluate("window.atelier.state.parents[0]")
    family = page.evaluate(CALL, ["lineage", [child]])
    assert [[one["entry"]["id"] for one in line] for line in family["ancestors"]] == [[saved["id"]]]
    page.evaluate(CALL, ["remove", [[saved["id"], child]]])


def test_delete_asks_nothing_and_undo_brings_it_back(page: Page) -> None:
    id = cells(page).first.get_attribute("data-id")
    cells(page).first.focus()
    page.keyboard.press("Delete")
    expect(count(page)).to_have_text("9,999 pictures")
    expect(page.locator(f"[data-id='{id}']")).to_have_count(0)
    page.locator(".toast button").first.click()
    expect(count(page)).to_have_text("10,000 pictures")
    expect(page.locator(f"[data-id='{id}']")).to_have_count(1)


def test_a_selection_is_exported_as_zip(page: Page, tmp_path: Path) -> None:
    cells(page).nth(0).locator(".album-tick").click()
    cells(page).nth(1).click()
    with page.expect_download() as download:
        page.locator(".album-acts [data-act=export]").click()
    download.value.save_as(tmp_path / "some.zip")
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert len([name for name in archive.namelist() if name.endswith(".png")]) == 2
        assert len(json.loads(archive.read("manifest.json"))) == 2


def test_an_empty_gallery_says_where_to_begin(page: Page) -> None:
    def empty(route: Route) -> None:
        answer = json.dumps([{"entries": [], "total": 0, "labels": [], "generators": []}])
        route.fulfill(body=f"event: complete\ndata: {answer}\n\n", content_type="text/event-stream")

    page.route("**/gradio_api/call/gallery/*", empty)
    page.reload()
    open_gallery(page)
    page.get_by_role("button", name="Go to Create").click()
    expect(page.locator("[data-island=create]")).to_be_visible()
    page.unroute("**/gradio_api/call/gallery/*")


def test_a_fault_is_said_in_the_visitor_s_language(page: Page) -> None:
    page.evaluate("window.atelier.words.use('zh')")
    id = cells(page).first.get_attribute("data-id")
    page.evaluate(CALL, ["remove", [[id]]])  # as another tab of the browser would
    cells(page).first.focus()
    page.keyboard.press("f")
    expect(page.locator(".toast")).to_contain_text("没有")
    page.evaluate(CALL, ["undo_remove", [[id]]])


@pytest.mark.parametrize("tab", ["gallery", "models"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_phone_has_room_for_it_and_every_word_is_there(page: Page, tab: str, language: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("(language) => window.atelier.words.use(language)", language)
    open_tab(page, tab)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    text = page.locator(f"[data-island={tab}]").inner_text()
    assert not re.search(r"\b(gallery|models|fact|score|training|family)\.\w+", text)
    assert not re.search(r"\{\w+\}", text)


def test_models_has_a_card_for_each_and_play_opens_it(page: Page) -> None:
    open_tab(page, "models")
    expect(page.locator("[data-model]")).to_have_count(len(TINY) + 1)  # and the translator
    card = page.locator("[data-model=tiny-vae]")
    expect(card).to_contain_text("CC0-1.0")
    expect(card).to_contain_text("It has learned nothing.")
    card.get_by_role("button", name="Play with tiny-vae").click()
    expect(page.locator("[data-island=create]")).to_be_visible()
    assert page.evaluate("window.atelier.state.recipe.generator") == "tiny-vae"
