"""Taking a picture home: for an hour it lies at an address nobody can guess, which a QR code tells the visitor's phone."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import segno

LIFE = 3600.0  # seconds
MOST = 64  # pictures at once; one more takes the place of the oldest


class Homes:
    """Pictures by their tokens, in memory alone. Safe to use from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()  # token -> until when, and the bytes; the oldest first

    def put(self, picture: bytes) -> str:
        """A token of 128 bits for these bytes."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._sweep()
            self._kept[token] = self._clock() + LIFE, picture
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return token

    def find(self, token: str) -> bytes | None:
        """The bytes; None for what has expired and what never was alike."""
        with self._lock:
            self._sweep()
            until, picture = self._kept.get(token, (0.0, None))
            return picture if until > self._clock() else None

    def _sweep(self) -> None:
        now = self._clock()
        for token in [token for token, (until, _) in self._kept.items() if until <= now]:
            del self._kept[token]


def qr_code(address: str) -> str:
    """A QR code as the PNG of a data: address, with the quiet zone of ISO/IEC 18004 around it.

    An SVG would be a document of its own, of which the browser keeps one for each visitor.
    """
    return segno.make_qr(address, error="m").png_data_uri(scale=8, border=4, dark="#111", light="#fff")
