"""`make audit` fails where a hole is known, by name, and never because nobody could be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.audit import asked, verdict


def told(*dependencies: dict) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


WELL = {"name": "segno", "version": "1.6.6", "vulns": []}
HOLE = {"id": "PYSEC-1", "fix_versions": ["3.1.7"], "aliases": ["CVE-2"], "description": "long"}
ILL = {"name": "jinja2", "version": "3.1.6", "vulns": [HOLE]}
UNKNOWN = {"name": "av", "skip_reason": "Dependency not found on PyPI and could not be audited: av (18.1.0)"}


def test_a_known_hole_fails_by_name() -> None:
    assert verdict(told(WELL, ILL, UNKNOWN), "Found 1 known vulnerability in 1 package") == (
        1,
        "Known holes:\njinja2 3.1.6: PYSEC-1, CVE-2, mended in 3.1.7",
    )
    unmended = {**ILL, "vulns": [{**HOLE, "fix_versions": [], "aliases": []}]}
    assert verdict(told(unmended, unmended), "")[1].splitlines()[1:] == ["jinja2 3.1.6: PYSEC-1, not mended yet"]


def test_none_is_said_with_what_was_asked() -> None:
    assert verdict(told(WELL), "") == (0, "Known holes: none in 1 distributions.")
    assert verdict(told(WELL, UNKNOWN), "") == (0, "Known holes: none in 1 distributions. Not in PyPI's list: av.")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("", "Traceback\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(host='pypi.org', port=443)\n"),
        ("", "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed\nERROR:pip_audit._cli:Tip: your network\n"),
        (told(UNKNOWN), "No known vulnerabilities found"),
    ],
    ids=["no network", "no answer", "a mirror without the list"],
)
def test_where_nobody_can_be_asked_a_line_says_so(said: str, complaint: str) -> None:
    code, line = verdict(said, complaint)
    assert code == 0
    assert line.startswith("Known holes: not asked for, ")
    assert "\n" not in line


def test_what_is_not_the_network_fails() -> None:
    assert verdict("", "ERROR:pip_audit._cli:requirement av is not pinned\n") == (
        1,
        "Known holes: pip-audit failed (ERROR:pip_audit._cli:requirement av is not pinned).",
    )
    assert verdict("", "") == (1, "Known holes: pip-audit failed (no word).")


def test_pip_audit_reads_every_pin_and_meets_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its proxy is a port that nobody has, and nothing is remembered from an earlier time."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    for name in ("PIP_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    ended = asked()
    assert verdict(ended.stdout, ended.stderr) == (0, "Known holes: not asked for, PyPI is out of reach."), ended.stderr
