"""Tracks: a parameter over a film, by a curve drawn by hand and by what is heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.generators.style import Style, StyleConfig
from models.latent import Turned, draw_noise
from models.music import Heard, listen
from models.spec import Condition
from studio.drawing import centres, placed
from studio.engine import Engine
from studio.errors import Fault
from studio.film import Film, Key, Music, film_from_dict, film_from_json, film_to_dict, film_to_json
from studio.films import Films
from studio.recipe import Recipe
from studio.recipe_text import from_json, to_json
from studio.reel import reel_of
from studio.tracks import STEPS, Follow, Point, Track, envelope, lane_of
from tests.studio.given import click_track

A, B = (Recipe("tiny-style", seed=seed, noise_seed=3) for seed in (1, 2))
FILM = Film((Key(A, 0.0), Key(B, 1.0)), seconds=4.0, rate=24)
RAMP = Track("truncation", (Point(0.0, 1.0, "even"), Point(2.0, 0.5, "even")))
BEATS = np.array([0.5, 1.0, 1.5, 2.0])


def heard(**curves: np.ndarray) -> Heard:
    none = np.zeros(200, np.float32)
    strengths = np.array([1, 0.25, 0.5, 1])
    return Heard(4.0, 120.0, BEATS, 0, BEATS, strengths, {"loud": none, "low": none, "mid": none, "high": none} | curves)


def test_a_curve_goes_through_its_points_and_round() -> None:
    assert [RAMP.drawn(at, 4.0, True) for at in (0, 1, 2, 3)] == pytest.approx([1, 0.75, 0.5, 0.75])
    assert [RAMP.drawn(at, 4.0, False) for at in (0, 1, 2, 3)] == pytest.approx([1, 0.75, 0.5, 0.5])
    late = replace(RAMP, points=(Point(1.0, 0.2, "even"), Point(3.0, 1.0, "even")))
    assert [late.drawn(at, 4.0, True) for at in (0, 1, 2, 3)] == pytest.approx([0.6, 0.2, 0.6, 1])
    assert [late.drawn(at, 4.0, False) for at in (0, 4)] == [0.2, 1.0]
    assert Track("noise", (Point(1.0, 0.3),)).drawn(3.7, 4.0, True) == pytest.approx(0.3)
    held = replace(RAMP, points=(Point(0.0, 1.0, "hold"), Point(2.0, 0.5)))
    assert held.drawn(1.99, 4.0, True) == 1


def test_an_envelope_stands_at_its_peaks_and_falls_and_rises_as_wished() -> None:
    falls = envelope(Follow("onsets", decay=0.2), heard())
    at = lambda curve, moment: float(curve[round(moment * STEPS)])  # noqa: E731
    assert at(falls, 0.5) == pytest.approx(1)
    assert at(falls, 0.7) == pytest.approx(np.exp(-1), rel=0.01)
    assert at(falls, 1.0) == pytest.approx(0.25, rel=0.01)  # a louder one has died away by then
    assert at(falls, 0.49) < 0.01
    rises = envelope(Follow("beats", attack=0.2, decay=0.0), heard())
    assert [at(rises, moment) for moment in (0.2, 0.4, 0.5, 0.51)] == pytest.approx([0, 0.5, 1, 0], abs=0.01)
    steady = np.linspace(0, 1, 200).astype(np.float32)
    assert np.allclose(envelope(Follow("low", decay=0.0), heard(low=steady)), np.interp(np.arange(400) / 2, np.arange(200), steady))
    assert 0 <= falls.min() <= falls.max() <= 1
    assert len(envelope(Follow("high", attack=2.0, decay=5.0), listen(np.zeros(5)))) <= 4


def test_what_follows_comes_on_top_within_the_parameters_range_and_later_by_its_delay() -> None:
    track = Track("truncation", (Point(0.0, 1.0),), Follow("beats", amount=0.3, decay=0.1, delay=0.1))
    lane = lane_of(track, heard(), start=0.5)
    assert lane.at(0.1, 4.0, True) == pytest.approx(1.3, abs=0.01)
    assert lane.at(0.05, 4.0, True) == pytest.approx(1.0, abs=0.01)
    wild = lane_of(replace(track, follow=Follow("beats", amount=10.0)), heard(), 0.0)
    assert wild.at(0.5, 4.0, True) == 1.5
    assert lane_of(track, None, 0.0).at(0.6, 4.0, True) == 1  # without music it stays


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (7, "fault.tracks"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}]}] * 9, "fault.tracks"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}]}] * 2, "fault.tracks"),
        ([7], "fault.track_shape"),
        ([{"parameter": "noise", "points": [], "code": "x"}], "fault.track_shape"),
        ([{"points": [{"at": 0, "value": 0}]}], "fault.track_field"),
        ([{"parameter": "noise"}], "fault.track_points"),
        ([{"parameter": "noise", "points": []}], "fault.track_points"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}] * 2}], "fault.track_points"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}] * 999}], "fault.track_points"),
        ([{"parameter": "noise", "points": [7]}], "fault.track_shape"),
        ([{"parameter": "noise", "points": [{"at": 0}]}], "fault.track_field"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 2}]}], "fault.recipe_number"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": float("nan")}]}], "fault.recipe_number"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": "0"}]}], "fault.recipe_number"),
        ([{"parameter": "noise", "points": [{"at": 1e9, "value": 0}]}], "fault.recipe_number"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0, "ease": "__import__"}]}], "fault.film_choice"),
        ([{"parameter": "exec", "points": [{"at": 0, "value": 0}]}], "fault.film_choice"),
        ([{"parameter": ["noise"], "points": [{"at": 0, "value": 0}]}], "fault.recipe_name"),
        ([{"parameter": "direction:hair", "points": [{"at": 0, "value": 9}]}], "fault.recipe_number"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}], "follow": {"amount": 1}}], "fault.track_field"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}], "follow": {"source": "drums"}}], "fault.film_choice"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}], "follow": {"source": ["low"]}}], "fault.film_choice"),
        ([{"parameter": "noise", "points": [{"at": 0, "value": 0}], "follow": {"source": "low", "decay": 1e9}}], "fault.recipe_number"),
    ],
)
def test_what_a_track_may_not_be(given: Any, code: str) -> None:
    with pytest.raises(Fault, check=lambda error: error.code == code):
        film_from_dict({**film_to_dict(FILM), "tracks": given})


def test_tracks_are_part_of_a_film_and_a_plain_one_is_spelled_as_before() -> None:
    film = replace(FILM, drift=True, tracks=(RAMP, Track("direction:slant", (Point(0.5, -2.0, "hold"),), Follow("low", 1.5, 0.1))))
    assert film_from_json(film_to_json(film)) == film
    assert not {"tracks", "drift", "music"} & film_to_dict(FILM).keys()


def test_a_track_moves_what_it_is_called_after(engine: Engine) -> None:
    checkpoint = engine.prepared("tiny-style")
    slant = Track("direction:slant", (Point(0.0, 0.0, "even"), Point(2.0, 3.0, "even")))
    reel = reel_of(checkpoint, replace(FILM, tracks=(RAMP, slant)))
    plain = reel_of(checkpoint, FILM)
    for at in (0.0, 0.5, 1.0, 2.0, 3.3):
        w, before, middle = placed(checkpoint, [reel.at(at)])[0], placed(checkpoint, [plain.at(at)])[0], centres(checkpoint, [A])[0]
        psi, amount = RAMP.drawn(at, 4.0, True), slant.drawn(at, 4.0, True)
        expected = middle + psi * (before - middle) + amount * checkpoint.directions["slant"]
        torch.testing.assert_close(w, expected, atol=2e-4, rtol=2e-4)
        assert from_json(to_json(reel.at(at))) == reel.at(at)
    assert reel.at(4.0) == reel.at(0.0)


def test_noise_drifts_smoothly_and_comes_round(engine: Engine) -> None:
    noises = torch.stack([draw_noise(Turned(7, turn), 4000) for turn in np.linspace(0, 1, 41)])
    assert torch.equal(noises[0], draw_noise(7, 4000))
    torch.testing.assert_close(noises[-1], noises[0], atol=1e-5, rtol=0)
    assert (noises.std(1) - 1).abs().max() < 0.05
    steps = (noises[1:] - noises[:-1]).norm(dim=1)
    assert steps.max() < 1.1 * steps.min() < 0.2 * noises[0].norm()
    film = Film((Key(A, 0.0, "hold"), Key(A, 1.0, "hold")), seconds=12.0, drift=True)
    reel = reel_of(engine.prepared("tiny-style"), film)
    assert [reel.at(at).noise_turn for at in (0.0, 1.5, 3.0, 6.0)] == pytest.approx([0, 0.25, 0.5, 0])


def test_a_film_follows_its_music_and_tells_what_is_not_there(engine: Engine, tmp_path: Path) -> None:
    id, told = engine.sounds.put(click_track(np.arange(0.5, 4, 0.5), 4.2), "ann")
    follow = Track("direction:slant", (Point(0.0, 0.0),), Follow("beats", amount=2.0, decay=0.1))
    film = replace(FILM, music=Music(id), tracks=(follow,))
    reel = Films(engine).reel(film, "ann")
    amounts = [dict(reel.at(at).directions).get("slant", 0.0) for at in (0.2, float(told.beats[1]), float(told.beats[1]) + 0.4)]
    assert amounts == pytest.approx([0, 2, 0], abs=0.2)
    assert Films(engine).shoot(film, "mp4", 0, tmp_path / "x.film", "ann").future.result(60).is_file()
    for one, visitor, code in (
        (film, "bob", "fault.no_sound"),
        (replace(film, tracks=(replace(follow, parameter="direction:wings"),)), "ann", "fault.no_direction"),
    ):
        with pytest.raises(Fault, check=lambda error, code=code: error.code == code):
            Films(engine).reel(one, visitor)


def test_an_even_pace_is_that_of_the_pictures_not_of_the_tracks(engine: Engine) -> None:
    film = replace(FILM, even=True, rate=12)
    plain, tracked = (Films(engine).reel(one, "ann") for one in (film, replace(film, tracks=(RAMP,), drift=True)))
    assert plain.pace == tracked.pace
    assert tracked.at(2.0).blend[0].recipe.truncation == 0.5


def test_turned_noise_is_drawn_trained_and_frozen_alike() -> None:
    generator = Style(StyleConfig(size=16, z_dim=8, w_dim=16, widths=(16, 16, 8), mapping_layers=2)).eval().requires_grad_(False)
    for layer in (*generator.firsts, *generator.seconds):
        layer.noise.fill_(0.5)  # type: ignore[union-attr, operator]
    w = generator.map(torch.randn(1, 8), Condition())
    still, turned = (generator.synthesize(w, [seed]) for seed in (7, Turned(7, 0.25)))
    assert float((still - turned).abs().mean()) > 0.05
    torch.testing.assert_close(generator.synthesis(torch.float32)(w, [Turned(7, 0.25)]), turned, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(generator.synthesize(w, [Turned(7, 1.0)]), still, atol=1e-4, rtol=1e-4)
