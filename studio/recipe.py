"""A Recipe holds everything that determines a picture, and is read from plain fields of any version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from studio import recipe_rules as rules, recipe_steps
from studio.errors import Fault
from studio.recipe_rules import Pairs
from studio.recipe_steps import Bend, Made, Step

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
class Part:
    """One of the pictures that another lies between, and its share; layers: how much of it each layer of w takes, () = all alike."""

    recipe: Recipe
    share: float
    layers: tuple[float, ...] = ()  # 0 .. 1 each, coarse to fine


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a picture. Equal recipes draw equal pictures on one device and precision.

    Raises Fault for anything out of range. Numbers are kept to six decimals, mixtures are sorted and sum to one,
    so that what is held is exactly what `to_json` in recipe_text.py writes. Mixtures and amounts may be given as a mapping.
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
        for name, rule in _RULES.items():
            if (value := getattr(self, name)) is not _DEFAULTS[name]:  # most are left out, and frames come sixty a second
                object.__setattr__(self, name, rule(name, value))
        if bool(self.generator) == bool(self.source):
            raise Fault("fault.recipe_generator")
        if any(part.recipe.generator != self.generator for part in self.blend):
            raise Fault("fault.recipe_blend", most=rules.MAX_PARTS)

    @property
    def ingredients(self) -> tuple[str, ...]:
        """The ids of all pictures from outside that it needs."""
        beside = (one for step in self.after for _, ids in step.beside for one in ids)
        return tuple(dict.fromkeys((*((self.source,) if self.source else ()), *beside)))


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
    "bends": recipe_steps.bends,
    "side": rules.side,
    "temperature": rules.between(0, 1.5),
    "strokes": rules.strokes,
    "blend": _blend,
    "flat": rules.flag,
    "upscale": rules.choice(UPSCALES),
    "after": recipe_steps.steps,
    "made": recipe_steps.made,
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
        given["bends"] = [bend.as_json() for bend in recipe.bends]
    if recipe.blend:
        given["blend"] = [_told_part(part) for part in recipe.blend]
    if recipe.after:
        given["after"] = [step.as_json() for step in recipe.after]
    if recipe.made:
        given["made"] = asdict(recipe.made)
    return {**given, "version": VERSION}


def _told_part(part: Part) -> dict[str, Any]:
    recipe = {name: value for name, value in to_dict(part.recipe).items() if name != "version"}
    told = {"recipe": recipe, "share": part.share}
    return {**told, "layers": list(part.layers)} if part.layers else told


def from_dict(given: object) -> Recipe:
    """A recipe from some of its fields; Fault for everything wrong. What only a newer version knows is dropped."""
    return read(given)[0]


def read(given: object) -> tuple[Recipe, int, tuple[str, ...]]:
    """As `from_dict`: the recipe, the version it was written by, and the names that were dropped, of at most 128 fields."""
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
