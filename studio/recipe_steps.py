"""What a recipe says is done: bends of feature maps on the way, steps of translators afterwards, and on what it was all made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from studio import recipe_rules as rules
from studio.errors import Fault
from studio.recipe_rules import Pairs

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

    def as_json(self) -> dict[str, Any]:
        """What differs from its defaults, in JSON's own types."""
        told: dict[str, Any] = {"translator": self.translator}
        if self.weights:
            told["weights"] = self.weights
        if self.options:
            told["options"] = dict(self.options)
        if self.beside:
            told["beside"] = {name: list(ids) for name, ids in self.beside}
        return told


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

    def as_json(self) -> dict[str, Any]:
        """Likewise."""
        told = {"layer": self.layer, "operation": self.operation, "amount": self.amount}
        return {**told, "channels": list(self.channels)} if self.channels else told


def made(field: str, value: object) -> Made | None:
    """The rule of a recipe's `made`, as those in recipe_rules.py: what is held of whatever was given, or Fault."""
    if value is None or isinstance(value, Made):
        return value
    if not isinstance(value, Mapping) or set(value) != {"device", "dtype", "torch"}:
        raise Fault("fault.recipe_made", field=field, value=rules.shown(value))
    return Made(**value)


def steps(field: str, value: object) -> tuple[Step, ...]:
    """The rule of `after`."""
    return tuple(one if isinstance(one, Step) else _step(one) for one in rules.listed(field, value, rules.MAX_STEPS))


def bends(field: str, value: object) -> tuple[Bend, ...]:
    """The rule of `bends`."""
    return tuple(one if isinstance(one, Bend) else _bend(one) for one in rules.listed(field, value, rules.MAX_BENDS))


def _step(value: object) -> Step:
    if not isinstance(value, Mapping) or not value.keys() <= _STEP_RULES.keys() or not value.get("translator"):
        raise Fault("fault.recipe_step", value=rules.shown(value))
    return Step(**value)


def _bend(value: object) -> Bend:
    if not isinstance(value, Mapping) or not {"layer", "operation", "amount"} <= value.keys() <= _BEND_RULES.keys():
        raise Fault("fault.recipe_bend", value=rules.shown(value))
    return Bend(**value)
