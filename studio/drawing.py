"""From recipes to pixels on one device: the only place where a recipe's fields meet a generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.checkpoint import Checkpoint
from models.latent import TINY, Turned, blended, draw_plane, draw_z, mix, shift, slerp, truncate
from models.spec import Bendable, BentSynthesis, Condition, Generator, GeneratorSpec, Synthesis, Writer
from models.strokes import Stroke
from studio import bends
from studio.errors import Fault
from studio.recipe import Pairs, Part, Recipe
from studio.recipe_rules import THOUSAND, numbers_of
from studio.recipe_text import to_json

QUOTED = 300  # characters of a recipe that a message repeats
LEAST_SHARE = 1e-5  # of all parts of a blend together in a layer


@dataclass(frozen=True)
class Prepared(Checkpoint):
    """A checkpoint that draws: on one device, and in one precision what follows the latent. The latent itself stays float32."""

    device: torch.device
    synthesis: Synthesis


def prepare(checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype) -> Prepared:
    """The checkpoint moved to a device, in place, with the second step of its generator as quick as it goes in dtype."""
    generator = checkpoint.generator.to(device)
    directions = {name: direction.to(device) for name, direction in checkpoint.directions.items()}
    return Prepared(checkpoint.card, generator, directions, device, generator.synthesis(dtype))


def check(checkpoint: Checkpoint, recipe: Recipe) -> None:
    """Fault where the recipe names a class, style, direction or layer that this generator lacks; says what there is."""
    spec = checkpoint.generator.spec
    for code, given, there in (
        ("fault.no_class", recipe.classes, spec.classes),
        ("fault.no_style", recipe.styles, spec.styles),
    ):
        if unknown := [name for name, _ in given if name not in there]:
            raise Fault(code, generator=recipe.generator, name=unknown[0], known=", ".join(there) or "–")
    if unknown := [name for name, _ in recipe.directions if name not in checkpoint.directions]:
        known = ", ".join(checkpoint.card.directions) or "–"  # and none of a visitor's own
        raise Fault("fault.no_direction", generator=recipe.generator, name=unknown[0], known=known)
    bends.check(spec, recipe)
    for part in recipe.blend:
        check(checkpoint, part.recipe)
    if any(part.layers for part in recipe.blend):
        _check_layers(spec, recipe)
    if recipe.w and (spec.is_map or len(numbers_of(recipe.w)) not in (spec.w_dim, spec.layers * spec.w_dim)):
        raise Fault("fault.no_w", generator=recipe.generator)
    if recipe.side and recipe.side not in (sides := spec.sides or (spec.size,)):
        raise Fault("fault.no_side", generator=recipe.generator, name=recipe.side, known=", ".join(map(str, sides)))
    if recipe.strokes and not spec.draws_strokes:
        raise Fault("fault.no_strokes", generator=recipe.generator)
    if recipe.mix_layers and recipe.mix_layers[-1] >= spec.layers:
        raise Fault("fault.no_layer", generator=recipe.generator, name=recipe.mix_layers[-1], most=spec.layers - 1)


def _check_layers(spec: GeneratorSpec, recipe: Recipe) -> None:
    """Every layer needs a share of some picture."""
    fits = all(len(part.layers) in (0, spec.layers) for part in recipe.blend)
    if not fits or not layer_shares(recipe.blend, spec.layers).isfinite().all():
        raise Fault("fault.blend_layers", generator=recipe.generator, layers=spec.layers)


def layer_shares(parts: Sequence[Part], layers: int) -> Tensor:
    """What each layer takes of each part, (n, layers), or (n, 1) where all layers take the same; columns sum to one.

    Not finite where the shares of a layer sum to nothing.
    """
    if not any(part.layers for part in parts):
        return torch.tensor([[part.share] for part in parts])
    given = torch.tensor([[part.share * share for share in part.layers or (1.0,) * layers] for part in parts])
    total = given.sum(0)
    return given / torch.where(total > LEAST_SHARE, total, torch.nan)


def latent_of(spec: GeneratorSpec, recipe: Recipe) -> Tensor:
    """The recipe's z, (z_dim,) float32 on the CPU; on a map, a position is z itself."""
    if spec.is_map and recipe.position:
        return torch.tensor(recipe.position, dtype=torch.float32)
    z = draw_z(recipe.seed, spec.z_dim)
    if recipe.variation:
        z = slerp(z, draw_z(recipe.variation_seed, spec.z_dim), recipe.variation)
    if recipe.position:
        z = shift(z, draw_plane(recipe.seed, spec.z_dim), *recipe.position)
    return z


def place_on_map(checkpoint: Checkpoint, recipe: Recipe) -> tuple[float, float] | None:
    """Where on its map a recipe lies; None for a generator that has no map."""
    spec = checkpoint.generator.spec
    if not spec.is_map:
        return None
    if recipe.position:
        return recipe.position
    x, y = latent_of(spec, recipe).tolist()
    return round(x, 6), round(y, 6)


@torch.inference_mode()
def draw(checkpoint: Prepared, recipes: Sequence[Recipe]) -> Tensor:
    """One picture a recipe, all of this checkpoint: uint8 (n, size, size, 3) on the CPU, before any enlargement.

    Raises Fault for a name the generator lacks, and for NaN or infinity in what it drew.
    """
    for recipe in recipes:
        check(checkpoint, recipe)
    w = placed(checkpoint, recipes)
    if checkpoint.generator.spec.draws_strokes:
        x = cast(Writer, checkpoint.generator).inked(_written(checkpoint, recipes, w))
    elif any(recipe.side not in (0, checkpoint.generator.spec.size) for recipe in recipes):
        x = _at_sides(checkpoint, recipes, w)
    elif inside := bends.inside_of(recipes):
        x = cast(BentSynthesis, checkpoint.synthesis)(w, [_noise(recipe) for recipe in recipes], inside)
    else:
        x = checkpoint.synthesis(w, [_noise(recipe) for recipe in recipes])
    _refuse_broken(recipes, x)
    return _to_memory(x.permute(0, 2, 3, 1).mul(127.5).add_(127.5).round_().clamp_(0, 255).to(torch.uint8).contiguous())


@torch.inference_mode()
def feature_maps(checkpoint: Prepared, recipe: Recipe, layer: int) -> Tensor:
    """What a layer gives for a recipe, after its bends: (channels, side, side) float32, each channel up to a positive factor."""
    bends.check_layer(checkpoint.generator.spec, recipe, layer)
    bent, kept = bends.inside_of((recipe,)), []

    def inside(number: int, maps: Tensor) -> Tensor:
        maps = bent(number, maps) if bent else maps
        if number == layer:
            kept.append(maps[0].to(torch.float32, copy=True))  # the drawing goes on in what was given
        return maps

    cast(BentSynthesis, checkpoint.synthesis)(placed(checkpoint, (recipe,)), [_noise(recipe)], inside)
    return kept[0]


@torch.inference_mode()
def strokes(checkpoint: Prepared, recipe: Recipe) -> list[Stroke]:
    """What `draw` draws of a recipe, as strokes in their order; Fault where the generator writes none."""
    check(checkpoint, recipe)
    if not checkpoint.generator.spec.draws_strokes:
        raise Fault("fault.no_strokes", generator=recipe.generator)
    return _written(checkpoint, (recipe,), placed(checkpoint, (recipe,)))[0]


@torch.inference_mode()
def placed(checkpoint: Prepared, recipes: Sequence[Recipe]) -> Tensor:
    """The w that the recipes draw from, (n, layers, w_dim)."""
    if not any(recipe.blend for recipe in recipes):
        return _placed(checkpoint, recipes)
    parts = [part for recipe in recipes for part in recipe.blend or (Part(recipe, 1.0),)]
    w, centre = _placed(checkpoint, whole := [part.recipe for part in parts]), centres(checkpoint, whole)
    found, begin = [], 0
    for recipe in recipes:
        rows = slice(begin, begin := begin + max(len(recipe.blend), 1))
        one = blended(w[rows], centre[rows], layer_shares(parts[rows], w.shape[1]), recipe.flat)
        found.append(_led(checkpoint, one, recipe.directions) if recipe.blend else one)
    return torch.stack(found)


def centres(checkpoint: Prepared, recipes: Sequence[Recipe]) -> Tensor:
    """The middle of the names of each, (n, layers, w_dim)."""
    spec = checkpoint.generator.spec
    return checkpoint.generator.centre(condition_of(spec, recipes).to(checkpoint.device), len(recipes))


def _placed(checkpoint: Prepared, recipes: Sequence[Recipe]) -> Tensor:
    condition = condition_of(checkpoint.generator.spec, recipes).to(checkpoint.device)
    w = begun(checkpoint, recipes, condition, checkpoint.device)
    return _steered(checkpoint, recipes, _mixed(checkpoint, recipes, w, condition), condition)


def begun(checkpoint: Checkpoint, recipes: Sequence[Recipe], condition: Condition, device: torch.device) -> Tensor:
    """The w that each recipe begins at, (n, layers, w_dim): what its latent leads to, or the place that it holds."""
    generator, spec = checkpoint.generator, checkpoint.generator.spec
    w = generator.map(torch.stack([latent_of(spec, recipe) for recipe in recipes]).to(device), condition)
    if not any(recipe.w for recipe in recipes):
        return w
    return torch.stack([_held(generator, recipe, condition.row(i)) if recipe.w else w[i] for i, recipe in enumerate(recipes)])


def _held(generator: Generator, recipe: Recipe, condition: Condition) -> Tensor:
    """The place in w that a recipe holds, (layers, w_dim), walked on from as a latent is: to a second seed, and over the seed's plane."""
    spec, centre = generator.spec, generator.centre(condition, 1)[0]
    w = centre + torch.tensor(numbers_of(recipe.w), device=centre.device).view(-1, spec.w_dim)
    led = lambda z: generator.map(z[None].to(centre.device), condition)[0]  # noqa: E731
    if recipe.variation:
        other = led(draw_z(recipe.variation_seed, spec.z_dim))
        w = blended(torch.stack([w, other]), centre.expand(2, -1, -1), w.new_tensor([[1 - recipe.variation], [recipe.variation]]))
    if recipe.position:
        ways = torch.stack([led(axis * spec.z_dim**0.5) - centre for axis in draw_plane(recipe.seed, spec.z_dim)])
        ways = ways / ways.norm(dim=-1, keepdim=True).clamp_min(TINY)
        w = centre + torch.stack([shift(row, ways[:, k], *recipe.position) for k, row in enumerate(w - centre)])
    return w


def _written(checkpoint: Prepared, recipes: Sequence[Recipe], w: Tensor) -> list[list[Stroke]]:
    """Writings that go on from what the visitors wrote; Fault where one wrote more than the generator can."""
    starts = [[np.array(stroke, np.float32).reshape(-1, 2) / THOUSAND for stroke in recipe.strokes] for recipe in recipes]
    try:
        seeds, temperatures = [recipe.noise_seed for recipe in recipes], [recipe.temperature for recipe in recipes]
        return cast(Writer, checkpoint.generator).strokes(w, seeds, temperatures, starts)
    except ValueError as error:
        raise Fault("fault.strokes_long", generator=recipes[0].generator) from error


def _at_sides(checkpoint: Prepared, recipes: Sequence[Recipe], w: Tensor) -> Tensor:
    """Each picture as the network had it at the recipe's side, its pixels repeated to the full size."""
    size, pictures = checkpoint.generator.spec.size, []
    for row, recipe in zip(w, recipes, strict=True):
        side, noise = recipe.side or size, [_noise(recipe)]
        if inside := bends.inside_of((recipe,)):
            small = cast(Bendable, checkpoint.generator).at_side(row[None], side, noise, inside)
        else:
            small = checkpoint.generator.at_side(row[None], side, noise)
        pictures.append(F.interpolate(small, size=(size, size), mode="nearest"))
    return torch.cat(pictures)


def _noise(recipe: Recipe) -> int:
    """The seed of its noise, as far round as it has gone."""
    return Turned(recipe.noise_seed, recipe.noise_turn) if recipe.noise_turn else recipe.noise_seed


def condition_of(spec: GeneratorSpec, recipes: Sequence[Recipe]) -> Condition:
    """The recipes' classes and styles, a row each, on the CPU."""
    return Condition(
        _shares(spec.classes, [recipe.classes for recipe in recipes]), _shares(spec.styles, [recipe.styles for recipe in recipes])
    )


def _shares(names: tuple[str, ...], given: Sequence[Pairs]) -> Tensor | None:
    """(n, names), of rows that sum to one; nothing given means the first name, and None that there are no names."""
    if not names:
        return None
    shares = np.zeros((len(given), len(names)), np.float32)
    for row, pairs in zip(shares, given, strict=True):
        for name, share in pairs or ((names[0], 1.0),):
            row[names.index(name)] = share
    return torch.from_numpy(shares)


def _mixed(checkpoint: Checkpoint, recipes: Sequence[Recipe], w: Tensor, condition: Condition) -> Tensor:
    """Each picture's mix_layers taken from its second seed under the same condition."""
    if not any(recipe.mix_layers for recipe in recipes):
        return w
    z = torch.stack([draw_z(recipe.mix_seed, checkpoint.generator.spec.z_dim) for recipe in recipes])
    other = checkpoint.generator.map(z.to(w.device), condition)
    return torch.stack([mix(w[i], other[i], recipe.mix_layers) for i, recipe in enumerate(recipes)])


def _steered(checkpoint: Checkpoint, recipes: Sequence[Recipe], w: Tensor, condition: Condition) -> Tensor:
    """Truncation first, then directions, so that a direction moves as far at every psi."""
    if all(recipe.truncation == 1 and not recipe.directions for recipe in recipes):
        return w
    centre = checkpoint.generator.centre(condition, len(recipes))
    steered = []
    for i, recipe in enumerate(recipes):
        row = w[i] if recipe.truncation == 1 else truncate(w[i], centre[i], recipe.truncation)
        steered.append(_led(checkpoint, row, recipe.directions))
    return torch.stack(steered)


def _led(checkpoint: Checkpoint, w: Tensor, directions: Pairs) -> Tensor:
    for name, amount in directions:
        w = w + amount * checkpoint.directions[name].to(w.device)
    return w


def _refuse_broken(recipes: Sequence[Recipe], x: Tensor) -> None:
    sums = x.sum((1, 2, 3)).tolist()  # not finite where one of its terms is not
    for recipe, total in zip(recipes, sums, strict=True):
        if not math.isfinite(total):
            raise Fault("fault.not_finite", generator=recipe.generator, recipe=to_json(recipe)[:QUOTED], status=500)


def _to_memory(pixels: Tensor) -> Tensor:
    """A copy from CUDA goes through pinned memory, which it can be written to directly."""
    if pixels.device.type != "cuda":
        return pixels.cpu()
    pinned = torch.empty(pixels.shape, dtype=pixels.dtype, pin_memory=True)
    pinned.copy_(pixels, non_blocking=True)
    torch.cuda.current_stream(pixels.device).synchronize()
    return pinned.clone()
