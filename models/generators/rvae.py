"""A recurrent variational autoencoder of writing: sketch-rnn (Ha and Eck 2017) with a decoder that looks back at its own steps.

It reads and writes strokes (models/strokes.py), one point a step; its picture is those strokes drawn with a brush.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.ink import ink
from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec, Synthesis
from models.strokes import DRAWS, ENDS, LIFTS, PENS, Stroke, flattened, parted, simplified

FEATURES = 2 + PENS + 2  # of a step: the move, what the pen did, where it is


@dataclass(frozen=True)
class RvaeConfig:
    size: int = 128  # pixels of the drawn picture
    z_dim: int = 64
    hidden: int = 384  # of the decoder; the encoder has half of it in each direction
    attention: int = 128  # width of what it looks back with
    heads: int = 4
    mixtures: int = 10  # bivariate Gaussians that a move is drawn from
    longest: int = 100  # points that it writes at most
    unit: float = 0.16  # of the side: moves are told in it; their standard deviation in the data, as in the paper
    tolerance: float = 12 / 1024  # of the side: how far strokes of the data were simplified, and so are a visitor's
    temperature: float = 0.25  # how freely a picture is sampled: the paper's tau

    def __post_init__(self) -> None:
        if self.hidden % 2 or self.attention % self.heads:
            raise ValueError(f"hidden is even and heads divide attention, not {self.hidden}, {self.heads} and {self.attention}.")


class Writings(NamedTuple):
    """Writings of unequal length side by side; beyond its length a row is padding."""

    points: Tensor  # (n, t, 2) in [0, 1]
    pens: Tensor  # (n, t) int64
    lengths: Tensor  # (n,) int64, on the CPU

    def to(self, device: torch.device | str) -> Writings:
        return Writings(self.points.to(device), self.pens.to(device), self.lengths)


def collated(paths: Sequence[tuple[np.ndarray, np.ndarray]]) -> Writings:
    """Paths of points (t, 2) and pens (t,) as one block, each padded with its last point and an end."""
    lengths = torch.tensor([len(points) for points, _ in paths])
    points = torch.full((len(paths), int(lengths.max()), 2), 0.5)
    pens = torch.full(points.shape[:2], ENDS)
    for row, (path, does) in enumerate(paths):
        points[row, : len(path)] = torch.from_numpy(path)
        points[row, len(path) :] = torch.from_numpy(path[-1:]) if len(path) else 0.5
        pens[row, : len(path)] = torch.from_numpy(does)
    return Writings(points, pens, lengths)


class Odds(NamedTuple):
    """What the next step may be: a mixture of bivariate Gaussians for the move, in units, and what the pen does."""

    weights: Tensor  # (..., mixtures) logits
    mean: Tensor  # (..., mixtures, 2)
    log_std: Tensor  # (..., mixtures, 2)
    correlation: Tensor  # (..., mixtures) in (-1, 1)
    pen: Tensor  # (..., 3) logits


@GENERATORS.register("rvae", RvaeConfig)
class Rvae(Generator):
    """q(z|writing) reads both ways; p(writing|z) writes a point a step, told z, its last step and where its pen is.

    What differs from the paper: the pen's place is told beside its move; the state asks, by scaled dot product, all states so far
    (Vaswani 2017, section 3.2) before it says what comes next; a writing ends with its last point, without a step of its own for that.
    """

    typical: Tensor  # (z_dim,)
    spread: Tensor  # (z_dim, z_dim)

    def __init__(self, config: RvaeConfig) -> None:
        super().__init__()
        self.config = config
        self.spec = GeneratorSpec("rvae", config.size, 1, config.z_dim, config.z_dim, 1, has_noise=True, encodes=True, draws_strokes=True)
        half, width = config.hidden // 2, config.attention
        self.onwards, self.backwards = (nn.GRU(FEATURES, half, batch_first=True) for _ in range(2))
        self.posterior = nn.Linear(config.hidden, 2 * config.z_dim)
        self.begin = nn.Linear(config.z_dim, config.hidden)
        self.writer = nn.GRU(FEATURES + config.z_dim, config.hidden, batch_first=True)
        self.ask = nn.Linear(config.hidden, 3 * width)  # query, key, value
        self.outlook = nn.Linear(config.hidden + width, config.hidden // 2)
        self.odds = nn.Linear(config.hidden // 2, 6 * config.mixtures + PENS)
        self.register_buffer("typical", torch.zeros(config.z_dim))
        self.register_buffer("spread", torch.eye(config.z_dim))

    def encode(self, writings: Sequence[Sequence[Stroke]]) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z|writing), each (n, z_dim), for writings as anyone draws them; ValueError where one is too long."""
        return self.read(collated([self._as_learned(strokes) for strokes in writings]).to(self.odds.weight.device))

    def read(self, writings: Writings) -> tuple[Tensor, Tensor]:
        """The same for writings already simplified and side by side."""
        steps = self._steps(writings)
        last = (writings.lengths.to(steps.device) - 1)[:, None]
        turned = (last - torch.arange(steps.shape[1], device=steps.device)) % steps.shape[1]  # padding stays behind the end
        both = (self.onwards(steps)[0], self.backwards(steps.take_along_dim(turned[..., None], 1))[0])
        ends = torch.cat([states.take_along_dim(last[..., None], 1)[:, 0] for states in both], dim=1)
        mean, log_variance = self.posterior(ends).float().chunk(2, dim=1)
        return mean, log_variance

    def _as_learned(self, strokes: Sequence[Stroke]) -> tuple[np.ndarray, np.ndarray]:
        """A drawn writing as a path; ValueError where it is longer than the network writes."""
        points, pens = flattened([simplified(np.asarray(stroke, np.float32).clip(0, 1), self.config.tolerance) for stroke in strokes])
        if len(points) > self.config.longest:
            raise ValueError(f"A writing has at most {self.config.longest} points once simplified, not {len(points)}. Draw fewer strokes.")
        return points, pens

    def moves(self, points: Tensor) -> Tensor:
        """From point to point, in units, the first from the middle of the page: (n, t, 2) -> (n, t, 2)."""
        return (points - F.pad(points[:, :-1], (0, 0, 1, 0), value=0.5)) / self.config.unit

    def _steps(self, writings: Writings) -> Tensor:
        """(n, t, features): the move to each point, what the pen does there, where it is in [-1, 1]."""
        return torch.cat([self.moves(writings.points), F.one_hot(writings.pens, PENS), 2 * writings.points - 1], dim=-1)

    def foresee(self, z: Tensor, writings: Writings, forget: float = 0.0) -> Odds:
        """The odds of every step of known writings, each told those before it but for a share that is forgotten; (n, t, …)."""
        steps = torch.cat([self._first(len(z)).unsqueeze(1), self._steps(writings)[:, :-1]], dim=1)
        if forget:
            steps = steps * (torch.rand_like(steps[..., :1]) >= forget)
        told = torch.cat([steps, z.unsqueeze(1).expand(-1, steps.shape[1], -1)], dim=-1)
        states, _ = self.writer(told, torch.tanh(self.begin(z)).unsqueeze(0))
        query, key, value = self._heads(self.ask(states))
        return self._odds(states, F.scaled_dot_product_attention(query, key, value, is_causal=True))

    def _first(self, n: int) -> Tensor:
        """Before the first step, (n, features): no move, the pen lifted over the middle of the page."""
        return F.one_hot(torch.full((n,), 2 + LIFTS, device=self.odds.weight.device), FEATURES).float()

    def _heads(self, asked: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(n, t, 3 * attention) -> query, key and value, each (n, heads, t, attention / heads)."""
        query, key, value = asked.unflatten(-1, (3, self.config.heads, -1)).permute(2, 0, 3, 1, 4)
        return query, key, value

    def _odds(self, states: Tensor, seen: Tensor) -> Odds:
        """States (n, t, hidden) and what they saw (n, heads, t, width) -> odds (n, t, …)."""
        outlook = F.silu(self.outlook(torch.cat([states, seen.transpose(1, 2).flatten(2)], dim=-1)))
        numbers, pen = self.odds(outlook).float().split([6 * self.config.mixtures, PENS], dim=-1)
        weights, x, y, log_x, log_y, correlation = numbers.unflatten(-1, (6, -1)).unbind(-2)
        # no narrower than a hundredth of a unit, a fifth of a pixel: the data's own grid is no skill
        log_std = torch.stack([log_x, log_y], dim=-1).clamp(-4.6, 2.0)
        return Odds(weights, torch.stack([x, y], dim=-1), log_std, 0.98 * correlation.tanh(), pen)

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        """w is z, moved to where writings that were read lie."""
        return (self.typical + z @ self.spread.T).unsqueeze(1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        return self.typical.expand(n, 1, -1)

    @torch.no_grad()
    def place_latent(self, writings: Iterable[Writings]) -> None:
        """Give w the mean and the covariance that these writings have in the posterior (Ghosh 2020, section 4).

        The divergence asks the posterior of all writings together to be a unit normal; weighed lightly, it leaves it narrower.
        """
        means, log_variances = (torch.cat(parts) for parts in zip(*map(self.read, writings), strict=True))
        covariance = means.T.cov(correction=0) + log_variances.exp().mean(0).diag()
        self.typical.copy_(means.mean(0))
        self.spread.copy_(torch.linalg.cholesky(covariance))

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        return self.inked(self.strokes(w, noise_seeds)).to(w.device)

    def inked(self, written: Sequence[Sequence[Stroke]]) -> Tensor:
        """The picture of writings: what `strokes` wrote, drawn with a brush; (n, 3, size, size) in [-1, 1], on the CPU."""
        return (1 - 2 * ink(written, self.spec.size)).unsqueeze(1).expand(-1, 3, -1, -1)

    def synthesis(self, dtype: torch.dtype) -> Synthesis:
        return self.synthesize  # each step stands on the last: what half precision loses in one would lead all others astray

    def strokes(
        self,
        w: Tensor,
        noise_seeds: Sequence[int] | None = None,
        temperature: float | Sequence[float] | None = None,
        start: Sequence[Sequence[Stroke]] | None = None,
    ) -> list[list[Stroke]]:
        """Writings for w (n, 1, z_dim): at most `longest` points each, the strokes of `start` first, as they were drawn.

        temperature: 0, always the likeliest, to 1, as free as the data; of all, or one each. start: for each writing what is there
        already, or nothing.
        """
        wanted = self.config.temperature if temperature is None else temperature
        tau = torch.as_tensor(wanted, dtype=torch.float32, device=w.device).expand(len(w))
        if not bool(((tau >= 0) & (tau <= 2)).all()):
            raise ValueError(f"A temperature is between 0 and 2, not {wanted}.")
        given = [list(one) for one in start] if start else [[] for _ in w]
        if len(given) != len(w):
            raise ValueError(f"There are {len(given)} starts for {len(w)} writings. Give one each; an empty one is none.")
        nothing = np.empty((0, 2), np.float32), np.empty(0, np.int64)
        paths = [self._as_learned(one) if one else nothing for one in given]
        begun = collated([(points, np.where(pens == ENDS, LIFTS, pens)) for points, pens in paths]).to(w.device)
        luck = chances(noise_seeds, len(w), self.config.longest).to(w.device)
        points, pens = self._write(w[:, 0], luck, tau, begun)
        written = [parted(*path) for path in zip(points.cpu().numpy(), pens.cpu().numpy(), strict=True)]
        known = [int((does != DRAWS).sum()) for _, does in paths]
        return [one + all_of[k:] for one, all_of, k in zip(given, written, known, strict=True)]

    @torch.no_grad()
    def _write(self, z: Tensor, chance: Tensor, tau: Tensor, begun: Writings) -> tuple[Tensor, Tensor]:
        """Step by step, all writings at once: points (n, t, 2) and pens (n, t). chance: (n, longest, 4), what luck each step has."""
        with torch.autocast(z.device.type, enabled=False):
            z, n = z.float(), len(z)
            state, step, place = torch.tanh(self.begin(z)), self._first(n), z.new_full((n, 2), 0.5)
            memory = z.new_zeros(2, n, self.config.heads, self.config.longest, self.config.attention // self.config.heads)
            ended, points, pens = z.new_zeros(n, dtype=torch.bool), [], []
            for t in range(self.config.longest):
                state, odds = self._step(torch.cat([step, z], dim=1), state, memory, t)
                move, pen = drawn(odds, chance[:, t], tau)
                target = (place + self.config.unit * move).clamp(0, 1)
                if t < begun.points.shape[1]:
                    known = t < begun.lengths.to(z.device)
                    target, pen = torch.where(known[:, None], begun.points[:, t], target), torch.where(known, begun.pens[:, t], pen)
                ended = ended | (pen == ENDS)
                points.append(target)
                pens.append(torch.where(ended, ENDS, pen))
                if ended.all():
                    break
                step = torch.cat([(target - place) / self.config.unit, F.one_hot(pen, PENS), 2 * target - 1], dim=1)
                place = target
        return torch.stack(points, dim=1), torch.stack(pens, dim=1)

    def _step(self, told: Tensor, state: Tensor, memory: Tensor, t: int) -> tuple[Tensor, Odds]:
        """One step of `foresee`; memory, (2, n, heads, longest, width), takes the keys and values of step t and has those before."""
        weights = (getattr(self.writer, f"{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        state = torch.gru_cell(told, state, *weights)
        query, key, value = self._heads(self.ask(state).unsqueeze(1))
        memory[0, :, :, t], memory[1, :, :, t] = key[:, :, 0], value[:, :, 0]
        seen = F.scaled_dot_product_attention(query, memory[0, :, :, : t + 1], memory[1, :, :, : t + 1])
        return state, Odds(*(part[:, 0] for part in self._odds(state.unsqueeze(1), seen)))


def chances(noise_seeds: Sequence[int] | None, n: int, steps: int) -> Tensor:
    """(n, steps, 4): for each step two uniform numbers, for pen and Gaussian, and two normal ones; a writing's own by its seed.

    Drawn beforehand, so that the same seed means the same luck at every z: a small step in z then is one on the page.
    """
    seeds = noise_seeds if noise_seeds is not None else torch.randint(2**31, (n,)).tolist()
    rows = []
    for seed in seeds:
        luck = torch.Generator("cpu").manual_seed(seed)
        rows.append(torch.cat([torch.rand(steps, 2, generator=luck), torch.randn(steps, 2, generator=luck)], dim=1))
    return torch.stack(rows)


def drawn(odds: Odds, chance: Tensor, tau: Tensor) -> tuple[Tensor, Tensor]:
    """A move (n, 2) in units and what the pen does (n,), by the chances (n, 4), each at its temperature tau (n,)."""
    pen = _chosen(odds.pen, chance[:, 0], tau)
    which = _chosen(odds.weights, chance[:, 1], tau)[:, None]
    mean, log_std = (part.take_along_dim(which[..., None], 1)[:, 0] for part in (odds.mean, odds.log_std))
    correlation = odds.correlation.take_along_dim(which, 1)[:, 0]
    across, down = chance[:, 2], chance[:, 3]
    luck = torch.stack([across, correlation * across + (1 - correlation.square()).sqrt() * down], dim=1)
    return mean + tau.sqrt()[:, None] * log_std.exp() * luck, pen


def _chosen(logits: Tensor, chance: Tensor, tau: Tensor) -> Tensor:
    """Which of logits (n, k), by a uniform chance (n,); at temperature 0 the likeliest."""
    cumulative = (logits / tau.clamp_min(1e-4)[:, None]).softmax(-1).cumsum(-1)
    return torch.where(tau == 0, logits.argmax(-1), (chance[:, None] > cumulative[:, :-1]).sum(-1))


def log_likelihood(odds: Odds, moves: Tensor, pens: Tensor) -> tuple[Tensor, Tensor]:
    """Log density of moves (n, t, 2), in units, and log probability of what the pen did (n, t): each (n, t), in nats."""
    away = (moves.unsqueeze(-2) - odds.mean) * (-odds.log_std).exp()
    x, y = away.unbind(-1)
    free = 1 - odds.correlation.square()
    square = (x.square() + y.square() - 2 * odds.correlation * x * y) / free
    density = -0.5 * (square + free.log()) - odds.log_std.sum(-1) - np.log(2 * np.pi)
    move = torch.logsumexp(odds.weights.log_softmax(-1) + density, dim=-1)
    return move, odds.pen.log_softmax(-1).gather(-1, pens.unsqueeze(-1)).squeeze(-1)


class Bound(NamedTuple):
    """Both terms of the bound, in nats, of each writing: (n,)."""

    moves: Tensor
    pens: Tensor
    kl: Tensor


def negative_elbo(rvae: Rvae, writings: Writings, forget: float = 0.0) -> Bound:
    """What reading and writing again costs: the paper's two losses, summed over points and dimensions instead of averaged."""
    mean, log_variance = rvae.read(writings)
    z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
    move, pen = log_likelihood(rvae.foresee(z, writings, forget), rvae.moves(writings.points), writings.pens)
    within = torch.arange(move.shape[1], device=move.device) < writings.lengths.to(move.device)[:, None]
    kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1)
    return Bound(-(move * within).sum(1), -(pen * within).sum(1), kl)
