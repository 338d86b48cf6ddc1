"""Ways through w along which one thing changes and the rest mostly stays, each one standard deviation long.

Three kinds: of things that can be read off a picture, by the slope of what is read (in the place of InterFaceGAN's separating
planes, Shen 2020, and with all the others held still at once); the main axes of w (GANSpace, Härkönen 2020); and those that the
network's own weights answer to most (SeFa, Shen 2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from models.directions.measured import Reading, measurements
from models.directions.readers import readings
from models.spec import Condition, Generator, GeneratorSpec
from models.training.datasets.pictures import PictureSet

UNNAMED = 4  # directions of either kind that nobody gave a name yet
AXIS, FACTOR = "axis-", "factor-"  # what their names begin with
BATCH, LOOKED = 16, 256  # pictures at once; those by which readings are scaled and slopes taken
ROUNDS = 2  # in which a way is corrected by the slopes met along it
REACH = 2.0  # standard deviations to either side for which a way is made
SEEN = 0.4  # standard deviations of its trait that a way must lead through, from end to end, in other eyes
ENOUGH = 0.9  # of what a way can do, by the layers that are kept

Slopes = Tensor  # (readings, layers, w_dim): how each reading rises with each layer of w, in its own standard deviations


@dataclass(frozen=True)
class Sampled:
    """Random w of random conditions, and the same less the middle of their condition."""

    w: Tensor  # (n, layers, w_dim)
    centred: Tensor  # (n, w_dim)
    condition: Condition

    def spread(self, direction: Tensor) -> Tensor:
        """One standard deviation of w along a direction (w_dim,) of any length."""
        unit = direction / direction.norm().clamp_min(1e-8)
        return unit * (self.centred @ unit).std()

    def first(self, count: int) -> Sampled:
        shares = (None if one is None else one[:count] for one in (self.condition.classes, self.condition.styles))
        return Sampled(self.w[:count], self.centred[:count], Condition(*shares))


@torch.no_grad()
def read_off(generator: Generator, w: Tensor, read: Sequence[Reading]) -> Tensor:
    """What is read off the pictures of w (n, layers, w_dim): (readings, n)."""
    parts = []
    for part in w.split(BATCH):
        x = generator.synthesize(part, [0] * len(part)).clamp(-1, 1)
        parts.append(torch.stack([reading(x) for reading in read]))
    return torch.cat(parts, dim=1)


def find_directions(generator: Generator, data: PictureSet | None = None, count: int = 4096) -> dict[str, Tensor]:
    """By name, (layers, w_dim), nothing in the layers that it leaves alone. data: a set whose words may tell traits.

    A map of two numbers has none: it shows all it can draw already.
    """
    spec = generator.spec
    if spec.is_map:
        return {}
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.no_grad():
        samples = sampled(generator, count)
    told = readings(data) if data is not None and spec.channels == 3 else {}
    eyes = told or measurements(spec)
    again = readings(data, second=True) if told and data is not None else measurements(spec, second=True)
    # What one pair of eyes takes for a trait may be another thing: what both see is raised, and the rest kept still for both.
    # Eyes that learned must both see as much of it; of two measurements, which can't be deceived, the mean rises.
    risen = alike if told else on_average
    read = standard(generator, samples, (*eyes.values(), *again.values()))
    rising = fitted(generator, samples, read) if spec.draws_strokes else slopes(generator, samples, read)
    found = {}
    for k, name in enumerate(eyes):
        raised = range(k, len(read), len(eyes))
        way = alone(samples, *risen(rising, raised))
        for _ in range(0 if spec.draws_strokes else ROUNDS):  # a slope is only that of a place: what is met along the way corrects it
            way = alone(samples, *risen(slopes(generator, samples, read, way), raised))
        found[name] = way
    if again:
        found = seen_twice(generator, samples, found, again)
    whole = torch.ones(spec.layers, 1)
    found |= {f"{AXIS}{k + 1}": whole * direction for k, direction in enumerate(axes(samples))}
    found |= {f"{FACTOR}{k + 1}": direction for k, direction in enumerate(factors(generator, samples))}
    return found


def sampled(generator: Generator, count: int) -> Sampled:
    spec, draw, device = generator.spec, torch.Generator().manual_seed(0), next(generator.parameters()).device
    z = torch.randn(count, spec.z_dim, generator=draw).to(device)
    condition = random_condition(spec, count, draw).to(device)
    w = generator.map(z, condition)
    return Sampled(w, w[:, 0] - generator.centre(condition, count)[:, 0], condition)


def random_condition(spec: GeneratorSpec, n: int, draw: torch.Generator) -> Condition:
    def one_hot(names: tuple[str, ...]) -> Tensor | None:
        return torch.eye(len(names))[torch.randint(len(names), (n,), generator=draw)] if names else None

    return Condition(one_hot(spec.classes), one_hot(spec.styles))


@torch.no_grad()
def standard(generator: Generator, samples: Sampled, read: Sequence[Reading]) -> Sequence[Reading]:
    """The readings in standard deviations among pictures of one class and style."""
    some = samples.first(LOOKED)
    spreads = [max(within(values, some.condition).std().item(), 1e-8) for values in read_off(generator, some.w, read)]
    return [partial(_divided, reading, spread) for reading, spread in zip(read, spreads, strict=True)]


def _divided(reading: Reading, spread: float, x: Tensor) -> Tensor:
    return reading(x) / spread


@torch.enable_grad()
def slopes(generator: Generator, samples: Sampled, read: Sequence[Reading], way: Tensor | None = None) -> Slopes:
    """Means over pictures, at places spread evenly over a way through each of them where one is given."""
    w = samples.w[:LOOKED]
    if way is not None:
        w = w + REACH * torch.linspace(-1, 1, len(w))[torch.randperm(len(w), generator=torch.Generator().manual_seed(0)), None, None] * way
    total = torch.zeros(len(read), *w.shape[1:])
    for part in w.split(BATCH):
        at = part.clone().requires_grad_()
        x = generator.synthesize(at, [0] * len(at)).clamp(-1.5, 1.5)  # beyond the range a slope still tells the way back
        for k, reading in enumerate(read):
            total[k] += torch.autograd.grad(reading(x).sum(), at, retain_graph=True)[0].sum(0)
    return total / len(w)


@torch.no_grad()
def seen_twice(generator: Generator, samples: Sampled, found: Mapping[str, Tensor], read: Mapping[str, Reading]) -> dict[str, Tensor]:
    """Those whose trait other eyes see rise as well: a slope can also lead to what only the eyes that gave it take for the trait."""
    some, kept = samples.first(LOOKED), dict[str, Tensor]()
    for name, way in found.items():
        low, still, high = (read_off(generator, some.w + amount * way, (read[name],))[0] for amount in (-REACH, 0.0, REACH))
        spread = within(still, some.condition).std().clamp_min(1e-8)
        if low.mean() < still.mean() < high.mean() and (high - low).mean() / spread > SEEN:
            kept[name] = way
    return kept


@torch.no_grad()
def fitted(generator: Generator, samples: Sampled, read: Sequence[Reading]) -> Slopes:
    """The same by linear regression within a condition, where no gradient leads back from a picture to w: strokes are chosen by chance."""
    y = torch.stack([within(values, samples.condition) for values in read_off(generator, samples.w, read)])
    gram = covariance(samples)
    steadied = gram + 0.01 * gram.diagonal().mean() * torch.eye(len(gram))
    slope = torch.linalg.solve(steadied, samples.centred.T @ y.T / len(samples.centred)).T
    return slope[:, None].expand(-1, generator.spec.layers, -1)


def alike(rising: Slopes, raised: Sequence[int]) -> tuple[Slopes, Tensor]:
    """What `alone` is asked for where each of the readings named is to rise alike: (readings, layers, w_dim), (readings,)."""
    wanted = torch.zeros(len(rising))
    wanted[list(raised)] = 1
    return rising, wanted


def on_average(rising: Slopes, raised: Sequence[int]) -> tuple[Slopes, Tensor]:
    """The same where their mean is to rise, and it does not matter which of them does more."""
    others = [k for k in range(len(rising)) if k not in raised]
    return alike(torch.cat([rising[list(raised)].mean(0, keepdim=True), rising[others]]), [0])


def alone(samples: Sampled, rising: Slopes, wanted: Tensor) -> Tensor:
    """The way, (layers, w_dim), that raises some readings alike and, to first order, no other, in the fewest layers that do nearly all.

    Of all such ways the likeliest: shortest in the covariance C of w; so it is C G' (G C G')^-1 e, G the slopes, e what is wanted: 1
    where a reading is raised and 0 elsewhere. One standard deviation long in the mean of its layers.
    """
    gram = covariance(samples)
    reached = rising @ gram  # (readings, layers, w_dim)
    each = torch.einsum("i,ild,ild->l", wanted, rising, reached)
    order = each.argsort(descending=True)
    kept = order[: int((each[order].cumsum(0) < ENOUGH * each.sum()).sum()) + 1]
    between = torch.einsum("ild,jld->ij", rising[:, kept], reached[:, kept])
    steadied = between + 1e-3 * between.diagonal().mean() * torch.eye(len(between))
    shares = torch.linalg.solve(steadied, wanted)
    length = (shares @ between @ shares).clamp_min(1e-12).sqrt()
    way = torch.zeros_like(rising[0])
    way[kept] = torch.einsum("i,ild->ld", shares, reached[:, kept]) / length * len(kept) ** 0.5
    return way


def covariance(samples: Sampled) -> Tensor:
    return samples.centred.T @ samples.centred / len(samples.centred)


def within(values: Tensor, condition: Condition) -> Tensor:
    """Values (n,) less what their class and their style explain on average."""
    values = values - values.mean()
    for shares in (condition.classes, condition.styles):
        if shares is not None:
            means = (shares.T @ values) / shares.sum(0).clamp_min(1)
            values = values - shares @ means
    return values


def axes(samples: Sampled) -> list[Tensor]:
    """The main axes of w (Härkönen 2020, section 3.1)."""
    _, _, rows = torch.linalg.svd(samples.centred, full_matrices=False)
    return [samples.spread(turned(row)) for row in rows[:UNNAMED]]


@torch.no_grad()
def factors(generator: Generator, samples: Sampled) -> list[Tensor]:
    """What the layers that w enters by answer to most (Shen 2021, equation 5), (layers, w_dim); none where w enters by no matrix."""
    entries = generator.entries()
    if not entries:
        return []
    answers = sum((matrix.T @ matrix for matrix in (entry.float() / entry.float().norm() for entry in entries)), torch.zeros(()))
    _, vectors = torch.linalg.eigh(answers)
    whole = torch.ones(generator.spec.layers, 1)
    return [whole * samples.spread(turned(column)) for column in vectors.T.flip(0)[:UNNAMED]]


@torch.inference_mode()
def scaled(generator: Generator, way: Tensor, others: Sequence[Tensor] = (), count: int = 1024) -> Tensor:
    """A way through w, (layers, w_dim) of any length, as a direction: without what it shares with others, one standard deviation long.

    ValueError where nothing is left of it.
    """
    before = way.norm()
    if others:
        basis, _ = torch.linalg.qr(torch.stack([other.expand_as(way).flatten() for other in others]).T)
        way = (way.flatten() - basis @ (basis.T @ way.flatten())).view_as(way)
    if not way.norm() > 1e-4 * before:
        raise ValueError("Nothing is left of this way.")
    unit = way / way.norm()
    return unit * (sampled(generator, count).centred @ unit.T).sum(1).std()


def turned(direction: Tensor) -> Tensor:
    """One of the two signs, always the same: the largest number is above zero."""
    return direction * direction[direction.abs().argmax()].sign()
