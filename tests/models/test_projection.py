"""Pictures looked for in w: what a generator drew itself comes back, and what cannot be looked for is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models import projection as module
from models.checkpoint import load
from models.encoder import Encoder, distance, load_encoder
from models.projection import Found, Projection, can_project
from models.spec import Condition, Generator, every_pair
from tests.models.test_generators import TINY, built

FAMILIES = [family for family in TINY if can_project(built(family).spec)]
STEPS = 60
TRAINED = Path(__file__).parents[2] / "checkpoints" / "digits-cgan"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(autouse=True)
def few_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GUESSES", 32)
    monkeypatch.setattr(module, "SAMPLED", 512)


def own_picture(generator: Generator, seed: int = 5) -> Tensor:
    """What the generator draws of some z in its last pair of class and style, (3, size, size)."""
    spec = generator.spec
    names = max(len(spec.classes), 1) * max(len(spec.styles), 1)
    condition = every_pair(spec, names).row(names - 1)
    z = torch.randn(1, spec.z_dim, generator=torch.Generator().manual_seed(seed))
    return generator.synthesize(generator.map(z, condition), [0])[0].detach()


def ends(found: Iterator[Found]) -> tuple[Found, Found]:
    """The first guess and the last step."""
    steps = {one.step: one for one in found}
    return steps[0], steps[max(steps)]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_generator_drew_comes_nearer_in_every_family(family: str, encoder: Encoder) -> None:
    generator = built(family)
    first, last = ends(Projection(generator, encoder, own_picture(generator)).run(STEPS))
    assert last.step == STEPS
    assert last.distance < first.distance / 2, "untrained networks are rough ground, and the pair of names stays that of the guess"
    assert last.fit in ("same", "close")
    spec = generator.spec
    assert last.away.shape in {(1, spec.w_dim), (spec.layers, spec.w_dim)}
    w = generator.centre(last.condition, 1) + last.away
    drawn = generator.synthesize(w.expand(-1, spec.layers, -1), [0])[0]
    torch.testing.assert_close(drawn, last.picture, atol=1e-3, rtol=1e-3)


def test_what_a_trained_generator_drew_comes_back(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # as many guesses as there are
    generator = load(TRAINED).generator
    first, last = ends(Projection(generator, encoder, own_picture(generator)).run())
    assert last.distance <= first.distance / 4
    assert last.fit == "same"
    assert last.condition.classes is not None and last.condition.classes.argmax() == 9, "the class that it was drawn in"


def test_what_reads_pictures_begins_with_what_it_reads(encoder: Encoder) -> None:
    generator = load(TRAINED.with_name("portraits-vae")).generator
    picture = own_picture(generator)
    first, _ = ends(Projection(generator, encoder, picture).run(1))
    assert first.condition.styles is not None and first.condition.styles.argmax() == len(generator.spec.styles) - 1
    assert (first.picture - picture).abs().mean() < 0.1, "32 guesses at random are not so near"


def test_layers_that_share_one_place_share_one_row(encoder: Encoder) -> None:
    for family, rows in (("style", 1), ("lapgan", 3)):
        generator = built(family)
        assert next(Projection(generator, encoder, own_picture(generator)).run()).away.shape[0] == rows, family


def test_equal_arguments_find_equal_places(encoder: Encoder) -> None:
    generator = built("dcgan")
    picture = own_picture(generator)
    one, again, other = (ends(Projection(generator, encoder, picture, seed=seed).run(8))[1] for seed in (1, 1, 2))
    assert torch.equal(one.away, again.away)
    assert one.distance == again.distance
    assert not torch.equal(one.away, other.away)


def test_it_never_goes_farther_away(encoder: Encoder) -> None:
    generator = built("progressive")
    found = list(Projection(generator, encoder, own_picture(generator)).run(20))
    distances = [one.distance for one in found]
    assert distances == sorted(distances, reverse=True)
    assert [one.step for one in found if one.step] == list(range(1, 21))


def test_only_what_is_marked_has_to_fit(encoder: Encoder) -> None:
    generator = built("dcgan")
    left, right = own_picture(generator, 5), own_picture(generator, 6)
    picture, mask = left.clone(), torch.zeros(16, 16)
    picture[:, :, 8:] = right[:, :, 8:]
    mask[:, :8] = 1

    def apart(found: Found) -> float:
        return float((found.picture - picture)[:, :, :8].square().mean())

    whole, marked = (ends(Projection(generator, encoder, picture, given).run(STEPS))[1] for given in (None, mask))
    assert apart(marked) < apart(whole)
    assert marked.distance < whole.distance


def test_distance_where_it_counts() -> None:
    a, b = [torch.rand(2, 3, 8, 8)], [torch.rand(1, 3, 8, 8)]
    torch.testing.assert_close(distance(a, b, torch.ones(1, 1, 16, 16)), distance(a, b))
    half = torch.zeros(1, 1, 8, 8)
    half[..., :4] = 0.5
    torch.testing.assert_close(distance(a, b, half), distance([a[0][..., :4]], [b[0][..., :4]]))


def test_who_asks_no_further_has_stopped_it(encoder: Encoder) -> None:
    generator = built("dcgan")
    looking = Projection(generator, encoder, own_picture(generator)).run()
    assert next(looking).step == 0
    looking.close()
    with pytest.raises(StopIteration):
        next(looking)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(bad: float, encoder: Encoder) -> None:
    generator = built("dcgan")
    picture, mask = own_picture(generator), torch.ones(16, 16)
    picture[0, 3, 3], mask[2, 2] = bad, bad
    for given in ((picture, None), (own_picture(generator), mask)):
        with pytest.raises(ValueError, match="not finite"):
            Projection(generator, encoder, *given)


def test_an_empty_mask_and_strokes_are_refused(encoder: Encoder) -> None:
    generator = built("dcgan")
    with pytest.raises(ValueError, match="mask leaves nothing"):
        Projection(generator, encoder, own_picture(generator), torch.zeros(16, 16))
    with pytest.raises(ValueError, match="family 'rvae'"):
        Projection(built("rvae"), encoder, torch.zeros(3, 32, 32))


def test_grades_go_by_the_distance_of_strangers() -> None:
    found = Found(0, 0.0, 0.0, 0.5, torch.zeros(1, 4), Condition(), torch.zeros(3, 4, 4))
    graded = {distance: Found(**{**vars(found), "distance": distance}).fit for distance in (0.0, 0.02, 0.09, 0.19, 0.3)}
    assert list(graded.values()) == ["same", "same", "close", "partly", "far"]
