"""Directions on cases whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.checkpoint import load, save
from models.directions import AXIS, FACTOR, find_directions, scaled
from models.directions.__main__ import main
from models.directions.find import Sampled, alike, alone, axes, factors, on_average, sampled, seen_twice, slopes, within
from models.directions.measured import measurements
from models.directions.readers import readings
from models.directions.traits import TRAITS, traits_of
from models.encoder import Encoder, EncoderConfig
from models.metrics.steering import breadth, median_lightness, share_of_warm, shear, steering, thickness
from models.registry import GENERATORS
from models.spec import Condition
from models.training.datasets import PictureSet, save as save_pictures
from models.training.labels import pictures_of
from tests.conftest import TINY as FAMILIES, tiny_card
from tests.models.test_generators import TINY, built

NOTHING = Condition()


def samples(w_dim: int = 6, n: int = 4000) -> Sampled:
    torch.manual_seed(0)
    w = torch.randn(n, w_dim) * torch.linspace(3, 0.5, w_dim)
    return Sampled(w[:, None], w, NOTHING)


@pytest.mark.parametrize("family", TINY)
def test_directions_fit_the_latent(family: str) -> None:
    generator = built(family)
    spec = generator.spec
    directions = find_directions(generator, count=64)
    assert bool(directions) != spec.is_map
    for name, direction in directions.items():
        assert direction.shape == (spec.layers, spec.w_dim), name
        assert 0 < direction.norm() < float("inf")
    if not spec.is_map:
        assert sum(name.startswith(AXIS) for name in directions) == min(4, spec.w_dim)
        assert any(name.startswith(FACTOR) for name in directions) == bool(generator.entries())


def test_a_way_raises_its_own_and_leaves_the_others() -> None:
    known, rising = samples(), torch.randn(3, 1, 6)
    gram = known.centred.T @ known.centred / len(known.centred)
    for number in range(3):
        way = alone(known, *alike(rising, [number]))
        moved = (rising * way).sum((1, 2))
        assert moved.argmax() == number
        assert float(moved.abs().sort().values[-2]) < 0.05 * float(moved[number])
        length = (way @ torch.linalg.inv(gram) @ way.T).squeeze()
        assert float(length) == pytest.approx(1, rel=1e-3)  # one standard deviation long


def test_what_two_pairs_of_eyes_see_is_raised_alike_for_both() -> None:
    rising = torch.randn(4, 1, 6)  # two traits, seen twice
    way = alone(samples(), *alike(rising, (1, 3)))
    moved = (rising * way).sum((1, 2))
    assert float(moved[1]) == pytest.approx(float(moved[3]), rel=0.05) and float(moved[1]) > 0
    assert float(moved[[0, 2]].abs().max()) < 0.05 * float(moved[1])


def test_of_two_measurements_the_mean_rises_and_the_way_is_likelier() -> None:
    known, rising = samples(), torch.randn(4, 1, 6)
    way, strict = (alone(known, *asked(rising, (1, 3))) for asked in (on_average, alike))
    moved = (rising * way).sum((1, 2))
    mean = float(moved[[1, 3]].mean())
    assert float(moved[[0, 2]].abs().max()) < 0.05 * mean
    assert mean >= float((rising * strict).sum((1, 2))[[1, 3]].mean()) - 1e-4  # of ways of one length it goes the farthest


def test_axes_are_the_main_ones_and_their_sign_is_settled() -> None:
    first = axes(samples())[0]
    assert abs(float(first[0])) == pytest.approx(3, rel=0.1)
    assert float(first[first.abs().argmax()]) > 0
    assert float(first[1:].abs().max()) < 0.3


def test_factors_are_what_the_weights_answer_to_most() -> None:
    generator = built("style")
    with torch.no_grad():
        for entry in generator.entries():
            entry.zero_()
            entry[:, 3] = 1.0
    way = factors(generator, sampled(generator, 256))[0]
    assert way.shape == (generator.spec.layers, generator.spec.w_dim)
    assert float(way[0].abs().argmax()) == 3
    assert float(way[0].norm() - way[0, 3].abs()) == pytest.approx(0, abs=1e-5)


class Layered:
    """A stand-in generator: the first number of a layer of w, times what that layer counts, is the grey of the picture."""

    def __init__(self, counts: list[float]) -> None:
        self.counts = torch.tensor(counts)
        self.spec = type("Spec", (), {"layers": len(counts)})()

    def synthesize(self, w: Tensor, noise_seeds: Any = None) -> Tensor:
        return (w[:, :, 0] @ self.counts)[:, None, None, None].expand(-1, 3, 2, 2)


def grey(x: Tensor) -> Tensor:
    return x.mean((1, 2, 3))


def test_slopes_are_those_of_each_layer_also_along_a_way() -> None:
    w = 0.01 * torch.randn(96, 1, 4).expand(-1, 3, -1)
    counts = [0.1, 0.2, -0.05]
    generator: Any = Layered(counts)
    for way in (None, 0.1 * torch.ones(3, 4)):
        rising = slopes(generator, Sampled(w, w[:, 0], NOTHING), (grey, lambda x: 2 * grey(x)), way)
        assert rising.shape == (2, 3, 4)
        assert rising[0, :, 0].tolist() == pytest.approx(counts)
        assert rising[1, :, 0].tolist() == pytest.approx([2 * count for count in counts])
        assert float(rising[:, :, 1:].abs().max()) == 0


def test_a_way_is_kept_where_other_eyes_see_it_rise() -> None:
    generator: Any = Layered([0.1, 0.2])
    w = 0.1 * torch.randn(64, 1, 4).expand(-1, 2, -1)
    ahead, beside = torch.zeros(2, 4), torch.zeros(2, 4)
    ahead[:, 0], beside[:, 1] = 0.1, 0.1
    found = {"rises": ahead, "falls": -ahead, "stays": beside, "hardly": 0.01 * ahead}
    assert set(seen_twice(generator, Sampled(w, w[:, 0], NOTHING), found, dict.fromkeys(found, grey))) == {"rises"}


def test_a_way_goes_through_the_fewest_layers_that_do_its_work() -> None:
    rising = torch.zeros(1, 5, 6)
    rising[0, :, 0] = torch.tensor([0.01, 2.0, 0.0, 1.0, -0.05])
    way = alone(samples(), *alike(rising, [0]))
    assert (way.abs().sum(1) > 0).tolist() == [False, True, False, True, False]
    assert float(way[1, 0]) == pytest.approx(2 * float(way[3, 0]), rel=1e-3)


def test_scaled_takes_out_what_others_share() -> None:
    generator = built("style")
    spec = generator.spec
    torch.manual_seed(3)
    other, way = torch.randn(spec.w_dim), torch.randn(spec.layers, spec.w_dim)
    found = scaled(generator, way, [other])
    assert float((found * other.expand_as(way)).sum().abs()) < 1e-4 * float(found.norm() * other.norm())
    assert torch.allclose(scaled(generator, 7 * way), scaled(generator, way))
    with pytest.raises(ValueError, match="Nothing is left"):
        scaled(generator, other.expand_as(way), [other])


def test_within_leaves_what_names_do_not_explain() -> None:
    shares = torch.eye(2)[torch.arange(100) % 2]
    values = shares @ torch.tensor([5.0, -5.0]) + torch.linspace(-1, 1, 100)
    assert within(values, Condition(styles=shares)).std() < 0.7


@pytest.mark.parametrize(
    ("trait", "words", "wanted"),
    [
        ("glasses", {"style": "lorelei", "glasses": "variant01"}, 1.0),
        ("glasses", {"style": "open-peeps", "accessories": "sunglasses2"}, 1.0),
        ("glasses", {"style": "open-peeps", "accessories": "eyepatch"}, 0.0),
        ("glasses", {"file": "cat.jpg"}, None),
        ("beard", {"style": "open-peeps", "facialHair": "full"}, 1.0),
        ("mood", {"mouth": "sad03"}, 0.0),
        ("mood", {"face": "smileBig"}, 1.0),
        ("mood", {"face": "blank"}, None),
        ("hair", {"hairColor": "#ffffff"}, 1.0),
        ("hair", {"headContrastColor": "#000000"}, 0.0),
        ("skin", {}, None),
        ("ground", {"backgroundColor": "#ff0000"}, 1.0),
        ("clothes", {"clothingColor": "#0000ff"}, -1.0),
        ("length", {"style": "pixel-art", "hair": "long03"}, 1.0),
        ("length", {"style": "open-peeps", "head": "grayMedium"}, 0.5),
        ("length", {"style": "open-peeps", "head": "noHair1"}, 0.0),
        ("length", {"style": "open-peeps", "head": "hatHip"}, None),
        ("length", {"style": "lorelei", "hair": "variant03"}, None),
    ],
)
def test_a_trait_is_read_off_the_words(trait: str, words: dict[str, Any], wanted: float | None) -> None:
    assert TRAITS[trait](words) == (None if wanted is None else pytest.approx(wanted))


@pytest.fixture
def faces() -> PictureSet:
    """Grounds of two colours with or without a bar where eyes would be, and words that say so; some say nothing."""
    draw = np.random.default_rng(0)
    pictures, rows = draw.integers(100, 130, (1600, 16, 16, 3), dtype=np.uint8), []
    for k, picture in enumerate(pictures):
        warm, wears = draw.random() < 0.5, draw.random() < 0.5
        picture[..., 0 if warm else 2] += 80
        if wears:
            picture[5:8] = 20
        row: dict[str, Any] = {"backgroundColor": "#ff8080" if warm else "#8080ff", "style": "lorelei" if k % 8 else "unknown"}
        rows.append({**row, "glasses": "variant01"} if wears else row)
    return PictureSet(pictures, np.arange(1600) % 4 == 0, None, None, (), (), "s", "l", rows)


def test_readings_read_pictures_that_they_never_saw(faces: PictureSet) -> None:
    torch.manual_seed(0)
    told, test = traits_of(faces), faces.test()
    assert set(told) == {"glasses", "ground"}
    read = readings(faces, Encoder(EncoderConfig((8, 8, 8, 16))).eval())
    x = pictures_of(faces, test)
    for name, reading in read.items():
        known = np.isfinite(told[name][test])
        assert np.corrcoef(reading(x).detach().numpy()[known], told[name][test][known])[0, 1] > 0.9, name


def strokes(lean: float = 0.0, thick: int = 3, side: int = 32) -> Tensor:
    """A black page with a white line that leans, (1, 3, side, side)."""
    x = -torch.ones(1, 3, side, side)
    for y in range(6, 26):
        left = round(16 - lean * (y - 15.5)) - thick // 2
        x[:, :, y, left : left + thick] = 1
    return x


def test_shapes_are_measured_in_another_way_than_directions_are_found_by() -> None:
    leaning = [shear(strokes(lean)).item() for lean in (-0.4, 0.0, 0.4)]
    assert leaning == pytest.approx([-0.4, 0.0, 0.4], abs=0.11)
    assert [thickness(strokes(thick=thick)).item() for thick in (2, 4, 6)] == sorted(thickness(strokes(thick=t)).item() for t in (2, 4, 6))
    assert breadth(strokes(thick=8)).item() == pytest.approx(8 / 20)
    red = torch.tensor([1.0, 0.0, -1.0])[None, :, None, None].expand(1, 3, 4, 4)
    assert share_of_warm(red).item() == 1
    assert share_of_warm(-red).item() == 0
    assert median_lightness(torch.ones(1, 3, 4, 4)).item() == pytest.approx(1)


@pytest.mark.parametrize("second", [False, True])
def test_what_is_measured_rises_with_its_own(second: bool) -> None:
    read = measurements(built("mlp_gan").spec, second=second)

    def rises(name: str, pictures: list[Tensor]) -> bool:
        values = [read[name](x).item() for x in pictures]
        return all(a + 1e-3 < b for a, b in zip(values, values[1:], strict=False))

    assert set(read) == {"slant", "weight", "width"}
    assert rises("slant", [strokes(lean) for lean in (-0.4, 0.0, 0.4)])
    assert rises("weight", [strokes(thick=thick) for thick in (3, 5, 7)])
    assert rises("width", [strokes(thick=thick) for thick in (3, 9, 15)])
    assert read["slant"](strokes()).item() == pytest.approx(0, abs=0.02)


def test_the_command_finds_them_anew_and_leaves_the_weights(tmp_path: Path) -> None:
    family, config = FAMILIES["tiny-dcgan"]
    torch.manual_seed(0)
    generator = GENERATORS.get(family).build(config)
    save(
        tmp_path / "one",
        generator,
        replace(tiny_card("one", family, config, 0), training={"preset": "digits-cgan"}),
        {"slant": torch.ones(72)},
    )
    grey = PictureSet(np.zeros((8, 16, 16, 1), np.uint8), np.zeros(8, bool), None, None, (), (), "s", "l")
    save_pictures(grey, tmp_path / "digits")
    before = load(tmp_path / "one")
    assert main(["one", "--checkpoints", str(tmp_path), "--data", str(tmp_path)]) == 0
    after = load(tmp_path / "one")
    assert f"{AXIS}1" in after.directions and not torch.equal(after.directions.get("slant", torch.zeros(72)), torch.ones(72))
    weights = before.generator.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in after.generator.state_dict().items())
    found = steering(after, grey, tmp_path)
    assert set(found) == set(after.directions) & {"slant", "weight", "width"}
    assert all(len(one["steps"]) == 5 and np.isfinite(one["moved"]) for one in found.values())


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nobody", "--checkpoints", str(tmp_path)]) == 1
    assert "nobody" in capsys.readouterr().err
