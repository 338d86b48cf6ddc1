"""A recipe's bends: which of them its generator can do, and what comes of those of the parts of a blend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import mean

from models.bending import OPERATIONS, bending
from models.spec import GeneratorSpec, Inside
from studio.errors import Fault
from studio.recipe import Recipe
from studio.recipe_rules import MAX_BENDS, number
from studio.recipe_steps import Bend

MAX_ACTING = 4 * MAX_BENDS  # of all parts of a blend together


def check(spec: GeneratorSpec, recipe: Recipe) -> None:
    """Fault for a layer, channel or operation that is not there, an amount out of its range, and too many in all parts together."""
    for bend in recipe.bends:
        check_layer(spec, recipe, bend.layer)
        if bend.channels and bend.channels[-1] >= (count := spec.bendable[bend.layer]):
            raise Fault("fault.no_channel", generator=recipe.generator, layer=bend.layer, name=bend.channels[-1], most=count - 1)
        if bend.operation not in OPERATIONS:
            raise Fault("fault.no_operation", name=bend.operation, known=", ".join(OPERATIONS))
        number("bends.amount", bend.amount, OPERATIONS[bend.operation].least, OPERATIONS[bend.operation].most)
    if (count := sum(len(part.recipe.bends) for part in recipe.blend)) > MAX_ACTING:
        raise Fault("fault.recipe_entries", field="bends", count=count, most=MAX_ACTING)


def check_layer(spec: GeneratorSpec, recipe: Recipe, layer: int) -> None:
    """Fault where the generator shows no maps of such a layer."""
    if layer >= len(spec.bendable):
        raise Fault("fault.no_inside", generator=recipe.generator, name=layer, count=len(spec.bendable))


def inside_of(recipes: Sequence[Recipe]) -> Inside | None:
    """What the feature maps of these pictures pass through; None where nothing is bent."""
    if not any(recipe.bends or recipe.blend for recipe in recipes):  # most have neither, and frames come sixty a second
        return None
    return bending([acting(recipe) for recipe in recipes])


def acting(recipe: Recipe) -> tuple[Bend, ...]:
    """A recipe's own bends, after those of its blend's parts by their shares."""
    if not recipe.blend:
        return recipe.bends
    shares = [part.share * mean(part.layers or (1.0,)) for part in recipe.blend]
    parts = ((part.recipe.bends, share / sum(shares)) for part, share in zip(recipe.blend, shares, strict=True))
    return joined((*parts, (recipe.bends, 1.0)))


def joined(shared: Iterable[tuple[Sequence[Bend], float]]) -> tuple[Bend, ...]:
    """Several lists of bends as one: each goes as far from the amount that does nothing as its share says, those of a kind together."""
    found: dict[tuple[Bend, int], float] = {}
    for bends, share in shared:
        seen: Counter[Bend] = Counter()
        for bend in bends:
            usual = OPERATIONS[bend.operation].usual
            kind = replace(bend, amount=usual)
            found[kind, seen[kind]] = found.get((kind, seen[kind]), usual) + share * (bend.amount - usual)
            seen[kind] += 1
    return tuple(replace(kind, amount=bounded(kind.operation, amount)) for (kind, _), amount in found.items())


def bounded(operation: str, amount: float) -> float:
    """The nearest amount that an operation has."""
    return min(max(amount, OPERATIONS[operation].least), OPERATIONS[operation].most)
