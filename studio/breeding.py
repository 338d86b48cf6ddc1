"""Children of pictures: crossed in w, layer by layer or by blending, and changed a little by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor

from models.latent import MAX_SEED, TINY
from studio import recipe_rules as rules
from studio.bends import joined as joined_bends
from studio.drawing import Prepared, centres, check, layer_shares, placed
from studio.errors import Fault
from studio.recipe import Part, Recipe, from_dict
from studio.sampling import MAX_SHEET, chance_seeds, within

Crossing = Literal["layers", "blend"]

USUAL_TEMPERATURE = Recipe.temperature
MAX_PARENTS = 8
MAX_FOUNDERS = 16  # pictures that a child's latent is made of
MAX_HEADERS = 8  # rows or columns of a board
EVEN = 1e-6  # difference of shares that is none
TRIES = 8  # at a crossing that the litter does not have yet


@dataclass(frozen=True)
class Litter:
    """Children that are asked for. Equal litters have equal children on one device and precision.

    temperature: how far chance leads away from the parents, 0 (not at all) .. 1 (as far as a stranger).
    crossing: "layers" takes each run of layers from one parent, "blend" lies between the parents in all of them.
    Raises Fault for anything out of range, and for parents of several generators.
    """

    parents: tuple[Recipe, ...]
    temperature: float = 0.25
    count: int = 12
    seed: int = 0
    crossing: Crossing = "layers"

    def __post_init__(self) -> None:
        _check_drawn(self.parents, MAX_PARENTS)
        object.__setattr__(self, "temperature", rules.decimal("temperature", self.temperature, 0, 1))
        rules.whole("count", self.count, 1, MAX_SHEET - MAX_PARENTS)
        rules.seed("seed", self.seed)
        if self.crossing not in get_args(Crossing):
            known = ", ".join(get_args(Crossing))
            raise Fault("fault.film_choice", field="crossing", known=known, value=rules.shown(self.crossing))


@dataclass(frozen=True)
class Board:
    """A mixing board: each row's coarse layers with each column's fine ones, which begin at `layer`. Raises Fault as a litter does."""

    rows: tuple[Recipe, ...]
    columns: tuple[Recipe, ...]
    layer: int

    def __post_init__(self) -> None:
        for headers in (self.rows, self.columns):
            _check_drawn(headers, MAX_HEADERS)
        _check_drawn(self.rows[:1] + self.columns[:1], 2)
        rules.whole("layer", self.layer, 0, rules.MAX_LAYER + 1)


def asked(kind: type[Any], given: object) -> Any:
    """A litter, a board or the like from some of its fields as JSON has them; Fault for everything wrong."""
    if not isinstance(given, Mapping):
        raise Fault("fault.bad_message")
    known = {field.name for field in fields(kind)}
    if unknown := sorted(map(str, given.keys() - known)):
        raise Fault("fault.recipe_field", value=rules.shown(unknown[0]), known=", ".join(sorted(known)))
    values = {name: _recipes(value) if isinstance(value, list) else value for name, value in given.items()}
    return kind(**cast(Any, values))


def _recipes(given: Sequence[object]) -> tuple[Recipe, ...]:
    if len(given) > MAX_PARENTS:  # before any is read
        raise Fault("fault.breeding", most=MAX_PARENTS)
    return tuple(map(from_dict, given))


def _check_drawn(recipes: object, most: int) -> None:
    if not isinstance(recipes, tuple) or not 1 <= len(recipes) <= most:
        raise Fault("fault.breeding", most=most)
    if any(recipe.generator != recipes[0].generator or recipe.source for recipe in recipes):
        raise Fault("fault.breeding", most=most)


Descent = dict[Recipe, Tensor]  # founders -> how much each layer takes of how they lie away from their middle, (layers,)


@torch.inference_mode()
def children(checkpoint: Prepared, litter: Litter) -> list[Recipe]:
    """The children of a litter: each an ordinary recipe, a blend of those that its parents descend from and of a stranger.

    A child has its grain from one of its parents; the stranger, a seed by chance, has the classes and styles of one of the founders.
    """
    parents = [descent(checkpoint, parent) for parent in litter.parents]
    draw, t = Random(litter.seed), litter.temperature
    strangers = chance_seeds(draw.getrandbits(32), litter.count, besides=MAX_SEED + 1)
    born = []
    for shares, stranger in zip(_crossings(draw, checkpoint.generator.spec.layers, litter), strangers, strict=True):
        crossed = joined(parents, (1 - t) * shares)
        like, grain = draw.choice(list(joined(parents, shares))), draw.choice(litter.parents)
        if t:
            crossed[Recipe(like.generator, seed=stranger, classes=like.classes, styles=like.styles)] = torch.full(shares.shape[1:], t)
        born.append(_on_map(checkpoint, heir(litter.parents, shares, crossed, grain.noise_seed)))
    return born


@torch.inference_mode()
def cells(checkpoint: Prepared, board: Board) -> list[Recipe]:
    """The cells of a mixing board, row by row; Fault for a layer that the generator lacks."""
    layers = checkpoint.generator.spec.layers
    if board.layer > layers:
        raise Fault("fault.no_layer", generator=checkpoint.card.id, name=board.layer, most=layers)
    coarse = (torch.arange(layers) < board.layer).float()
    shares = torch.stack([coarse, 1 - coarse])
    rows, columns = ([(header, descent(checkpoint, header)) for header in headers] for headers in (board.rows, board.columns))
    return [
        heir((row, column), shares, joined([of_row, of_column], shares), row.noise_seed)
        for row, of_row in rows
        for column, of_column in columns
    ]


def descent(checkpoint: Prepared, recipe: Recipe) -> Descent:
    """What a picture's latent is made of: itself, or the parts of its blend.

    A blend lies as far from the middle as its parts do, which their mean does not. By as much its parts count for more here,
    so that what descends from it lies the way that it does, however many generations there were.
    """
    check(checkpoint, recipe)
    layers = checkpoint.generator.spec.layers
    if not recipe.blend:
        return {founder(recipe): torch.ones(layers)}
    whole = [part.recipe for part in recipe.blend]
    aside = (placed(checkpoint, whole) - centres(checkpoint, whole)).cpu()
    shares = layer_shares(recipe.blend, layers).expand(-1, layers)
    mean = (shares[:, :, None] * aside).sum(0).norm(dim=-1)
    length = mean if recipe.flat else (shares * aside.norm(dim=-1)).sum(0)
    found: Descent = {}
    for one, weights in zip(map(founder, whole), shares * (length / mean.clamp_min(TINY)), strict=True):
        found[one] = found[one] + weights if one in found else weights
    return found


def founder(recipe: Recipe) -> Recipe:
    """A recipe with what decides its latent, and nothing else."""
    return replace(recipe, weights="", noise_seed=0, side=0, temperature=USUAL_TEMPERATURE, strokes=(), upscale=1, after=(), made=None)


def joined(parents: Sequence[Descent], shares: Tensor) -> Descent:
    """Several descents as one, by shares (parents, layers or 1)."""
    found: Descent = {}
    for parent, share in zip(parents, shares, strict=True):
        for one, weights in parent.items():
            if (taken := weights * share).any():
                found[one] = found[one] + taken if one in found else taken
    return found


def heir(parents: Sequence[Recipe], shares: Tensor, descent: Descent, noise_seed: int, most: int = MAX_FOUNDERS) -> Recipe:
    """The recipe of a descent, of at most so many founders.

    What parents have on top of a blend, directions and bends, it has by their shares (parents, layers or 1); the rest as the first has it.
    """
    first, amounts = parents[0], dict[str, float]()
    blends = [(parent, share) for parent, share in zip(parents, shares.mean(1).tolist(), strict=True) if parent.blend]
    for parent, share in blends:
        for name, amount in parent.directions:
            amounts[name] = amounts.get(name, 0.0) + share * amount
    bent = joined_bends((parent.bends, share) for parent, share in blends)[: rules.MAX_BENDS]
    own = {"noise_seed": noise_seed, "side": first.side, "temperature": first.temperature, "upscale": first.upscale}
    if len(descent) == 1 and not amounts and not bent:
        return replace(next(iter(descent)), **own)
    return Recipe(first.generator, blend=parts(descent, most), directions=tuple(amounts.items()), bends=bent, **own)


def parts(descent: Descent, most: int) -> tuple[Part, ...]:
    """A descent as the parts of a blend; of too many founders those are left out that count for least and lead in no layer."""
    weights = torch.stack(list(descent.values())).clamp_min(0)
    weights = weights / weights.sum(0)
    peaks, leading = weights.amax(1), set(weights.argmax(0).tolist())
    order = sorted(peaks.nonzero().flatten().tolist(), key=lambda i: (i not in leading, -peaks[i]))
    kept, founders = sorted(order[: max(most, len(leading))]), list(descent)
    if (weights[kept] - peaks[kept, None]).abs().max() < EVEN:
        return tuple(Part(founders[i], peaks[i].item()) for i in kept)
    return tuple(Part(founders[i], peaks[i].item(), tuple((weights[i] / peaks[i]).tolist())) for i in kept)


def _crossings(draw: Random, layers: int, litter: Litter) -> Iterator[Tensor]:
    """What each child takes of each parent in each layer, (parents, layers), columns sum to one; none twice, where chance allows."""
    seen: set[bytes] = set()
    cross = _runs if litter.crossing == "layers" and layers > 1 else _between
    for _ in range(litter.count):
        for _ in range(TRIES):
            shares = cross(draw, len(litter.parents), layers)
            if shares.numpy().tobytes() not in seen:
                break
        seen.add(shares.numpy().tobytes())
        yield shares


def _runs(draw: Random, count: int, layers: int) -> Tensor:
    """Each run of layers from one parent, neighbours from different ones (crossover at one point or more; Holland 1975)."""
    fewest = min(count, layers) - 1
    cuts = draw.sample(range(1, layers), draw.randint(fewest, min(fewest + 2, layers - 1))) if count > 1 else []
    shares, parent = torch.zeros(count, layers), draw.randrange(count)
    for layer in range(layers):
        if layer in cuts:
            parent = (parent + draw.randrange(1, count)) % count
        shares[parent, layer] = 1
    return shares


def _between(draw: Random, count: int, layers: int) -> Tensor:
    """Shares from the flat Dirichlet distribution, the same in all layers."""
    drawn = torch.tensor([[draw.expovariate(1)] for _ in range(count)])
    return (drawn / drawn.sum()).repeat(1, layers)


def _on_map(checkpoint: Prepared, recipe: Recipe) -> Recipe:
    """The same picture; on a map, whose latent is a place, as a place on it."""
    if not (checkpoint.generator.spec.is_map and recipe.blend):
        return recipe
    x, y = placed(checkpoint, (recipe,))[0, 0].tolist()
    return replace(recipe, blend=(), position=(within(x), within(y)))
