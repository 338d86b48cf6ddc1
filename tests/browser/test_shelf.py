"""Collections, notes, films, what goes out and what comes in, as a visitor's hand meets them in the Gallery."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from studio.bench.server import Server
from studio.engine import Engine
from studio.frames import to_png
from studio.look import open_tab
from studio.recipe import Recipe
from tests.browser.hands import finger
from tests.studio.given import photograph

CALL = "([name, args]) => window.atelier.api.call(name, args)"


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The Gallery with four pictures of this test and nothing else."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", accept_downloads=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.url)
    page.locator("canvas[data-role=picture]").wait_for(state="attached")
    page.evaluate(
        """async () => {
          const call = window.atelier.api.call;
          for (const {id} of await call('collections')) await call('remove_collection', [id]);
          const before = await call('gallery', ['', '', false, '', 0, 200, '', false, '']);
          if (before.total) await call('remove', [before.entries.map(({id}) => id)]);
          for (const seed of [1, 2, 3, 4]) await call('save', [{generator: 'tiny-vae', seed}, []]);
        }"""
    )
    open_gallery(page)
    yield page
    context.close()
    assert errors == []


def open_gallery(page: Page) -> None:
    open_tab(page, "gallery")
    page.wait_for_function("window.atelier.gallery")
    expect(cells(page)).to_have_count(4)


def cells(page: Page) -> Locator:
    return page.locator(".album-cell")


def until(page: Page, *expected: int) -> None:
    page.wait_for_function(
        """(expected) => JSON.stringify([...document.querySelectorAll('.album-cell')]
             .map(({dataset}) => window.atelier.gallery.album.entry(Number(dataset.index))?.recipe.seed)) === expected""",
        arg=str(list(expected)).replace(" ", ""),
    )


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: Locator, end: Locator, across: float = 0.5) -> None:
    a, b = start.bounding_box(), end.bounding_box()
    assert a and b
    page.mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
    page.mouse.down()
    page.mouse.move(b["x"] + b["width"] * across, b["y"] + b["height"] / 2, steps=5)
    page.mouse.up()


def begin(page: Page, name: str, *places: int) -> None:
    """A collection of some of the pictures in sight."""
    for place in places:
        cells(page).nth(place).locator(".album-tick").click()
    page.locator("[data-act=collection-new]").click()
    expect(page.locator(".shelf-name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.locator(".shelf-card", has_text=name)).to_have_attribute("aria-pressed", "true")


def test_a_collection_is_filled_and_put_in_order_by_hand_and_keys_and_all_is_undone(page: Page) -> None:
    begin(page, "For print", 0, 1)
    until(page, 4, 3)
    page.locator('.shelf-card[data-collection=""]').click()
    until(page, 4, 3, 2, 1)
    drag(page, cells(page).nth(3), page.locator(".shelf-card", has_text="For print"))
    expect(page.locator(".toast")).to_contain_text("Put into “For print”.")
    expect(page.locator("dialog.viewer")).to_be_hidden()
    page.locator(".shelf-card", has_text="For print").click()
    until(page, 4, 3, 1)
    drag(page, cells(page).nth(2), cells(page).nth(0), 0.1)
    until(page, 1, 4, 3)
    cells(page).nth(0).focus()
    page.keyboard.press("Alt+ArrowRight")
    until(page, 4, 1, 3)
    expect(page.locator("[data-role=shelf-status]")).to_have_text("Place 2 of 3")
    page.wait_for_function("document.activeElement.dataset.index === '1'")
    page.keyboard.press("Alt+ArrowRight")
    until(page, 4, 3, 1)
    for order in ((4, 1, 3), (1, 4, 3), (4, 3, 1), (4, 3)):
        cells(page).nth(0).focus()
        page.keyboard.press("z")
        until(page, *order)
    page.locator("[data-act=collection-remove]").click()
    until(page, 4, 3, 2, 1)
    page.locator(".toast button").click()
    expect(page.locator(".shelf-card", has_text="For print")).to_be_visible()


def test_a_finger_that_rests_takes_a_picture_along_and_one_that_moves_at_once_does_not(page: Page) -> None:
    begin(page, "For print", 0, 1)
    page.locator('.shelf-card[data-collection=""]').click()
    until(page, 4, 3, 2, 1)
    session, ghost, shelf = (
        page.context.new_cdp_session(page),
        page.locator(".drag-ghost"),
        page.locator(".shelf-card", has_text="For print"),
    )
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    (x, y), there = middle(cells(page).nth(3)), middle(shelf)
    finger(session, "touchStart", (x, y, 0))
    finger(session, "touchMove", (x, y - 30, 0))
    page.wait_for_timeout(500)  # longer than a finger has to rest
    finger(session, "touchMove", (*there, 0))
    expect(ghost).to_have_count(0)
    finger(session, "touchEnd")
    finger(session, "touchStart", (x, y, 0))
    expect(ghost).to_be_visible()
    finger(session, "touchMove", (*there, 0))
    expect(shelf).to_have_class(re.compile("drop-here"))
    finger(session, "touchEnd")
    expect(page.locator(".toast")).to_contain_text("Put into “For print”.")
    expect(ghost).to_have_count(0)
    expect(page.locator("dialog.viewer")).to_be_hidden()
    shelf.click()
    until(page, 4, 3, 1)


def test_a_note_is_kept_found_and_never_read_as_markup(page: Page) -> None:
    cells(page).nth(0).click()
    note = page.locator("dialog.viewer textarea")
    note.fill("<img src=x onerror=document.title='bad'> for the hall")
    page.keyboard.press("Escape")
    page.locator("input[name=gallery-search]").fill("HALL <img")
    until(page, 4)
    cells(page).nth(0).click()
    expect(note).to_have_value("<img src=x onerror=document.title='bad'> for the hall")
    assert page.title() == "Latent Atelier" and page.locator("img[src=x]").count() == 0


def test_what_is_exported_comes_back_in_and_the_rest_is_named(page: Page, engine: Engine, tmp_path: Path) -> None:
    begin(page, "To take along", 0, 1)
    with page.expect_download() as download:
        page.locator("[data-act=collection-export]").click()
    download.value.save_as(tmp_path / "taken.zip")
    with zipfile.ZipFile(tmp_path / "taken.zip") as archive:
        assert "contact-sheet.pdf" in archive.namelist() and "CC0-1.0" in archive.read("credits.txt").decode()
    gone = page.evaluate("window.atelier.gallery.album.entry(0).id")
    page.evaluate(CALL, ["remove", [[gone]]])
    (tmp_path / "plain <b>.png").write_bytes(photograph())
    (tmp_path / "fresh.png").write_bytes(to_png(engine.draw(Recipe("tiny-vae", seed=77))))
    page.locator("[data-act=import]").click()
    page.set_input_files("[data-role=import-files]", [tmp_path / name for name in ("taken.zip", "plain <b>.png", "fresh.png")])
    summary = page.locator("[data-role=import-summary]")
    expect(summary).to_contain_text("2 pictures came in.")
    expect(summary).to_contain_text("1 were here already.")
    expect(page.locator(".import-left li")).to_have_count(1)
    expect(page.locator(".import-left li")).to_contain_text("plain <b>.png")
    page.locator("[data-act=import-undo]").click()
    page.evaluate("window.atelier.gallery.showAll()")
    until(page, 3, 2, 1)


def test_a_folder_comes_in_with_what_lies_in_its_folders(page: Page, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "prints" / "older").mkdir(parents=True)
    for place, seed in (("new.png", 81), ("older/old.png", 82)):
        (tmp_path / "prints" / place).write_bytes(to_png(engine.draw(Recipe("tiny-vae", seed=seed))))
    (tmp_path / "prints" / "notes.txt").write_text("not a picture")
    page.locator("[data-act=import]").click()
    page.set_input_files("[data-role=import-folder]", tmp_path / "prints")
    summary = page.locator("[data-role=import-summary]")
    expect(summary).to_contain_text("2 pictures came in.")
    expect(summary).to_contain_text("1 other")
    expect(page.locator(".import-left li")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(cells(page)).to_have_count(6)


def test_a_film_stands_there_plays_under_the_hand_and_opens_in_film(page: Page) -> None:
    film = {
        "seconds": 0.5,
        "rate": 12,
        "keys": [{"at": 0, "recipe": {"generator": "tiny-vae"}}, {"at": 0.2, "recipe": {"generator": "tiny-vae", "seed": 9}}],
    }
    page.evaluate(CALL, ["save_film", [film, "webm", 256, False]])
    page.evaluate("window.atelier.gallery.showAll()")
    cell = page.locator(".album-cell[data-film]")
    expect(cell).to_have_count(1)
    cell.hover()
    page.wait_for_function("document.querySelector('.album-moving')?.currentTime > 0")
    page.mouse.move(5, 5)
    expect(page.locator(".album-moving")).to_have_count(0)
    cell.click()
    expect(page.locator("dialog.viewer video")).to_be_visible()
    page.locator("dialog.viewer [data-act=restore]").click()
    page.wait_for_function("window.atelier.film?.film.keys.length === 2 && window.atelier.film.film.keys[1].recipe.seed === 9")
    expect(page.locator("[data-island=film]")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_phone_has_room_for_it(page: Page, language: str) -> None:
    begin(page, "A name that goes on for rather longer than a phone is wide", 0, 1, 2)
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("(language) => window.atelier.words.use(language)", language)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    cells(page).nth(0).locator(".album-tick").click()
    acts = page.locator(".album-acts").bounding_box()
    assert acts and acts["x"] >= 0 and acts["x"] + acts["width"] <= 390
    page.locator(".album-acts [data-act=collect-out]").click()
    expect(cells(page)).to_have_count(2)
    page.locator("[data-act=import]").click()
    box = page.locator("[data-dialog=import]").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
