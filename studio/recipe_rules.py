"""What each field of a recipe may be: every rule takes a field's name and whatever was given, and returns what is held, or raises Fault."""

from __future__ import annotations

import base64
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.errors import Fault

MAX_SEED = 2**32 - 1
MAX_NAME = 64  # characters
MAX_ENTRIES = 128
MAX_SHARE = 1000.0
MAX_LAYER = 31
MAX_CHANNEL = 4095
MAX_BENDS = 16
MAX_BENT = 1000.0  # what each operation takes is known where it is
MAX_AMOUNT = 5.0  # standard deviations
MAX_POSITION = 4.0
MAX_SIDE = 4096
MAX_POINTS = 400  # of all strokes together
MAX_STEPS = 8
MAX_PARTS = 64  # pictures that another lies between
MAX_PLACE = 1024  # numbers of a place in w
MAX_AWAY = 256.0  # of each of them
MAX_BESIDE = 8  # pictures of one name
THOUSAND = 1000  # a stroke's coordinates are thousandths of the side
MILLION = 1_000_000

Rule = Callable[[str, object], Any]
Pairs = tuple[tuple[str, float], ...]


def shown(value: object) -> str:
    """A value as a message may quote it: short, whatever was sent."""
    if isinstance(value, (Mapping, list, tuple)):
        return type(value).__name__
    if isinstance(value, int) and abs(value) >= 10**40:  # Python refuses to spell out a number of thousands of digits
        return f"a number of {value.bit_length()} bits"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


def name(field: str, value: object) -> str:
    """Printable text of at most 64 characters; lone surrogates are not printable, so what passes can be encoded."""
    if not isinstance(value, str) or len(value) > MAX_NAME or not value.isprintable():
        raise Fault("fault.recipe_name", field=field, most=MAX_NAME, value=shown(value))
    return value


def source(field: str, value: object) -> str:
    """The id that a picture from outside was given, or nothing."""
    if not isinstance(value, str) or not re.fullmatch(r"([0-9a-f]{32})?", value):
        raise Fault("fault.recipe_source", field=field, value=shown(value))
    return value


def whole(field: str, value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise Fault("fault.recipe_whole", field=field, least=least, most=most, value=shown(value))
    return value


def seed(field: str, value: object) -> int:
    return whole(field, value, 0, MAX_SEED)


def number(field: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:  # NaN fails the comparison
        raise Fault("fault.recipe_number", field=field, least=least, most=most, value=shown(value))
    return float(value)


def decimal(field: str, value: object, least: float, most: float) -> float:
    """A number of six decimals, zero without a sign: what JSON spells is then exactly what is held."""
    return round(number(field, value, least, most), 6) + 0.0


def between(least: float, most: float) -> Rule:
    return lambda field, value: decimal(field, value, least, most)


def choice(known: Sequence[int]) -> Rule:
    def rule(field: str, value: object) -> int:
        if type(value) is not int or value not in known:
            raise Fault("fault.recipe_choice", field=field, known=", ".join(map(str, known)), value=shown(value))
        return value

    return rule


def mixture(field: str, value: object) -> Pairs:
    """Shares that sum to exactly a million millionths, so that writing and reading them again changes nothing."""
    given = {entry: number(f"{field}.{entry}", share, 0, MAX_SHARE) for entry, share in _named(field, value).items()}
    if not given:
        return ()
    if not (total := math.fsum(given.values())):
        raise Fault("fault.recipe_shares", field=field)
    shares = {entry: round(share / total * MILLION) for entry, share in given.items()}
    largest = max(shares, key=lambda entry: shares[entry])
    shares[largest] += MILLION - sum(shares.values())
    return tuple((entry, share / MILLION) for entry, share in shares.items() if share)


def shares(field: str, values: Sequence[object]) -> tuple[float, ...]:
    """Numbers, some of which may be below zero, that sum to exactly a million millionths; none of none."""
    given = [number(field, value, -MAX_SHARE, MAX_SHARE) for value in values]
    if not given:
        return ()
    total = math.fsum(given)
    if not total > 1e-3 * max(map(abs, given)):
        raise Fault("fault.recipe_shares", field=field)
    millionths = [round(value / total * MILLION) for value in given]
    largest = max(range(len(given)), key=lambda place: millionths[place])
    millionths[largest] += MILLION - sum(millionths)
    return tuple(value / MILLION for value in millionths)


def layer_shares(field: str, value: object) -> tuple[float, ...]:
    """One number a layer, coarse to fine, of which at least one is above zero; or none."""
    given = tuple(decimal(field, share, 0, 1) for share in listed(field, value, MAX_LAYER + 1))
    if given and not any(given):
        raise Fault("fault.recipe_shares", field=field)
    return given


def place(field: str, value: object) -> str:
    """A place in w, less the centre of its classes and styles, so that it goes along when they are moved; "" = none.

    Numbers in half precision, little-endian, in base64 and its one spelling: w_dim of them for all layers alike, or for each layer.
    """
    if not isinstance(value, str) or len(value) > -(-2 * MAX_PLACE // 3) * 4:
        raise Fault("fault.recipe_w", field=field, most=MAX_PLACE)
    try:
        numbers = numbers_of(value)
    except (ValueError, struct.error) as error:  # also of base64
        raise Fault("fault.recipe_w", field=field, most=MAX_PLACE) from error
    if len(numbers) > MAX_PLACE or not all(abs(one) <= MAX_AWAY for one in numbers):  # NaN fails the comparison
        raise Fault("fault.recipe_w", field=field, most=MAX_PLACE)
    return spelled(numbers)


def spelled(numbers: Sequence[float]) -> str:
    """Numbers as `place` holds them; OverflowError for one that is too large for half precision."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}e", *numbers)).decode()


def numbers_of(place: str) -> tuple[float, ...]:
    """What `spelled` wrote."""
    halves = base64.b64decode(place, validate=True)
    return struct.unpack(f"<{len(halves) // 2}e", halves)


def flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Fault("fault.recipe_flag", field=field, value=shown(value))
    return value


def amounts(field: str, value: object) -> Pairs:
    """Standard deviations by direction; those of zero are dropped."""
    given = {entry: decimal(f"{field}.{entry}", amount, -MAX_AMOUNT, MAX_AMOUNT) for entry, amount in _named(field, value).items()}
    return tuple((entry, amount) for entry, amount in given.items() if amount)


def position(field: str, value: object) -> tuple[float, float] | None:
    if value is None:
        return None
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise Fault("fault.recipe_position", field=field, value=shown(value))
    x, y = (decimal(field, along, -MAX_POSITION, MAX_POSITION) for along in value)
    return x, y


def listed(field: str, value: object, most: int) -> Sequence[object]:
    """A list, of not too many entries, whatever they are."""
    if not isinstance(value, (tuple, list)):
        raise Fault("fault.recipe_list", field=field, value=shown(value))
    _few(field, len(value), most)
    return value


def distinct(most: int) -> Rule:
    """Whole numbers from 0, in order and none twice."""

    def rule(field: str, value: object) -> tuple[int, ...]:
        return tuple(sorted({whole(field, number, 0, most) for number in listed(field, value, MAX_ENTRIES)}))

    return rule


def layer(field: str, value: object) -> int:
    return whole(field, value, 0, MAX_LAYER)


def side(field: str, value: object) -> int:
    return whole(field, value, 0, MAX_SIDE)


def strokes(field: str, value: object) -> tuple[tuple[int, ...], ...]:
    """Strokes as x, y, x, y …: at least one point each, and not more in all than a hand has patience for."""
    if not isinstance(value, (tuple, list)) or not all(isinstance(stroke, (tuple, list)) for stroke in value):
        raise Fault("fault.recipe_strokes", field=field, value=shown(value))
    _few(field, len(value))
    if any(not stroke or len(stroke) % 2 for stroke in value):
        raise Fault("fault.recipe_strokes", field=field, value=shown(value))
    _few(field, sum(map(len, value)) // 2, MAX_POINTS)
    return tuple(tuple(whole(field, number, 0, THOUSAND) for number in stroke) for stroke in value)


def beside(field: str, value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Ids of pictures by the name of what they are given as."""
    given = _named(field, value)
    if any(not isinstance(ids, (tuple, list)) or not 1 <= len(ids) <= MAX_BESIDE or not all(ids) for ids in given.values()):
        raise Fault("fault.recipe_beside", field=field, most=MAX_BESIDE)
    return tuple((entry, tuple(source(f"{field}.{entry}", one) for one in ids)) for entry, ids in given.items())


def settings(field: str, value: object) -> Pairs:
    """Numbers by the name of an option, zero among them; what ranges they have is known where the option is."""
    return tuple((entry, decimal(f"{field}.{entry}", number, -MAX_SEED, MAX_SEED)) for entry, number in _named(field, value).items())


def _named(field: str, value: object) -> dict[str, Any]:
    """A mapping, or pairs of name and number, as a mapping sorted by name."""
    if not isinstance(value, (Mapping, tuple, list)):
        raise Fault("fault.recipe_named", field=field, value=shown(value))
    _few(field, len(value))
    pairs = list(value.items() if isinstance(value, Mapping) else value)
    if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        raise Fault("fault.recipe_named", field=field, value=shown(value))
    named = {name(field, entry): given for entry, given in pairs}
    if len(named) < len(pairs):
        raise Fault("fault.recipe_twice", field=field)
    return dict(sorted(named.items()))


def _few(field: str, count: int, most: int = MAX_ENTRIES) -> None:
    if count > most:
        raise Fault("fault.recipe_entries", field=field, count=count, most=most)
