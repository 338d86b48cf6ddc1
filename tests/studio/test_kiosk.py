"""The exhibition's parts: what is settled, the PIN, pictures taken home, the figures, the way to a phone."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from studio.errors import Fault
from studio.kiosk.diary import MOST_DAYS, Day, Diary
from studio.kiosk.exhibition import MAX_WELCOME, MOST_GENERATORS, Exhibition, from_dict, load, save
from studio.kiosk.home import LIFE, MOST, Homes, qr_code
from studio.kiosk.network import reachable_at
from studio.kiosk.pin import ADDRESSES, FREE, LONGEST, SESSIONS, Door, Pin


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# What is settled


def test_an_exhibition_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "kiosk" / "exhibition.json"
    settled = Exhibition(("b", "a"), {"zh": "欢迎\n请进", "en": " Welcome "}, "10:00", "01:30", 45, "zh")
    save(path, settled)
    assert load(path) == (settled, True)
    assert settled.welcome == {"zh": "欢迎\n请进", "en": "Welcome"}
    assert [file.name for file in path.parent.iterdir()] == ["exhibition.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"idle": 5}', '{"colour": "red"}', '{"generators": ["a", 3]}', "\udcff", "[" * 5000])
def test_a_broken_file_gives_the_defaults_and_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exhibition.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert load(path) == (Exhibition(), False)
    assert path.exists(), "it may still be mended"
    assert load(tmp_path / "nothing.json") == (Exhibition(), True)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"opens": "24:00", "closes": "10:00"}, "fault.kiosk_time"),
        ({"opens": "9:00", "closes": "10:00"}, "fault.kiosk_time"),
        ({"opens": 900, "closes": "10:00"}, "fault.kiosk_time"),
        ({"opens": "09:00"}, "fault.kiosk_hours"),
        ({"idle": 14}, "fault.kiosk_idle"),
        ({"idle": 601}, "fault.kiosk_idle"),
        ({"idle": True}, "fault.kiosk_idle"),
        ({"idle": float("nan")}, "fault.kiosk_idle"),
        ({"language": "fr"}, "fault.no_language"),
        ({"welcome": {"en": "x" * (MAX_WELCOME + 1)}}, "fault.kiosk_welcome"),
        ({"welcome": {"en": "a\x1b[2J"}}, "fault.kiosk_welcome"),
        ({"welcome": {"fr": "Bonjour"}}, "fault.kiosk_welcome"),
        ({"welcome": "Hello"}, "fault.kiosk_welcome"),
        ({"generators": list("abcdefghij"[: MOST_GENERATORS + 1])}, "fault.kiosk_generators"),
        ({"generators": "portraits"}, "fault.kiosk_generators"),
        ({"generators": ["a" * 65]}, "fault.recipe_name"),
        ({"volume": 1}, "fault.recipe_field"),
        ([], "fault.kiosk_shape"),
    ],
)
def test_what_is_out_of_range_is_refused(given: Any, code: str) -> None:
    with pytest.raises(Fault) as caught:
        from_dict(given)
    assert caught.value.code == code


def test_a_generator_that_has_gone_is_left_out() -> None:
    known = dict.fromkeys("abcdefghi")
    assert Exhibition(("z", "b")).shown(known) == ("b",)
    assert Exhibition(("z",)).shown(known) == Exhibition().shown(known) == tuple("abcdef")


# The PIN


def test_a_pin_is_made_up_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    path, said = tmp_path / "pin.json", []
    first = Pin(path, None, said.append)
    (pin,) = re.findall(r"\d{8}", said[0])
    assert first.fits(pin)
    assert not first.fits(pin[::-1] + "0")
    assert pin not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert Pin(path, None, said.append).fits(pin)
    assert len(said) == 1
    changed = Pin(path, "135790", said.append)
    assert changed.fits("135790")
    assert not Pin(path, None, said.append).fits(pin)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"salt": "00", "hash": "00"}', '{"salt": 1, "hash": 2}'])
def test_a_broken_hash_lets_nobody_in_and_makes_a_new_pin(tmp_path: Path, text: str) -> None:
    path, said = tmp_path / "pin.json", []
    path.write_text(text)
    assert not Pin(path, None, said.append).fits("")
    assert len(said) == 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(tmp_path: Path, clock: Clock) -> Door:
    return Door(Pin(tmp_path / "pin.json", "135790", print), clock)


def refused(door: Door, tried: object, address: str = "a") -> str:
    with pytest.raises(Fault) as caught:
        door.enter(tried, address)
    return caught.value.code


def test_wrong_pins_wait_ever_longer_and_a_right_one_begins_anew(door: Door, clock: Clock) -> None:
    assert [refused(door, tried) for tried in ("000000", None)] == ["fault.kiosk_pin"] * FREE
    waits = []
    for _ in range(14):
        assert refused(door, "000000") == "fault.kiosk_pin"
        assert refused(door, "135790") == "fault.kiosk_wait", "also the right one waits"
        waits.append(0)
        while door._wrong["a"][1] > clock.now:
            clock.now += 1
            waits[-1] += 1
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == LONGEST
    assert door.knows(door.enter("135790", "a"))
    assert refused(door, "000000") == "fault.kiosk_pin"


def test_one_who_tries_does_not_hold_up_another_and_many_share_one_delay(door: Door) -> None:
    for _ in range(FREE + 1):
        refused(door, "000000", "a")
    assert refused(door, "135790", "a") == "fault.kiosk_wait"
    assert door.knows(door.enter("135790", "b"))
    for number in range(ADDRESSES):
        door._charge(f"other {number}")
    for number in range(FREE + 1):
        refused(door, "000000", f"further {number}")
    assert refused(door, "135790", "one more") == "fault.kiosk_wait"
    assert len(door._wrong) <= ADDRESSES + 1


def test_a_session_ends_when_it_is_not_used_when_it_is_left_and_when_there_are_too_many(door: Door, clock: Clock) -> None:
    token = door.enter("135790", "a")
    assert not door.knows(None)
    assert not door.knows("")
    clock.now += 1700
    assert door.knows(token)
    clock.now += 1700
    assert door.knows(token), "it was used in between"
    clock.now += 1801
    assert not door.knows(token)
    tokens = [door.enter("135790", "a") for _ in range(SESSIONS + 1)]
    assert [door.knows(token) for token in tokens[:2]] == [False, True]
    door.leave(tokens[1])
    assert not door.knows(tokens[1])


# Taken home


def test_a_picture_waits_for_an_hour_at_a_place_nobody_can_guess(clock: Clock) -> None:
    homes = Homes(clock)
    token, other = homes.put(b"picture"), homes.put(b"other")
    assert token != other
    assert re.fullmatch(r"[\w-]{22}", token), "128 bits"
    assert (homes.find(token), homes.find(other), homes.find("guess")) == (b"picture", b"other", None)
    clock.now += LIFE
    assert homes.find(token) is None


def test_only_so_many_wait_at_once(clock: Clock) -> None:
    homes = Homes(clock)
    tokens = [homes.put(bytes([number])) for number in range(MOST + 1)]
    assert homes.find(tokens[0]) is None
    assert homes.find(tokens[1]) == b"\x01"


def test_the_qr_code_is_a_picture_of_our_own() -> None:
    code = qr_code("http://192.168.1.5:7860/home/abc")
    assert code.startswith("data:image/png")
    assert "http://192" not in code
    assert qr_code("http://192.168.1.5:7860/home/abd") != code


def test_a_phone_finds_only_what_listens_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.kiosk.network._addresses", lambda: iter(["127.0.0.1", "169.254.3.4", "192.168.1.5", "10.0.0.1"]))
    found = {host: reachable_at(host) for host in ("0.0.0.0", "::", "192.168.1.9", "127.0.0.1", "::1", "localhost")}
    assert found == {"0.0.0.0": "192.168.1.5", "::": "192.168.1.5", "192.168.1.9": "192.168.1.9"} | dict.fromkeys(
        ("127.0.0.1", "::1", "localhost")
    )
    monkeypatch.setattr("studio.kiosk.network._addresses", lambda: iter(["127.0.0.1"]))
    assert reachable_at("0.0.0.0") is None


def test_the_interfaces_of_this_machine_can_be_asked() -> None:
    from studio.kiosk.network import _addresses

    assert all(re.fullmatch(r"\d+(\.\d+){3}", address) for address in _addresses())


# The figures


def test_days_are_counted_one_by_one_and_kept(tmp_path: Path) -> None:
    path, today = tmp_path / "days.json", [date(2026, 3, 1)]
    diary = Diary(path, print, lambda: today[0])
    diary.add(Day(visitors=1, pictures=7))
    diary.add(Day(visitors=1, pictures=2, faults=1))
    today[0] = date(2026, 3, 2)
    diary.add(Day(kept=1, taken=1))
    again = Diary(path, print, lambda: today[0])
    assert again.days(5) == [("2026-03-02", Day(kept=1, taken=1)), ("2026-03-01", Day(visitors=2, pictures=9, faults=1))]
    assert set(json.loads(path.read_text())["2026-03-01"]) == {"visitors", "pictures", "kept", "taken", "faults"}, (
        "and nothing about anybody"
    )


def test_the_diary_forgets_what_is_long_past_and_today_is_always_there(tmp_path: Path) -> None:
    path = tmp_path / "days.json"
    path.write_text(json.dumps({date.fromordinal(730000 + number).isoformat(): {} for number in range(MOST_DAYS + 5)}))
    diary = Diary(path, print, lambda: date(2026, 3, 1))
    assert diary.days(1) == [("2026-03-01", Day())]
    diary.add(Day(visitors=1))
    assert len(json.loads(path.read_text())) == MOST_DAYS


@pytest.mark.parametrize("text", ["", "[]", '{"today": {}}', '{"2026-03-01": {"visitors": -1}}', '{"2026-03-01": {"names": 1}}'])
def test_a_broken_diary_begins_anew_and_says_so(tmp_path: Path, text: str) -> None:
    path, said = tmp_path / "days.json", []
    path.write_text(text)
    assert Diary(path, said.append, lambda: date(2026, 3, 1)).days(9) == [("2026-03-01", Day())]
    assert len(said) == 1


@pytest.mark.parametrize("count", [-1, 1.5, "7", True, None, 10**9])
def test_no_message_makes_figures_that_cannot_be(tmp_path: Path, count: Any) -> None:
    diary = Diary(tmp_path / "days.json", print)
    with pytest.raises(Fault, match="count"):
        diary.add(Day(visitors=1, pictures=count))


def test_a_full_disk_stops_no_visit(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("where the folder should be")
    said: list[str] = []
    diary = Diary(blocked / "days.json", said.append)
    diary.add(Day(visitors=1))
    assert diary.days(1)[0][1] == Day(visitors=1)
    assert said


def test_the_document_names_files_and_variables_that_are_there() -> None:
    root = Path(__file__).parents[2]
    said = (root / "docs" / "kiosk.md").read_text("utf-8")
    files = set(re.findall(r"deploy/[\w/.-]+", said))
    assert files == {str(path.relative_to(root)) for path in (root / "deploy" / "systemd").iterdir()}
    assert all(f'"{name}"' in (root / "studio" / "settings.py").read_text("utf-8") for name in ("KIOSK", "KIOSK_PIN", "HOST", "PORT"))
