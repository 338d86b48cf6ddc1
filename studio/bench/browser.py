"""The Chromium that tests, measurements and screenshots use: found, or installed by `python -m studio.bench.browser`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from studio.doctor import BROWSERS

# Nothing but the page under test is to be spoken to, and a container has neither a sandbox nor a graphics card.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream",  # a camera that every machine has
)


class NoBrowserError(RuntimeError):
    """There is no Chromium; the message says how to get one."""


def find_browser() -> str | None:
    """The path of a Chromium: the machine's own first, else the one that Playwright has downloaded."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        downloaded = playwright.chromium.executable_path
    return downloaded if Path(downloaded).exists() else None


def install_browser() -> str:
    """Debian's package when root can install it, else Playwright's download; NoBrowserError where neither comes."""
    if found := find_browser():
        return found
    for commands in _installers():
        if all(subprocess.run(command).returncode == 0 for command in commands) and (found := find_browser()):
            return found
    raise NoBrowserError("No Chromium could be installed. Install one (Debian: apt install chromium) and try again.")


def _installers() -> Iterator[tuple[list[str], ...]]:
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        yield ["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"]
    yield ([sys.executable, "-m", "playwright", "install", "chromium"],)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium, closed at the end; NoBrowserError where there is none."""
    options = launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        try:
            yield browser
        finally:
            browser.close()


def launch_options() -> dict[str, Any]:
    """What Playwright's launch is to be told; NoBrowserError where there is no Chromium."""
    path = find_browser()
    if path is None:
        raise NoBrowserError("There is no Chromium. Run `python -m studio.bench.browser` to install one.")
    return {"executable_path": path, "args": list(FLAGS)}


def main() -> int:
    try:
        print(f"Browser for tests: {install_browser()}")
    except NoBrowserError as error:
        # A build server must have one; elsewhere the browser tests are skipped and say why.
        print(error, file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
