"""The studio needs no network: no page asks for a font, a script or a word from outside, and the process that serves it asks nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.ui.page import TABS
from tests.loopback import is_here, staying_here

LOADED = """[...document.querySelectorAll('[src], link[href]')].map((one) => one.src || one.href)
  .concat(performance.getEntriesByType('resource').map(({name}) => name))"""
RULES = """[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText)
  .filter((rule) => /url\\(.?(https?:)?\\/\\//.test(rule))"""
ASKS = """
import socket
socket.socket().connect_ex(('127.0.0.1', 9))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))
"""


def test_no_tab_asks_for_anything_from_outside(page: Page) -> None:
    for tab in TABS:
        page.locator(f"button[role=tab]#{tab}-button").click()
        expect(page.locator(f"[data-island={tab}]")).to_be_visible()
    assert [address for address in page.evaluate(LOADED) if not is_here(address)] == []
    assert page.evaluate(RULES) == []


def test_a_request_to_the_outside_would_be_noticed_and_get_nowhere(page: Page, abroad: list[str]) -> None:
    page.goto("about:blank")  # our own pages' policy would not even let them ask
    said = page.evaluate("fetch('http://example.org/font.woff2', {mode: 'no-cors'}).then(() => 'came', () => 'nothing')")
    assert said == "nothing"
    assert abroad == ["http://example.org/font.woff2"]
    abroad.clear()


def test_a_process_that_looks_outside_would_be_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as noticed, staying_here(tmp_path / "hook"):
        subprocess.run([sys.executable, "-c", ASKS], stderr=subprocess.DEVNULL)
    assert "socket.connect 192.0.2.1" in str(noticed.value)
    assert "127.0.0.1" not in str(noticed.value)
