"""Latent Atelier: `python app.py` serves the studio, `python app.py --help` lists its flags."""

from __future__ import annotations

import os
import sys

from studio.serve import run
from studio.settings import from_args


def main(argv: list[str]) -> int:
    """Serve until stopped; returns the exit status."""
    return run(from_args(argv, os.environ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
