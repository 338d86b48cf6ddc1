"""Ways to fill a contact sheet: one recipe in, many out, each as ordinary as any other and complete in itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Literal, get_args

import torch

from models.checkpoint import Checkpoint
from models.latent import MAX_SEED, farthest
from models.spec import GeneratorSpec
from studio.drawing import begun, check, condition_of, place_on_map
from studio.errors import Fault
from studio.recipe import Pairs, Recipe
from studio.recipe_rules import MAX_POSITION, shown

Mode = Literal["series", "random", "varied", "plane", "walk", "classes", "truncation", "layers"]
Sampler = Callable[[Checkpoint, Recipe, int, int], Iterator[Recipe]]  # checkpoint, recipe, count, seed of the sheet

MAX_SHEET = 64  # pictures
CANDIDATES = 8  # seeds looked at for each that is shown, where those that differ most are sought
REACH = 1.0  # how far a plane goes to either side, in lengths of the latent
BOLDEST = 1.2  # psi


def modes(spec: GeneratorSpec) -> tuple[Mode, ...]:
    """What a generator's sheets can show, in the order of the page; the first is what is shown unless another is asked for."""
    lacks: dict[Mode, bool] = {
        "classes": not (spec.classes or spec.styles),
        "truncation": spec.is_map,  # on a map the distance from the centre is the truncation
        "layers": spec.layers == 1,
    }
    return tuple(mode for mode in MODES if not lacks.get(mode))


def sample(checkpoint: Checkpoint, recipe: Recipe, mode: Mode, count: int, seed: int = 0) -> list[Recipe]:
    """`count` recipes, 1 to 64, around one; equal arguments give equal sheets, on every device but for ties of "varied".

    Fault for a mode that the generator lacks, for a number out of range, and for a name in the recipe that it does not know.
    """
    if not 1 <= count <= MAX_SHEET:
        raise Fault("fault.sheet_size", count=count, most=MAX_SHEET)
    if mode not in (known := modes(checkpoint.generator.spec)):
        raise Fault("fault.no_mode", generator=recipe.generator, name=shown(mode), known=", ".join(known))
    check(checkpoint, recipe)
    return list(SAMPLERS[mode](checkpoint, recipe, count, seed))


def series(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """Seeds in a row, the recipe's own first; on a map, where a place would hide the seed, the others stand where theirs leads."""
    is_map = checkpoint.generator.spec.is_map
    for step in range(count):
        other = replace(recipe, position=None if is_map else recipe.position, w="") if step else recipe
        yield replace(other, seed=(recipe.seed + step) % (MAX_SEED + 1))


def random(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """The recipe, then seeds by chance."""
    yield recipe
    for other in chance_seeds(seed, count - 1, besides=recipe.seed):
        yield reseeded(recipe, other)


def varied(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """The recipe, then of many seeds by chance those whose w lie farthest apart under its condition (Gonzalez 1985)."""
    candidates = list(random(checkpoint, recipe, count * CANDIDATES, seed))
    for i in farthest(placed(checkpoint, candidates), count).tolist():
        yield candidates[i]


def plane(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """Row by row over the seed's plane around the recipe's place; on a map, over the map itself."""
    columns, step = plane_columns(count), 0.0
    rows = count // columns
    if most := max(columns, rows) // 2:
        step = REACH / most
    x, y = recipe.position or place_on_map(checkpoint, recipe) or (0.0, 0.0)
    for row in range(rows):
        for column in range(columns):
            across, up = column - (columns - 1) // 2, (rows - 1) // 2 - row
            yield replace(recipe, position=(within(x + across * step), within(y + up * step)))


def walk(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """From the seed to a second one along the great circle (slerp): to the recipe's own, where it is on its way already."""
    towards = recipe.variation_seed if recipe.variation else next(chance_seeds(seed, 1, besides=recipe.seed))
    position = None if checkpoint.generator.spec.is_map else recipe.position
    for variation in steps(count, 1.0):
        yield replace(recipe, variation_seed=towards, variation=variation, position=position)


def classes(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """Each class in turn with the seed and style as they are; then in every other style; then with the next seed."""
    spec = checkpoint.generator.spec
    own_class, own_style = first_if_none(recipe.classes, spec.classes), first_if_none(recipe.styles, spec.styles)
    of_class = [((name, 1.0),) for name in spec.classes] or [own_class]
    of_style = [((name, 1.0),) for name in spec.styles] or [own_style]
    if spec.classes and spec.styles:
        of_style = [own_style, *(style for style in of_style if style != own_style)]
    for i in range(count):
        turn, number = divmod(i, len(of_class) * len(of_style))
        style, chosen = divmod(number, len(of_class))
        other = (recipe.seed + turn) % (MAX_SEED + 1)
        yield replace(recipe, classes=of_class[chosen], styles=of_style[style], seed=other, w="" if turn else recipe.w)


def truncation(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """One seed from the typical picture, psi 0, to a daring one."""
    for psi in steps(count, BOLDEST):
        yield replace(recipe, truncation=psi)


def layers(checkpoint: Checkpoint, recipe: Recipe, count: int, seed: int) -> Iterator[Recipe]:
    """The recipe, then its coarse layers with fine ones by chance, or with those layers by chance that it mixes already.

    Of a pyramid this is its own sampling: a composition is held and its detail drawn anew (Denton 2015, section 2.3).
    """
    most = checkpoint.generator.spec.layers
    fine = recipe.mix_layers or tuple(range(most // 2, most))
    yield recipe
    for other in chance_seeds(seed, count - 1, besides=recipe.mix_seed):
        yield replace(recipe, mix_seed=other, mix_layers=fine)


MODES: tuple[Mode, ...] = get_args(Mode)
SAMPLERS: Mapping[Mode, Sampler] = {
    "series": series,
    "random": random,
    "varied": varied,
    "plane": plane,
    "walk": walk,
    "classes": classes,
    "truncation": truncation,
    "layers": layers,
}


def chance_seeds(seed: int, count: int, *, besides: int) -> Iterator[int]:
    """Seeds that a sheet's own seed leads to, none twice."""
    draw, seen = Random(seed), {besides}
    while len(seen) <= count:
        if (other := draw.getrandbits(32)) not in seen:
            seen.add(other)
            yield other


def reseeded(recipe: Recipe, seed: int) -> Recipe:
    """Another seed, at its own place: a drag belongs to the seed that it began at."""
    return replace(recipe, seed=seed, position=None, w="")


@torch.inference_mode()
def placed(checkpoint: Checkpoint, recipes: Sequence[Recipe]) -> torch.Tensor:
    """(n, d): each recipe's w, of those layers that come from its own seed. All share one mix."""
    spec, device = checkpoint.generator.spec, next(checkpoint.generator.parameters()).device
    w = begun(checkpoint, recipes, condition_of(spec, recipes).to(device), device)
    own = [layer for layer in range(spec.layers) if layer not in recipes[0].mix_layers]
    return w[:, own].flatten(1).cpu()


def plane_columns(count: int) -> int:
    """How many columns make whole rows, as near to a square as that goes, and no fewer columns than rows."""
    return next(columns for columns in range(math.isqrt(count - 1) + 1, count + 1) if count % columns == 0)


def steps(count: int, last: float) -> list[float]:
    """Even steps from 0 to last, both among them; a single one is 0."""
    return [last * i / max(count - 1, 1) for i in range(count)]


def within(place: float) -> float:
    return min(max(place, -MAX_POSITION), MAX_POSITION)


def first_if_none(given: Pairs, names: Sequence[str]) -> Pairs:
    """A mixture that is spelled out: nothing given means the first name, as in a drawing."""
    return given or tuple((name, 1.0) for name in names[:1])
