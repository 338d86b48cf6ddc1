"""The hosted demo as a stranger meets it: in a frame of another site, with a place in the queue, told how long things stay."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from studio.bench.server import Server, free_port, serving
from tests.browser.conftest import COUNT, PATIENCE
from tests.browser.hands import after_rest, bring, drag
from tests.studio.lender import lay_out

READY = "window.atelier?.state && document.querySelector('.stage[data-mode=live]')"
SAVED = "atelier.api.call('gallery', ['', '', false, '', 0, 1, '', false, '']).then((page) => page.total)"


@pytest.fixture(scope="module")
def port_elsewhere() -> int:
    return free_port()


@pytest.fixture(scope="module")
def hosted(port_elsewhere: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("hosted"), free_port()
    flags = ["app.py", "--profile", "spaces", "--host", "127.0.0.1", "--port", str(port), "--folder", str(folder / "gallery")]
    flags += ["--frame", f"http://localhost:{port_elsewhere}"]
    with serving(flags, port, folder / "log") as server:
        yield server


@pytest.fixture(scope="module")
def elsewhere(hosted: Server, port_elsewhere: int) -> Iterator[str]:
    """A page of another site that shows the studio in a frame, as Spaces do; its address."""

    class Frame(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f'<!doctype html><title>elsewhere</title><iframe src="{hosted.url}" width="1200" height="800"></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", port_elsewhere), Frame)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{port_elsewhere}/"  # to a browser another site than 127.0.0.1
    server.shutdown()
    server.server_close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(COUNT)
    yield context
    context.close()


def visit(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.wait_for_function(READY)
    return page


def test_it_works_in_a_frame_of_another_site_which_keeps_its_own_cookie(context: BrowserContext, hosted: Server, elsewhere: str) -> None:
    outside = context.new_page()
    for saved in (1, 2):  # the second time with the cookie that the first has left
        outside.goto(elsewhere)
        outside.wait_for_function("document.querySelector('iframe') && window.frames.length")
        frame = outside.frames[1]
        frame.wait_for_function(READY)
        frame.evaluate("atelier.api.call('save', [{generator: atelier.state.recipe.generator, seed: 5}, []])")
        frame.wait_for_function(f"() => {SAVED}.then((total) => total === {saved})")
    (cookie,) = [one for one in context.cookies() if one.get("name") == "atelier_visitor"]
    assert (cookie.get("httpOnly"), cookie.get("secure"), cookie.get("sameSite")) == (True, True, "None")
    assert "localhost" in str(cookie.get("partitionKey")), "another site's frame would not see it"
    alone = visit(context, hosted.url)
    assert alone.evaluate(SAVED) == 0, "who is in the frame is another visitor than who opens the page itself"


BRING = """async (side) => {
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext('2d').fillRect(0, 0, side / 2, side);
  const { id } = await atelier.api.post('tray', await canvas.convertToBlob());
  const [upscaler] = atelier.translators.filter(({factor}) => factor > 1).sort((a, b) => b.factor - a.factor);
  return (await atelier.api.post('works', JSON.stringify({ recipe: { source: id, after: [{ translator: upscaler.id }] } }))).id;
}"""


def test_a_long_work_has_a_place_and_an_estimate_in_both_languages(browser: Browser, hosted: Server, tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "small.png")
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB") for _ in range(2)]
    try:
        for one in contexts:
            one.set_default_timeout(PATIENCE)
        first, second = (visit(one, hosted.url) for one in contexts)
        work = first.evaluate(BRING, 3000)
        second.evaluate("atelier.openTab('upscale')")
        bring(second, "upscale", tmp_path / "small.png")
        second.click("[data-bench=upscale] [data-act=work]")
        bench = second.locator("[data-bench=upscale]")
        expect(bench).to_contain_text(re.compile(r"\d+ before it\. About \d+"))
        second.evaluate("atelier.words.use('zh')")
        expect(bench).to_contain_text(re.compile(r"前面还有 \d+ 项，大约\s*\d+"))
        first.evaluate("(id) => fetch(`works/${id}`, { method: 'DELETE' })", work)
        second.wait_for_function("document.querySelector('[data-bench=upscale]').dataset.state === 'done'")
    finally:
        for one in contexts:
            one.close()


def test_the_gallery_says_how_long_it_keeps_what_is_saved(context: BrowserContext, hosted: Server) -> None:
    page = visit(context, hosted.url)
    page.evaluate("atelier.openTab('gallery')")
    notice = page.locator(".album-kept")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("stays 30 days after your last visit")
    page.click("[data-act=language]")
    expect(notice).to_contain_text("保留 30 天")


@pytest.fixture
def borrowing(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A studio as on ZeroGPU."""
    monkeypatch.setenv("PYTHONPATH", str(lay_out(tmp_path / "lender")))
    monkeypatch.setenv("LENDER_LOG", str(tmp_path / "calls"))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    port = free_port()
    flags = ["--profile", "spaces", "--host", "127.0.0.1", "--port", str(port), "--checkpoints", str(tiny_checkpoints)]
    with serving(["app.py", *flags, "--folder", str(tmp_path / "gallery")], port, tmp_path / "log") as server:
        yield server


def test_where_the_card_is_lent_the_picture_is_drawn_once_the_hand_rests(
    context: BrowserContext, borrowing: Server, tmp_path: Path
) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(borrowing.url)
    page.wait_for_function("window.painted?.rests > 0")
    badge = page.locator("[data-role=mode]").first
    expect(badge).to_have_text("at rest")
    assert "borrows its graphics card" in (badge.get_attribute("data-tip") or badge.get_attribute("title") or "")
    drawn = len((tmp_path / "calls").read_text().splitlines())
    after_rest(page, lambda: drag(page, ".stage canvas[data-role=picture]", 0.2, 0.1))
    page.wait_for_timeout(300)
    painted = page.evaluate("window.painted")
    assert painted["all"] == painted["rests"], "nothing moved under the hand"
    assert len((tmp_path / "calls").read_text().splitlines()) - drawn in (1, 2)
    page.click("[data-act=language]")
    expect(badge).to_have_text("停手出图")
    assert errors == []
