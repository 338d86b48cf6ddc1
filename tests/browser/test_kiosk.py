"""The exhibition as passers-by meet it, in a real browser with a touch screen: film, visit, countdown, wall, curator, no way out."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from studio.bench.server import Server, free_port, serving
from tests.browser.conftest import PATIENCE
from tests.browser.hands import finger
from tests.browser.test_axe import AXE, IN_EARNEST, SCAN
from tests.loopback import staying_here

PIN = "135790"
IDLE = 15  # seconds, the shortest that can be settled
PIXELS = """(canvas) => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, i) => (sum * 31 + value * (i % 7 + 1)) | 0, 7);
}"""


@pytest.fixture(scope="module")
def kiosk(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`python app.py --profile kiosk` for all of the network, with tiny checkpoints."""
    folder, port = tmp_path_factory.mktemp("kiosk"), free_port()
    flags = ["--profile", "kiosk", "--host", "0.0.0.0", "--port", str(port)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIOSK_PIN", PIN)
        command = ["app.py", *flags, "--checkpoints", str(tiny_checkpoints), "--folder", str(folder / "studio")]
        with staying_here(folder / "hook"), serving(command, port, folder / "log") as server:
            yield server


@contextmanager
def screen(browser: Browser, url: str, width: int, height: int, **clock: Any) -> Iterator[Page]:
    """A touch screen; an error in a script fails the test. clock: the page's time, which then passes only when it is told to."""
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    if clock:
        page.clock.install(**clock)
    page.goto(url)
    page.locator(".place").first.wait_for()
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def page(browser: Browser, kiosk: Server) -> Iterator[Page]:
    with screen(browser, kiosk.url, 1080, 1920) as page:
        yield page


def pixels(place: Locator) -> int:
    return place.locator("canvas").evaluate(PIXELS)


def touch(place: Locator) -> None:
    """The first touch of a visit."""
    place.locator("canvas").tap()
    expect(place).to_have_attribute("data-state", "play")


def changes(page: Page, place: Locator, before: int) -> None:
    """Wait until another picture stands there."""
    page.wait_for_function(f"([canvas, before]) => ({PIXELS})(canvas) !== before", arg=[place.locator("canvas").element_handle(), before])


def at(locator: Locator, across: float) -> tuple[float, float]:
    """A point on an element, by a part of its width, in the middle of its height."""
    box = locator.bounding_box()
    assert box
    return box["x"] + across * box["width"], box["y"] + box["height"] / 2


def value(place: Locator, name: str = "truncation") -> float:
    return float(place.locator(f"[data-slider={name}]").get_attribute("aria-valuenow") or "nan")


def enter(page: Page, url: str, pin: str = PIN) -> None:
    page.goto(f"{url}curator")
    for digit in pin:
        page.locator(f"[data-digit='{digit}']").tap()
    page.locator("[data-act=enter]").tap()


def scanned(page: Page) -> list[dict[str, Any]]:
    """What axe-core has against the page in earnest."""
    page.add_script_tag(path=AXE)
    return [fault for fault in page.evaluate(SCAN, []) if fault["impact"] in IN_EARNEST]


def test_the_film_runs_until_the_first_touch_and_the_visit_begins_with_its_picture(page: Page) -> None:
    place = page.locator(".place")
    expect(place).to_have_count(1)
    expect(place).to_have_attribute("data-state", "attract")
    expect(place.locator(".begin")).to_be_visible()
    expect(place.locator(".panel")).to_be_hidden()
    changes(page, place, pixels(place))  # it comes
    changes(page, place, pixels(place))  # and moves by itself
    touch(place)
    expect(place.locator(".panel")).to_be_visible()
    expect(place.locator(".begin")).to_be_hidden()
    page.wait_for_timeout(400)
    stood = pixels(place)
    page.wait_for_timeout(500)
    assert pixels(place) == stood, "nobody moves it now but the visitor"
    place.locator("[data-act=another]").tap()
    changes(page, place, stood)


def test_every_control_answers_a_finger_and_is_large(page: Page) -> None:
    place = page.locator(".place")
    touch(place)
    place.locator("[data-generator=tiny-style]").tap()
    expect(place.locator("[data-generator=tiny-style]")).to_have_attribute("aria-pressed", "true")
    sizes = place.evaluate("""(place) => [...place.querySelectorAll('*')].filter((one) => one.checkVisibility() && [...one.childNodes]
      .some((node) => node.nodeType === 3 && node.textContent.trim())).map((one) => parseFloat(getComputedStyle(one).fontSize))""")
    assert sizes
    assert min(sizes) >= 28
    for target in place.locator(".panel button:visible").all():
        box = target.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 80
    page.wait_for_timeout(300)
    for name in ("styles", "truncation", "direction-slant"):
        before, stood = value(place, name), pixels(place)
        page.touchscreen.tap(*at(place.locator(f"[data-slider={name}]"), 0.6))
        assert value(place, name) != before
        changes(page, place, stood)
        page.wait_for_timeout(300)


def test_the_controls_move_to_another_height_and_the_language_is_one_button(page: Page) -> None:
    place = page.locator(".place")
    touch(place)
    another = place.locator("[data-act=another]")
    low = at(another, 0.5)[1]
    place.locator("[data-act=higher]").tap()
    expect(place).to_have_attribute("data-reach", "high")
    page.wait_for_timeout(900)  # it moves there
    assert at(another, 0.5)[1] < 700 < 1280 < low
    place.locator("[data-act=other_language]").tap()
    expect(another).to_have_text("换一幅")
    expect(place).to_have_attribute("lang", "zh-CN")


def test_after_a_countdown_everything_begins_anew(browser: Browser, kiosk: Server) -> None:
    with screen(browser, kiosk.url, 1080, 1920, time=0) as page:
        place = page.locator(".place")
        page.clock.run_for(1000)
        page.request.post(f"{kiosk.url}curator/enter", data={"pin": PIN})
        before = page.request.get(f"{kiosk.url}curator/state").json()["days"][0]["visitors"]
        touch(place)
        place.locator("[data-act=other_language]").tap()
        place.locator("[data-act=higher]").tap()
        page.clock.run_for(51_000)
        expect(place.locator(".leaving .seconds")).to_have_text("9")
        place.locator(".leaving").tap()
        expect(place.locator(".leaving")).to_be_hidden()
        page.clock.run_for(30_000)
        expect(place.locator(".leaving")).to_be_hidden()
        expect(place.locator("[data-act=another]")).to_have_text("换一幅")
        page.clock.run_for(31_000)
        expect(place).to_have_attribute("data-state", "attract")
        expect(place).to_have_attribute("data-reach", "low")
        expect(place.locator(".begin")).to_have_text("Touch to begin")
        after = page.request.get(f"{kiosk.url}curator/state").json()["days"][0]["visitors"]
        assert after == before + 1


def test_two_people_play_at_once_each_with_their_own_fingers(browser: Browser, kiosk: Server) -> None:
    with screen(browser, kiosk.url, 2000, 1000) as page:
        expect(page.locator(".place")).to_have_count(2)
        one, two = page.locator(".place").nth(0), page.locator(".place").nth(1)
        touch(one)
        expect(two).to_have_attribute("data-state", "attract")
        touch(two)
        for place in (one, two):
            place.locator("[data-generator=tiny-style]").tap()
        page.wait_for_timeout(500)
        left, right = one.locator("[data-slider=truncation]"), two.locator("[data-slider=truncation]")
        seen = pixels(one), pixels(two)
        session = page.context.new_cdp_session(page)
        finger(session, "touchStart", (*at(left, 0.5), 0))
        finger(session, "touchStart", (*at(left, 0.5), 0), (*at(right, 0.5), 1))
        finger(session, "touchMove", (*at(left, 0.1), 0), (*at(right, 0.9), 1))
        assert value(one) < 0.5
        assert value(two) > 1.1
        finger(session, "touchEnd", (*at(right, 0.9), 1))
        finger(session, "touchMove", (*at(right, 0.3), 1))
        assert value(one) < 0.5, "that finger has gone"
        assert value(two) < 0.8
        finger(session, "touchEnd")
        changes(page, one, seen[0])
        changes(page, two, seen[1])
        two.locator("[data-act=other_language]").tap()
        expect(one.locator("[data-act=another]")).to_have_text("Another")
        expect(two.locator("[data-act=another]")).to_have_text("换一幅")


def test_two_press_buttons_in_the_same_moment(browser: Browser, kiosk: Server) -> None:
    with screen(browser, kiosk.url, 2000, 1000) as page:
        places = [page.locator(".place").nth(number) for number in range(2)]
        for place in places:
            touch(place)
        page.wait_for_timeout(500)
        seen = [pixels(place) for place in places]
        session = page.context.new_cdp_session(page)
        spots = [(*at(place.locator("[data-act=another]"), 0.5), number) for number, place in enumerate(places)]
        finger(session, "touchStart", *spots)
        finger(session, "touchEnd")
        for place, before in zip(places, seen, strict=True):
            changes(page, place, before)


def test_there_is_no_way_out(page: Page, kiosk: Server) -> None:
    place = page.locator(".place")
    touch(place)
    assert page.locator("a, form, iframe, input, [href]:not(link)").count() == 0
    prevented = page.evaluate("""() => ['contextmenu', 'selectstart', 'dragstart', 'drop', 'touchmove', 'wheel'].filter((name) => {
      const event = new Event(name, {bubbles: true, cancelable: true});
      document.querySelector('canvas').dispatchEvent(event);
      return event.defaultPrevented;
    })""")
    assert len(prevented) == 6
    box = place.locator("canvas").bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    finger(session, "touchStart", (400, 400, 0), (600, 600, 1))
    for step in range(1, 6):
        finger(session, "touchMove", (400 - 40 * step, 400 - 40 * step, 0), (600 + 40 * step, 600 + 40 * step, 1))
    finger(session, "touchEnd")
    assert page.evaluate("visualViewport.scale") == 1
    assert page.evaluate("getSelection().toString()") == ""
    assert page.evaluate("fetch('config').then((answer) => answer.status)") == 404
    asked = page.evaluate("performance.getEntriesByType('resource').map(({name}) => new URL(name).origin)")
    assert set(asked) == {kiosk.url.rstrip("/")}, "nothing from outside"


def test_nothing_serious_stands_in_the_way_of_anybody(browser: Browser, kiosk: Server) -> None:
    context = browser.new_context(viewport={"width": 1080, "height": 1920}, has_touch=True, bypass_csp=True)
    page = context.new_page()
    page.goto(kiosk.url)
    touch(page.locator(".place"))
    page.wait_for_timeout(900)  # it fades in
    found = scanned(page)
    enter(page, kiosk.url)
    expect(page.locator("[data-act=save]")).to_be_visible()
    found += scanned(page)
    context.close()
    assert [fault for fault in found if fault["rule"] != "meta-viewport"] == [], "the screen is not to be zoomed, and all else is"


def test_a_picture_is_hung_on_the_wall_and_taken_home(page: Page, kiosk: Server) -> None:
    place = page.locator(".place")
    touch(place)
    place.locator("[data-act=keep]").tap()
    expect(place.locator("[data-act=keep]")).to_have_text("It hangs on the wall")
    expect(place.locator("[data-act=keep]")).to_be_disabled()
    home = place.locator("[data-act=home]")
    if home.is_visible():  # this machine has a network
        with page.expect_response("**/kiosk/home") as answered:
            home.tap()
        expect(place.locator(".code")).to_be_visible()
        token = answered.value.json()["address"].rsplit("/", 1)[1]
        with urllib.request.urlopen(f"{kiosk.url}home/{token}") as taken:
            assert taken.read(8) == b"\x89PNG\r\n\x1a\n"
        with pytest.raises(urllib.error.HTTPError, match="410"):
            urllib.request.urlopen(f"{kiosk.url}home/{token}x")
        place.locator("[data-act=close]").tap()
        expect(place.locator(".code")).to_be_hidden()
    page.goto(f"{kiosk.url}wall")
    expect(page.locator(".cell img.shown").first).to_be_visible()
    assert page.locator("a, button, input").count() == 0


def test_without_a_network_the_button_is_not_there(browser: Browser, kiosk: Server) -> None:
    context = browser.new_context(has_touch=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.route("**/kiosk.json", lambda route: route.fulfill(json={**route.fetch().json(), "home": False}))
    page.goto(kiosk.url)
    touch(page.locator(".place"))
    expect(page.locator("[data-act=keep]")).to_be_visible()
    expect(page.locator("[data-act=home]")).to_be_hidden()
    page.unroute_all(behavior="ignoreErrors")
    context.close()


def test_outside_the_hours_the_screen_is_dark(browser: Browser, kiosk: Server) -> None:
    context = browser.new_context(has_touch=True, timezone_id="UTC")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.route("**/kiosk.json", lambda route: route.fulfill(json={**route.fetch().json(), "opens": "10:00", "closes": "18:00"}))
    page.clock.install(time="2026-03-01T17:59:50Z")
    page.goto(kiosk.url)
    place = page.locator(".place")
    expect(place).to_have_attribute("data-state", "attract")
    page.clock.run_for(20_000)
    expect(place).to_have_attribute("data-state", "dark")
    expect(place.locator(".hours")).to_have_text("Open from 10:00 to 18:00")
    page.touchscreen.tap(100, 100)
    expect(place).to_have_attribute("data-state", "dark")
    page.clock.run_for(16 * 3600 * 1000 + 10_000)
    expect(place).to_have_attribute("data-state", "attract")
    page.unroute_all(behavior="ignoreErrors")
    context.close()


def test_the_curator_enters_settles_and_the_screen_follows(page: Page, browser: Browser, kiosk: Server) -> None:
    with screen(browser, kiosk.url, 1080, 1920) as watched:
        expect(watched.locator(".welcome")).to_contain_text("A network has learned")
        enter(page, kiosk.url, "000000")
        expect(page.locator(".said")).to_have_text("That is not the PIN. Try again.")
        enter(page, kiosk.url)
        page.locator("textarea[name=welcome-en]").fill("<b>Come in</b>")
        page.locator("input[name=idle]").fill(str(IDLE))
        page.locator("[data-act=save]").tap()
        expect(page.locator(".saving .said")).to_contain_text("Saved.")
        expect(watched.locator(".welcome")).to_have_text("<b>Come in</b>")
        assert watched.locator(".welcome b").count() == 0
        page.locator("[data-act=studio]").tap()
        expect(page.locator("button[role=tab]#create-button")).to_be_visible()
        page.goto(f"{kiosk.url}curator")
        page.locator("[data-act=leave]").tap()
        expect(page.locator(".gate")).to_be_visible()
        page.request.post(f"{kiosk.url}curator/enter", data={"pin": PIN})
        page.request.post(f"{kiosk.url}curator/settle", data={})


def test_a_finger_that_rests_in_the_corner_asks_for_the_pin(browser: Browser, kiosk: Server) -> None:
    with screen(browser, kiosk.url, 1080, 1920) as page:
        session = page.context.new_cdp_session(page)
        finger(session, "touchStart", (20, 20, 0))
        page.wait_for_url("**/curator")
        expect(page.locator(".gate")).to_be_visible()
        page.locator("[data-act=screen]").tap()
        expect(page.locator(".place")).to_be_visible()


def test_the_page_comes_back_after_a_restart_of_the_studio(
    browser: Browser, tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIOSK_PIN", raising=False)
    port = free_port()
    command = [
        "app.py",
        "--profile",
        "kiosk",
        "--port",
        str(port),
        "--checkpoints",
        str(tiny_checkpoints),
        "--folder",
        str(tmp_path / "studio"),
    ]
    with serving(command, port, tmp_path / "log") as server:
        assert "The curator's PIN is" in (tmp_path / "log").read_text()
        context = browser.new_context(has_touch=True)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(server.url)
        place = page.locator(".place")
        touch(place)
    expect(place).to_have_attribute("data-lost", "")
    expect(place.locator(".lost")).to_be_visible()
    with serving(command, port, tmp_path / "log"):
        assert "The curator's PIN is" not in (tmp_path / "log").read_text()
        expect(place).not_to_have_attribute("data-lost", "")
        page.touchscreen.tap(*at(place.locator("canvas"), 0.5))  # the visit may have ended meanwhile
        expect(place).to_have_attribute("data-state", "play")
        page.wait_for_timeout(500)
        stood = pixels(place)
        place.locator("[data-act=another]").tap()
        changes(page, place, stood)
        context.close()
