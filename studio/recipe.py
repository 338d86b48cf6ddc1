"""A Recipe holds everything that determines a picture, and travels as JSON, as a link and inside the picture."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from studio import recipe_rules as rules
from studio.errors import Fault
from studio.recipe_rules import Pairs

MAX_JSON = 65536  # bytes
MAX_LINK = 4096  # characters
MAX_VERSION = 10_000  # no recipe comes from further ahead; what claims to is damaged
UPSCALES = (1, 2, 4, 8)

# MIGRATIONS[n - 1] turns the fields of version n into those of version n + 1.
MIGRATIONS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (
    dict,  # 2 only adds side, temperature and strokes
    dict,  # 3 only adds source and after
    dict,  # 4 only adds blend and flat
    dict,  # 5 only adds w, noise_turn, bends and the layers of a part
)
VERSION = 1 + len(MIGRATIONS)


@dataclass(frozen=True)
class Made:
    """What a picture was drawn on, so that a difference elsewhere can be explained."""

    device: str
    dtype: str
    torch: str

    def __post_init__(self) -> None:
        for field in fields(self):
            rules.name(f"made.{field.name}", getattr(self, field.name))


@dataclass(frozen=True)
class Step:
    """What a translator does to a picture that is there."""

    translator: str
    weights: str = ""  # short hash of the weights that did it; "" = not done yet
    options: Pairs = ()  # name -> number; what is left out is as usual
    beside: tuple[tuple[str, tuple[str, ...]], ...] = ()  # name -> ids of pictures from outside: styles, a mask

    def __post_init__(self) -> None:
        for field, rule in _STEP_RULES.items():
            object.__setattr__(self, field, rule(f"after.{field}", getattr(self, field)))
        if not self.translator:
            raise Fault("fault.recipe_step", value="")


@dataclass(frozen=True)
class Bend:
    """What is done to a generator's feature maps on their way (network bending; see models/bending.py)."""

    layer: int
    operation: str
    amount: float
    channels: tuple[int, ...] = ()  # sorted; () = all of the layer's

    def __post_init__(self) -> None:
        for field, rule in _BEND_RULES.items():
            object.__setattr__(self, field, rule(f"bends.{field}", getattr(self, field)))


@dataclass(frozen=True)
class Part:
    """One of the pictures that another lies between, and its share; layers: how much of it each layer of w takes, () = all alike."""

    recipe: Recipe
    share: float
    layers: tuple[float, ...] = ()  # 0 .. 1 each, coarse to fine


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a picture. Equal recipes draw equal pictures on one device and precision.

    Raises Fault for anything out of range. Numbers are kept to six decimals, mixtures are sorted and sum to one,
    so that what is held is exactly what `to_json` writes. Mixtures and amounts may be given as a mapping.
    """

    generator: str = ""  # "" where the picture comes from outside
    source: str = ""  # the id of that picture
    weights: str = ""  # short hash of the weights it was drawn with; "" = not drawn yet
    seed: int = 0  # 0 .. 2**32 - 1, as all seeds
    variation_seed: int = 0
    variation: float = 0.0  # 0 .. 1, slerp from seed to variation_seed
    classes: Pairs = ()  # name -> share; () = the generator's first class
    styles: Pairs = ()  # name -> share; () = the generator's first style
    w: str = ""  # where it was found in w, in the place of what the seed leads to: see rules.place
    position: tuple[float, float] | None = None  # -4 .. 4; on a map the latent itself, else a shift over the seed's plane
    directions: Pairs = ()  # name -> standard deviations, -5 .. 5
    truncation: float = 1.0  # psi, 0 .. 1.5
    noise_seed: int = 0
    noise_turn: float = 0.0  # 0 .. 1, how far that noise has gone round, through another and back
    mix_seed: int = 0
    mix_layers: tuple[int, ...] = ()  # 0 .. 31, sorted
    bends: tuple[Bend, ...] = ()  # of its feature maps, one after another
    side: int = 0  # pixels: what a network that grew had drawn at that resolution; 0 = all that it draws
    temperature: float = 0.25  # 0 .. 1.5, how freely strokes are written
    strokes: tuple[tuple[int, ...], ...] = ()  # x, y, x, y … of each stroke that a visitor began with, in thousandths of the side
    blend: tuple[Part, ...] = ()  # pictures of the same generator that this one lies between in w, in the place of seed, classes and styles
    flat: bool = False  # straight between them; else around the middle of w, as far from it as they are
    upscale: int = 1  # plain enlargement, smooth or crisp as the card says
    after: tuple[Step, ...] = ()  # what translators do to it, one after another
    made: Made | None = None

    def __post_init__(self) -> None:
        for name, read in _RULES.items():
            if (value := getattr(self, name)) is not _DEFAULTS[name]:  # most are left out, and frames come sixty a second
                object.__setattr__(self, name, read(name, value))
        if bool(self.generator) == bool(self.source):
            raise Fault("fault.recipe_generator")
        if any(part.recipe.generator != self.generator for part in self.blend):
            raise Fault("fault.recipe_blend", most=rules.MAX_PARTS)

    @property
    def ingredients(self) -> tuple[str, ...]:
        """The ids of all pictures from outside that it needs."""
        beside = (one for step in self.after for _, ids in step.beside for one in ids)
        return tuple(dict.fromkeys((*((self.source,) if self.source else ()), *beside)))


@dataclass(frozen=True)
class Note:
    """Something worth knowing that is no fault: a code in studio/text/ and what fills its placeholders."""

    code: str
    params: Mapping[str, str | int | float]


@dataclass(frozen=True)
class Opened:
    """A recipe opened as far as it can be, and what differs here."""

    recipe: Recipe
    notes: tuple[Note, ...] = ()


def _made(field: str, value: object) -> Made | None:
    if value is None or isinstance(value, Made):
        return value
    if not isinstance(value, Mapping) or set(value) != {"device", "dtype", "torch"}:
        raise Fault("fault.recipe_made", field=field, value=rules.shown(value))
    return Made(**value)


def _blend(field: str, value: object) -> tuple[Part, ...]:
    """Shares that sum to exactly a million millionths; one below zero leads beyond the others."""
    if not isinstance(value, (tuple, list)) or len(value) > rules.MAX_PARTS:
        raise Fault("fault.recipe_blend", most=rules.MAX_PARTS)
    parts = [one if isinstance(one, Part) else _part(one) for one in value]
    if any(one.recipe.blend or one.recipe.source or one.recipe.strokes for one in parts):
        raise Fault("fault.recipe_blend", most=rules.MAX_PARTS)
    shares = rules.shares(f"{field}.share", [one.share for one in parts])
    layers = [rules.layer_shares(f"{field}.layers", one.layers) for one in parts]
    bare = [replace(one.recipe, weights="", upscale=1, after=(), made=None) for one in parts]
    return tuple(map(Part, bare, shares, layers))


def _part(value: object) -> Part:
    if not isinstance(value, Mapping) or not {"recipe", "share"} <= value.keys() <= {"recipe", "share", "layers"}:
        raise Fault("fault.recipe_blend", most=rules.MAX_PARTS)
    if isinstance(value["recipe"], Mapping) and "blend" in value["recipe"]:  # before it is read: it could go as deep as JSON does
        raise Fault("fault.recipe_blend", most=rules.MAX_PARTS)
    return Part(from_dict(value["recipe"]), value["share"], value.get("layers", ()))


def _after(field: str, value: object) -> tuple[Step, ...]:
    return tuple(one if isinstance(one, Step) else _step(one) for one in _list(field, value, rules.MAX_STEPS))


def _bends(field: str, value: object) -> tuple[Bend, ...]:
    return tuple(one if isinstance(one, Bend) else _bend(one) for one in _list(field, value, rules.MAX_BENDS))


def _list(field: str, value: object, most: int) -> Sequence[object]:
    if not isinstance(value, (tuple, list)):
        raise Fault("fault.recipe_list", field=field, value=rules.shown(value))
    if len(value) > most:
        raise Fault("fault.recipe_entries", field=field, count=len(value), most=most)
    return value


def _bend(value: object) -> Bend:
    if not isinstance(value, Mapping) or not {"layer", "operation", "amount"} <= value.keys() <= _BEND_RULES.keys():
        raise Fault("fault.recipe_bend", value=rules.shown(value))
    return Bend(**value)


def _step(value: object) -> Step:
    if not isinstance(value, Mapping) or not value.keys() <= _STEP_RULES.keys() or not value.get("translator"):
        raise Fault("fault.recipe_step", value=rules.shown(value))
    return Step(**value)


_STEP_RULES: Mapping[str, rules.Rule] = {
    "translator": rules.name,
    "weights": rules.name,
    "options": rules.settings,
    "beside": rules.beside,
}
_BEND_RULES: Mapping[str, rules.Rule] = {
    "layer": rules.layer,
    "operation": rules.name,
    "amount": rules.between(-rules.MAX_BENT, rules.MAX_BENT),
    "channels": rules.distinct(rules.MAX_CHANNEL),
}
_RULES: Mapping[str, rules.Rule] = {
    "generator": rules.name,
    "source": rules.source,
    "weights": rules.name,
    "seed": rules.seed,
    "variation_seed": rules.seed,
    "variation": rules.between(0, 1),
    "classes": rules.mixture,
    "styles": rules.mixture,
    "w": rules.place,
    "position": rules.position,
    "directions": rules.amounts,
    "truncation": rules.between(0, 1.5),
    "noise_seed": rules.seed,
    "noise_turn": rules.between(0, 1),
    "mix_seed": rules.seed,
    "mix_layers": rules.distinct(rules.MAX_LAYER),
    "bends": _bends,
    "side": rules.side,
    "temperature": rules.between(0, 1.5),
    "strokes": rules.strokes,
    "blend": _blend,
    "flat": rules.flag,
    "upscale": rules.choice(UPSCALES),
    "after": _after,
    "made": _made,
}
_DEFAULTS: Mapping[str, object] = {field.name: field.default for field in fields(Recipe)}


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """The fields that differ from their defaults, in JSON's own types, and the version."""
    given = {f.name: getattr(recipe, f.name) for f in fields(recipe) if getattr(recipe, f.name) != f.default}
    for name in {"classes", "styles", "directions"} & given.keys():
        given[name] = dict(given[name])
    for name in {"position", "mix_layers"} & given.keys():
        given[name] = list(given[name])
    if "strokes" in given:
        given["strokes"] = [list(stroke) for stroke in given["strokes"]]
    if recipe.bends:
        given["bends"] = [_told_bend(bend) for bend in recipe.bends]
    if recipe.blend:
        given["blend"] = [_told_part(part) for part in recipe.blend]
    if recipe.after:
        given["after"] = [_told(step) for step in recipe.after]
    if recipe.made:
        given["made"] = asdict(recipe.made)
    return {**given, "version": VERSION}


def _told_part(part: Part) -> dict[str, Any]:
    told = {"recipe": _unversioned(part.recipe), "share": part.share}
    return {**told, "layers": list(part.layers)} if part.layers else told


def _told_bend(bend: Bend) -> dict[str, Any]:
    told = {"layer": bend.layer, "operation": bend.operation, "amount": bend.amount}
    return {**told, "channels": list(bend.channels)} if bend.channels else told


def _unversioned(recipe: Recipe) -> dict[str, Any]:
    return {name: value for name, value in to_dict(recipe).items() if name != "version"}


def _told(step: Step) -> dict[str, Any]:
    told: dict[str, Any] = {"translator": step.translator}
    if step.weights:
        told["weights"] = step.weights
    if step.options:
        told["options"] = dict(step.options)
    if step.beside:
        told["beside"] = {name: list(ids) for name, ids in step.beside}
    return told


def from_dict(given: object) -> Recipe:
    """A recipe from some of its fields; Fault for everything wrong. What only a newer version knows is dropped."""
    return _read(given)[0]


def to_json(recipe: Recipe) -> str:
    """The one spelling of a recipe: ASCII, sorted keys, no spaces, defaults left out."""
    return json.dumps(to_dict(recipe), sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> Recipe:
    """The recipe that `to_json` wrote, or that a hand did; Fault for everything wrong."""
    return from_dict(_parse(text))


def open_recipe(text: str | bytes, known: Mapping[str, str]) -> Opened:
    """Like `from_json`, with notes on a newer version, an absent generator and other weights.

    known: id of a generator or translator -> short hash of the weights that are here.
    """
    recipe, version, dropped = _read(_parse(text))
    notes: list[Note] = []
    if dropped:
        notes.append(Note("note.newer_version", {"version": version, "fields": ", ".join(dropped)}))
    elif version > VERSION:
        notes.append(Note("note.newer_version_whole", {"version": version}))
    networks = [(recipe.generator, recipe.weights)] if recipe.generator else []
    for name, weights in (*networks, *((step.translator, step.weights) for step in recipe.after)):
        here = known.get(name)
        if here is None:
            notes.append(Note("note.absent_generator", {"generator": name, "known": ", ".join(known)}))
        elif weights not in ("", here):
            notes.append(Note("note.other_weights", {"generator": name, "weights": weights, "here": here}))
    return Opened(recipe, tuple(notes))


def to_link(recipe: Recipe) -> str:
    """The value of ?r=: 'j' and the JSON, or 'z' and the JSON deflated where that is shorter, in URL-safe base64."""
    text = to_json(recipe).encode()
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(text) + packer.flush()
    letter, data = ("z", packed) if len(packed) < len(text) else ("j", text)
    link = letter + base64.urlsafe_b64encode(data).decode().rstrip("=")
    if len(link) > MAX_LINK:
        raise Fault("fault.link_long")
    return link


def from_link(link: str) -> Recipe:
    """The recipe in the value of ?r=; Fault where it is damaged or too long."""
    return from_json(link_text(link))


def link_text(link: str) -> bytes:
    """The JSON in the value of ?r=, for `open_recipe`. At most 4 kB are read and at most 64 kB come out."""
    if len(link) > MAX_LINK:
        raise Fault("fault.too_large", size=len(link), most=MAX_LINK, status=413)
    letter, body = link[:1], link[1:]
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        if letter == "z":
            unpacker = zlib.decompressobj(wbits=-15)
            data = unpacker.decompress(data, MAX_JSON)
            letter = "j" if unpacker.eof else ""
    except (binascii.Error, zlib.error, ValueError) as error:
        raise Fault("fault.link") from error
    if letter != "j":
        raise Fault("fault.link")
    return data


def _parse(text: str | bytes) -> object:
    size = len(text)
    if size > MAX_JSON:
        raise Fault("fault.too_large", size=size, most=MAX_JSON, status=413)
    try:
        return json.loads(text.decode() if isinstance(text, bytes) else text)
    except (ValueError, RecursionError) as error:  # ValueError also covers bad UTF-8 and integers of thousands of digits
        raise Fault("fault.recipe_text") from error


def _read(given: object) -> tuple[Recipe, int, tuple[str, ...]]:
    """The recipe, the version it was written by, and the fields that only that newer version understands."""
    if not isinstance(given, Mapping):
        raise Fault("fault.recipe_shape")
    version = given.get("version", VERSION)
    if type(version) is not int or not 1 <= version <= MAX_VERSION:
        raise Fault("fault.recipe_version", value=rules.shown(version))
    values = {name: value for name, value in given.items() if name != "version"}
    for migrate in MIGRATIONS[version - 1 :]:
        values = migrate(values)
    if "generator" not in values and "source" not in values:
        raise Fault("fault.recipe_generator")
    if version <= VERSION:
        if unknown := sorted(map(str, values.keys() - _RULES.keys())):
            raise Fault("fault.recipe_field", value=rules.shown(unknown[0]), known=", ".join(_RULES))
        return Recipe(**values), version, ()
    kept = {name: value for name, value in values.items() if name in ("generator", "source") or _understood(name, value)}
    dropped = sorted(rules.shown(name) for name in values.keys() - kept.keys())
    return Recipe(**kept), version, tuple(dropped[: rules.MAX_ENTRIES])


def _understood(name: str, value: object) -> bool:
    try:
        _RULES[name](name, value)
    except (KeyError, Fault):
        return False
    return True
