"""Tracks of a film: each moves one parameter, by a curve drawn by hand and by what is heard. Data alone, each number bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

from models.music import PACE, Heard
from studio import recipe_rules as rules
from studio.easing import EASES, Ease
from studio.errors import Fault

Source = Literal["loud", "low", "mid", "high", "onsets", "beats"]

RANGES: Mapping[str, tuple[float, float]] = {"truncation": (0, 1.5), "variation": (0, 1), "temperature": (0, 1.5), "noise": (0, 1)}
DIRECTION = "direction:"  # what the parameter of a named direction begins with
MOST_TRACKS, MOST_POINTS = 8, 64
LONGEST = 600.0  # seconds
ATTACK, DECAY, DELAY = 2.0, 5.0, 2.0  # seconds at most
STEPS = 2 * PACE  # values a second of what follows the music
FAINTEST = 1e-6


@dataclass(frozen=True)
class Point:
    """A value at a moment, and how it goes over into the next."""

    at: float  # seconds
    value: float
    ease: Ease = "soft"

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", rules.decimal("at", self.at, 0, LONGEST))
        _one_of("ease", self.ease, get_args(Ease))


@dataclass(frozen=True)
class Follow:
    """How a parameter follows the music: it rises to each peak and falls from it again.

    The peak stands where the sound has it: what is known beforehand can begin to rise before.
    """

    source: Source
    amount: float = 1.0  # added at the loudest, -10 .. 10
    attack: float = 0.0  # seconds from nothing to the loudest, evenly
    decay: float = 0.3  # seconds in which it falls to a third (exactly, 1 / e)
    delay: float = 0.0  # seconds behind the sound

    def __post_init__(self) -> None:
        _one_of("source", self.source, get_args(Source))
        for name, least, most in (("amount", -10, 10), ("attack", 0, ATTACK), ("decay", 0, DECAY), ("delay", 0, DELAY)):
            object.__setattr__(self, name, rules.decimal(name, getattr(self, name), least, most))


@dataclass(frozen=True)
class Track:
    """One parameter over a film: "truncation", "variation", "temperature", "noise" (once round, see `Recipe.noise_turn`), or
    "direction:NAME", which comes on top of what the pictures have. Fault for what it may not be."""

    parameter: str
    points: tuple[Point, ...] = field(default=())
    follow: Follow | None = None

    def __post_init__(self) -> None:
        rules.name("parameter", self.parameter)
        if not self.direction:
            _one_of("parameter", self.parameter, (*RANGES, f"{DIRECTION}…"))
        if not 1 <= len(self.points) <= MOST_POINTS or any(a.at >= b.at for a, b in zip(self.points, self.points[1:], strict=False)):
            raise Fault("fault.track_points", most=MOST_POINTS)
        for point in self.points:
            rules.number("value", point.value, *self.range)

    @property
    def direction(self) -> str:
        """The direction's name; "" for any other parameter."""
        return self.parameter.removeprefix(DIRECTION) if self.parameter.startswith(DIRECTION) else ""

    @property
    def range(self) -> tuple[float, float]:
        return (-rules.MAX_AMOUNT, rules.MAX_AMOUNT) if self.direction else RANGES[self.parameter]

    def drawn(self, at: float, seconds: float, loop: bool) -> float:
        """The curve drawn by hand at a moment of a film so long: round to its first point where it loops, else it stands at its ends."""
        points = self.points
        here = sum(point.at <= at for point in points) - 1
        there = (here + 1) % len(points)
        if not loop and (here < 0 or there == 0):
            return points[max(here, 0)].value
        length = (points[there].at - points[here].at) % seconds or seconds
        along = EASES[points[here].ease](min((at - points[here].at) % seconds / length, 1.0))
        return points[here].value + (points[there].value - points[here].value) * along


@dataclass(frozen=True, eq=False)
class Lane:
    """A track ready to be read, what it follows as a curve: (n,) 0 .. 1, STEPS a second of the music."""

    track: Track
    heard: np.ndarray | None = None
    start: float = 0.0  # of the film, in the music

    def at(self, at: float, seconds: float, loop: bool) -> float:
        """Its value at a moment of the film, within its range."""
        value = self.track.drawn(at, seconds, loop)
        if self.heard is not None and (follow := self.track.follow):
            place = (self.start + at - follow.delay) * STEPS
            here = math.floor(place)
            if 0 <= here < len(self.heard) - 1:
                value += follow.amount * float(self.heard[here] + (self.heard[here + 1] - self.heard[here]) * (place - here))
        least, most = self.track.range
        return min(max(value, least), most)


def lane_of(track: Track, heard: Heard | None, start: float) -> Lane:
    """Without music it has only its curve."""
    return Lane(track, envelope(track.follow, heard) if track.follow and heard else None, start)


def envelope(follow: Follow, heard: Heard) -> np.ndarray:
    """What is followed, rising and falling as wished: each value the highest that a slope to or from any peak reaches there."""
    found = _source(follow.source, heard)
    place = np.arange(len(found)) / STEPS
    if follow.decay:
        slope = place / follow.decay
        found = np.exp(np.maximum.accumulate(np.log(np.maximum(found, FAINTEST)) + slope) - slope)
    if follow.attack:
        slope = place / follow.attack
        found = np.maximum(np.maximum.accumulate(found[::-1] + slope)[::-1] - slope[::-1], 0)
    return found


def _source(source: Source, heard: Heard) -> np.ndarray:
    if source not in ("onsets", "beats"):
        curve = heard.curves[source]
        return np.interp(np.arange(len(curve) * STEPS // PACE) * (PACE / STEPS), np.arange(len(curve)), curve)
    found = np.zeros(round(heard.seconds * STEPS) + 1)
    moments, strengths = (heard.onsets, heard.strengths) if source == "onsets" else (heard.beats, np.ones(len(heard.beats)))
    np.maximum.at(found, np.round(moments * STEPS).astype(int), strengths)
    return found


def track_to_dict(track: Track) -> dict[str, Any]:
    """In JSON's own types."""
    told = {"parameter": track.parameter, "points": [asdict(point) for point in track.points]}
    return {**told, "follow": asdict(track.follow)} if track.follow else told


def tracks_from(given: object) -> tuple[Track, ...]:
    """A film's tracks from JSON; Fault for everything wrong, a parameter that comes twice included."""
    if not isinstance(given, (list, tuple)) or len(given) > MOST_TRACKS:
        raise Fault("fault.tracks", most=MOST_TRACKS)
    tracks = tuple(_track(one) for one in given)
    if len({track.parameter for track in tracks}) < len(tracks):
        raise Fault("fault.tracks", most=MOST_TRACKS)
    return tracks


def _track(given: object) -> Track:
    told = _fields(given, Track)
    points = told.get("points")
    if not isinstance(points, (list, tuple)) or len(points) > MOST_POINTS:
        raise Fault("fault.track_points", most=MOST_POINTS)
    follow = told.get("follow")
    made = tuple(Point(**_fields(one, Point)) for one in points)
    return Track(told.get("parameter", ""), made, Follow(**_fields(follow, Follow)) if follow is not None else None)


def _fields(given: object, kind: type[Any]) -> dict[str, Any]:
    """What is given by name, none but a kind's own, and those that it can't be without."""
    names = {field.name: field for field in fields(kind)}
    if not isinstance(given, Mapping) or not given.keys() <= names.keys():
        raise Fault("fault.track_shape")
    if missing := {"at", "value", "source", "parameter"} & names.keys() - given.keys():
        raise Fault("fault.track_field", field=sorted(missing)[0])
    return dict(given)


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Fault("fault.film_choice", field=name, known=", ".join(known), value=rules.shown(value))
