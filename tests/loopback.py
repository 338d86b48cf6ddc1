"""What a studio asks of the network: nothing. An audit hook in its process (PEP 578) tells of each connection and each name looked up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "")
SILENT = ("blob", "data", "about", "chrome", "chrome-error", "devtools")  # schemes of addresses that no request leaves for
HOOK = """
import os, sys, traceback
HERE, TOLD = {here!r}, {told!r}
def hear(event, given):
    if event in ("socket.connect", "socket.sendto"):
        host = given[1][0] if isinstance(given[1], tuple) else ""  # a Unix socket's is a path
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = given[0] or ""
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host)
    if host not in HERE:
        with open(TOLD, "a") as file:
            file.write(event + " " + host + "\\n" + "".join(traceback.format_stack(limit=12)) + "\\n")
sys.addaudithook(hear)
"""


def is_here(address: str) -> bool:
    """Whether an address that a page asks for lies on this machine."""
    parts = urlsplit(address)
    return parts.scheme in SILENT or parts.hostname in HERE


@contextmanager
def staying_here(folder: Path) -> Iterator[Path]:
    """Python processes that begin within the block are listened to; a word to another machine fails at its end. Gives where it is told."""
    folder.mkdir()
    told = folder / "asked"
    told.touch()
    (folder / "sitecustomize.py").write_text(HOOK.format(here=HERE, told=str(told)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        yield told
    if asked := told.read_text():
        raise AssertionError(f"Another machine was asked:\n{asked}")
