"""What each way to fill a contact sheet varies, and what it leaves as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.checkpoint import Checkpoint, load
from models.spec import GeneratorSpec
from studio.engine import Engine
from studio.errors import Fault
from studio.recipe import Recipe
from studio.recipe_text import from_json, to_json
from studio.sampling import MODES, Mode, modes, placed, plane_columns, sample

NAMES = ("tiny-dcgan", "tiny-style", "tiny-vae")


@pytest.fixture
def loaded(tiny_checkpoints: Path) -> dict[str, Checkpoint]:
    return {name: load(tiny_checkpoints / name) for name in NAMES}


def test_a_generator_lists_what_it_can_show() -> None:
    spec = GeneratorSpec("any", 8, 1, z_dim=4, w_dim=4, layers=1)
    everywhere = ("series", "random", "varied", "plane", "walk")
    assert modes(spec) == (*everywhere, "truncation")
    assert modes(replace(spec, classes=("a",))) == modes(replace(spec, styles=("a",))) == (*everywhere, "classes", "truncation")
    assert modes(replace(spec, layers=2)) == (*everywhere, "truncation", "layers")
    assert modes(replace(spec, z_dim=2)) == everywhere


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", MODES)
def test_a_sheet_is_of_ordinary_recipes_that_can_be_kept_drawn_and_had_again(
    loaded: dict[str, Checkpoint], engine: Engine, name: str, mode: Mode
) -> None:
    checkpoint, recipe = loaded[name], Recipe(name, seed=7, upscale=2)
    if mode not in modes(checkpoint.generator.spec):
        with pytest.raises(Fault, match="It has: series, random") as error:
            sample(checkpoint, recipe, mode, 4)
        assert error.value.code == "fault.no_mode"
        return
    sheet = sample(checkpoint, recipe, mode, 9, seed=3)
    assert sheet == sample(checkpoint, recipe, mode, 9, seed=3)
    assert len({to_json(one) for one in sheet}) == 9
    assert [from_json(to_json(one)) for one in sheet] == sheet
    assert {one.upscale for one in sheet} == {2}
    assert len({engine.draw(one).pixels.tobytes() for one in sheet}) > 1
    assert len(sample(checkpoint, recipe, mode, 1)) == 1
    assert len(sample(checkpoint, recipe, mode, 64)) == 64


@pytest.mark.parametrize("count", [0, -1, 65, 10**9])
def test_a_number_out_of_range_is_refused_at_once(loaded: dict[str, Checkpoint], count: int) -> None:
    with pytest.raises(Fault, match="1 to 64") as error:
        sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan"), "varied", count)
    assert error.value.code == "fault.sheet_size"


def test_a_name_that_is_not_there_is_refused_before_anything_is_placed(loaded: dict[str, Checkpoint]) -> None:
    with pytest.raises(Fault, match="draws no class 'z'"):
        sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan", classes=(("z", 1.0),)), "varied", 4)


def test_series_counts_up_and_around(loaded: dict[str, Checkpoint]) -> None:
    recipe = Recipe("tiny-dcgan", seed=2**32 - 1, position=(1.0, 0.0))
    assert sample(loaded["tiny-dcgan"], recipe, "series", 3) == [recipe, replace(recipe, seed=0), replace(recipe, seed=1)]
    on_map = sample(loaded["tiny-vae"], Recipe("tiny-vae", position=(1.0, 0.0)), "series", 3)
    assert [one.position for one in on_map] == [(1.0, 0.0), None, None], "on a map a place would hide the seed"


def test_chance_begins_with_what_stands_there_and_follows_the_sheets_own_seed(loaded: dict[str, Checkpoint]) -> None:
    recipe = Recipe("tiny-dcgan", seed=5, position=(1.0, 0.5), classes=(("b", 1.0),))
    first, second = (sample(loaded["tiny-dcgan"], recipe, "random", 12, seed) for seed in (1, 2))
    assert first[0] == second[0] == recipe
    assert not {one.seed for one in first[1:]} & {one.seed for one in second[1:]}
    assert {(one.position, one.classes) for one in first[1:]} == {(None, recipe.classes)}
    assert sample(loaded["tiny-dcgan"], recipe, "random", 5, seed=1) == first[:5]


@pytest.mark.parametrize("name", NAMES)
def test_varied_seeds_lie_farther_apart_than_seeds_by_chance(loaded: dict[str, Checkpoint], name: str) -> None:
    checkpoint, recipe = loaded[name], Recipe(name, seed=5)

    def closest(mode: Mode, seed: int) -> float:
        w = placed(checkpoint, sample(checkpoint, recipe, mode, 9, seed))
        return torch.cdist(w, w).fill_diagonal_(torch.inf).min().item()

    assert sample(checkpoint, recipe, "varied", 9)[0] == recipe
    assert all(closest("varied", seed) > closest("random", seed) for seed in range(5))


def test_varied_looks_at_the_layers_that_a_seed_decides(loaded: dict[str, Checkpoint]) -> None:
    checkpoint = loaded["tiny-style"]
    mixed = Recipe("tiny-style", mix_seed=4, mix_layers=(0, 1))
    own = checkpoint.generator.spec.layers - 2
    assert placed(checkpoint, [mixed]).shape == (1, own * checkpoint.generator.spec.w_dim)


def test_a_plane_is_a_grid_around_the_present_place_up_and_to_the_right(loaded: dict[str, Checkpoint]) -> None:
    sheet = sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan", seed=5, position=(1.0, -1.0)), "plane", 9)
    assert [one.position for one in sheet] == [(x, y) for y in (0.0, -1.0, -2.0) for x in (0.0, 1.0, 2.0)]
    assert {one.seed for one in sheet} == {5}
    even = sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan"), "plane", 12)
    assert even[5].position == (0.0, 0.0), "what stands there is one of them"
    edge = sample(loaded["tiny-vae"], Recipe("tiny-vae", position=(4.0, 4.0)), "plane", 9)
    assert edge[2].position == (4.0, 4.0), "no place lies beyond the map"


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (7, 7), (9, 3), (12, 4), (24, 6), (48, 8), (64, 8)])
def test_a_planes_rows_are_whole(count: int, columns: int) -> None:
    assert plane_columns(count) == columns


def test_a_walk_leads_to_a_second_seed(loaded: dict[str, Checkpoint]) -> None:
    sheet = sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan", seed=5), "walk", 5, seed=1)
    assert [one.variation for one in sheet] == [0, 0.25, 0.5, 0.75, 1]
    assert len({one.variation_seed for one in sheet}) == 1
    assert sheet[0].variation_seed != sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan", seed=5), "walk", 5, seed=2)[0].variation_seed
    under_way = sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan", seed=5, variation_seed=6, variation=0.3), "walk", 5)
    assert {one.variation_seed for one in under_way} == {6}, "a walk that has begun goes where it was going"


def test_each_class_comes_in_turn_then_each_in_another_style(loaded: dict[str, Checkpoint]) -> None:
    sheet = sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan", seed=5, styles=(("y", 1.0),)), "classes", 6)
    told = [(dict(one.classes), dict(one.styles), one.seed) for one in sheet]
    assert told == [
        ({"a": 1}, {"y": 1}, 5),
        ({"b": 1}, {"y": 1}, 5),
        ({"a": 1}, {"x": 1}, 5),
        ({"b": 1}, {"x": 1}, 5),
        ({"a": 1}, {"y": 1}, 6),
        ({"b": 1}, {"y": 1}, 6),
    ]
    styles = sample(loaded["tiny-style"], Recipe("tiny-style"), "classes", 3)
    assert [(dict(one.styles), one.seed) for one in styles] == [({"x": 1}, 0), ({"y": 1}, 0), ({"x": 1}, 1)]


def test_truncation_goes_from_typical_to_daring(loaded: dict[str, Checkpoint]) -> None:
    sheet = sample(loaded["tiny-dcgan"], Recipe("tiny-dcgan", seed=5, truncation=0.9), "truncation", 4)
    assert [one.truncation for one in sheet] == [0, 0.4, 0.8, 1.2]
    assert {one.seed for one in sheet} == {5}


def test_layers_hold_what_is_coarse_and_draw_anew_what_is_fine(loaded: dict[str, Checkpoint]) -> None:
    checkpoint, recipe = loaded["tiny-style"], Recipe("tiny-style", seed=5)
    most = checkpoint.generator.spec.layers
    sheet = sample(checkpoint, recipe, "layers", 4)
    assert sheet[0] == recipe
    assert {one.mix_layers for one in sheet[1:]} == {tuple(range(most // 2, most))}
    assert len({one.mix_seed for one in sheet}) == 4
    chosen = sample(checkpoint, replace(recipe, mix_layers=(0,), mix_seed=9), "layers", 3)
    assert {one.mix_layers for one in chosen} == {(0,)}, "layers that the hand chose are those that change"
