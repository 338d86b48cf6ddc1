"""Children lie between their parents, keep what they are told to keep, and can be parents in turn."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from studio.breeding import MAX_FOUNDERS, Board, Litter, asked, cells, children
from studio.drawing import centres, placed
from studio.engine import Engine
from studio.errors import Fault
from studio.recipe import Part, Recipe, from_dict, to_dict
from studio.recipe_text import from_json, from_link, to_json, to_link
from tests.studio.served import open_page, served

NAMES = ("tiny-dcgan", "tiny-style", "tiny-vae", "tiny-rvae")
A, B, C = (Recipe("tiny-style", seed=seed) for seed in (1, 2, 3))
X = replace(B, styles=(("y", 1.0),))


def fault(code: str) -> Any:
    return pytest.raises(Fault, check=lambda error: error.code == code)


def w_of(engine: Engine, *recipes: Recipe) -> torch.Tensor:
    return placed(engine.prepared(recipes[0].generator), recipes)


def aside(engine: Engine, recipe: Recipe) -> torch.Tensor:
    """How a picture lies away from the middle, each layer of length one."""
    checkpoint = engine.prepared(recipe.generator)
    return torch.nn.functional.normalize((placed(checkpoint, (recipe,)) - centres(checkpoint, (recipe,)))[0], dim=-1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("crossing", ["layers", "blend"])
def test_children_are_ordinary_recipes_for_every_generator_and_the_same_each_time(engine: Engine, name: str, crossing: Any) -> None:
    litter = Litter((Recipe(name, seed=1, noise_seed=5, upscale=2), Recipe(name, seed=2, noise_seed=5)), 0.3, 8, 7, crossing)
    born = engine.breed(litter)
    assert born == engine.breed(litter)
    assert born != engine.breed(replace(litter, seed=8))
    assert len({to_json(one) for one in born}) == 8
    assert [from_json(to_json(one)) for one in born] == born == [from_link(to_link(one)) for one in born]
    assert {(one.generator, one.upscale, one.noise_seed, one.weights, one.made) for one in born} == {(name, 2, 5, "", None)}
    assert len({engine.draw(one).pixels.tobytes() for one in born}) > 1


def test_without_chance_a_child_lies_between_its_parents(engine: Engine) -> None:
    w, born = w_of(engine, A, B), engine.breed(Litter((A, B), 0.0, 6, crossing="blend"))
    for child in born:
        a, b = (part.share for part in child.blend)
        together = torch.nn.functional.normalize(a * w[0] + b * w[1], dim=-1)
        torch.testing.assert_close(torch.nn.functional.normalize(w_of(engine, child)[0], dim=-1), together)


def test_crossed_by_layers_each_is_one_parents(engine: Engine) -> None:
    w = w_of(engine, A, B)
    for child in engine.breed(Litter((A, B), 0.0, 6)):
        of = [[torch.allclose(own, theirs) for theirs in w[:, layer]] for layer, own in enumerate(w_of(engine, child)[0])]
        assert all(sum(one) == 1 for one in of)
        assert [True, False] in of
        assert [False, True] in of, "some of each"


def test_one_parent_alone_is_changed_by_chance_alone_and_the_more_the_warmer(engine: Engine) -> None:
    assert engine.breed(Litter((X,), 0.0, 2)) == [X, X]
    near, far = (engine.breed(Litter((X,), t, 12)) for t in (0.1, 0.6))
    away = [torch.stack([(w_of(engine, one) - w_of(engine, X)).norm() for one in born]).mean() for born in (near, far)]
    assert away[0] < away[1]
    strangers = engine.breed(Litter((X,), 1.0, 4))
    assert {(one.blend, one.styles) for one in strangers} == {((), X.styles)}
    assert len({one.seed for one in strangers}) == 4


def test_chance_leads_as_far_in_every_generation(engine: Engine) -> None:
    def step(parents: tuple[Recipe, ...], seed: int) -> tuple[Recipe, float]:
        child = engine.breed(Litter(parents, 0.0, 1, seed, "blend"))[0]
        mutants = engine.breed(Litter((child,), 0.25, 16, seed))
        near = torch.stack([torch.nn.functional.cosine_similarity(aside(engine, one), aside(engine, child)).mean() for one in mutants])
        return mutants[0], float(near.mean())

    parents, near = (A, B), []
    for seed in range(5):
        child, likeness = step(parents, seed)
        near.append(likeness)
        parents = (child, replace(C, seed=100 + seed))
    assert min(near) > 0.85
    assert max(near) - min(near) < 0.1


def test_a_child_of_children_lies_as_they_do_and_is_no_deeper(engine: Engine) -> None:
    first = engine.breed(Litter((A, B), 0.3, 1))[0]
    again = engine.breed(Litter((first,), 0.0, 1))[0]
    torch.testing.assert_close(aside(engine, again), aside(engine, first), atol=1e-4, rtol=1e-4)
    assert engine.draw(again).pixels.astype(int) == pytest.approx(engine.draw(first).pixels.astype(int), abs=2)
    born = [A, B]
    for seed in range(12):
        born = engine.breed(Litter(tuple(born[:2]), 0.4, 2, seed))
    assert all(MAX_FOUNDERS >= len(one.blend) > 8 for one in born)
    assert not any(part.recipe.blend for one in born for part in one.blend)
    to_link(born[0])


def test_what_lies_on_a_blend_is_inherited_by_shares(engine: Engine) -> None:
    led = replace(engine.breed(Litter((A, B), 0.0, 1, crossing="blend"))[0], directions=(("slant", 2.0),))
    child = engine.breed(Litter((led, C), 0.0, 1, crossing="blend"))[0]
    assert 0 < dict(child.directions)["slant"] < 2
    assert engine.breed(Litter((led,), 0.0, 1))[0].directions == led.directions


def test_on_a_map_a_child_is_a_place(engine: Engine) -> None:
    here, there = Recipe("tiny-vae", position=(1.0, 0.0)), Recipe("tiny-vae", position=(0.0, 1.0))
    for child in engine.breed(Litter((here, there), 0.0, 4)):
        assert child.blend == ()
        x, y = child.position or (0, 0)
        assert x > 0
        assert y > 0


def test_a_board_has_its_rows_structure_and_its_columns_texture(engine: Engine) -> None:
    child = engine.breed(Litter((A, B), 0.3, 1))[0]
    board = Board((A, child), (B, C, X), 2)
    drawn = w_of(engine, *engine.mix(board)).view(2, 3, 6, -1)
    rows, columns = w_of(engine, *board.rows), w_of(engine, *board.columns)
    for row in range(2):
        for column in range(3):
            torch.testing.assert_close(drawn[row, column, :2], rows[row, :2], atol=1e-3, rtol=1e-3)
            torch.testing.assert_close(drawn[row, column, 2:], columns[column, 2:])
    assert engine.mix(replace(board, layer=0))[:3] == list(board.columns)
    assert engine.mix(Board((A,), (B,), 6)) == [A]
    with fault("fault.no_layer"):
        engine.mix(replace(board, layer=7))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"parents": []}, "fault.breeding"),
        ({"parents": [to_dict(A)] * 9}, "fault.breeding"),
        ({"parents": [to_dict(A), {"generator": "tiny-dcgan"}]}, "fault.breeding"),
        ({"parents": [{"source": "0" * 32}]}, "fault.breeding"),
        ({"parents": "ab"}, "fault.breeding"),
        ({"parents": [7]}, "fault.recipe_shape"),
        ({"parents": [to_dict(A)], "temperature": float("nan")}, "fault.recipe_number"),
        ({"parents": [to_dict(A)], "temperature": 1.5}, "fault.recipe_number"),
        ({"parents": [to_dict(A)], "count": 57}, "fault.recipe_whole"),
        ({"parents": [to_dict(A)], "count": 10**400}, "fault.recipe_whole"),
        ({"parents": [to_dict(A)], "seed": -1}, "fault.recipe_whole"),
        ({"parents": [to_dict(A)], "crossing": "by hand"}, "fault.film_choice"),
        ({"parents": [to_dict(A)], "crossing": ["layers"]}, "fault.recipe_shape"),
        ({"parents": [to_dict(A)], "wings": 2}, "fault.recipe_field"),
        (7, "fault.bad_message"),
    ],
)
def test_what_no_litter_may_be(given: Any, code: str) -> None:
    with fault(code):
        asked(Litter, given)


def test_layers_of_a_blend_that_do_not_fit_are_refused(engine: Engine) -> None:
    for layers in ((1.0,), (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)):
        with fault("fault.blend_layers"):
            engine.draw(replace(A, blend=(Part(A, 0.5, layers), Part(B, 0.5, layers))))
    for layers, code in (
        ([0] * 6, "fault.recipe_shares"),
        ([2], "fault.recipe_number"),
        ("ab", "fault.recipe_list"),
        ([1] * 33, "fault.recipe_entries"),
    ):
        with fault(code):
            from_dict({"generator": "a", "blend": [{"recipe": {"generator": "a"}, "share": 1, "layers": layers}]})


def test_over_the_socket_parents_come_first_and_a_board_row_by_row(engine: Engine, tmp_path: Any) -> None:
    with served(engine, tmp_path) as studio, open_page(studio.host) as page:
        page.say(type="sheet", id=1, breed={"parents": [to_dict(A), to_dict(B)], "temperature": 0.2, "count": 3, "seed": 4})
        told = [page.hear_until("cell").header["recipe"] for _ in range(5)]
        wanted = [A, B, *children(engine.prepared("tiny-style"), Litter((A, B), 0.2, 3, 4))]
        assert [replace(from_dict(one), weights="", made=None) for one in told] == wanted
        page.say(type="sheet", id=2, board={"rows": [to_dict(A)], "columns": [to_dict(B), to_dict(C)], "layer": 3})
        told = [page.hear_until("cell").header["recipe"] for _ in range(2)]
        wanted = cells(engine.prepared("tiny-style"), Board((A,), (B, C), 3))
        assert [replace(from_dict(one), weights="", made=None) for one in told] == wanted
        page.say(type="sheet", id=3, breed={"parents": json.loads("[[[]]]")})
        assert page.fault() == (3, "fault.recipe_shape")
