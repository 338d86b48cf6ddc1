"""Node packages a data set is drawn with, installed once into a git-ignored folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from models.training.datasets.pictures import PictureSetError


def program(name: str) -> str:
    """The path of node or npm; raises PictureSetError where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise PictureSetError(f"No program {name!r}. Install Node.js 20 or newer (https://nodejs.org) and try again.")
    return found


def install(folder: Path, manifest: str, lock: str | None = None) -> None:
    """Install the packages a package.json text names into folder/node_modules, unless they are there already.

    With a package-lock.json text, exactly what it pins. Raises PictureSetError, with npm's words, where that fails.
    """
    written = folder / "installed.json"  # a copy made last: it stands for a finished install of this very manifest
    wanted = manifest + (lock or "")
    if written.is_file() and written.read_text(encoding="utf-8") == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(manifest, encoding="utf-8")
    if lock is not None:
        (folder / "package-lock.json").write_text(lock, encoding="utf-8")
    verb = "install" if lock is None else "ci"
    npm = subprocess.run([program("npm"), verb, "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True, text=True)
    if npm.returncode:
        raise PictureSetError(f"npm {verb} failed in {folder}. Is the network there? It said:\n{npm.stderr.strip()}")
    written.write_text(wanted, encoding="utf-8")
