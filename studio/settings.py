"""How a studio runs: flags and environment, read once into one frozen Settings."""

from __future__ import annotations

import argparse
import difflib
import ipaddress
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NoReturn, cast, get_args
from urllib.parse import urlsplit

from models.whole import writing
from studio.words import LANGUAGES

Profile = Literal["local", "spaces", "kiosk"]
Style = Literal["plain", "json"]  # of what is logged
PROJECT = Path(__file__).parents[1]
SPACES_DISK = Path("/data")  # where Hugging Face mounts a Space's lasting storage, if it has any
SPACES_QUOTA = 200_000_000
SPACES_DAYS = 30  # that pictures stay after their visitor was last there
SPACES_PROXIES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")  # what stands before a Space speaks from a private network
ZERO = "zero"  # the device of a Space on ZeroGPU: a card that is lent a call at a time
KIOSK_QUOTA = 2_000_000_000  # beyond it the oldest that nobody favours go
QUOTAS = {"spaces": SPACES_QUOTA, "kiosk": KIOSK_QUOTA}
SPACES_FRAMES = ("https://huggingface.co", "https://*.hf.space")  # where Spaces show the page
MOST_DAYS = 3650
CACHE = "cache"  # the folder's part that Gradio reads and writes
KEY_FILE = "visitors.key"
SECRET_BYTES = 32


def _secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


@dataclass(frozen=True)
class Settings:
    """Everything that is decided at start. ValueError names a bad value and its remedy."""

    profile: Profile = "local"
    host: str = "127.0.0.1"
    port: int = 7860
    folder: Path = Path("gallery")  # all that is ever written
    checkpoints: Path = PROJECT / "checkpoints"
    origins: tuple[str, ...] = ()  # further pages that may open the live socket, as https://host
    mcp: bool = False  # offer the endpoints as MCP tools too
    device: str | None = None  # cpu, mps, cuda or cuda:N; None = the best there is
    language: str | None = None  # None = as the browser asks
    quota: int | None = None  # bytes of pictures a visitor may keep; None = as the disk allows
    log: Style = "plain"  # how lines are written: for eyes, or as JSON for machines
    osc: int | None = None  # UDP port that OSC is heard on; None = it is off
    osc_host: str = "127.0.0.1"
    osc_out: tuple[str, int] | None = None  # host and port that the page's state goes to as OSC
    keep_days: int | None = None  # that a visitor's pictures stay after they were last there; None = for ever
    proxies: tuple[str, ...] = ()  # addresses and networks whose X-Forwarded-For is believed
    secret: bytes = field(default_factory=_secret, repr=False)  # signs the cookies of a hosted profile's visitors
    pin: str | None = field(default=None, repr=False)  # the kiosk's curator's; None = as it was, or one that is made up and printed
    frames: tuple[str, ...] = ("'self'",)  # pages that may show ours in a frame, as a CSP's frame-ancestors names them

    def __post_init__(self) -> None:
        if self.profile not in get_args(Profile):
            raise ValueError(f"--profile is one of {', '.join(get_args(Profile))}, not '{self.profile}'.")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"--port (or PORT) is a number from 1 to 65535, not {self.port}.")
        if self.device and not re.fullmatch(r"cpu|mps|zero|cuda(:\d+)?", self.device):
            raise ValueError(f"--device is cpu, mps, cuda, cuda:N or zero, not '{self.device}'. Leave it out to take the best there is.")
        if self.language not in (None, *LANGUAGES):
            raise ValueError(f"--language is one of {', '.join(LANGUAGES)}, not '{self.language}'. Leave it out to follow the browser.")
        if self.log not in get_args(Style):
            raise ValueError(f"--log (or LOG) is one of {', '.join(get_args(Style))}, not '{self.log}'.")
        for origin in self.origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
                raise ValueError(f"--origin is a scheme and a host such as https://example.org, not '{origin}'.")
        for frame in self.frames:
            if not re.fullmatch(r"'self'|'none'|https?://(\*\.)?[\w.-]+(:\d{1,5})?", frame):
                raise ValueError(
                    f"--frame is a scheme and a host such as https://example.org or https://*.example.org, not '{frame[:80]}'."
                )
        if self.quota is not None and self.quota < 1:
            raise ValueError(f"--quota is a number of bytes from 1, not {self.quota}.")
        if self.keep_days is not None and not (self.hosted and 1 <= self.keep_days <= MOST_DAYS):
            raise ValueError(f"--keep-days is a number from 0 (for ever) to {MOST_DAYS}, and belongs to --profile spaces.")
        for network in self.proxies:
            _check_network(network)
        if self.hosted and (self.osc or self.osc_out):
            raise ValueError("--osc and --osc-out belong to one page, and strangers share this studio. Use --profile local or kiosk.")
        for flag, port in (("--osc (or OSC)", self.osc), ("--osc-out's port", self.osc_out and self.osc_out[1])):
            if port is not None and not 1 <= port <= 65535:
                raise ValueError(f"{flag} is a number from 1 to 65535, not {port}.")
        if self.pin is not None and not re.fullmatch(r"[0-9]{6,12}", self.pin):
            raise ValueError("KIOSK_PIN is 6 to 12 digits.")

    @property
    def hosted(self) -> bool:
        """Strangers share this studio, so each has a gallery of their own."""
        return self.profile == "spaces"

    @property
    def borrows(self) -> bool:
        """The card is lent a call at a time, so frames under a hand are not drawn: only what the hand rested on."""
        return self.device == ZERO


def from_args(argv: Sequence[str], env: Mapping[str, str]) -> Settings:
    """Settings from flags, then from HOST, PORT, OSC, LOG, SPACE_ID, SPACES_ZERO_GPU, KIOSK and KIOSK_PIN; makes the folder.

    Anything wrong ends the program with exit status 2 and one line that names it and the remedy.
    """
    parser = _Parser(prog="app.py", description="Latent Atelier: an art studio in the browser.", allow_abbrev=False)
    _add_flags(parser, "spaces" if env.get("SPACE_ID") else "kiosk" if env.get("KIOSK") == "1" else "local")
    given, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(_unknown(unknown[0], parser))
    try:
        return _settings(given, env)
    except ValueError as error:
        parser.error(str(error))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, without the usage above it."""
        sys.stderr.write(f"{self.prog}: {message} All flags: --help.\n")
        raise SystemExit(2)


def _add_flags(parser: argparse.ArgumentParser, profile: str) -> None:
    add = parser.add_argument
    add("--profile", default=profile, help="local, kiosk (or KIOSK=1) or spaces (one gallery a visitor; found by itself on Hugging Face)")
    add("--host", help="address to listen on (or HOST); 127.0.0.1, on Spaces 0.0.0.0")
    add("--port", help="port to listen on (or PORT); 7860")
    add("--folder", type=Path, help="where pictures are kept, and the only place that is written to; ./gallery, on Spaces /data if there")
    add("--checkpoints", type=Path, default=PROJECT / "checkpoints", help="where the generators are")
    add("--origin", action="append", default=[], help="another page that may open the live socket, as https://host; may be repeated")
    add("--frame", action="append", help="another page that may show this one in a frame, as https://host; may be repeated; none")
    add("--mcp", action="store_true", help="offer the endpoints as tools for language models, too")
    add("--device", help="cpu, mps, cuda, cuda:N, or zero (a card lent a call at a time; found by itself on ZeroGPU); the best there is")
    add("--language", help=f"{' or '.join(LANGUAGES)}; as the browser asks")
    add("--log", help="plain lines, or json (or LOG); plain at home, json where a studio runs by itself")
    add("--osc", help="UDP port to hear Open Sound Control on (or OSC); off")
    add("--osc-host", default="127.0.0.1", help="address that --osc listens on; 127.0.0.1")
    add("--osc-out", help="HOST:PORT to tell of the page's seed and sliders as OSC; off")
    add("--quota", help=f"bytes of pictures a visitor may keep; no bound, on Spaces {SPACES_QUOTA}, in the kiosk {KIOSK_QUOTA}")
    add("--keep-days", help=f"days that a visitor's pictures stay after the last visit, 0 = for ever; on Spaces {SPACES_DAYS}")
    add("--proxies", help="addresses and networks, with commas, whose X-Forwarded-For is believed; none, on Spaces the private ones")


def _unknown(flag: str, parser: argparse.ArgumentParser) -> str:
    known = [name for name in parser._option_string_actions if name.startswith("--")]
    near = difflib.get_close_matches(flag.partition("=")[0], known, n=1)
    return f"Unknown flag '{flag}'. " + (f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}.")


def _settings(given: argparse.Namespace, env: Mapping[str, str]) -> Settings:
    hosted = given.profile == "spaces"
    settings = Settings(
        profile=given.profile,
        host=given.host or env.get("HOST") or ("0.0.0.0" if hosted else "127.0.0.1"),
        port=_number("--port (or PORT)", given.port or env.get("PORT") or "7860"),
        folder=given.folder or _default_folder(hosted),
        checkpoints=given.checkpoints,
        origins=tuple(given.origin),
        frames=("'self'", *(given.frame or (SPACES_FRAMES if hosted else ()))),
        mcp=given.mcp,
        device=given.device or (ZERO if env.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true") else None),
        language=given.language,
        log=cast(Style, given.log or env.get("LOG") or ("plain" if given.profile == "local" else "json")),
        osc=_number("--osc (or OSC)", osc) if (osc := given.osc or env.get("OSC")) else None,
        osc_host=given.osc_host,
        osc_out=_address(given.osc_out) if given.osc_out else None,
        quota=_number("--quota", given.quota) if given.quota else QUOTAS.get(given.profile),
        keep_days=_days(given.keep_days, SPACES_DAYS if hosted else 0),
        proxies=_networks(given.proxies, SPACES_PROXIES if env.get("SPACE_ID") else ()),
        pin=env.get("KIOSK_PIN") or None,
    )
    if not settings.checkpoints.is_dir():
        raise ValueError(f"There is no folder {settings.checkpoints} with generators. Name the right one with --checkpoints.")
    _make_writable(settings.folder)
    return replace(settings, secret=_lasting_secret(settings.folder)) if hosted else settings


def _number(flag: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError(f"{flag} is a whole number, not '{text[:40]}'.")
    return int(text)


def _days(text: str | None, otherwise: int) -> int | None:
    return (_number("--keep-days", text) if text else otherwise) or None


def _networks(text: str | None, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    return otherwise if text is None else tuple(filter(None, (one.strip() for one in text.split(","))))


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"--proxies are addresses and networks such as 127.0.0.1,10.0.0.0/8, not '{text[:40]}'.") from error


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        raise ValueError(f"--osc-out is HOST:PORT such as 127.0.0.1:9001, not '{text[:40]}'.")
    return host.strip("[]"), _number("--osc-out's port", port)


def _default_folder(hosted: bool) -> Path:
    return SPACES_DISK / "gallery" if hosted and os.access(SPACES_DISK, os.W_OK) else Path("gallery")


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(f"Cannot write in the folder {folder} ({reason}). Allow it, or choose another with --folder.") from error


def _lasting_secret(folder: Path) -> bytes:
    """The key in the folder, made at the first start, so that visitors keep their galleries over a restart."""
    path = folder / KEY_FILE
    if path.is_file() and len(secret := path.read_bytes()) == SECRET_BYTES:
        return secret
    secret = _secret()
    with writing(path, 0o600) as file:
        file.write(secret)
    return secret
