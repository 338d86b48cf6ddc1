"""What a recipe says of a whole set of pictures, and which checkpoint draws it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from models.checkpoint import Checkpoint, find, load
from models.latent import MAX_PSI, MAX_SEED

MAX_RECIPE = 65536  # bytes
MAX_SHARE = 1000.0
# Fields that a set is drawn without.
ONE_PICTURE = ("w", "position", "directions", "variation", "mix_layers", "side", "temperature", "strokes", "noise_turn", "bends")

Shares = Mapping[str, float]  # name -> share; empty = the generator has no such names


class OrderError(ValueError):
    """A set that cannot be drawn as asked; the message names the fault and the remedy."""


@dataclass(frozen=True)
class Order:
    """What a recipe says of a whole set. Classes or styles that it does not name are all drawn in turn."""

    generator: str
    seed: int = 0  # of the first picture; they go on in a row
    noise_seed: int = 0  # likewise
    truncation: float = 1.0  # psi
    classes: Shares = field(default_factory=dict)
    styles: Shares = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.generator, str) or not self.generator:
            raise OrderError("The recipe names no generator. Add the field 'generator'.")
        for name in ("seed", "noise_seed"):
            if type(value := getattr(self, name)) is not int or not 0 <= value <= MAX_SEED:
                raise OrderError(f"'{name}' must be a whole number from 0 to {MAX_SEED}, not {value!r}.")
        if not _is_number(self.truncation, MAX_PSI):
            raise OrderError(f"'truncation' must be a number from 0 to {MAX_PSI}, not {self.truncation!r}.")
        for name in ("classes", "styles"):
            object.__setattr__(self, name, _mixture(name, getattr(self, name)))


def read_recipe(path: Path) -> dict[str, Any]:
    """The fields in a recipe's file; OrderError where it cannot be read or is no recipe."""
    try:
        if path.stat().st_size > MAX_RECIPE:
            raise OrderError(f"{path} is larger than a recipe can be ({MAX_RECIPE} bytes).")
        given = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise OrderError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise OrderError(f"{path} is not a recipe: it is not readable JSON. Copy the recipe again, from brace to brace.") from error
    if not isinstance(given, dict):
        raise OrderError(f"{path} is not a recipe: that is one object of named fields.")
    return given


def ordered(recipe: Mapping[str, Any]) -> Order:
    """The order in a recipe's fields; OrderError for everything wrong with those that count."""
    given = {field.name: recipe[field.name] for field in fields(Order) if field.name in recipe}
    return Order(**{"generator": "", **given})


def notes(recipe: Mapping[str, Any], checkpoint: Checkpoint) -> list[str]:
    """What is different in the set from what the recipe says."""
    said = []
    if left_out := [name for name in ONE_PICTURE if recipe.get(name)]:
        said.append(f"Left out, because it is of one picture and not of a set: {', '.join(left_out)}.")
    if recipe.get("weights") not in (None, "", checkpoint.short_hash):
        said.append(
            f"The recipe is by other weights ({recipe['weights']}) than those here ({checkpoint.short_hash}), so pictures may differ."
        )
    return said


def chosen(root: Path, order: Order) -> Checkpoint:
    """The checkpoint that an order names; OrderError where there is none, or where it lacks a class or a style."""
    known = [folder.name for folder in find(root)]
    if order.generator not in known:
        raise OrderError(f"No generator '{order.generator}'. Known: {', '.join(known) or f'none, {root} is empty'}.")
    checkpoint = load(root / order.generator)
    spec = checkpoint.generator.spec
    for kind, given, there in (("class", order.classes, spec.classes), ("style", order.styles, spec.styles)):
        if unknown := [name for name in given if name not in there]:
            raise OrderError(f"'{order.generator}' draws no {kind} '{unknown[0]}'. It has: {', '.join(there) or 'none'}.")
    return checkpoint


def _is_number(value: object, most: float) -> bool:
    """From 0 to most; NaN fails the comparison."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= most


def _mixture(field: str, given: object) -> dict[str, float]:
    """Shares that sum to one, sorted by name, those of nothing left out."""
    if not isinstance(given, Mapping) or not all(isinstance(n, str) and _is_number(s, MAX_SHARE) for n, s in given.items()):
        raise OrderError(f"'{field}' must give each name one number, such as serif: 0.5, not {given!r}.")
    total = math.fsum(given.values())
    if given and not total:
        raise OrderError(f"The shares in '{field}' must add up to more than nothing.")
    return {name: share / total for name, share in sorted(given.items()) if share}
