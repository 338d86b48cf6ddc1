"""A kiosk's day, act by act: what visitors and the curator do at the screen, and what goes wrong there now and then."""

from __future__ import annotations

import json
import os
import random
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Error as PageError, Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from studio.bench.server import Server, serving
from studio.kiosk.exhibition import LEAST_IDLE

PIN = "246813"
SCREEN = {"width": 1080, "height": 1920}
QUOTA = 12_000_000  # bytes on the wall: some twenty pictures
PATIENCE = 60_000  # ms
GRACE = 6.0  # seconds after a fault in which what follows from it may come
FRAMES = 40  # that a visitor without a page asks for
FLOOD = 3000  # messages
GARBAGE = os.urandom(4096)
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


class Incidents:
    """What went wrong, and whether we had done it. Times are those of the wall, as in the studio's log."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []
        self.seen: list[tuple[float, str]] = []

    def note(self, what: str, at: float | None = None) -> None:
        self.seen.append((time.time() if at is None else at, what))

    @contextmanager
    def injected(self) -> Iterator[None]:
        begun = time.time()
        try:
            yield
        finally:
            self.spans.append((begun, time.time() + GRACE))

    @property
    def unexplained(self) -> list[str]:
        return [what for at, what in self.seen if not any(begin <= at <= end for begin, end in self.spans)]


class Studio:
    """The kiosk in a process of its own, started anew by us as systemd would."""

    def __init__(self, checkpoints: Path, folder: Path, port: int) -> None:
        self._flags = ["--profile", "kiosk", "--host", "0.0.0.0", "--port", str(port), "--quota", str(QUOTA)]
        self._flags += ["--checkpoints", str(checkpoints.resolve()), "--folder", str(folder / "studio")]
        self._folder, self._port = folder, port
        self._stack = ExitStack()
        self.lives, self.begun = 0, 0.0
        self.server: Server

    def start(self) -> None:
        self.lives += 1
        self.begun = time.monotonic()
        os.environ["KIOSK_PIN"] = PIN
        self.server = self._stack.enter_context(serving(["app.py", *self._flags], self._port, self.log))

    def end(self, by: int = signal.SIGTERM) -> None:
        os.kill(self.server.pid, by)
        self._stack.close()

    @property
    def log(self) -> Path:
        return self._folder / f"log-{self.lives}"

    def complaints(self) -> Iterator[tuple[float, str]]:
        """What this life's log holds that is no plain request: when, and what."""
        for line in self.log.read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                told = json.loads(line)
                if told["level"] != "info":
                    yield datetime.fromisoformat(told["time"]).timestamp(), f"log: {told['message']} {told.get('trace', '')[-600:]}"
                continue
            if "Traceback" in line:
                yield time.time(), f"log: {line}"


class Day:
    """One screen, one curator's page, one wall; `tick` is called as often as something passes."""

    def __init__(self, context: BrowserContext, studio: Studio, incidents: Incidents, tick: Callable[[], None]) -> None:
        self._studio, self._incidents, self._tick = studio, incidents, tick
        self._random = random.Random(0)
        self._idle = LEAST_IDLE
        self.visits = self.pictures = self.faults = 0
        self.screen = self._watched(context.new_page())
        self.screen.add_init_script(WIRE)
        self._curator, self._wall = self._watched(context.new_page()), self._watched(context.new_page())
        self._place = self.screen.locator(".place").first

    def _watched(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self._incidents.note(f"script: {error}"))
        page.on("console", self._hear)
        page.on("crash", lambda _: self._incidents.note("the page crashed"))
        page.set_default_timeout(PATIENCE)
        return page

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._incidents.note(f"console: {said.text}")

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
        expect(self._place).to_have_attribute("data-state", "attract", timeout=PATIENCE)

    # What people do

    def visit(self) -> None:
        """Touches, sliders, another picture, the wall, the way home; then nobody is there until all begins anew."""
        place = self._place
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
            place.locator("[data-act=close]").tap()
        self.visits += 1
        self.pause(self._idle)
        self._at_rest()

    def _slide(self) -> None:
        if tracks := self._place.locator("[data-slider]:visible").all():
            box = self._random.choice(tracks).bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}
            self._drag(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2, box["x"] + 0.9 * box["width"], box["y"])

    def _another(self) -> None:
        self._place.locator("[data-act=another]").tap()

    def _generator(self) -> None:
        if choices := self._place.locator(".choice").all():
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
        names = json.loads(self._get("kiosk.json"))["generators"]
        with self._wire() as wire:
            for number in range(FRAMES):
                recipe = {"generator": names[number % len(names)], "seed": self._random.randrange(1 << 32)}
                wire.send(json.dumps({"type": "draw", "id": number, "recipe": recipe, "rest": number % 8 == 0, "near": number % 2 == 0}))
                while isinstance(answer := wire.recv(PATIENCE / 1000), str):
                    assert '"error"' not in answer, answer
                self.pictures += 1
        self.visits += 1
        self._tick()

    @contextmanager
    def _wire(self) -> Iterator[ClientConnection]:
        with connect(f"{self.url.replace('http', 'ws', 1)}live", compression=None, max_size=None) as wire:
            while "hello" not in str(wire.recv(PATIENCE / 1000)):
                pass
            yield wire

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE / 1000) as answer:
            return answer.read()

    # What goes wrong

    def suffer(self, fault: Callable[[], None]) -> None:
        """One fault of ours; then the screen has to be itself again."""
        self.faults += 1
        with self._incidents.injected():
            self.try_to(fault)
            self.pause(2)
        expect(self._place).not_to_have_attribute("data-lost", "", timeout=PATIENCE)

    def cut(self) -> None:
        """The page's socket, in the middle of the film."""
        self.screen.evaluate("wire.close()")

    def upload_garbage(self) -> None:
        """To every door that takes something; each has to say no, and none may fall over."""
        for path in ("kiosk/keep", "kiosk/home", "kiosk/visit", "curator/enter", "curator/settle", "tray", "draw.png"):
            for kind in ("application/json", "multipart/form-data; boundary=x", "image/png"):
                status = self._post(path, GARBAGE, kind)
                if not 400 <= status < 500:
                    raise AssertionError(f"{path} answered garbage with {status}")

    def flood(self) -> None:
        """More messages than any hand makes; who sends them is sent away, and others are served."""
        with suppress(ConnectionClosed), self._wire() as wire:
            for number in range(FLOOD):
                wire.send(json.dumps({"type": "draw", "id": number, "recipe": {"generator": "none", "seed": number}}))
        self.play()

    def fill(self) -> None:
        """Pictures for the wall until its share of the disk is full; the oldest make room."""
        name = json.loads(self._get("kiosk.json"))["generators"][0]
        for _ in range(10):
            recipe = {"generator": name, "seed": self._random.randrange(1 << 32)}
            status = self._post("kiosk/keep", json.dumps({"recipe": recipe}).encode(), "application/json")
            if status not in (200, 429):
                raise AssertionError(f"keeping a picture was answered with {status}")

    def _post(self, path: str, body: bytes, kind: str) -> int:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE / 1000) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
