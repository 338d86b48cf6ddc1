"""What each field of a recipe does to a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.checkpoint import Checkpoint, load
from models.latent import draw_z
from studio.drawing import check, draw, latent_of, place_on_map, prepare
from studio.errors import Fault
from studio.recipe import Recipe

CPU = torch.device("cpu")


@pytest.fixture
def dcgan(tiny_checkpoints: Path) -> Checkpoint:
    return load(tiny_checkpoints / "tiny-dcgan")


@pytest.fixture
def style(tiny_checkpoints: Path) -> Checkpoint:
    return load(tiny_checkpoints / "tiny-style")


@pytest.fixture
def vae(tiny_checkpoints: Path) -> Checkpoint:
    return load(tiny_checkpoints / "tiny-vae")


def one(checkpoint: Checkpoint, **fields: object) -> Tensor:
    """The picture of a recipe with these fields, (h, w, 3)."""
    return draw(checkpoint, [Recipe(checkpoint.card.id, **fields)], CPU, torch.float32)[0]  # type: ignore[arg-type]


def same(a: Tensor, b: Tensor, within: int = 0) -> bool:
    return int((a.int() - b.int()).abs().max()) <= within


def test_pixels_are_uint8_channels_last(dcgan: Checkpoint) -> None:
    pixels = draw(dcgan, [Recipe("tiny-dcgan", seed=seed) for seed in range(3)], CPU, torch.float32)
    assert (pixels.dtype, tuple(pixels.shape), pixels.is_contiguous()) == (torch.uint8, (3, 16, 16, 3), True)


def test_the_ends_of_the_range_are_black_and_white(dcgan: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5])
    monkeypatch.setattr(dcgan.generator, "synthesize", lambda w, seeds: values.expand(1, 3, 1, 5))
    assert one(dcgan)[0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_company_changes_a_picture_by_one_step_at_most(style: Checkpoint) -> None:
    recipes = [Recipe("tiny-style", seed=seed, truncation=0.5 + seed / 10, noise_seed=seed) for seed in range(4)]
    together = draw(style, recipes, CPU, torch.float32)
    for recipe, picture in zip(recipes, together, strict=True):
        assert same(draw(style, [recipe], CPU, torch.float32)[0], picture, within=1)


def test_variation_walks_from_one_seed_to_the_other(dcgan: Checkpoint) -> None:
    assert same(one(dcgan, seed=1, variation_seed=2, variation=0.0), one(dcgan, seed=1))
    assert same(one(dcgan, seed=1, variation_seed=2, variation=1.0), one(dcgan, seed=2), within=1)
    halfway = one(dcgan, seed=1, variation_seed=2, variation=0.5)
    assert not same(halfway, one(dcgan, seed=1))
    assert not same(halfway, one(dcgan, seed=2))


def test_a_position_moves_the_latent_and_keeps_its_length(dcgan: Checkpoint) -> None:
    spec = dcgan.generator.spec
    still, moved = latent_of(spec, Recipe("any", seed=3)), latent_of(spec, Recipe("any", seed=3, position=(0.5, -1.0)))
    assert torch.equal(still, draw_z(3, spec.z_dim))
    assert not torch.allclose(still, moved)
    assert torch.allclose(still.norm(), moved.norm())
    assert torch.allclose(latent_of(spec, Recipe("any", seed=3, position=(0.0, 0.0))), still)


def test_on_a_map_the_position_is_the_latent(vae: Checkpoint, dcgan: Checkpoint) -> None:
    assert latent_of(vae.generator.spec, Recipe("any", seed=3, position=(0.5, -1.0))).tolist() == [0.5, -1.0]
    assert place_on_map(vae, Recipe("any", position=(0.0, 0.0))) == (0.0, 0.0)
    x, y = place_on_map(vae, Recipe("any", seed=3)) or (0.0, 0.0)
    assert same(one(vae, seed=3), one(vae, position=(x, y)), within=1)
    assert place_on_map(dcgan, Recipe("any")) is None


def test_no_class_and_no_style_mean_the_first(dcgan: Checkpoint) -> None:
    first = one(dcgan)
    assert same(first, one(dcgan, classes=(("a", 1.0),), styles=(("x", 1.0),)))
    assert not same(first, one(dcgan, classes=(("b", 1.0),)))
    assert not same(first, one(dcgan, styles=(("x", 0.5), ("y", 0.5))))


def test_truncation_leads_to_the_centre_and_directions_away(style: Checkpoint) -> None:
    style.generator.measure_centres(64)  # type: ignore[operator]
    assert same(one(style, seed=1, truncation=0.0), one(style, seed=2, truncation=0.0), within=1)
    assert not same(one(style, seed=1), one(style, seed=1, truncation=0.5))
    assert not same(one(style, truncation=0.0), one(style, truncation=0.0, directions=(("slant", 3.0),)))


def test_mixing_takes_the_named_layers_of_the_other_seed(style: Checkpoint) -> None:
    layers = style.generator.spec.layers
    assert same(one(style, seed=1, mix_seed=2, mix_layers=tuple(range(layers))), one(style, seed=2), within=1)
    assert not same(one(style, seed=1, mix_seed=2, mix_layers=(0,)), one(style, seed=1))
    assert same(one(style, seed=1, mix_seed=2), one(style, seed=1)), "a mix seed without layers changes nothing"


def test_noise_is_drawn_from_its_own_seed(style: Checkpoint) -> None:
    for layer in (*style.generator.firsts, *style.generator.seconds):  # type: ignore[misc]
        layer.noise.data.fill_(0.5)
    assert not same(one(style), one(style, noise_seed=1))
    assert same(one(style, noise_seed=1), one(style, noise_seed=1))


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"classes": (("z", 1.0),)}, "fault.no_class", "a, b"),
        ({"styles": (("serif", 1.0),)}, "fault.no_style", "x, y"),
        ({"directions": (("warmth", 1.0),)}, "fault.no_direction", "slant"),
        ({"mix_layers": (0, 1)}, "fault.no_layer", "0 to 0"),
    ],
)
def test_a_name_that_the_generator_lacks_is_a_fault_that_says_what_there_is(
    dcgan: Checkpoint, fields: dict[str, object], code: str, named: str
) -> None:
    for refuse in (lambda: check(dcgan, Recipe("tiny-dcgan", **fields)), lambda: one(dcgan, **fields)):  # type: ignore[arg-type]
        with pytest.raises(Fault, match=named) as error:
            refuse()
        assert error.value.code == code


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_a_broken_output_is_a_fault_that_names_recipe_and_generator(dcgan: Checkpoint, bad: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dcgan.generator, "synthesize", lambda w, seeds: torch.tensor([0.0, bad]).expand(1, 3, 1, 2))
    with pytest.raises(Fault, match="'tiny-dcgan'") as error:
        one(dcgan, seed=4711)
    assert error.value.code == "fault.not_finite"
    assert '"seed":4711' in str(error.value.params["recipe"])


@pytest.mark.parametrize("name", ["tiny-dcgan", "tiny-style", "tiny-vae"])
def test_half_precision_touches_the_declared_kernels_only_and_changes_little(tiny_checkpoints: Path, name: str) -> None:
    exact = one(load(tiny_checkpoints / name), seed=5)
    checkpoint = prepare(load(tiny_checkpoints / name), CPU, torch.bfloat16)
    halved = {id(kernel) for kernel in checkpoint.generator.kernels()}
    for parameter in checkpoint.generator.parameters():
        assert parameter.dtype == (torch.bfloat16 if id(parameter) in halved else torch.float32)
        assert id(parameter) in halved or parameter.dim() != 4
    recipe = Recipe(name, seed=5)
    rough = draw(checkpoint, [recipe], CPU, torch.bfloat16)[0]
    assert same(exact, rough, within=12)
    assert torch.equal(rough, draw(checkpoint, [recipe], CPU, torch.bfloat16)[0])


def test_prepare_keeps_the_picture_in_full_precision(dcgan: Checkpoint) -> None:
    before = one(dcgan, directions=(("slant", 1.0),))
    prepared = prepare(dcgan, CPU, torch.float32)
    assert prepared.directions.keys() == dcgan.directions.keys()
    assert same(before, one(replace(prepared), directions=(("slant", 1.0),)), within=1)
