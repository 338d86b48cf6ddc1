"""The curator's door: a PIN kept as its scrypt hash, delays that grow with wrong ones, and sessions in memory alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studio.errors import Fault
from studio.kiosk.files import keep_json

FORM = re.compile(r"[0-9]{6,12}")  # as settings.py reads KIOSK_PIN
DIGITS = 8  # of a PIN that nobody chose
COST = {"n": 2**14, "r": 8, "p": 1}  # 16 MiB and some 50 ms a try (RFC 7914)
FREE = 2  # wrong PINs without a delay
LONGEST = 3600.0  # seconds of a delay, and until wrong tries are forgotten
ADDRESSES = 256  # whose wrong PINs are remembered one by one; all others share one delay
SESSIONS = 16
LIFE = 1800.0  # seconds that a session lasts after it was last used


class Pin:
    """Known by its hash. `given` replaces what the file holds; without both a PIN is made up and reported, this once."""

    def __init__(self, path: Path, given: str | None, report: Callable[[str], None]) -> None:
        kept = _read(path)
        if given is None and kept is None:
            given = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
            report(f"The curator's PIN is {given}. It is not shown again; KIOSK_PIN sets another.")
        self._kept = kept if given is None or (kept and kept.fits(given)) else None
        if self._kept is None:
            assert given is not None
            self._kept = _hashed(given, secrets.token_bytes(16))
            keep_json(path, {"salt": self._kept.salt.hex(), "hash": self._kept.hash.hex()})
            path.chmod(0o600)

    def fits(self, tried: str) -> bool:
        """Takes equally long for every PIN."""
        assert self._kept
        return self._kept.fits(tried)


@dataclass(frozen=True)
class _Kept:
    salt: bytes
    hash: bytes

    def fits(self, tried: str) -> bool:
        return hmac.compare_digest(_hashed(tried[:64], self.salt).hash, self.hash)


def _hashed(pin: str, salt: bytes) -> _Kept:
    return _Kept(salt, hashlib.scrypt(pin.encode(), salt=salt, dklen=32, **COST))


def _read(path: Path) -> _Kept | None:
    """None for a file that is not there or broken: then there is a new PIN."""
    try:
        given = json.loads(path.read_text("utf-8"))
        kept = _Kept(bytes.fromhex(given["salt"]), bytes.fromhex(given["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if len(kept.salt) == 16 and len(kept.hash) == 32 else None


class Door:
    """Lets the curator in. Safe to use from any thread; a restart forgets wrong tries and ends all sessions."""

    def __init__(self, pin: Pin, clock: Callable[[], float] = time.monotonic) -> None:
        self._pin, self._clock = pin, clock
        self._lock = threading.Lock()
        self._wrong: dict[str, tuple[int, float]] = {}  # address -> how many, and when the next may be tried
        self._sessions: OrderedDict[str, float] = OrderedDict()  # token -> when it ends, the soonest first

    def enter(self, tried: object, address: str) -> str:
        """The token of a new session; Fault for a wrong PIN, and while the address has to wait, whatever the PIN."""
        self._charge(address)
        if not (isinstance(tried, str) and FORM.fullmatch(tried) and self._pin.fits(tried)):
            raise Fault("fault.kiosk_pin", status=403)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._wrong.pop(self._key(address), None)
            self._sessions[token] = self._clock() + LIFE
            while len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)
        return token

    def knows(self, token: str | None) -> bool:
        """Whether a session goes on; if so, it goes on for longer."""
        now = self._clock()
        with self._lock:
            if token is None or self._sessions.get(token, now) <= now:
                return False
            self._sessions[token] = now + LIFE
            self._sessions.move_to_end(token)
        return True

    def leave(self, token: str | None) -> None:
        with self._lock:
            self._sessions.pop(token or "", None)

    def _charge(self, address: str) -> None:
        """Count a try as wrong before it is looked at, so that many at once gain nothing."""
        now = self._clock()
        with self._lock:
            self._wrong = {one: (count, when) for one, (count, when) in self._wrong.items() if when > now - LONGEST}
            key = self._key(address)
            count, when = self._wrong.get(key, (0, now))
            if when > now:
                raise Fault("fault.kiosk_wait", seconds=int(when - now) + 1, status=429)
            self._wrong[key] = count + 1, now + (min(LONGEST, 2.0 ** (count + 1 - FREE)) if count >= FREE else 0)

    def _key(self, address: str) -> str:
        return address if address in self._wrong or len(self._wrong) < ADDRESSES else ""
