"""A kiosk's day, act by act: what visitors do at the screen and without it, and the curator."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Browser, ConsoleMessage, Error as PageError, Page, ViewportSize, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from studio.bench.soak_studio import PIN, Incidents, Studio
from studio.kiosk.exhibition import LEAST_IDLE

SCREEN: ViewportSize = {"width": 1080, "height": 1920}
PATIENCE = 60_000  # ms
FRAMES = 40  # that a visitor without a page asks for
# The page's newest socket, to be cut, and how many frames came.
WIRE = """
window.frames = 0;
window.WebSocket = class extends WebSocket {
  constructor(...told) {
    super(...told);
    window.wire = this;
    this.addEventListener('message', ({data}) => { if (typeof data !== 'string') window.frames += 1; });
  }
};
"""


class Day:
    """One screen, one curator's page, one wall; `tick` is called as often as something passes."""

    def __init__(self, browser: Browser, studio: Studio, incidents: Incidents, tick: Callable[[], None]) -> None:
        self._studio, self._incidents, self._tick = studio, incidents, tick
        self._random = random.Random(0)
        self._idle = LEAST_IDLE
        self.visits = self.pictures = 0
        # A window each: a page behind another is not drawn.
        self.screen, self._curator, self._wall = (self._watched(browser.new_page(viewport=SCREEN, has_touch=True)) for _ in range(3))
        self.screen.add_init_script(WIRE)
        for page in (self.screen, self._wall):  # the curator's is told 401 until the PIN is entered
            page.on("console", self._hear)
        self.place = self.screen.locator(".place").first

    def _watched(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self._incidents.note(f"script: {error}"))
        page.on("crash", lambda _: self._incidents.note("the page crashed"))
        page.set_default_timeout(PATIENCE)
        return page

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._incidents.note(f"console: {said.text} {said.location['url']}")

    @property
    def url(self) -> str:
        return self._studio.server.url

    def open(self) -> None:
        """The curator settles the shortest idle time, and the screen stands there."""
        self.curate()
        self.screen.goto(self.url)
        self._wall.goto(f"{self.url}wall")
        self._at_rest()

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.screen.wait_for_timeout(1000 * min(1.0, left))
            self._tick()

    def count(self) -> None:
        """Frames since the last time, into `pictures`."""
        self.pictures += self.screen.evaluate("(() => { const seen = frames; frames = 0; return seen; })()")

    def try_to(self, act: Callable[[], None]) -> None:
        """What an act could not do is an incident, and the day goes on with the screen as a curator would leave it."""
        try:
            act()
        except (PageError, AssertionError, OSError, ConnectionClosed, TimeoutError) as error:
            self._incidents.note(f"{getattr(act, '__name__', 'act')}: {str(error)[:800]}")
            with suppress(PageError):
                self.screen.goto(self.url)
                self._at_rest()

    def _at_rest(self) -> None:
        expect(self.place).to_have_attribute("data-state", "attract", timeout=PATIENCE)

    def visit(self) -> None:
        """Touches, sliders, another picture, the wall, the way home; then nobody is there until all begins anew."""
        place = self.place
        place.locator("canvas").tap()
        expect(place).to_have_attribute("data-state", "play", timeout=PATIENCE)
        for _ in range(4):
            self._random.choice((self._slide, self._another, self._generator, self._walk))()
            self.pause(0.7)
        self._another()
        self.pause(1.5)
        place.locator("[data-act=keep]").tap()
        if (home := place.locator("[data-act=home]")).is_visible():
            with self.screen.expect_response("**/kiosk/home") as answered:
                home.tap()
            self._take(answered.value.json()["address"])
            if (close := place.locator("[data-act=close]")).is_visible():  # where the answer came late nobody is there any more
                close.tap()
        self.visits += 1
        self.pause(self._idle)
        self._at_rest()

    def _slide(self) -> None:
        if tracks := self.place.locator("[data-slider]:visible").all():
            box = self._random.choice(tracks).bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}
            self._drag(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2, box["x"] + 0.9 * box["width"], box["y"])

    def _another(self) -> None:
        self.place.locator("[data-act=another]").tap()

    def _generator(self) -> None:
        if choices := self.place.locator(".choice").all():
            self._random.choice(choices).tap()

    def _walk(self) -> None:
        self._drag(300, 300, 300 + self._random.randrange(-200, 200), 500)

    def _drag(self, x: float, y: float, to_x: float, to_y: float, steps: int = 20) -> None:
        session = self.screen.context.new_cdp_session(self.screen)
        for step in range(steps + 1):
            part, kind = step / steps, "touchMove" if step else "touchStart"
            point = {"x": x + part * (to_x - x), "y": y + part * (to_y - y), "id": 0}
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        session.detach()

    def _take(self, address: str) -> None:
        assert self._get(f"home/{address.rpartition('/')[2]}").startswith(b"\x89PNG\r\n\x1a\n")

    def curate(self, idle: int | None = None) -> None:
        """Enter, settle how long a visit waits (None: as it was, so that the screen stays as it is), lock."""
        page, self._idle = self._curator, self._idle if idle is None else idle
        page.goto(f"{self.url}curator")
        for digit in PIN:
            page.locator(f"[data-digit='{digit}']").tap()
        page.locator("[data-act=enter]").tap()
        page.locator("input[name=idle]").fill(str(self._idle))
        with page.expect_response("**/curator/settle") as settled:
            page.locator("[data-act=save]").tap()
        assert settled.value.ok
        page.locator("[data-act=leave]").tap()
        page.locator(".gate").wait_for()
        page.goto("about:blank")

    def look_at_the_wall(self) -> None:
        self._wall.reload()
        self._wall.locator(".cell img.shown, .empty").first.wait_for()

    def play(self) -> None:
        """A visitor without a page of ours: frames alone, of all that is shown."""
        names = self.generators()
        with self.wire() as wire:
            for number in range(FRAMES):
                recipe = {"generator": names[number % len(names)], "seed": self._random.randrange(1 << 32)}
                wire.send(json.dumps({"type": "draw", "id": number, "recipe": recipe, "rest": number % 8 == 0, "near": number % 2 == 0}))
                while isinstance(answer := wire.recv(PATIENCE / 1000), str):
                    assert '"error"' not in answer, answer
                self.pictures += 1
        self.visits += 1
        self._tick()

    @contextmanager
    def wire(self) -> Iterator[ClientConnection]:
        """A socket that has been greeted."""
        with connect(f"{self.url.replace('http', 'ws', 1)}live", compression=None, max_size=None) as wire:
            while "hello" not in str(wire.recv(PATIENCE / 1000)):
                pass
            yield wire

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE / 1000) as answer:
            return answer.read()

    def generators(self) -> list[str]:
        """What the exhibition shows."""
        return json.loads(self._get("kiosk.json"))["generators"]
