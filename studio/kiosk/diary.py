"""What happened by day: how many came, what they drew, kept and took along, and what failed. Nothing about anybody."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

from studio.errors import Fault
from studio.kiosk.files import keep_json

MOST_DAYS = 400
MOST_AT_ONCE = 10_000  # of one thing, in one message


@dataclass(frozen=True)
class Day:
    """Counts of one day."""

    visitors: int = 0  # from a first touch until nobody touches any more
    pictures: int = 0  # that a hand rested on
    kept: int = 0  # for the wall
    taken: int = 0  # home
    faults: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) is not int or value < 0:
                raise Fault("fault.kiosk_count", field=name)


class Diary:
    """A file of days, the last MOST_DAYS. Safe to use from any thread; where the disk is full it goes on in memory and says so."""

    def __init__(self, path: Path, report: Callable[[str], None], today: Callable[[], date] = date.today) -> None:
        self._path, self._report, self._today = path, report, today
        self._lock = threading.Lock()
        self._days = self._read()

    def add(self, more: Day) -> None:
        """Fault for a count that no visit comes to."""
        if max(asdict(more).values()) > MOST_AT_ONCE:
            raise Fault("fault.kiosk_count", field="")
        key = self._today().isoformat()
        with self._lock:
            before = self._days.get(key, Day())
            self._days[key] = Day(*(getattr(before, one.name) + getattr(more, one.name) for one in fields(Day)))
            for old in sorted(self._days)[:-MOST_DAYS]:
                del self._days[old]
            try:
                keep_json(self._path, {day: asdict(counts) for day, counts in self._days.items()})
            except Fault as fault:
                self._report(f"{self._path}: {fault}")

    def days(self, most: int) -> list[tuple[str, Day]]:
        """The latest days, the newest first; today is always there."""
        with self._lock:
            found = {self._today().isoformat(): Day()} | self._days
        return sorted(found.items(), reverse=True)[:most]

    def _read(self) -> dict[str, Day]:
        try:
            given = json.loads(self._path.read_text("utf-8"))
            return {date.fromisoformat(day).isoformat(): Day(**counts) for day, counts in given.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError, Fault):
            self._report(f"{self._path} cannot be read. The figures begin anew.")
            return {}
