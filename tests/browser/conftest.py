"""The studio as a visitor meets it: the real checkpoints in a process of its own, an empty gallery, a first visit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from studio.bench.server import Server, free_port, serving
from tests.loopback import staying_here

# Counts what was painted, so that a test can wait for the picture after the one it saw.
COUNT = """
window.painted = {all: 0, rests: 0};
document.addEventListener('atelier:painted', ({detail}) => { painted.all += 1; painted.rests += detail.rest ? 1 : 0; });
"""


PATIENCE = 60_000  # milliseconds, on a machine that does other things too


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """A busy machine is no fault of the page."""
    expect.set_options(timeout=PATIENCE / 3)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`python app.py` with the checkpoints of the repository."""
    folder, port = tmp_path_factory.mktemp("studio"), free_port()
    command = ["app.py", "--port", str(port), "--folder", str(folder / "gallery")]
    with staying_here(folder / "hook"), serving(command, port, folder / "log") as server:
        yield server


@contextmanager
def visit(browser: Browser, studio: Server) -> Iterator[Page]:
    """A first visit in English at 1440 x 900, its first picture painted; an error in a script fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(COUNT)
    page.goto(studio.url)
    page.wait_for_function("window.painted?.rests > 0")
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def page(browser: Browser, studio: Server) -> Iterator[Page]:
    """A first visit to the studio that the tests share."""
    with visit(browser, studio) as page:
        yield page


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where downloaded pictures go."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A picture from outside, 128 x 96 pixels."""
    y, x = np.mgrid[:96, :128]
    path = tmp_path / "photograph.png"
    Image.fromarray(np.stack([2 * x, 255 - 2 * y, 127 + 100 * np.sin(x / 9)], axis=-1).astype(np.uint8)).save(path)
    return path
