"""`python -m studio.doctor`: looks the studio over before it opens, and says what ails it and what helps.

It takes the flags of app.py that matter here. Nothing is imported before it is looked at, so that a broken library is a line of
the answer and not its end. The exit status is 1 where the studio could not run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Literal

from studio.errors import Fault
from studio.port import claim
from studio.settings import PROJECT, Settings

State = Literal["well", "lacking", "ill"]  # lacking: it runs, and something of it will not
MARKS: dict[State, str] = {"well": "✓", "lacking": "·", "ill": "✗"}
OLDEST = (3, 11)
DISK, TIGHT_DISK = 200 << 20, 2 << 30  # bytes without which no picture is safe; below which a film may not find room
MEMORY, TIGHT_MEMORY = 1 << 30, 3 << 30  # bytes that all checkpoints, warm, need at least, and comfortably
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CODECS = {
    "libx264": "MP4",
    "libvpx-vp9": "WebM",
    "libwebp_anim": "animated WebP",
    "gif": "GIF",
    "aac": "sound in MP4",
    "libopus": "sound in WebM",
}


@dataclass(frozen=True)
class Finding:
    """What one look found."""

    part: str
    state: State
    said: str
    remedy: str = ""


Look = Callable[[Settings], Finding]


def python(_: Settings) -> Finding:
    """Whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        least = ".".join(map(str, OLDEST))
        return Finding(
            "python", "ill", f"Python {version} is too old", f"Install Python {least} or newer, remove .venv, and run make again."
        )
    return Finding("python", "well", f"Python {version}")


def packages(_: Settings) -> Finding:
    """Whether what requirements.txt pins for a system like this one is installed, in that version."""
    remedy = f"{sys.executable} -m pip install -r requirements.txt"
    try:
        from packaging.requirements import Requirement
    except ImportError:  # one of those that are pinned, so others are likely to lack too
        return Finding("packages", "ill", "packaging is not installed", remedy)

    lines = [line.partition("#")[0].strip() for line in (PROJECT / "requirements.txt").read_text("utf-8").splitlines()]
    pinned = [one for one in map(Requirement, filter(None, lines)) if one.marker is None or one.marker.evaluate()]
    wrong: list[str] = []
    for one in pinned:
        try:
            found = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{one.name} is not installed")
            continue
        version = str(one.specifier).removeprefix("==")
        if found.partition("+")[0] != version:
            wrong.append(f"{one.name} is {found}, not {version}")
    if wrong:
        return Finding("packages", "ill", "; ".join(wrong), remedy)
    return Finding("packages", "well", f"{len(pinned)} as pinned")


def libraries(_: Settings) -> Finding:
    """Whether what was installed can be loaded: a library for another processor is found here."""
    for name in ("torch", "torchvision", "numpy", "PIL", "safetensors", "websockets", "uvicorn", "gradio"):
        try:
            import_module(name)
        except Exception as error:  # whatever a broken library raises
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            remedy = f"{sys.executable} -m pip install --force-reinstall --no-deps -r requirements.txt"
            return Finding("libraries", "ill", f"{name} can't be loaded ({reason})", remedy)
    return Finding("libraries", "well", "all load")


def device(settings: Settings) -> Finding:
    """Which device draws, and in which precision it is quicker."""
    from studio.device import describe, pick_device, quicker_dtype

    try:
        chosen = pick_device(settings.device)
    except ValueError as error:
        return Finding("device", "ill", *_parted(str(error)))
    return Finding("device", "well", f"{describe(chosen)}, quicker in {str(quicker_dtype(chosen)).removeprefix('torch.')}")


def checkpoints(settings: Settings) -> Finding:
    """Whether every checkpoint is whole: its card, its hash, its network."""
    from models.checkpoint import CheckpointError, find, find_translators, load, load_translator

    restore = "git checkout checkpoints, or name another folder with --checkpoints."
    if not settings.checkpoints.is_dir():
        return Finding("checkpoints", "ill", f"There is no folder {settings.checkpoints}", restore)
    every = [(load, folder) for folder in find(settings.checkpoints)]
    every += [(load_translator, folder) for folder in find_translators(settings.checkpoints)]
    damaged: list[str] = []
    for opened, folder in every:
        try:
            opened(folder)
        except CheckpointError as error:
            damaged.append(str(error))
    if damaged or not every:
        state: State = "ill" if len(damaged) == len(every) else "lacking"
        return Finding("checkpoints", state, "; ".join(damaged) or f"{settings.checkpoints} holds none", restore)
    return Finding("checkpoints", "well", f"{len(every)} whole")


def folder(settings: Settings) -> Finding:
    """Whether the folder that pictures are kept in can be written, has room, and holds a whole database."""
    nearest = next(place for place in (settings.folder.absolute(), *settings.folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Finding("folder", "ill", f"{nearest} can't be written ({reason})", "Allow it, or choose another with --folder.")
    free = shutil.disk_usage(nearest).free
    if free < TIGHT_DISK:
        said = f"{free >> 20} MB are left on the disk of {nearest}"
        return Finding("folder", "ill" if free < DISK else "lacking", said, "Make room, or choose another disk with --folder.")
    for database in sorted(settings.folder.glob("*.sqlite")):
        if fault := _damage(database):
            remedy = f"Move {database.name} aside: the studio makes a new one. Every PNG beside it still holds its recipe."
            return Finding("folder", "ill", f"{database} is damaged ({fault})", remedy)
    return Finding("folder", "well", f"{settings.folder}, {free / 2**30:.0f} GB free")


def _damage(database: Path) -> str:
    """What SQLite finds wrong with a file; nothing where it is whole."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as opened:
            answer = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    return "" if answer == "ok" else answer


def memory(_: Settings) -> Finding:
    """Whether all checkpoints fit beside what else runs."""
    told = Path("/proc/meminfo")
    free = re.search(r"MemAvailable:\s+(\d+) kB", told.read_text()) if told.exists() else None
    if not free:
        return Finding("memory", "well", "not told by this system")
    available = int(free[1]) << 10
    said = f"{available / 2**30:.1f} GB free"
    if available < TIGHT_MEMORY:
        return Finding(
            "memory", "ill" if available < MEMORY else "lacking", said, "Close what else runs, or keep fewer checkpoints in the folder."
        )
    return Finding("memory", "well", said)


def port(settings: Settings) -> Finding:
    """Whether the port is free."""
    try:
        claim(settings.host, settings.port).close()
    except Fault as fault:
        return Finding("port", "ill", *_parted(str(fault)))
    return Finding("port", "well", f"{settings.host}:{settings.port} is free")


def codecs(_: Settings) -> Finding:
    """Whether films and pictures can be written in every format that the page offers."""
    import av
    from PIL import features

    missing = [f"{name} ({what})" for name, what in CODECS.items() if name not in av.codecs_available]
    missing += [name for name in ("jpg", "webp", "zlib") if not features.check(name)]
    if missing:
        remedy = f"{sys.executable} -m pip install --force-reinstall --no-deps av pillow (their own builds bring every codec)."
        return Finding("codecs", "lacking", f"Missing: {', '.join(missing)}", remedy)
    return Finding("codecs", "well", "H.264, VP9, WebP, GIF, AAC, Opus")


def chromium(_: Settings) -> Finding:
    """Whether there is a browser for tests, measurements and the kiosk."""
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return Finding("chromium", "well", found)
    remedy = "Only tests, make bench and a kiosk need one. Debian: apt install chromium; or python -m studio.bench.browser."
    return Finding("chromium", "lacking", "There is no Chromium on the path", remedy)


def chinese(_: Settings) -> Finding:
    """Whether a browser on this machine can show the Chinese page."""
    if not shutil.which("fc-list"):
        return Finding("chinese", "well", "not told by this system")
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=20).stdout.strip()
    if not listed:
        return Finding(
            "chinese", "lacking", "No typeface here has Chinese characters", "A kiosk needs one. Debian: apt install fonts-noto-cjk."
        )
    return Finding("chinese", "well", listed.splitlines()[0])


LOOKS: tuple[Look, ...] = (python, packages, libraries, device, checkpoints, folder, memory, port, codecs, chromium, chinese)


def _parted(message: str) -> tuple[str, str]:
    """A fault and, after its first full stop, its remedy."""
    said, _, remedy = message.partition(". ")
    return said, remedy


def examined(settings: Settings, looks: Sequence[Look] = LOOKS) -> Iterator[Finding]:
    """Look after look; one that fails itself is a finding, too."""
    for look in looks:
        try:
            yield look(settings)
        except Exception as error:  # the doctor must finish its round
            yield Finding(look.__name__, "ill", f"{type(error).__name__}: {error}", "Mend what stands above first, then look again.")


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line a look; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m studio.doctor", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST", Settings.host))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", Settings.port)))
    parser.add_argument("--folder", type=Path, default=Settings.folder)
    parser.add_argument("--checkpoints", type=Path, default=Settings.checkpoints)
    parser.add_argument("--device", default=None)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there, too")
    given = parser.parse_args(argv)
    try:
        settings = Settings(host=given.host, port=given.port, folder=given.folder, checkpoints=given.checkpoints, device=given.device)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    found: list[Finding] = []
    for finding in examined(settings):
        found.append(finding)
        print(
            f"{MARKS[finding.state]} {finding.part:12} {finding.said}" + (f"\n  {'':12} → {finding.remedy}" if finding.remedy else ""),
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps([asdict(finding) for finding in found], indent=1) + "\n")
    ill = [finding.part for finding in found if finding.state == "ill"]
    print(f"The studio can't run before this is mended: {', '.join(ill)}." if ill else "The studio can run.")
    return 1 if ill else 0


if __name__ == "__main__":
    sys.exit(main())
