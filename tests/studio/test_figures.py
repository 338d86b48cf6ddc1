"""Counts, percentiles, and visitors that are forgotten in time."""

from __future__ import annotations

import pytest

from studio import figures
from studio.figures import MOST_VISITORS, PRESENT, Tally


def test_percentiles_are_those_of_the_delays() -> None:
    tally = Tally()
    for delay in range(1, 101):
        tally.drew(moving=True, delay_ms=float(delay))
    tally.drew(moving=False, delay_ms=None)
    tally.failed()
    said = tally.figures(queue=3, memory_mb=9.0)
    assert (said.frames, said.pictures, said.faults, said.queue, said.memory_mb) == (100, 1, 1, 3, 9.0)
    assert (said.latency_ms_p50, said.latency_ms_p95) == (51.0, 96.0)


def test_nothing_drawn_yet_is_no_delay() -> None:
    said = Tally().figures(queue=0, memory_mb=1.0)
    assert (said.latency_ms_p50, said.latency_ms_p95, said.visitors) == (0.0, 0.0, 0)


def test_a_visitor_counts_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(figures.time, "monotonic", lambda: now)
    tally = Tally()
    for visitor in ("a", "b", "a"):
        tally.see(visitor)
    assert tally.figures(0, 1.0).visitors == 2
    now += PRESENT / 2
    tally.see("a")
    now += PRESENT / 2 + 1
    assert tally.figures(0, 1.0).visitors == 1
    assert tally.figures(0, 1.0).uptime == PRESENT + 1


def test_no_number_of_visitors_fills_the_memory() -> None:
    tally = Tally()
    for number in range(MOST_VISITORS + 50):
        tally.see(str(number))
    assert tally.figures(0, 1.0).visitors == MOST_VISITORS
