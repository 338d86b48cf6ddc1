"""The policy that every page comes with fits the page: nothing that it does is refused, and what is not ours is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

from studio.bench.server import Server
from studio.look import open_tab
from studio.ui.page import TABS
from tests.browser.conftest import COUNT, PATIENCE
from tests.browser.hands import after_rest, bring, drag
from tests.browser.test_kiosk import kiosk  # noqa: F401 - a fixture

LISTEN = """document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`refused ${event.violatedDirective} ${event.blockedURI}`);
});"""


@contextmanager
def watched(browser: Browser, url: str) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what its browser says of policies: refusals, and features in a header that it does not know."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page, said = context.new_page(), []
    context.on("console", lambda line: said.append(line.text) if re.search("refused|policy", line.text, re.I) else None)
    page.add_init_script(COUNT + LISTEN)
    page.goto(url)
    yield page, said
    context.close()


def test_nothing_is_refused_on_any_tab(browser: Browser, studio: Server, photograph: Path) -> None:
    with watched(browser, studio.url) as (page, said):
        page.wait_for_function("window.painted?.rests > 0")
        after_rest(page, lambda: drag(page, "input[name=variation]", 0.3, 0))
        page.locator("[data-act=save]").first.click()
        expect(page.locator("[data-role=notice]")).to_contain_text("Saved")
        for tab in TABS:
            open_tab(page, tab)
        bring(page, "upscale", photograph)
        expect(page.locator("[data-bench=upscale] canvas:visible, [data-bench=upscale] img:visible").first).to_be_visible()
        assert said == []


def test_nothing_is_refused_in_the_kiosk(browser: Browser, kiosk: Server) -> None:  # noqa: F811
    with watched(browser, kiosk.url) as (page, said):
        page.locator(".place canvas").first.wait_for()
        page.locator(".place canvas").first.click()
        for path in ("wall", "curator"):
            page.goto(f"{kiosk.url}{path}")
            page.wait_for_load_state("networkidle")
        assert said == []


def test_what_is_not_ours_is_refused(browser: Browser, studio: Server) -> None:
    with watched(browser, studio.url) as (page, said):
        page.wait_for_function("window.painted?.rests > 0")
        page.evaluate("fetch('http://127.0.0.1:9/secret').catch(() => {})")
        page.evaluate("try { new WebSocket('ws://127.0.0.1:9/') } catch {}")
        page.evaluate("document.head.append(Object.assign(document.createElement('script'), { src: 'http://127.0.0.1:9/x.js' }))")
        page.wait_for_function("true")
        for refused in (
            "connect-src http://127.0.0.1:9/secret",
            "connect-src ws://127.0.0.1:9/",
            "script-src-elem http://127.0.0.1:9/x.js",
        ):
            assert any(refused in line for line in said), said


def test_a_stranger_can_not_put_the_page_in_a_frame(browser: Browser, studio: Server, abroad: list[str]) -> None:
    assert "frame-ancestors 'self'" in httpx.get(studio.url).headers["content-security-policy"]
    context = browser.new_context()
    page = context.new_page()
    page.route("http://stranger.test/", lambda route: route.fulfill(body=f"<iframe src='{studio.url}'></iframe>", content_type="text/html"))
    page.goto("http://stranger.test/")
    frame = page.frames[1]
    frame.wait_for_url(re.compile("^chrome-error:"))
    assert frame.locator("gradio-app").count() == 0
    context.close()
    abroad.remove("http://stranger.test/")  # which never left: it was answered here
