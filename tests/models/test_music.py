"""What is heard in music: on sounds made for it, whose every moment is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.music import PACE, RATE, listen

Sound = Callable[[np.ndarray], np.ndarray]  # of seconds from its beginning

TONE: Sound = lambda t: np.sin(2 * np.pi * 1000 * t) * np.exp(-80 * t)  # noqa: E731
KICK: Sound = lambda t: np.sin(2 * np.pi * 60 * t) * np.exp(-30 * t)  # noqa: E731
HISS: Sound = lambda t: 0.3 * np.random.default_rng(1).normal(size=len(t)) * np.exp(-100 * t)  # noqa: E731


def track(moments: np.ndarray, seconds: float, sound: Sound, noise: float = 0.0) -> np.ndarray:
    samples = noise * np.random.default_rng(0).normal(size=round(RATE * seconds))
    shape = 0.7 * sound(np.arange(round(0.06 * RATE)) / RATE)
    for moment in moments:
        place = round(moment * RATE)
        samples[place : place + len(shape)] += shape[: len(samples) - place]
    return samples


@pytest.mark.parametrize("sound", [TONE, KICK, HISS], ids=["tone", "kick", "hiss"])
@pytest.mark.parametrize(("tempo", "noise"), [(60, 0.0), (93.7, 0.02), (120, 0.02), (174, 0.0)])
def test_beats_of_a_click_track_land_within_10_ms(sound: Sound, tempo: float, noise: float) -> None:
    moments = np.arange(0.437, 19.5, 60 / tempo)
    heard = listen(track(moments, 20, sound, noise))
    assert len(heard.beats) == len(moments)
    assert np.abs(heard.beats - moments).max() < 0.010
    assert heard.tempo == pytest.approx(tempo, rel=0.005)


def test_beats_follow_a_tempo_that_wanders() -> None:
    steps = 0.5 + 0.03 * np.sin(np.arange(40) / 4)
    moments = 0.3 + np.cumsum(steps)
    heard = listen(track(moments, moments[-1] + 0.5, TONE))
    near = np.abs(heard.beats[:, None] - moments).min(1)
    assert len(heard.beats) >= 39
    assert np.sort(near)[:-1].max() < 0.025


def test_a_bar_begins_where_the_bass_is() -> None:
    moments = np.arange(0.3, 16, 0.5)
    samples = track(moments, 16.2, TONE) + track(moments[2::4], 16.2, KICK)
    assert listen(samples).bar == 2


def test_onsets_are_found_between_beats_too() -> None:
    moments = np.sort(np.concatenate([np.arange(0.3, 9.5, 0.5), [1.47, 3.61, 6.19]]))
    heard = listen(track(moments, 10, TONE))
    assert len(heard.onsets) == len(moments)
    assert np.abs(heard.onsets - moments).max() < 0.010
    assert 0 < heard.strengths.min() <= heard.strengths.max() <= 1


def test_each_band_hears_its_own() -> None:
    t = np.arange(3 * RATE) / RATE
    samples = np.concatenate([np.sin(2 * np.pi * hz * t) for hz in (80, 800, 6000)]) * 0.4
    heard = listen(samples)
    for number, name in enumerate(("low", "mid", "high")):
        means = heard.curves[name].reshape(-1)[: 9 * PACE].reshape(3, -1)[:, 10:-10].mean(1)
        assert means[number] > 0.9
        assert np.delete(means, number).max() < 0.05
    assert heard.curves["loud"][10:-10].min() > 0.5


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(7), np.ones(300), np.zeros(3 * RATE), 1e-6 * np.ones(RATE)])
def test_where_there_is_nothing_to_hear_there_are_no_beats(samples: np.ndarray) -> None:
    heard = listen(samples)
    assert len(heard.beats) <= 1
    assert heard.tempo == 0
    assert heard.seconds == len(samples) / RATE
    assert all(np.isfinite(curve).all() and curve.max(initial=0) <= 1 for curve in heard.curves.values())
