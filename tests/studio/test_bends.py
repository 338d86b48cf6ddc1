"""Bends as part of a recipe, drawn alone, in company, in a blend and in a film, and feature maps looked at."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from PIL import Image

from models.checkpoint import load
from studio.bends import acting
from studio.breeding import Litter, children
from studio.drawing import Prepared, check, draw, prepare
from studio.engine import Engine
from studio.errors import Fault
from studio.film import Film, Key
from studio.frames import to_png
from studio.inside import COLUMNS, MOST, Look, sheet
from studio.recipe import Part, Recipe, from_dict, to_dict
from studio.recipe_steps import Bend
from studio.reel import reel_of
from tests.studio.served import Served, served

BENT = (Bend(1, "scale", 0.0), Bend(5, "turn", 90, (0, 3)))
RECIPE = Recipe("tiny-style", seed=3, bends=BENT)
PLAIN = Recipe("tiny-style", seed=3)


@pytest.fixture(scope="module")
def style(tiny_checkpoints: Path) -> Prepared:
    return prepare(load(tiny_checkpoints / "tiny-style"), torch.device("cpu"), torch.float32)


def fault(recipe: Recipe, checkpoint: Prepared) -> Fault:
    with pytest.raises(Fault) as error:
        check(checkpoint, recipe)
    assert "{" not in str(error.value)
    return error.value


def test_only_who_asks_is_bent(style: Prepared) -> None:
    company = draw(style, [PLAIN, RECIPE, PLAIN])
    assert torch.equal(draw(style, [PLAIN] * 3)[0], company[0])
    assert torch.equal(company[0], company[2])
    assert not torch.equal(company[0], company[1])
    assert int((draw(style, [RECIPE])[0].int() - company[1].int()).abs().max()) <= 1


def test_bends_that_do_nothing_change_no_bit(style: Prepared) -> None:
    idle = Recipe("tiny-style", seed=3, bends=(Bend(0, "scale", 1), Bend(2, "blur", 0), Bend(3, "turn", 0, (1,))))
    assert torch.equal(draw(style, [idle]), draw(style, [PLAIN]))


def test_a_sketch_is_bent_as_well(style: Prepared) -> None:
    small, bent = (Recipe("tiny-style", seed=3, side=8, bends=bends) for bends in ((), BENT))
    assert not torch.equal(draw(style, [small]), draw(style, [bent]))
    assert torch.equal(draw(style, [small, bent])[0], draw(style, [small])[0])


@pytest.mark.parametrize(
    ("bend", "code", "named"),
    [
        (Bend(6, "scale", 2), "fault.no_inside", "has 6"),
        (Bend(5, "scale", 2, (8,)), "fault.no_channel", "0 to 7"),
        (Bend(0, "explode", 2), "fault.no_operation", "scale, blur"),
        (Bend(0, "scale", 4.01), "fault.recipe_number", "-2.0 to 4.0"),
        (Bend(0, "blur", -0.1), "fault.recipe_number", "0.0 to 0.5"),
    ],
)
def test_a_bend_that_cannot_be_is_a_fault_that_says_what_can(style: Prepared, bend: Bend, code: str, named: str) -> None:
    for recipe in (Recipe("tiny-style", bends=(bend,)), Recipe("tiny-style", blend=(Part(Recipe("tiny-style", bends=(bend,)), 1),))):
        assert (error := fault(recipe, style)).code == code
        assert named in str(error)


def test_a_generator_that_shows_no_maps_refuses_bends(tiny_checkpoints: Path) -> None:
    vae = prepare(load(tiny_checkpoints / "tiny-vae"), torch.device("cpu"), torch.float32)
    assert fault(Recipe("tiny-vae", bends=(Bend(0, "scale", 2),)), vae).code == "fault.no_inside"


def test_a_blend_cannot_gather_bends_without_end(style: Prepared) -> None:
    many = Recipe("tiny-style", bends=(Bend(0, "turn", 3),) * 16)
    assert fault(Recipe("tiny-style", blend=tuple(Part(many, 1) for _ in range(5))), style).code == "fault.recipe_entries"


def test_in_a_blend_each_part_bends_by_its_share(style: Prepared) -> None:
    one, other = (Recipe("tiny-style", seed=seed) for seed in (1, 2))
    bent = Recipe("tiny-style", seed=1, bends=(Bend(1, "scale", 3), Bend(1, "scale", 0), Bend(2, "turn", 80)))
    quarter = Recipe("tiny-style", blend=(Part(bent, 0.25), Part(other, 0.75)), bends=(Bend(2, "turn", -10),))
    assert acting(quarter) == (Bend(1, "scale", 1.5), Bend(1, "scale", 0.75), Bend(2, "turn", 10))
    whole = Recipe("tiny-style", blend=(Part(bent, 1),))
    assert torch.equal(draw(style, [whole]), draw(style, [bent]))
    assert torch.equal(draw(style, [Recipe("tiny-style", blend=(Part(one, 1),))]), draw(style, [one]))


def test_a_film_leads_from_bent_to_straight(style: Prepared) -> None:
    straight = Recipe("tiny-style", seed=9)
    reel = reel_of(style, Film((Key(RECIPE, 0), Key(straight, 1)), seconds=1, path="linear", loop=False, drift=True))
    amounts = [acting(reel.at(at)) for at in (0.0, 0.5, 1.0)]
    assert [bends[0].amount for bends in amounts[:2]] == pytest.approx([0, 0.5], abs=0.01)
    assert amounts[2] == ()


def test_children_inherit_bends(style: Prepared) -> None:
    blend = Recipe("tiny-style", blend=(Part(PLAIN, 0.5), Part(Recipe("tiny-style", seed=5), 0.5)), bends=(Bend(0, "scale", 3),))
    for child in children(style, Litter((blend, RECIPE), temperature=0.2, count=4, seed=1)):
        check(style, child)
        assert from_dict(to_dict(child)) == child
        assert 1 <= {bend.layer: bend.amount for bend in acting(child)}.get(0, 1) <= 3


def test_a_sheet_shows_every_map_from_black_to_white(style: Prepared) -> None:
    pixels = sheet(style, PLAIN, Look(5))  # 8 maps of 16 pixels
    assert (pixels.shape, pixels.dtype) == ((16, 16 * COLUMNS, 3), np.uint8)
    for tile in np.split(pixels, COLUMNS, axis=1):
        assert (tile.min(), tile.max()) == (0, 255)
    bent = sheet(style, Recipe("tiny-style", seed=3, bends=(Bend(5, "mirror", 1, (2,)), Bend(5, "scale", 0, (4,)))), Look(5))
    tiles, plain = np.split(bent, COLUMNS, axis=1), np.split(pixels, COLUMNS, axis=1)
    assert np.array_equal(tiles[2], plain[2][:, ::-1])
    assert not tiles[4].any()
    assert np.array_equal(tiles[1], plain[1])


def test_a_long_layer_is_shown_a_sheet_at_a_time(style: Prepared) -> None:
    assert MOST == 64
    assert sheet(style, PLAIN, Look(0)).shape == (4 * 2, 4 * COLUMNS, 3)
    assert np.array_equal(sheet(style, PLAIN, Look(0, 8))[:, :4], sheet(style, PLAIN, Look(0))[4:, :4])


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("inside")) as studio:
        yield studio


def asked(studio: Served, **body: Any) -> httpx.Response:
    return httpx.post(f"{studio.url}/inside.png", content=json.dumps(body), timeout=30)


def test_the_route_gives_a_sheet_or_a_fault(studio: Served, style: Prepared) -> None:
    answer = asked(studio, recipe=to_dict(RECIPE), layer=3)
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (8 * COLUMNS, 8 * 2)
    for body, code in (
        ({"recipe": {"generator": "tiny-style"}, "layer": 6}, "fault.no_inside"),
        ({"recipe": {"generator": "tiny-vae"}}, "fault.no_inside"),
        ({"recipe": {"generator": "tiny-style"}, "layer": 0, "first": 16}, "fault.no_channel"),
        ({"recipe": {"generator": "tiny-style"}, "layer": "0"}, "fault.recipe_whole"),
        ({"recipe": {"generator": "tiny-style"}, "first": 10**9}, "fault.recipe_whole"),
        ({"recipe": {"generator": "nobody"}}, "fault.no_generator"),
        ({"recipe": {"source": "a" * 32}}, "fault.no_generator"),
        ({}, "fault.recipe_shape"),
    ):
        assert asked(studio, **body).json()["fault"]["code"] == code


def test_a_picture_brings_its_bends_along(studio: Served) -> None:
    data = to_png(studio.engine.draw(RECIPE))
    assert from_dict(httpx.post(f"{studio.url}/read", content=data).json()["recipe"]).bends == BENT
    assert Image.open(studio.gallery.png(studio.gallery.save(data, RECIPE, visitor="local").id, "local")).size == (16, 16)
