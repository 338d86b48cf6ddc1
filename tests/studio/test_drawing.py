"""What each field of a recipe does to a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.checkpoint import Checkpoint, load
from models.latent import draw_z
from studio.drawing import check, condition_of, draw, latent_of, place_on_map, prepare, strokes
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


@pytest.fixture
def rvae(tiny_checkpoints: Path) -> Checkpoint:
    return load(tiny_checkpoints / "tiny-rvae")


def one(checkpoint: Checkpoint, **fields: object) -> Tensor:
    """The picture of a recipe with these fields, (h, w, 3)."""
    return draw(prepare(checkpoint, CPU, torch.float32), [Recipe(checkpoint.card.id, **fields)])[0]  # type: ignore[arg-type]


def same(a: Tensor, b: Tensor, within: int = 0) -> bool:
    return int((a.int() - b.int()).abs().max()) <= within


def test_pixels_are_uint8_channels_last(dcgan: Checkpoint) -> None:
    pixels = draw(prepare(dcgan, CPU, torch.float32), [Recipe("tiny-dcgan", seed=seed) for seed in range(3)])
    assert (pixels.dtype, tuple(pixels.shape), pixels.is_contiguous()) == (torch.uint8, (3, 16, 16, 3), True)


def test_the_ends_of_the_range_are_black_and_white(dcgan: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5])
    monkeypatch.setattr(dcgan.generator, "synthesis", lambda dtype: lambda w, seeds: values.expand(1, 3, 1, 5))
    assert one(dcgan)[0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_company_changes_a_picture_by_one_step_at_most(style: Checkpoint) -> None:
    recipes = [Recipe("tiny-style", seed=seed, truncation=0.5 + seed / 10, noise_seed=seed) for seed in range(4)]
    prepared = prepare(style, CPU, torch.float32)
    for recipe, picture in zip(recipes, draw(prepared, recipes), strict=True):
        assert same(draw(prepared, [recipe])[0], picture, within=1)


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
    broken = torch.tensor([0.0, bad]).expand(1, 3, 1, 2)
    monkeypatch.setattr(dcgan.generator, "synthesis", lambda dtype: lambda w, seeds: broken)
    with pytest.raises(Fault, match="'tiny-dcgan'") as error:
        one(dcgan, seed=4711)
    assert error.value.code == "fault.not_finite"
    assert '"seed":4711' in str(error.value.params["recipe"])


@pytest.mark.parametrize("name", ["tiny-dcgan", "tiny-style", "tiny-vae"])
def test_half_precision_leaves_the_latent_exact_and_changes_a_picture_little(tiny_checkpoints: Path, name: str) -> None:
    exact = load(tiny_checkpoints / name)
    prepared = prepare(load(tiny_checkpoints / name), CPU, torch.bfloat16)
    recipes = [Recipe(name, seed=seed, variation_seed=9, variation=0.3) for seed in range(3)]
    z, condition = torch.stack([latent_of(exact.generator.spec, recipe) for recipe in recipes]), condition_of(exact.generator.spec, recipes)
    for step in (lambda generator: generator.map(z, condition), lambda generator: generator.centre(condition, 3)):
        assert torch.equal(step(prepared.generator), step(exact.generator))
    fine, rough = draw(prepare(exact, CPU, torch.float32), recipes), draw(prepared, recipes)
    assert same(fine, rough, within=12)
    assert torch.equal(rough, draw(prepared, recipes))
    assert torch.equal(draw(prepared, recipes[:1]), draw(prepared, recipes[:1]))


@pytest.mark.parametrize("name", ["tiny-dcgan", "tiny-style", "tiny-vae"])
def test_what_is_prepared_is_the_generator_as_it_was_trained(tiny_checkpoints: Path, name: str) -> None:
    checkpoint = load(tiny_checkpoints / name)
    before = {key: value.clone() for key, value in checkpoint.generator.state_dict().items()}
    prepared = prepare(checkpoint, CPU, torch.bfloat16)
    assert prepared.card == checkpoint.card
    assert prepared.directions.keys() == checkpoint.directions.keys()
    after = prepared.generator.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_a_side_shows_what_the_network_had_at_it_pixel_by_pixel(style: Checkpoint) -> None:
    small = one(style, seed=5, noise_seed=2, side=8)
    assert small.shape == (16, 16, 3)
    assert same(small[::2, ::2], small[1::2, 1::2])
    assert not same(small, one(style, seed=5, noise_seed=2))
    assert same(one(style, seed=5, noise_seed=2, side=16), one(style, seed=5, noise_seed=2), within=1)


def test_a_side_that_the_network_has_not_is_a_fault(style: Checkpoint, dcgan: Checkpoint) -> None:
    with pytest.raises(Fault, match="does not draw 9 pixels a side. It has: 8, 16"):
        one(style, side=9)
    assert same(one(dcgan, side=16), one(dcgan))


def test_strokes_are_those_of_the_picture(rvae: Checkpoint) -> None:
    prepared, recipe = prepare(rvae, CPU, torch.float32), Recipe("tiny-rvae", seed=3, temperature=1.0)
    written = strokes(prepared, recipe)
    inked = rvae.generator.inked([written])  # type: ignore[operator]
    assert same(draw(prepared, [recipe])[0], ((inked[0] + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0))


def test_each_recipe_of_a_batch_has_its_own_temperature_and_beginning(rvae: Checkpoint) -> None:
    prepared = prepare(rvae, CPU, torch.float32)
    recipes = [Recipe("tiny-rvae", temperature=0.0), Recipe("tiny-rvae", temperature=1.5, strokes=((100, 100, 900, 900), (900, 100)))]
    for recipe, together in zip(recipes, draw(prepared, recipes), strict=True):
        assert same(draw(prepared, [recipe])[0], together, within=1)
    begun = strokes(prepared, recipes[1])
    assert [(stroke * 1000).round().tolist() for stroke in begun[:2]] == [[[100, 100], [900, 900]], [[900, 100]]]


def test_strokes_where_there_can_be_none_or_no_more_are_a_fault(rvae: Checkpoint, dcgan: Checkpoint) -> None:
    zigzag = tuple(n for i in range(20) for n in (i * 50, 900 * (i % 2)))
    with pytest.raises(Fault, match="longer than all that 'tiny-rvae' can write"):
        one(rvae, strokes=(zigzag,))
    for draws in (lambda: one(dcgan, strokes=((1, 1),)), lambda: strokes(prepare(dcgan, CPU, torch.float32), Recipe("tiny-dcgan"))):
        with pytest.raises(Fault, match="does not write in strokes"):
            draws()
