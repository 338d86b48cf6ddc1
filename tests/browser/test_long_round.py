"""One long round: a photograph found, a direction named, two generations bred, a film made; and all of it in a studio that was killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from studio.bench.server import ROOT, Server, free_port, serving
from studio.look import open_tab
from tests.browser.conftest import PATIENCE, visit
from tests.browser.hands import after_rest, pixels
from tests.browser.test_breeding import BAR, breed, choose
from tests.browser.test_directions import OWN, made
from tests.browser.test_find import FOUND, begin
from tests.browser.test_sheet import sheet_of
from tests.studio.given import click_track

GENERATOR = "portraits"
TEMPO = "[data-role=film-tempo]"
HEARD = "clicks.wav: 120 beats a minute, 19 beats."
Start = Callable[[], Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the studio, on one folder and one port however often; only what the round needs of its checkpoints is there."""
    port = free_port()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / GENERATOR).symlink_to(ROOT / "checkpoints" / GENERATOR)
    flags = ["--checkpoints", str(tmp_path / "checkpoints"), "--folder", str(tmp_path / "gallery")]
    with ExitStack() as stack:
        yield lambda: stack.enter_context(serving(["app.py", "--port", str(port), *flags], port, tmp_path / "log"))


def drawn(studio: Server, made_of: dict[str, Any]) -> bytes:
    return httpx.post(f"{studio.url}draw.png", json={"recipe": made_of}, timeout=30).raise_for_status().content


def keep(page: Page, press: Callable[[], Any]) -> dict[str, Any]:
    """Save a picture; its entry in the gallery."""
    page.evaluate("window.kept = null; document.addEventListener('atelier:saved', ({detail}) => { window.kept = detail; }, {once: true})")
    press()
    page.wait_for_function("window.kept")
    return page.evaluate("window.kept")


def gallery(page: Page) -> list[dict[str, Any]]:
    entries = page.evaluate("window.atelier.api.call('gallery', ['', '', false, '', 0, 60, '', false, ''])")["entries"]
    return [{name: entry[name] for name in ("id", "created", "recipe", "parents", "bytes")} for entry in entries]


def film(page: Page) -> dict[str, Any]:
    return page.evaluate("window.atelier.film.film")


def take(page: Page, made_of: dict[str, Any]) -> None:
    """Into Create."""
    after_rest(page, lambda: page.evaluate("(one) => atelier.state.restore(one)", made_of))


def found_in(page: Page, file: Path) -> dict[str, Any]:
    """A picture looked for, for a few steps, taken and saved."""
    begin(page, file)
    page.wait_for_function("atelier.finder.found?.done > 0")
    page.click("[data-act=find-stop]")
    page.wait_for_selector(FOUND)
    after_rest(page, lambda: page.click("[data-act=find-take]"))
    return keep(page, lambda: page.keyboard.press("s"))


def bred(page: Page) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A saved child, and four saved children of hers and of one that nobody saved."""

    def heart(place: int) -> dict[str, Any]:
        page.locator(".cell").nth(place).hover()
        return keep(page, page.locator(".cell-keep").nth(place).click)

    sheet_of(page, "random")
    choose(page, 1, 4)
    breed(page, 14)
    mother = heart(3)
    choose(page, 3, 7)
    breed(page, 14)
    expect(page.locator(f"{BAR} strong")).to_have_text("Generation 3")
    children = [heart(place) for place in (2, 5, 8, 11)]
    page.keyboard.press("Escape")
    return mother, children


def filmed(page: Page, recipes: list[dict[str, Any]], music: Path, to: Path) -> dict[str, Any]:
    """A film of them, to music, written as a file; how it stands on the timeline."""
    for number, one in enumerate(recipes, 1):
        take(page, one)
        page.click("[data-act=send]")
        page.click("[data-send=film]")
        expect(page.locator(".film-key")).to_have_count(number)
        open_tab(page, "create")
    open_tab(page, "film")
    page.set_input_files("[data-role=film-sound]", str(music))
    expect(page.locator(TEMPO)).to_have_text(HEARD)
    page.click("[data-act=film-snap]")
    page.select_option("[data-act=film-side]", "0")
    page.select_option("[data-act=film-rate]", "12")
    page.click("[data-act=film-make]")
    expect(page.locator("[data-act=film-download]")).to_be_visible(timeout=PATIENCE)
    with page.expect_download() as saved:
        page.click("[data-act=film-download]")
    saved.value.save_as(to)
    return film(page)


def test_everything_is_there_again(start: Start, browser: Browser, photograph: Path, tmp_path: Path) -> None:
    (tmp_path / "clicks.wav").write_bytes(click_track(np.arange(0.4, 9.9, 0.5), 10))
    studio = start()
    with visit(browser, studio) as page:
        found = found_in(page, photograph)
        assert found["recipe"]["w"]
        found_look, found_bytes = pixels(page), drawn(studio, found["recipe"])
        way = made(page, "Darker hair")
        page.locator(f"{OWN} input[name=direction-{way}]").focus()
        after_rest(page, lambda: page.keyboard.press("End"))
        mother, children = bred(page)
        timeline = filmed(page, [child["recipe"] for child in children], tmp_path / "clicks.wav", tmp_path / "film.mp4")
        assert all(way in json.dumps(key["recipe"]) for key in timeline["keys"]), "the direction went into the children"
        kept = gallery(page)

    os.kill(studio.pid, signal.SIGKILL)
    os.waitid(os.P_PID, studio.pid, os.WEXITED | os.WNOWAIT)  # until its port is free; `serving` asks how it ended
    studio = start()
    with visit(browser, studio) as page:
        assert gallery(page) == kept
        open_tab(page, "gallery")
        expect(page.locator(".album-count")).to_have_text("6 pictures")
        page.locator(".album-cell").first.click()  # the last child
        expect(page.locator("dialog.viewer .family-row")).to_have_count(3)  # its parents' parents, its parents, itself
        parents = page.evaluate("(id) => window.atelier.api.call('lineage', [id])", children[-1]["id"])["ancestors"][0]
        assert [(one["entry"] or {}).get("id") for one in parents] == [mother["id"], None]
        page.keyboard.press("Escape")

        open_tab(page, "create")
        assert drawn(studio, found["recipe"]) == found_bytes
        take(page, found["recipe"])
        assert pixels(page) == found_look
        expect(page.locator(f"{OWN} .row", has_text="Darker hair")).to_be_visible()

        open_tab(page, "film")
        page.set_input_files("[data-role=film-file]", str(tmp_path / "film.mp4"))
        expect(page.locator(TEMPO)).to_have_text(HEARD)
        assert film(page) == timeline
        expect(page.locator("[data-role=seam]")).not_to_be_empty()  # it can be played
