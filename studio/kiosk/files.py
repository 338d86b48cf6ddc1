"""Small JSON files that are replaced whole: a crash or a full disk leaves the one before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.whole import write_whole
from studio.gallery_index import as_faults


def keep_json(path: Path, told: Any) -> None:
    """Replace a file; Fault where the disk is full or the folder can't be written to, and then the file is as it was."""
    with as_faults(path):
        write_whole(path, json.dumps(told, ensure_ascii=False, indent=1).encode())
