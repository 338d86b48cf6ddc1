"""What tests share: tiny untrained checkpoints, an engine that draws with them, a Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, BrowserContext

from models.checkpoint import Card, save
from models.registry import GENERATORS, TRANSLATORS
from studio.bench.browser import find_browser, open_browser
from studio.bench.server import Server, free_port, serving
from studio.engine import Engine
from tests.loopback import is_here, staying_here

# As small as it goes: with both kinds of names, with noise, layers and sides, a map, and strokes.
TINY: dict[str, tuple[str, dict[str, Any]]] = {
    "tiny-dcgan": ("dcgan", {"size": 16, "channels": 1, "z_dim": 8, "width": 8, "classes": ["a", "b"], "styles": ["x", "y"]}),
    "tiny-style": ("style", {"size": 16, "z_dim": 8, "w_dim": 16, "widths": [16, 16, 8], "mapping_layers": 2, "styles": ["x", "y"]}),
    "tiny-vae": ("vae", {"size": 8, "z_dim": 2, "width": 4}),
    "tiny-rvae": ("rvae", {"size": 16, "z_dim": 4, "hidden": 8, "attention": 8, "heads": 2, "mixtures": 2, "longest": 12}),
}
TINY_TRANSLATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "tiny-up": ("upscaler", {"factor": 2, "width": 8, "blocks": 1}),
}


def tiny_card(name: str, family: str, config: dict[str, Any], order: int) -> Card:
    return Card(
        id=name,
        family=family,
        title={"en": name, "zh": name},
        config=config,
        rendering="crisp" if family == "vae" else "smooth",
        source="none: untrained weights for tests",
        licence="CC0-1.0",
        limits={"en": ["It has learned nothing."], "zh": ["它什么也没学过。"]},
        order=order,
    )


@pytest.fixture(scope="session")
def tiny_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints as real ones are, untrained; a test that damages one copies the folder first."""
    root = tmp_path_factory.mktemp("checkpoints")
    for order, (name, (family, config)) in enumerate(TINY.items()):
        torch.manual_seed(order)
        generator = GENERATORS.get(family).build(config)
        directions = {"slant": torch.randn(generator.spec.w_dim)}
        save(root / name, generator, tiny_card(name, family, config, order), directions)
    for order, (name, (family, config)) in enumerate(TINY_TRANSLATORS.items(), start=len(TINY)):
        torch.manual_seed(order)
        translator = TRANSLATORS.get(family).build(config)
        for parameter in translator.parameters():  # a fresh one may do nothing at all
            torch.nn.init.normal_(parameter, std=0.1)
        save(root / name, translator, tiny_card(name, family, config, order))
    return root


@pytest.fixture(scope="session")
def engine(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on the tiny checkpoints; whatever a test asks of it, it must leave it idle."""
    with Engine(tiny_checkpoints, folder=tmp_path_factory.mktemp("studio"), device="cpu", report=lambda line: None) as engine:
        yield engine


@pytest.fixture(scope="session")
def abroad() -> list[str]:
    """What any page asked of another machine; at the end of each test there must be nothing."""
    return []


@pytest.fixture(autouse=True)
def nothing_from_outside(abroad: list[str]) -> Iterator[None]:
    """The studio runs where no network is."""
    yield
    asked, abroad[:] = [*abroad], []
    assert asked == []


@pytest.fixture(scope="module")
def browser(abroad: list[str]) -> Iterator[Browser]:
    """A headless Chromium that knows this machine alone. Without one a test is skipped, except on a build server, where it fails.

    One a module: while it is open, Playwright's loop runs in this thread, and whoever comes after could run none.
    """
    if find_browser() is None:
        message = "There is no Chromium. `make test` installs one; by hand: python -m studio.bench.browser"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)

    def hear(address: str) -> None:
        if not is_here(address):
            abroad.append(address)

    with open_browser() as browser, pytest.MonkeyPatch.context() as patch:
        opened = browser.new_context

        def new_context(**told: Any) -> BrowserContext:
            context = opened(**told)
            context.on("request", lambda request: hear(request.url))
            context.on("page", lambda page: page.on("websocket", lambda socket: hear(socket.url)))
            return context

        patch.setattr(browser, "new_context", new_context)
        patch.setattr(browser, "new_page", lambda **told: new_context(**told).new_page())
        yield browser


@pytest.fixture(scope="session")
def server(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The whole studio in a process of its own, as `python app.py` starts it, with the tiny checkpoints and an empty gallery."""
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    flags = ["--port", str(port), "--checkpoints", str(tiny_checkpoints), "--folder", str(folder / "gallery")]
    with staying_here(folder / "hook"), serving(["app.py", *flags], port, folder / "log") as server:
        yield server
