"""From a film to the recipe of any moment of it: every frame is a picture like any other, between those of its keys."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from models.encoder import Encoder, distance, seen
from models.music import Heard
from models.translators.translator import Tell, unheard
from studio.breeding import Descent, descent, heir, joined
from studio.drawing import Prepared, centres, placed
from studio.easing import EASES
from studio.film import Film
from studio.recipe import Part, Recipe
from studio.recipe_rules import MAX_PARTS
from studio.tracks import Lane, lane_of

SEEN_AT = 64  # pixels a side at which steps are compared
GRID = (48, 360)  # fewest and most places at which a film's pace is looked at
ROUNDS = 2  # of evening the pace
ROUND = 6.0  # seconds in which drifting noise goes round once
NEAR = 1e-5  # shares below which a key is left out

Draw = Callable[[Recipe], np.ndarray]  # -> (h, w, 3) uint8


@dataclass(frozen=True, eq=False)
class Reel:
    """A film ready to be shown: what it needs to know of its generator was asked once.

    angles: between the deviations of each key and the next from their middles, radians. pace: moments of the plain film, evenly
    over this one's time, where the pace is evened; none where it runs as its keys stand. lanes: its tracks, which keep their own
    time. descents: of its keys, where some are blends themselves; the way between those keeps its distance from the middle on every path.
    """

    film: Film
    angles: tuple[float, ...]
    pace: tuple[float, ...] = ()
    lanes: tuple[Lane, ...] = ()
    descents: tuple[Descent, ...] = ()

    def at(self, seconds: float) -> Recipe:
        """The recipe of a moment; beyond its end a film begins again, or stands still."""
        film = self.film
        now = seconds % film.seconds if film.loop else min(max(seconds, 0.0), film.seconds)
        plain = now
        if self.pace:
            place = now / film.seconds * (len(self.pace) - 1)
            plain = float(np.interp(place, np.arange(len(self.pace)), self.pace))
        recipe = self._plain(plain)
        return self._tracked(recipe, now) if self.lanes or film.drift else recipe

    def frame(self, number: int) -> Recipe:
        return self.at(number / self.film.rate)

    def _tracked(self, recipe: Recipe, now: float) -> Recipe:
        """A moment's recipe with its parameters as the tracks have them then."""
        film = self.film
        values = {lane.track.parameter: lane.at(now, film.seconds, film.loop) for lane in self.lanes}
        led = {lane.track.direction: values[lane.track.parameter] for lane in self.lanes if lane.track.direction}
        inner = {name: values[name] for name in ("truncation", "variation") if name in values}
        parts = recipe.blend or (Part(recipe, 1.0),)
        turns = max(round(film.seconds / ROUND), 1) / film.seconds if film.loop else 1 / ROUND
        turn = recipe.noise_turn + values.get("noise", 0.0) + (now * turns if film.drift else 0.0)
        return Recipe(
            recipe.generator,
            noise_seed=recipe.noise_seed,
            noise_turn=turn % 1,
            blend=tuple(replace(part, recipe=replace(part.recipe, **inner)) for part in parts) if inner else parts,
            flat=recipe.flat,
            bends=recipe.bends if recipe.blend else (),  # else the one part has them
            directions=tuple(led.items()),
            side=recipe.side,
            temperature=values.get("temperature", recipe.temperature),
        )

    def _plain(self, seconds: float) -> Recipe:
        film, keys = self.film, self.film.keys
        here = max(bisect_right([key.at for key in keys], seconds + 1e-9) - 1, 0)
        last = len(keys) - 1
        if here == last and not film.loop:
            return self._mixed(last, {last: 1.0}, flat=False)
        end = film.seconds if here == last else keys[here + 1].at
        along = EASES[keys[here].ease](min(max((seconds - keys[here].at) / (end - keys[here].at), 0.0), 1.0))
        there = (here + 1) % len(keys)
        if film.path == "spline":
            return self._mixed(here, self._spline(here, along), flat=True)
        if film.path == "linear":
            return self._mixed(here, {here: 1 - along, there: along}, flat=True)
        return self._mixed(here, {here: (turn := turned(self.angles[here], along))[0], there: turn[1]}, flat=False)

    def _mixed(self, here: int, shares: Mapping[int, float], flat: bool) -> Recipe:
        film, keys, first = self.film, self.film.keys, self.film.keys[0].recipe
        kept = {number: share for number, share in shares.items() if abs(share) > NEAR}
        if len(kept) == 1:  # as it is, but for the grain, which would jump
            return replace(keys[next(iter(kept))].recipe, noise_seed=first.noise_seed, noise_turn=first.noise_turn, upscale=1)
        if self.descents:
            chosen, by_layer = sorted(kept), torch.tensor([[kept[number]] for number in sorted(kept)])
            together = joined([self.descents[number] for number in chosen], by_layer)
            child = heir([keys[number].recipe for number in chosen], by_layer, together, first.noise_seed, MAX_PARTS)
            return replace(child, noise_turn=first.noise_turn)
        parts = tuple(Part(keys[number].recipe, share) for number, share in sorted(kept.items()))
        return Recipe(film.generator, noise_seed=first.noise_seed, noise_turn=first.noise_turn, blend=parts, flat=flat)

    def _spline(self, here: int, t: float) -> dict[int, float]:
        """Cubic Hermite through the keys with the tangents of Catmull and Rom for uneven times: each key's share."""
        film, count = self.film, len(self.film.keys)
        before, there, after = here - 1, here + 1, here + 2
        if not film.loop:
            before, after = max(before, 0), min(after, count - 1)
        moments = {number: self._moment(number) for number in (before, here, there, after)}
        span = moments[there] - moments[here]
        shares: dict[int, float] = {}

        def add(number: int, share: float) -> None:
            shares[number % count] = shares.get(number % count, 0.0) + share

        add(here, (1 + 2 * t) * (1 - t) ** 2)
        add(there, t * t * (3 - 2 * t))
        for left, right, weight in ((before, there, t * (1 - t) ** 2), (here, after, t * t * (t - 1))):
            slope = weight * span / (moments[right] - moments[left])
            add(right, slope)
            add(left, -slope)
        return shares

    def _moment(self, number: int) -> float:
        """Of a key, also of one before the first or after the last of a film that loops."""
        rounds, place = divmod(number, len(self.film.keys))
        return self.film.keys[place].at + rounds * self.film.seconds


def turned(angle: float, t: float) -> tuple[float, float]:
    """The shares of slerp (Shoemake 1985) brought to a sum of one: the direction is the same, and the length is kept apart."""
    if math.sin(angle) < 1e-3:
        return 1 - t, t
    a, b = math.sin((1 - t) * angle), math.sin(t * angle)
    return a / (a + b), b / (a + b)


@torch.inference_mode()
def reel_of(checkpoint: Prepared, film: Film, heard: Heard | None = None) -> Reel:
    """A film's reel, its pace as the keys stand. heard: its music, where it has any."""
    recipes = [key.recipe for key in film.keys]
    aside = (placed(checkpoint, recipes) - centres(checkpoint, recipes)).flatten(1)
    cosines = torch.cosine_similarity(aside, aside.roll(-1, 0), dim=1)
    start = film.music.start if film.music else 0.0
    lanes = tuple(lane_of(track, heard, start) for track in film.tracks)
    descents = tuple(descent(checkpoint, recipe) for recipe in recipes) if any(recipe.blend for recipe in recipes) else ()
    return Reel(film, tuple(cosines.clamp(-1, 1).acos().tolist()), lanes=lanes, descents=descents)


def evened(reel: Reel, draw: Draw, encoder: Encoder, tell: Tell = unheard) -> Reel:
    """The same film in steps that look equally large: time is given to each stretch as much as changes in it.

    What stands still by wish ("hold") is passed over, and what tracks do is left out: they follow their own time. Looked at from
    place to place, then once more where the first look led.
    """
    film = replace(reel.film, tracks=(), drift=False)
    count = min(max(film.frames, GRID[0]), GRID[1])
    pace = np.linspace(0, film.seconds, count + 1)
    for number in range(ROUNDS):
        plain = replace(reel, film=film, lanes=(), pace=tuple(pace.tolist()))
        pictures = []
        for place in range(count + (not film.loop)):
            pictures.append(draw(plain.at(place / count * film.seconds)))
            tell(number * (count + 1) + place, ROUNDS * (count + 1))
        walked = np.concatenate([[0.0], np.cumsum(steps(pictures, encoder, film.loop))])
        if not walked[-1] > 0:
            return reel
        pace = np.interp(np.linspace(0, walked[-1], count + 1), walked + np.arange(count + 1) * 1e-12, pace)
    return replace(reel, pace=tuple(pace.tolist()))


@torch.inference_mode()
def steps(pictures: Sequence[np.ndarray], encoder: Encoder, loop: bool) -> np.ndarray:
    """How far apart pictures (h, w, 3) uint8 look from one to the next, and from the last to the first where it loops: roots of the
    perceptual distance, which adds up squares."""
    x = torch.stack([torch.from_numpy(picture) for picture in pictures]).permute(0, 3, 1, 2).float() / 127.5 - 1
    maps: list[list[Tensor]] = [encoder(seen(part, SEEN_AT)) for part in x.split(32)]
    levels = [torch.cat(level) for level in zip(*maps, strict=True)]
    after = [level.roll(-1, 0) for level in levels]
    found = torch.cat([distance([a[k : k + 1] for a in levels], [b[k : k + 1] for b in after]) for k in range(len(x))]).clamp_min(0).sqrt()
    return (found if loop else found[:-1]).double().numpy()
