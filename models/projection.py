"""From a picture back to w: the place in a generator's latent space whose picture looks most like a given one (Karras 2020, appendix D).

Looked for by our own features, in any generator that a gradient leads back through. What is found is how far that place lies from
the centre of its classes and styles, so that these can still be moved.
"""

from __future__ import annotations

import math
from collections.abc import Generator as Steps, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from models.directions.find import covariance, sampled
from models.encoder import SEEN_AT, Encoder, distance, seen
from models.spec import Condition, Encodes, Generator, GeneratorSpec, every_pair

STEPS = 200
GUESSES, EACH = 128, 2  # pictures drawn to begin with, at least; and at least of each pair of class and style
BATCH = 16
SAMPLED = 4096  # w that tell how they vary
STARTS, RACE = 3, 30  # the nearest guesses are all followed for so many steps, and the one that came nearest goes on
RATE, WARM, COOL = 0.25, 0.05, 0.4  # standard deviations a step; shares of the steps in which that rises, and falls
RESTLESS, CALM = 0.05, 0.75  # noise on w, in standard deviations, and after which share of the steps there is none
COLOURS, COARSE = 0.5, 4  # what a unit of squared difference costs, between pictures averaged over squares of so many pixels a side
HELD = 0.005  # what it costs to go beyond the length that w usually has, a unit of its square
LEAST = 1e-3  # of the largest variance: what varies less is no way for this generator

Fit = Literal["same", "close", "partly", "far"]
GRADES: Mapping[Fit, float] = {"same": 0.05, "close": 0.2, "partly": 0.4}  # of the distance of strangers, up to which a fit is called so


@dataclass(frozen=True, eq=False)
class Found:
    """What a projection has come to after so many steps; at step 0 it guesses."""

    step: int
    distance: float  # within the mask; 0 is the same: perceptual distance, and the difference of colours, to which that is nearly blind
    perceptual: float  # the first of these alone
    strangers: float  # the distance of two pictures of this generator that have nothing to do with each other, likewise
    away: Tensor  # (1 or layers, w_dim), w less the centre of its condition; one row is that of every layer
    condition: Condition  # one row
    picture: Tensor  # (3, size, size) in [-1, 1]

    @property
    def fit(self) -> Fit:
        """How near it is on a scale from the picture itself, which what a generator drew comes back to, to a stranger."""
        share = self.distance / max(self.strangers, 1e-8)
        fits: list[Fit] = [grade for grade, most in GRADES.items() if share <= most]
        return fits[0] if fits else "far"


def can_project(spec: GeneratorSpec) -> bool:
    """Whether a gradient leads from the picture back to w: through strokes, which are chosen by chance, none does."""
    return not spec.draws_strokes


@dataclass(frozen=True)
class Look:
    """What pictures are compared by."""

    maps: Sequence[Tensor]  # the encoder's
    colours: Tensor  # (n, 3, h, w)


class Projection:
    """Looks for a square picture (3, h, w) in [-1, 1]; mask (h, w) in [0, 1]: how much it has to fit where.

    seed: of the guesses and of the noise on w; noise_seed: of the noise that the generator draws. Equal arguments find equal
    places on one device. ValueError for numbers that are not finite, a mask that leaves nothing, and a generator that writes strokes.
    """

    def __init__(
        self, generator: Generator, encoder: Encoder, picture: Tensor, mask: Tensor | None = None, *, seed: int = 0, noise_seed: int = 0
    ) -> None:
        spec = generator.spec
        if not can_project(spec):
            raise ValueError(f"No gradient leads back through the family '{spec.family}'. Choose a generator that draws pixels.")
        if not all(torch.isfinite(given).all() for given in (picture, mask) if given is not None):
            raise ValueError("The picture or its mask holds numbers that are not finite. Give pixels from -1 to 1, a mask from 0 to 1.")
        if mask is not None and not (mask > 0).any():
            raise ValueError("The mask leaves nothing to look for. Mark where the picture has to fit, or give no mask.")
        self.generator, self.encoder, self.noise_seed = generator, encoder, noise_seed
        self.device = next(generator.parameters()).device
        self.side = SEEN_AT // 2 if spec.size <= SEEN_AT // 4 else SEEN_AT
        self.mask = None if mask is None else seen(mask[None, None].to(self.device), self.side).clamp(0, 1)
        reduced = seen(picture[None].to(self.device), spec.size)
        self.picture = reduced if spec.channels == 3 else reduced.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        self.chance = torch.Generator("cpu").manual_seed(seed)

    def run(self, steps: int = STEPS) -> Steps[Found, None, None]:
        """The nearest so far, after each part of the guesses and after each step. Who asks no further has cancelled it."""
        with torch.no_grad():
            target = self._looked_at(self.picture)
        away, conditions, found = yield from self._guess(target)
        centres = torch.cat([self.generator.centre(one, 1) for one in conditions])[:, : away.shape[1]].detach()
        axes, back = self._axes()
        starts = [start.requires_grad_() for start in (away @ back).unbind(0)]
        followed, least = list(range(len(starts))), [math.inf] * len(starts)
        adam = torch.optim.Adam(starts, betas=(0.9, 0.99))
        for step in range(1, steps + 1):
            t = step / steps
            adam.param_groups[0]["lr"] = RATE * min(t / WARM, (1 - t) / COOL, 1.0)
            u = torch.stack([starts[k] for k in followed])
            restless = RESTLESS * max(1 - t / CALM, 0.0) ** 2
            away = (u + restless * torch.randn(u.shape, generator=self.chance).to(self.device)) @ axes
            pictures = self._drawn(centres[followed] + away)
            distances, perceptual = self._apart(self._looked_at(pictures), target)
            beyond = (u.square().mean((1, 2)) - 1).clamp_min(0)
            adam.zero_grad(set_to_none=True)
            (distances + HELD * beyond).sum().backward(inputs=[starts[k] for k in followed])
            adam.step()
            for row, (k, near, seen_as) in enumerate(zip(followed, distances.tolist(), perceptual.tolist(), strict=True)):
                least[k] = min(least[k], near)
                if near < found.distance:
                    place, picture = away[row].detach().clone(), pictures[row].detach().clone()
                    found = Found(step, near, seen_as, found.strangers, place, conditions[k], picture)
            if step == RACE:
                followed = [min(followed, key=lambda k: least[k])]
            found = replace(found, step=step)
            yield found

    def _guess(self, target: Look) -> Steps[Found, None, tuple[Tensor, list[Condition], Found]]:
        """Draws many, and the encoder's own guess where there is one: the nearest, (STARTS, rows, w_dim), and the very best."""
        w, away, condition = self._guesses()
        near, apart, found = torch.empty(2, 0), torch.empty(0), None
        for rows in torch.arange(len(w)).split(BATCH):
            with torch.no_grad():
                pictures = self._drawn(w[rows])
                look = self._looked_at(pictures)
                others = Look([one.roll(1, 0) for one in look.maps], look.colours.roll(1, 0))
                near = torch.cat([near, torch.stack(self._apart(look, target)).cpu()], dim=1)
                apart = torch.cat([apart, self._apart(look, others)[0].cpu()])
            best, strangers = int(near[0].argmin()), float(apart.median())
            picture = pictures[best - int(rows[0])] if best >= rows[0] or found is None else found.picture
            found = Found(0, float(near[0, best]), float(near[1, best]), strangers, away[best], condition.row(best), picture)
            yield found
        assert found is not None
        nearest = near[0].argsort()[:STARTS].tolist()
        return away[nearest], [condition.row(k) for k in nearest], found

    @torch.no_grad()
    def _guesses(self) -> tuple[Tensor, Tensor, Condition]:
        """w, the same less the centre of its condition, in one row where all layers share one place, and the condition."""
        spec = self.generator.spec
        count = max(GUESSES, EACH * max(len(spec.classes), 1) * max(len(spec.styles), 1))
        condition = every_pair(spec, count).to(self.device)
        z = torch.randn(count, spec.z_dim, generator=self.chance).to(self.device)
        w = self.generator.map(z, condition)
        if spec.encodes:  # one guess is what it reads itself, in the style that this is the least strange in
            coder, styles = cast(Encodes, self.generator), max(len(spec.styles), 1)
            mean, _ = coder.encode((self.picture[:, : spec.channels] + 1) / 2)
            strangeness = coder.unmapped(mean.expand(styles, -1).unsqueeze(1), condition[:styles]).norm(dim=1)
            w[strangeness.argmin()] = mean
        shared = torch.equal(w, w[:, :1].expand_as(w))
        return w, (w - self.generator.centre(condition, count))[:, : 1 if shared else None], condition

    @torch.no_grad()
    def _axes(self) -> tuple[Tensor, Tensor]:
        """(k, w_dim): the main axes of w within a condition, one standard deviation long each; and what leads back, (w_dim, k)."""
        values, vectors = torch.linalg.eigh(covariance(sampled(self.generator, SAMPLED)))
        kept = values > LEAST * values.max()
        return (vectors[:, kept] * values[kept].sqrt()).T, vectors[:, kept] / values[kept].sqrt()

    def _drawn(self, w: Tensor) -> Tensor:
        """(n, 1 or layers, w_dim) -> (n, 3, size, size)."""
        return self.generator.synthesize(w.expand(-1, self.generator.spec.layers, -1), [self.noise_seed] * len(w))

    def _looked_at(self, x: Tensor) -> Look:
        return Look(self.encoder(seen(x, self.side)), F.avg_pool2d(x, COARSE))

    def _apart(self, a: Look, b: Look) -> tuple[Tensor, Tensor]:
        """The distance, and its perceptual part, (n,) each."""
        perceptual = distance(a.maps, b.maps, self.mask)
        different = (a.colours - b.colours).square().mean(1)
        counts = (
            torch.ones_like(different[:1])
            if self.mask is None
            else F.adaptive_avg_pool2d(self.mask, (different.shape[1], different.shape[2]))[0]
        )
        return perceptual + COLOURS * (different * counts).sum((1, 2)) / counts.sum(), perceptual
