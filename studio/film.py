"""A film: recipes at moments, and how one becomes the next. Validated once, like a recipe; it travels as JSON and inside its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

from studio import recipe_rules as rules
from studio.easing import Ease
from studio.errors import Fault
from studio.recipe import Recipe, from_dict, to_dict
from studio.recipe_text import MAX_JSON
from studio.tracks import LONGEST, MOST_TRACKS, Track, track_to_dict, tracks_from

Path = Literal["slerp", "linear", "spline"]

KIND = "latent-atelier film 1"
FEWEST, MOST = 2, 64  # keys
SHORTEST = 0.04  # between two keys
RATES = (12, 24, 25, 30, 60)  # frames a second
MAX_FILM = MAX_JSON * 4  # characters


@dataclass(frozen=True)
class Key:
    """A picture at a moment, and how it goes over into the next one."""

    recipe: Recipe
    at: float  # seconds
    ease: Ease = "soft"

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", rules.decimal("at", self.at, 0, LONGEST))
        if self.ease not in get_args(Ease):
            raise Fault("fault.film_choice", field="ease", known=", ".join(get_args(Ease)), value=rules.shown(self.ease))
        if self.recipe.source or self.recipe.after or self.recipe.strokes:
            raise Fault("fault.film_key")


@dataclass(frozen=True)
class Music:
    """A sound that a film goes with, from a moment of it on."""

    sound: str  # its id in the studio
    start: float = 0.0  # seconds
    name: str = ""  # what the visitor's file was called

    def __post_init__(self) -> None:
        if not rules.source("music.sound", self.sound):
            raise Fault("fault.no_sound")
        object.__setattr__(self, "start", rules.decimal("music.start", self.start, 0, LONGEST))
        rules.name("music.name", self.name)


@dataclass(frozen=True)
class Film:
    """Everything that determines a film. Equal films have equal frames on one device and precision.

    Raises Fault for anything out of range: 2 to 64 keys of one generator, the first at 0, each at least 0.04 s after the one before.
    """

    keys: tuple[Key, ...]
    seconds: float  # in all; what comes after the last key leads back to the first where it loops, and stands still where not
    loop: bool = True
    path: Path = "slerp"
    even: bool = False  # steps that look equally large, wherever the keys then fall
    rate: int = 30  # frames a second
    music: Music | None = None
    tracks: tuple[Track, ...] = ()
    drift: bool = False  # noise moves smoothly, once round and again, and where the film loops it closes; else it stays

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", rules.decimal("seconds", self.seconds, SHORTEST, LONGEST))
        if not FEWEST <= len(self.keys) <= MOST:
            raise Fault("fault.film_keys", least=FEWEST, most=MOST)
        if len({key.recipe.generator for key in self.keys}) > 1:
            raise Fault("fault.film_generators")
        moments = [key.at for key in self.keys]
        if moments[0] or any(
            b - a < SHORTEST - 1e-6 for a, b in zip(moments, [*moments[1:], self.seconds + (0 if self.loop else SHORTEST)], strict=True)
        ):
            raise Fault("fault.film_moments", least=SHORTEST)
        if self.path not in get_args(Path):
            raise Fault("fault.film_choice", field="path", known=", ".join(get_args(Path)), value=rules.shown(self.path))
        if len(self.tracks) > MOST_TRACKS:
            raise Fault("fault.tracks", most=MOST_TRACKS)
        for name in ("loop", "even", "drift"):
            rules.flag(name, getattr(self, name))
        rules.choice(RATES)("rate", self.rate)

    @property
    def generator(self) -> str:
        return self.keys[0].recipe.generator

    @property
    def frames(self) -> int:
        return max(round(self.seconds * self.rate), 2)


def film_to_dict(film: Film) -> dict[str, Any]:
    """Every field in JSON's own types; what a film is without is left out."""
    told: dict[str, Any] = {name: getattr(film, name) for name in ("seconds", "loop", "path", "even", "rate")}
    if film.music:
        told["music"] = asdict(film.music)
    if film.tracks:
        told["tracks"] = [track_to_dict(track) for track in film.tracks]
    if film.drift:
        told["drift"] = True
    return {"kind": KIND, **told, "keys": [{"at": key.at, "ease": key.ease, "recipe": to_dict(key.recipe)} for key in film.keys]}


def film_to_json(film: Film) -> str:
    """The one spelling of a film."""
    return json.dumps(film_to_dict(film), sort_keys=True, separators=(",", ":"), allow_nan=False)


def film_from_dict(given: object) -> Film:
    """A film from its fields; Fault for everything wrong."""
    if not isinstance(given, Mapping) or given.get("kind", KIND) != KIND:
        raise Fault("fault.film_shape")
    values = {name: value for name, value in given.items() if name != "kind"}
    if unknown := sorted(map(str, values.keys() - {field.name for field in fields(Film)})):
        raise Fault("fault.recipe_field", value=rules.shown(unknown[0]), known=", ".join(field.name for field in fields(Film)))
    keys = values.pop("keys", None)
    if not isinstance(keys, (list, tuple)) or len(keys) > MOST or "seconds" not in values:
        raise Fault("fault.film_keys", least=FEWEST, most=MOST)
    music, tracks = _music(values.pop("music", None)), tracks_from(values.pop("tracks", ()))
    return Film(tuple(_key(key) for key in keys), music=music, tracks=tracks, **values)


def _music(given: object) -> Music | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or not {"sound"} <= given.keys() <= {field.name for field in fields(Music)}:
        raise Fault("fault.film_shape")
    return Music(**given)


def _key(given: object) -> Key:
    if not isinstance(given, Mapping) or not {"recipe", "at"} <= given.keys() <= {"recipe", "at", "ease"}:
        raise Fault("fault.film_shape")
    return Key(from_dict(given["recipe"]), cast(Any, given["at"]), given.get("ease", "soft"))


def film_from_json(text: str | bytes) -> Film:
    """The film that `film_to_json` wrote, or that a hand did; Fault for everything wrong."""
    if len(text) > MAX_FILM:
        raise Fault("fault.too_large", size=len(text), most=MAX_FILM, status=413)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Fault("fault.film_shape") from error
    return film_from_dict(given)
