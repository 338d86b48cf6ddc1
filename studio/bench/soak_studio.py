"""The kiosk in a process of its own that is killed and started anew, and the book of what went wrong meanwhile."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from studio.bench.server import Server, serving

PIN = "246813"
QUOTA = 12_000_000  # bytes on the wall: some twenty pictures
GRACE = 6.0  # seconds after a fault in which what follows from it may come


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

    def read_log(self, incidents: Incidents) -> None:
        """Note what this life's log holds that is no plain request."""
        for line in self.log.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("{"):
                told = json.loads(line)
                if told["level"] != "info":
                    at = datetime.fromisoformat(told["time"]).timestamp()
                    incidents.note(f"log: {told['message']} {told.get('trace', '')[-600:]}", at)
            elif "Traceback" in line:
                incidents.note(f"log: {line}")
