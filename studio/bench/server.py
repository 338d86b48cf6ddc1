"""A studio in a process of its own, for measuring, photographing and testing it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0  # seconds; a cold disk reads gigabytes of libraries


class NotServedError(RuntimeError):
    """The studio did not come up; the message holds what it printed."""


@dataclass(frozen=True)
class Server:
    """A studio that answers at `url`."""

    url: str
    pid: int


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(command: Sequence[str], port: int, log: Path) -> Iterator[Server]:
    """Run `python COMMAND` from the repository's root until the block ends; what it prints goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}/"
        _wait_until_ready(process, url, log)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    said = log.read_text("utf-8", errors="replace").strip()
    raise NotServedError(f"The studio did not answer at {url}. It said:\n{said}")


def resident_mb(pid: int) -> float:
    """The memory that a process holds."""
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(said.stdout) / 1024
