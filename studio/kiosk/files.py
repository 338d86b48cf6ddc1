"""Small JSON files that are replaced whole: a crash or a full disk leaves the one before."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from studio.gallery_files import write_whole
from studio.gallery_index import as_faults


def keep_json(path: Path, told: Any) -> None:
    """Replace a file; Fault where the disk is full or the folder can't be written to, and then the file is as it was."""
    fresh = path.with_suffix(".next")
    with as_faults(path):
        write_whole(fresh, lambda file: file.write(json.dumps(told, ensure_ascii=False, indent=1).encode()))
        os.replace(fresh, path)
