"""Saved pictures packed into one ZIP, to be taken along."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from studio.gallery_entry import Entry, manifest_of
from studio.recipe import to_json


def pack(file: BinaryIO, chosen: Sequence[tuple[Entry, Path]]) -> None:
    """A ZIP with PNG and recipe of each picture and a manifest."""
    with zipfile.ZipFile(file, "w") as archive:
        for entry, path in chosen:
            archive.write(path, f"{entry.id}.png")
            archive.writestr(f"{entry.id}.json", to_json(entry.recipe))
        archive.writestr("manifest.json", json.dumps([manifest_of(entry) for entry, _ in chosen], ensure_ascii=False, indent=1))
