"""What is heard in a piece of music: onsets, tempo, beats and the energy of three bands. On samples alone, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

RATE = 24_000  # samples a second of what is listened to
HOP, WINDOW = 120, 768  # samples: 200 looks a second, of 32 ms each (Ellis 2007, section 3.1, has 250)
LOOKS = RATE // HOP
PIECE = 4096  # looks at a time
PACE = 50  # values a second of a curve
BANDS: Mapping[str, tuple[float, float]] = {"low": (30, 200), "mid": (200, 2000), "high": (2000, 11000)}  # Hz
MEL = 40  # channels in which an onset is looked for
TEMPI = (40.0, 210.0)  # beats a minute
USUAL, SPREAD = 120.0, 0.9  # the tempo people tap most readily, and octaves about it (Ellis 2007, section 3.2)
TIGHT = 100.0  # how much a beat off its time weighs against an onset (alpha in equation 1 there)
AS_STRONG = 0.95  # what repeats so well at half its period has that as its beat
EARLY = 1.0  # looks by which a change is seen before its sound reaches a window's middle
BAR = 4  # beats
FAINT = 1e-4  # amplitude below which there is nothing to hear


@dataclass(frozen=True, eq=False)
class Heard:
    """A piece of music as curves and moments, all in seconds from its beginning."""

    seconds: float
    tempo: float  # beats a minute; 0 where there are none
    beats: np.ndarray  # (n,)
    bar: int  # the beat, of the first four, that a bar begins with
    onsets: np.ndarray  # (m,)
    strengths: np.ndarray  # (m,) of the onsets, 0 .. 1
    curves: Mapping[str, np.ndarray]  # "loud" and each band: float32, 0 .. 1, PACE a second


def listen(samples: np.ndarray) -> Heard:
    """(n,) float in -1 .. 1, mono, RATE a second -> what is heard in it. Silence has no beats."""
    seconds = len(samples) / RATE
    mel, energies = _spectra(np.asarray(samples, np.float32))
    curves = {name: _levelled(energy) for name, energy in energies.items()}
    envelope = onset_envelope(mel)
    if not envelope.any():
        none = np.zeros(0)
        return Heard(seconds, 0.0, none, 0, none, none, curves)
    onsets, strengths = _peaks(envelope)
    looks = track_beats(envelope, period_of(envelope))
    beats = _moments(looks, seconds)
    tempo = 60 * (len(beats) - 1) / float(beats[-1] - beats[0]) if len(beats) > 1 else 0.0
    return Heard(seconds, tempo, beats, _bar(looks, energies["low"]), _moments(onsets, seconds), strengths, curves)


def _spectra(samples: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Mel power (looks, MEL), and the power of each band and of all, (looks,); a piece at a time, so that little is held."""
    padded = np.pad(samples, (WINDOW // 2, WINDOW // 2 + HOP))
    windows = sliding_window_view(padded, WINDOW)[::HOP]
    hz = np.fft.rfftfreq(WINDOW, 1 / RATE)
    masks = np.stack([np.ones_like(hz), *((low <= hz) & (hz < high) for low, high in BANDS.values())]).astype(np.float32)
    filters = np.concatenate([_mel_filters(hz), masks]).T
    taper = (np.hanning(WINDOW) * 2 / WINDOW).astype(np.float32)
    found: list[np.ndarray] = []
    for k in range(0, len(windows), PIECE):
        spectrum = np.fft.rfft(windows[k : k + PIECE] * taper)
        found.append(np.square(np.abs(spectrum)).astype(np.float32) @ filters)
    powers = np.concatenate(found)
    return powers[:, :MEL], dict(zip(("loud", *BANDS), powers[:, MEL:].T, strict=True))


def _mel_filters(hz: np.ndarray) -> np.ndarray:
    """(MEL, frequencies): triangles, evenly over the mel scale of O'Shaughnessy (1987), from 60 Hz."""
    lowest, highest = 2595 * np.log10(1 + np.array([60, RATE * 0.46]) / 700)
    edges = 700 * (10 ** (np.linspace(lowest, highest, MEL + 2) / 2595) - 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.clip(np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle)), 0, None).astype(np.float32)


def onset_envelope(mel: np.ndarray) -> np.ndarray:
    """Spectral flux (looks,): how much louder all channels grow, by the logarithm that ears hear by (Ellis 2007, section 3.1).

    Without its slow part, smoothed over 20 ms, in units of its deviation; nothing but zeros for silence.
    """
    loudest = float(np.percentile(mel.max(1), 98)) if len(mel) else 0.0
    if loudest < FAINT**2:
        return np.zeros(len(mel))
    heard = np.log1p(1000 * mel / loudest)
    grown = np.concatenate([[0.0], np.clip(np.diff(heard, axis=0), 0, None).mean(1)])
    grown = grown - _smoothed(grown, LOOKS * 0.4)  # what is slower than some 0.4 Hz
    grown = np.clip(_smoothed(grown, LOOKS * 0.01), 0, None)
    deviation = float(grown.std())
    return grown / deviation if deviation > 1e-9 else np.zeros(len(mel))


def period_of(envelope: np.ndarray) -> float:
    """Looks from beat to beat: where the envelope is most like itself, at a tempo that people tap (Ellis 2007, section 3.2)."""
    size = 1 << (2 * len(envelope) - 1).bit_length()
    alike = np.fft.irfft(np.square(np.abs(np.fft.rfft(envelope, size))))[: len(envelope)]
    least, most = (round(60 * LOOKS / tempo) for tempo in reversed(TEMPI))
    lags = np.arange(least, min(most, len(alike) - 2))
    if not len(lags):
        return 60 * LOOKS / USUAL
    likely = np.exp(-0.5 * (np.log2(lags * USUAL / (60 * LOOKS)) / SPREAD) ** 2)
    best = int(lags[np.argmax(alike[lags] * likely)])
    half = best // 2 + int(np.argmax(alike[best // 2 - 2 : best // 2 + 3])) - 2 if best // 2 >= least else 0
    if half >= least and alike[half] > AS_STRONG * alike[best]:
        best = half
    left, middle, right = alike[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return best + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def track_beats(envelope: np.ndarray, period: float) -> np.ndarray:
    """Looks (n,) of the beats: of all rows of them, the one with most onset and the evenest steps, by dynamic programming
    (Ellis 2007, section 2, equations 1 to 6)."""
    steps = np.arange(round(period * 2), max(round(period / 2), 1) - 1, -1)
    penalties = -TIGHT * np.log(steps / period) ** 2
    longest = int(steps[0])
    score = np.concatenate([np.zeros(longest), envelope])
    before = np.full(len(envelope), -1)
    reach = len(steps)
    for look in range(len(envelope)):
        ways = score[look : look + reach] + penalties  # what ended `steps` before this look
        best = int(ways.argmax())
        score[look + longest] += ways[best]
        before[look] = look - steps[best]
    totals = score[longest:]
    tail = totals[-longest:]
    beats = [len(totals) - len(tail) + int(tail.argmax())]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    return _trimmed(np.array(beats[::-1]), envelope)


def _trimmed(beats: np.ndarray, envelope: np.ndarray) -> np.ndarray:
    """Without those before the first sound and after the last."""
    near = np.stack([envelope[np.clip(beats + k, 0, len(envelope) - 1)] for k in range(-4, 5)]).max(0)
    heard = np.flatnonzero(near > 0.5 * np.sqrt(np.mean(near**2)))
    return beats[heard[0] : heard[-1] + 1] if len(heard) else beats[:0]


def _peaks(envelope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Looks and strengths (0 .. 1) of the onsets: highest within 50 ms, and above what is usual there (Dixon 2006, section 2.3)."""
    reach = LOOKS // 20
    around = sliding_window_view(np.pad(envelope, reach), 2 * reach + 1)
    usual = _smoothed(envelope, LOOKS * 0.1)
    looks = np.flatnonzero((envelope >= around.max(1)) & (envelope > usual + 1) & (envelope > 0))
    if not len(looks):
        return looks, np.zeros(0)
    return looks, np.clip(envelope[looks] / np.percentile(envelope[looks], 95), 0, 1)


def _bar(looks: np.ndarray, low: np.ndarray) -> int:
    """The beat, of the first four, from which on every fourth has most bass."""
    if len(looks) < 2 * BAR:
        return 0
    bass = np.sqrt(np.stack([low[np.clip(looks + k, 0, len(low) - 1)] for k in range(LOOKS // 10)]).max(0))
    return int(np.argmax([bass[first::BAR].mean() for first in range(BAR)]))


def _levelled(power: np.ndarray) -> np.ndarray:
    """Amplitude by its loud moments, 0 .. 1, PACE a second: each value the highest since the one before."""
    amplitude = np.sqrt(power)
    loud = float(np.percentile(amplitude, 99)) if len(amplitude) else 0.0
    if loud < FAINT:
        return np.zeros(-(-len(amplitude) * PACE // LOOKS), np.float32)
    every = LOOKS // PACE
    padded = np.pad(amplitude, (0, -len(amplitude) % every))
    return np.clip(padded.reshape(-1, every).max(1) / loud, 0, 1).astype(np.float32)


def _moments(looks: np.ndarray, seconds: float) -> np.ndarray:
    return np.clip((looks + EARLY) / LOOKS, 0, seconds)


def _smoothed(curve: np.ndarray, deviation: float) -> np.ndarray:
    """By a Gaussian of that many looks."""
    reach = max(int(3 * deviation), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    size = 1 << (len(curve) + 2 * reach).bit_length()
    whole = np.fft.irfft(np.fft.rfft(np.pad(curve, reach, mode="edge"), size) * np.fft.rfft(kernel / kernel.sum(), size), size)
    return whole[2 * reach : 2 * reach + len(curve)]
