"""What the curator has settled for the exhibition: one frozen value, validated at birth, kept as JSON in the studio's folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from studio import recipe_rules as rules
from studio.errors import Fault
from studio.kiosk.files import keep_json
from studio.words import LANGUAGES

MOST_GENERATORS = 6  # as many fit side by side under a hand
MAX_WELCOME = 160  # characters in one language
LEAST_IDLE, MOST_IDLE = 15, 600  # seconds
MAX_FILE = 64 << 10  # bytes
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Exhibition:
    """Raises Fault for a value out of range. What a checkpoint's id names may be gone by now: see `shown`."""

    generators: tuple[str, ...] = ()  # to be played with and toured through, in this order; () = the first of all
    welcome: Mapping[str, str] = field(default_factory=dict)  # language -> words over the film; missing = the page's own
    opens: str = ""  # HH:MM by the machine's clock; the screen is dark outside of the hours, and never where both are ""
    closes: str = ""
    idle: int = 60  # seconds without a touch until everything begins anew
    language: str = LANGUAGES[0]  # that each visit begins in

    def __post_init__(self) -> None:
        object.__setattr__(self, "generators", _names(self.generators))
        object.__setattr__(self, "welcome", _welcome(self.welcome))
        for name in ("opens", "closes"):
            if (value := getattr(self, name)) != "" and not (isinstance(value, str) and TIME.fullmatch(value)):
                raise Fault("fault.kiosk_time", value=rules.shown(value))
        if bool(self.opens) != bool(self.closes):
            raise Fault("fault.kiosk_hours")
        if type(self.idle) is not int or not LEAST_IDLE <= self.idle <= MOST_IDLE:
            raise Fault("fault.kiosk_idle", least=LEAST_IDLE, most=MOST_IDLE, value=rules.shown(self.idle))
        if self.language not in LANGUAGES:
            raise Fault("fault.no_language", name=rules.shown(self.language), known=", ".join(LANGUAGES))

    def shown(self, known: Mapping[str, Any]) -> tuple[str, ...]:
        """The generators that are here, of those chosen; the first of all where none is."""
        return tuple(name for name in self.generators if name in known) or tuple(known)[:MOST_GENERATORS]


def from_dict(given: object) -> Exhibition:
    """An exhibition from some of its fields; Fault for everything wrong."""
    known = [one.name for one in fields(Exhibition)]
    if not isinstance(given, Mapping):
        raise Fault("fault.kiosk_shape")
    if unknown := sorted(map(str, given.keys() - set(known))):
        raise Fault("fault.recipe_field", value=rules.shown(unknown[0]), known=", ".join(known))
    return Exhibition(**given)


def load(path: Path) -> tuple[Exhibition, bool]:
    """What was kept, and whether it could be read: a broken file gives the defaults and stays where it is, to be mended or replaced."""
    try:
        with path.open("rb") as file:
            return from_dict(json.loads(file.read(MAX_FILE))), True
    except FileNotFoundError:
        return Exhibition(), True
    except (OSError, ValueError, RecursionError, Fault):
        return Exhibition(), False


def save(path: Path, exhibition: Exhibition) -> None:
    """Replace the file as a whole; Fault where it can't be written."""
    keep_json(path, asdict(exhibition))


def _names(given: object) -> tuple[str, ...]:
    if not isinstance(given, (tuple, list)) or len(given) > MOST_GENERATORS:
        raise Fault("fault.kiosk_generators", most=MOST_GENERATORS)
    return tuple(dict.fromkeys(rules.name("generators", name) for name in given))


def _welcome(given: object) -> dict[str, str]:
    if not isinstance(given, Mapping) or not given.keys() <= set(LANGUAGES):
        raise Fault("fault.kiosk_welcome", most=MAX_WELCOME)
    if any(not isinstance(said, str) or len(said) > MAX_WELCOME or not said.replace("\n", "").isprintable() for said in given.values()):
        raise Fault("fault.kiosk_welcome", most=MAX_WELCOME)
    return {language: said.strip() for language, said in given.items() if said.strip()}
