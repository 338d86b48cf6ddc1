"""`make audit`: asks PyPI whether holes are known in what is pinned. Nothing is installed for it.

Ends with 1 where one is known, and names it; where nobody can be asked, it says so in a line and ends well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = ("requirements-dev.txt", "requirements-scale.txt")  # each begins with requirements.txt
OUT_OF_REACH = ("requests.exceptions.", "PyPI is not redirecting", "Could not connect to PyPI")  # as pip-audit ends then


def asked() -> subprocess.CompletedProcess[str]:
    """What pip-audit says of all pins, as JSON on its output; it reads the lists and looks at nothing that is installed."""
    files = [word for file in FILES for word in ("-r", file)]
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "5", "--format", "json"]
    return subprocess.run([sys.executable, "-m", "pip_audit", *options, *files], cwd=ROOT, capture_output=True, text=True)


def verdict(said: str, complaint: str) -> tuple[int, str]:
    """How to end, and what to print, after pip-audit's output and its errors; what is neither an answer nor the network is a fault."""
    try:
        told = json.loads(said)["dependencies"]
    except ValueError:
        last = (complaint.strip().splitlines() or ["no word"])[-1]
        if any(sign in complaint for sign in OUT_OF_REACH):
            return 0, "Known holes: not asked for, PyPI is out of reach."
        return 1, f"Known holes: pip-audit failed ({last})."
    holes = [f"{one['name']} {one['version']}: {_described(hole)}" for one in told for hole in one.get("vulns", ())]
    if holes:
        return 1, "\n".join(["Known holes:", *sorted(set(holes))])
    unknown = sorted({one["name"] for one in told if "skip_reason" in one})
    names = {one["name"] for one in told}
    if len(unknown) == len(names):  # a mirror without the list answers, and knows none of them
        return 0, "Known holes: not asked for, what answers in PyPI's place has no list of them."
    rest = f" Not in PyPI's list: {', '.join(unknown)}." if unknown else ""
    return 0, f"Known holes: none in {len(names) - len(unknown)} distributions.{rest}"


def _described(hole: dict[str, list[str]]) -> str:
    fixed = hole["fix_versions"]
    return f"{', '.join([str(hole['id']), *hole.get('aliases', ())])}, {'mended in ' + ' or '.join(fixed) if fixed else 'not mended yet'}"


def main() -> int:
    answer = asked()
    code, line = verdict(answer.stdout, answer.stderr)
    print(line, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
