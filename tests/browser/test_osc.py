"""Open Sound Control from a real socket into a real page, and out of it."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

from studio.bench.server import Server, free_port, resident_mb, serving
from tests.browser.hands import after_rest, recipe
from tests.studio.test_osc import MALFORMED, packet

GROUP = "[data-group=perform]"
ROWS = f"{GROUP} [data-role=mappings] .mapping"
INTO = free_port()
GROWTH = 64  # MB


@pytest.fixture(scope="module")
def told() -> Iterator[socket.socket]:
    """Where the studio sends."""
    with socket.socket(type=socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(20)
        yield ear


@pytest.fixture(scope="module")
def studio(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory, told: socket.socket) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("osc"), free_port()
    flags = ["--port", str(port), "--checkpoints", str(tiny_checkpoints), "--folder", str(folder / "gallery")]
    flags += ["--osc", str(INTO), "--osc-out", f"127.0.0.1:{told.getsockname()[1]}"]
    with serving(["app.py", *flags], port, folder / "log") as server:
        yield server


@pytest.fixture
def osc() -> SimpleUDPClient:
    return SimpleUDPClient("127.0.0.1", INTO)


def test_a_fader_is_learned_and_moves_the_picture(page: Page, osc: SimpleUDPClient) -> None:
    expect(page.locator(f"{GROUP} [role=status]")).to_contain_text(f"hears port {INTO}")
    page.evaluate("delete Navigator.prototype.requestMIDIAccess")
    page.click(f"{GROUP} [data-act=perform-learning]")
    button = page.locator("[data-learn=variation]")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    osc.send_message("/1/xy", [0.5, 0.1])
    page.wait_for_timeout(100)
    osc.send_message("/1/xy", [0.5, 0.4])
    expect(button).to_have_text("/1/xy#2")
    after_rest(page, lambda: osc.send_message("/1/xy", [0.0, 1.0]))
    assert recipe(page)["variation"] == 1
    page.reload()
    expect(page.locator(ROWS)).to_contain_text("/1/xy#2")
    page.wait_for_function("window.painted.rests > 0")
    after_rest(page, lambda: osc.send_message("/1/xy", [0.0, 0.25]))
    assert recipe(page)["variation"] == 0.25


def test_the_seed_the_sliders_and_saving_need_no_learning(page: Page, osc: SimpleUDPClient, told: socket.socket) -> None:
    steps = page.evaluate("atelier.state.steps.length")
    after_rest(page, lambda: [osc.send_message("/atelier/seed", seed) for seed in (5, 6, 7)])
    page.wait_for_function("atelier.state.recipe.seed === 7")  # the first of them may have come to rest before the last is there
    after_rest(page, lambda: osc.send_message("/atelier/param/variation", 99.0))
    assert recipe(page)["variation"] == 1, "no farther than the slider goes"
    for name in ("nothing", "deed-save", "__proto__"):
        osc.send_message(f"/atelier/param/{name}", 1.0)
    page.wait_for_function(f"atelier.state.steps.length > {steps}")
    page.evaluate("document.addEventListener('atelier:saved', () => { window.saved = true; })")
    osc.send_message("/atelier/save", [])
    page.wait_for_function("window.saved")

    page.fill("input[name=seed]", "4294967295")
    page.keyboard.press("Enter")
    heard: dict[str, list[float]] = {}
    while heard.get("/atelier/seed", [0])[-1] != 2**32 - 1:
        message = OscMessage(told.recv(1024))
        heard.setdefault(message.address, []).extend(message)
    assert heard["/atelier/param/variation"][-1] == 1


def test_malformed_packets_and_a_flood_leave_the_page_under_the_hand(page: Page, osc: SimpleUDPClient, studio: Server) -> None:
    flood = [packet("/atelier/param/variation", number % 100 / 100) for number in range(5000)]
    flood += [packet(f"/flood/{number}", 1.0) for number in range(5000)] + [*MALFORMED.values()] * 10
    before = resident_mb(studio.pid)
    page.evaluate("""() => {
      window.seen = {changes: 0, frames: 0};
      atelier.state.follow(() => { seen.changes += 1; });
      const count = () => { seen.frames += 1; requestAnimationFrame(count); };
      count();
    }""")
    steps = page.evaluate("atelier.state.steps.length")
    with socket.socket(type=socket.SOCK_DGRAM) as mouth:
        for part in range(0, len(flood), 500):
            for one in flood[part : part + 500]:
                mouth.sendto(one, ("127.0.0.1", INTO))
            with urllib.request.urlopen(f"{studio.url}healthz", timeout=10) as answer:
                assert answer.status == 200
            painted = page.evaluate("window.painted.all")
            page.evaluate("atelier.state.change({truncation: Math.random()})")
            page.wait_for_function(f"window.painted.all > {painted}")
    page.wait_for_timeout(700)
    seen = page.evaluate("window.seen")
    assert seen["changes"] <= 2 * seen["frames"] + len(flood) // 500 + 2
    assert page.evaluate("atelier.state.steps.length") <= steps + 3, "steps to undo are what the flood came to, not what it was"
    assert resident_mb(studio.pid) - before < GROWTH
    after_rest(page, lambda: osc.send_message("/atelier/param/variation", 0.5))
    assert recipe(page)["variation"] == 0.5
