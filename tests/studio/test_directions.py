"""A visitor's own directions: found, kept, drawn with, taken along; and what is thrown at them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.directions import MOST, OWN, OwnDirections, own_direction, read
from studio.engine import Engine
from studio.errors import Fault
from studio.recipe import Recipe

PILE = [Recipe("tiny-style", seed=seed) for seed in (1, 2, 3)]
OTHERS = [Recipe("tiny-style", seed=seed) for seed in (7, 8)]


def fault(code: str) -> Any:
    return pytest.raises(Fault, check=lambda error: error.code == code)


def kept(engine: Engine, name: str, visitor: str = "ann") -> str:
    return engine.keep_direction(engine.between(PILE, OTHERS), name, visitor=visitor).id


def test_a_way_between_piles_is_a_direction_that_draws(engine: Engine) -> None:
    id = kept(engine, "  more\n of  this ")
    assert id.startswith(OWN)
    assert [one.name for one in engine.directions.of("ann") if one.id == id] == ["more of this"]
    plain, moved = (engine.draw(Recipe("tiny-style", seed=5, directions=given)).pixels for given in ((), ((id, 3.0),)))
    assert not np.array_equal(plain, moved)
    assert np.array_equal(moved, engine.draw(Recipe("tiny-style", seed=5, directions={id: 3.0})).pixels)  # type: ignore[arg-type]


def test_it_leads_from_the_second_pile_to_the_first(engine: Engine) -> None:
    one, back = engine.between(PILE, OTHERS), engine.between(OTHERS, PILE)
    torch.testing.assert_close(one.way, -back.way, atol=1e-2, rtol=1e-2)
    assert engine.between(PILE, []).way.shape == one.way.shape
    assert engine.between(PILE, OTHERS).id == one.id


def test_apart_leaves_the_named_ones_alone(engine: Engine) -> None:
    named = engine.checkpoints["tiny-style"].directions["slant"].expand(6, -1)
    share = lambda way: float((way * named).sum().abs() / way.norm() / named.norm())  # noqa: E731
    assert share(engine.between(PILE, OTHERS, apart=True).way) < 1e-2 < share(engine.between(PILE, OTHERS).way)


def test_sliders_become_one(engine: Engine) -> None:
    way = engine.mixed(Recipe("tiny-style", directions=(("slant", -2.0),))).way
    named = engine.checkpoints["tiny-style"].directions["slant"].expand(6, -1)
    assert float((way * named).sum() / way.norm() / named.norm()) == pytest.approx(-1, abs=1e-3)
    with fault("fault.direction_nothing"):
        engine.mixed(Recipe("tiny-style"))


def test_what_is_no_way_says_so(engine: Engine) -> None:
    with fault("fault.direction_nothing"):
        engine.between(PILE, PILE)
    for toward, away in (([], OTHERS), (PILE, [Recipe("tiny-dcgan")])):
        with fault("fault.direction_piles"):
            engine.between(toward, away)
    with fault("fault.no_generator"):
        engine.between([Recipe("nobody")], [])
    for name in ("", "   ", "x" * 41):
        with fault("fault.direction_name"):
            engine.keep_direction(engine.between(PILE, OTHERS), name, visitor="ann")


def test_it_is_its_visitors_own(engine: Engine) -> None:
    id = kept(engine, "mine", "eve")
    assert id not in [one.id for one in engine.directions.of("bob")]
    for deed in (lambda: engine.directions.find("bob", id), lambda: engine.directions.rename("bob", id, "his")):
        with fault("fault.no_own_direction"):
            deed()
    with fault("fault.no_own_direction"):
        engine.directions.remove("bob", id)
    with fault("fault.no_direction") as told:  # and no other's is named where one is not there
        engine.draw(Recipe("tiny-style", directions=(("own-000000000000", 1.0),)))
    assert OWN not in str(told.value.params["known"])


def test_renamed_it_draws_the_same_and_removed_it_is_off_the_list(engine: Engine) -> None:
    id = kept(engine, "before", "cy")
    assert engine.directions.rename("cy", id, "after").id == id
    assert [one.name for one in engine.directions.of("cy")] == ["after"]
    engine.directions.remove("cy", id)
    assert engine.directions.of("cy") == []
    with fault("fault.no_own_direction"):
        engine.directions.remove("cy", id)


def test_a_file_takes_it_elsewhere_and_a_new_start_finds_it(engine: Engine, tmp_path: Path) -> None:
    one = engine.between(PILE, OTHERS)
    again = read(one.as_file())
    assert (again.id, again.generator, again.weights) == (one.id, one.generator, one.weights)
    assert torch.equal(again.way, one.way)
    checkpoint = engine.checkpoints["tiny-style"]
    OwnDirections(tmp_path).keep("dee", again, checkpoint)
    (next(tmp_path.iterdir()) / "broken.json").write_text("{")
    found = OwnDirections(tmp_path)
    assert [known.id for known in found.of("dee")] == [one.id]
    assert set(found.ways(checkpoint)) == {one.id}


def test_there_is_an_end_to_how_many(engine: Engine, tmp_path: Path) -> None:
    store, checkpoint = OwnDirections(tmp_path), engine.checkpoints["tiny-style"]
    ways = torch.randn(MOST + 1, 6, 16, generator=torch.Generator().manual_seed(0))
    first, *others = [own_direction("x", "tiny-style", "", way) for way in ways]
    for one in (first, *others[:-1]):
        store.keep("dee", one, checkpoint)
    with fault("fault.direction_many"):
        store.keep("dee", others[-1], checkpoint)
    store.keep("dee", first, checkpoint)


def test_one_of_another_shape_is_refused(engine: Engine) -> None:
    for stranger in (own_direction("x", "tiny-style", "", torch.ones(2, 3)), own_direction("x", "nobody", "", torch.ones(6, 16))):
        with fault("fault.direction_other"):
            engine.keep_direction(stranger, "x", visitor="ann")


def told(**changed: Any) -> bytes:
    way = base64.b64encode(np.ones(6 * 16, np.float16).tobytes()).decode()
    given = {
        "kind": "latent-atelier direction 1",
        "name": "n",
        "generator": "tiny-style",
        "weights": "",
        "layers": 6,
        "w_dim": 16,
        "way": way,
    }
    return json.dumps({**given, **changed}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\x80\x04K\x01.",
        b"[" * 100_000,
        b'{"kind": "latent-atelier direction 1"}',
        told(kind="other"),
        told(layers=2**60, w_dim=2**60),
        told(layers=-6, w_dim=-16),
        told(layers="six"),
        told(layers=1e400),
        told(way="?" * 64),
        told(way=7),
        told(way=base64.b64encode(np.full(96, np.nan, np.float16).tobytes()).decode()),
        told(way=base64.b64encode(np.zeros(96, np.float16).tobytes()).decode()),
        told(name="x" * (300 << 10)),
    ],
)
def test_a_hostile_file_is_refused(data: bytes) -> None:
    with fault("fault.direction_file"):
        read(data)


def test_a_long_name_in_a_file_is_told_as_such() -> None:
    with fault("fault.direction_name"):
        read(told(name="x" * 50))
    assert read(told()).way.shape == (6, 16)
