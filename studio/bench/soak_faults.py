"""What goes wrong at a kiosk now and then, done by ourselves."""

from __future__ import annotations

import json
import os
import random
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed

from studio.bench.soak_day import PATIENCE, Day
from studio.bench.soak_studio import PIN, Incidents, Studio

FLOOD = 3000  # messages
GARBAGE = os.urandom(4096)


class Faults:
    """count: how many there were."""

    def __init__(self, day: Day, studio: Studio, incidents: Incidents) -> None:
        self._day, self._studio, self._incidents = day, studio, incidents
        self._random = random.Random(1)
        self.count = 0

    def suffer(self, fault: Callable[[], None]) -> None:
        """One fault of ours; then the screen has to be itself again."""
        self.count += 1
        with self._incidents.injected():
            self._day.try_to(fault)
            self._day.pause(2)
        expect(self._day.place).not_to_have_attribute("data-lost", "", timeout=PATIENCE)

    def kill(self) -> None:
        """The studio, without a word; it is started anew."""
        self._studio.read_log(self._incidents)
        self._studio.end(signal.SIGKILL)
        time.sleep(2)
        self._studio.start()

    def cut(self) -> None:
        """The page's socket, in the middle of the film."""
        self._day.screen.evaluate("wire.close()")

    def upload_garbage(self) -> None:
        """To every door that takes something, those behind the PIN too; each has to say no, and none may fall over."""
        _, cookie = self._post("curator/enter", json.dumps({"pin": PIN}).encode())
        for path in ("kiosk/keep", "kiosk/home", "kiosk/visit", "curator/enter", "curator/settle", "tray", "draw.png", "read", "sounds"):
            for kind in ("application/json", "multipart/form-data; boundary=x", "image/png"):
                status, _ = self._post(path, GARBAGE, kind, cookie)
                if not 400 <= status < 500:
                    raise AssertionError(f"{path} answered garbage with {status}")

    def flood(self) -> None:
        """More messages than any hand makes; who sends them is sent away, and others are served."""
        with suppress(ConnectionClosed), self._day.wire() as wire:
            for number in range(FLOOD):
                wire.send(json.dumps({"type": "draw", "id": number, "recipe": {"generator": "none", "seed": number}}))
        self._day.play()

    def fill(self) -> None:
        """Pictures for the wall until its share of the disk is full; the oldest make room."""
        name = self._day.generators()[0]
        for _ in range(10):
            recipe = {"generator": name, "seed": self._random.randrange(1 << 32)}
            status, _ = self._post("kiosk/keep", json.dumps({"recipe": recipe}).encode())
            if status not in (200, 429):
                raise AssertionError(f"keeping a picture was answered with {status}")

    def _post(self, path: str, body: bytes, kind: str = "application/json", cookie: str = "") -> tuple[int, str]:
        """The status, and the cookie that came with it."""
        request = urllib.request.Request(self._day.url + path, body, {"Content-Type": kind, "Cookie": cookie})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE / 1000) as answer:
                return answer.status, (answer.headers["set-cookie"] or "").partition(";")[0]
        except urllib.error.HTTPError as error:
            return error.code, ""
