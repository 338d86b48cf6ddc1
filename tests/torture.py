"""How hard tests try that chance drives: a little in `make test`, and until it hurts in `make torture`."""

from __future__ import annotations

import os

TORTURE = os.environ.get("TORTURE") == "1"


def rounds(few: int, many: int) -> int:
    """How often, in the suite or under torture."""
    return many if TORTURE else few
