"""How the soak counts: what grows in the worst life of a process, and what is explained by a fault of its own."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio.bench.soak import Sample, growth
from studio.bench.soak_studio import GRACE, Incidents, Studio


def life(number: int, memory: list[float]) -> list[Sample]:
    return [Sample(number, 15.0 * at, value, 40, 20, 10, 300) for at, value in enumerate(memory)]


def test_growth_is_the_worst_lifes_and_one_wild_sample_is_no_growth() -> None:
    steady = life(1, [900, 500, 500, 500, 950, 500, 500, 500, 500, 500, 500])
    assert growth(steady, "memory", 15) == 0
    leaking = life(2, [400, *(500 + 2.0 * at for at in range(11))])
    assert growth([*steady, *leaking], "memory", 15) == pytest.approx(20 / 510, abs=1e-3)
    assert growth([*steady, *leaking], "threads", 15) == 0


def test_a_life_too_short_tells_nothing() -> None:
    assert growth(life(1, [1, 2, 3]), "memory", 0) == 0


def test_only_what_follows_from_a_fault_of_ours_is_explained() -> None:
    incidents = Incidents()
    with incidents.injected():
        incidents.note("during")
    now = time.time()
    incidents.note("soon after", now + GRACE / 2)
    incidents.note("later", now + 2 * GRACE)
    incidents.note("before", now - 1)
    assert incidents.unexplained == ["later", "before"]


def test_the_studios_log_is_read_for_what_is_no_plain_request(tmp_path: Path) -> None:
    studio, incidents = Studio(tmp_path, tmp_path, 1), Incidents()
    told = {"time": datetime.now(UTC).isoformat(), "logger": "studio.web", "message": "GET / 500"}
    lines = [
        "digits: 3 ms",
        json.dumps({**told, "level": "info"}),
        json.dumps({**told, "level": "error"}),
        "Traceback (most recent call last):",
    ]
    studio.log.write_text("\n".join(lines))
    studio.read_log(incidents)
    assert len(incidents.unexplained) == 2
