"""Two visitors of a hosted studio at once: each at a bench, neither sees or holds up the other."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from studio.bench.server import Server, free_port, serving
from tests.browser.conftest import PATIENCE
from tests.browser.hands import bring


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    flags = ["app.py", "--profile", "spaces", "--host", "127.0.0.1", "--port", str(port), "--folder", str(tmp_path / "gallery")]
    with serving(flags, port, tmp_path / "log") as server:
        yield server


@pytest.fixture
def visitors(browser: Browser, hosted: Server) -> Iterator[list[Page]]:
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB") for _ in range(2)]
    pages = []
    for context in contexts:
        context.set_default_timeout(PATIENCE)
        pages.append(context.new_page())
        pages[-1].goto(hosted.url)
        pages[-1].wait_for_function("window.atelier?.state && document.querySelector('.stage[data-mode=live]')")
    yield pages
    for context in contexts:
        context.close()


def test_each_works_at_a_bench_and_sees_their_own(visitors: list[Page], hosted: Server, tmp_path: Path) -> None:
    one, other = visitors
    for k, size in enumerate(((90, 60), (60, 96))):
        pixels = np.random.default_rng(k).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{k}.png")
    bring(one, "restyle", tmp_path / "0.png")
    bring(other, "upscale", tmp_path / "1.png")
    other.click("[data-bench=upscale] [data-act=work]")
    for page, tab, size in ((one, "restyle", [90, 60]), (other, "upscale", [240, 384])):
        page.wait_for_function(f"document.querySelector('[data-bench={tab}]').dataset.state === 'done'")
        works = page.evaluate("fetch('works').then((answer) => answer.json())")
        assert works
        assert all(work["size"] == size for work in works)  # a bench that was slow to start may have asked twice
    source = one.evaluate("atelier.benches.get('restyle').given.recipe.source")
    assert one.evaluate(f"fetch('tray/{source}').then((answer) => answer.status)") == 200
    assert other.evaluate(f"fetch('tray/{source}').then((answer) => answer.status)") == 404
    work = one.evaluate("atelier.benches.get('restyle').done.id")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{hosted.url}works/{work}/picture.png")
