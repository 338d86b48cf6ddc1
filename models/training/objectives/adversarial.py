"""The game of generator and critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.spec import Condition, Generator, GeneratorSpec
from models.training.augment import Augment
from models.training.critics import Judgement, build_critic
from models.training.critics.grown import GrownFeatures
from models.training.games import GAMES
from models.training.objectives.objective import Batch, adam, descend, precision, scoring
from models.training.objectives.redrawing import Redrawing
from models.training.penalties import gradient_penalty, gradient_square, path_lengths
from models.training.presets import Preset
from models.training.recorded import Recorded
from models.training.schedule import Stage
from models.training.shards import Shard


class Adversarial:
    """One of the games, with its penalties, augmentation, recognition of names (Odena 2017) and the demand for variety.

    With a coder, what is drawn must also become what the coder knows of its z; until so many images as the preset's alone, that is
    all: what comes to the right places far sooner need not be played for.
    """

    def __init__(self, generator: Generator, preset: Preset, shard: Shard, coder: Generator | None = None) -> None:
        self.generator, self.preset, self.shard = generator, preset, shard
        self.redrawing = Redrawing(generator, coder) if coder else None
        self.device = next(generator.parameters()).device
        self.critic = build_critic(generator, preset.critic).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.augment = Augment(preset.augment, shard.rank).to(self.device)
        self.game = GAMES[preset.game]
        self.draws = adam(generator.parameters(), preset)
        self.learns = [p for p in self.critic.parameters() if p.requires_grad]
        self.judges = adam(self.learns, preset)
        self.together = preset.critic == "projected"  # it judges each picture by itself: real and drawn ones may go through it as one
        self.drawing, self.judging = Recorded(self._drawn, generator), scoring(self.critic, generator.spec, preset)
        self.stage: Stage | None = None
        self.path_length = nn.Module()  # its running mean is part of the state
        self.path_length.register_buffer("mean", torch.zeros((), device=self.device))

    def step(self, batch: Batch, number: int) -> dict[str, float]:
        if self.redrawing and number * self.preset.batch < self.preset.alone:
            return self._draw_again(self.redrawing, batch)
        figures = self._judge(batch, number) | self._draw(batch)
        if self.preset.path_length and number % self.preset.path_every == 0:
            figures |= self._shorten_paths(batch)
        return figures

    def grow(self, stage: Stage) -> None:
        self.generator.grow(stage.side, stage.fade)
        if stage != self.stage:
            self.stage = stage
            self.drawing.forget(off=stage.fade < 1)
        for module in self.critic.modules():
            if isinstance(module, GrownFeatures):
                module.fade = stage.fade

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic, "augment": self.augment, "path_length": self.path_length}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.draws, "critic": self.judges}

    def _places(self, batch: Batch) -> Tensor:
        z = self._normal(len(batch.pictures))
        return self.redrawing.places(batch.pictures.detach(), batch.condition, z) if self.redrawing else z

    def _fake(self, batch: Batch, z: Tensor) -> Tensor:
        spec, rows = self.generator.spec, self._rows(batch.condition)
        # Noise that belongs to the picture is drawn on the CPU: exact there, and too slow for a graphics card to wait for.
        seeds = self.shard.seeds(len(z)) if spec.has_noise and self.device.type == "cpu" else None
        if seeds is None and self.together:
            return self.drawing(z, *rows)
        return self._drawn(z, *rows, seeds=seeds)

    def _drawn(self, z: Tensor, *rows: Tensor, seeds: list[int] | None = None) -> Tensor:
        with precision(self.device, self.preset):
            w = self.generator.map(z, Condition.of(self.generator.spec, *rows))
            return self.generator.synthesize(w, seeds)[:, : self.generator.spec.channels]

    def _normal(self, n: int) -> Tensor:
        return self.shard.normal(n, self.generator.spec.z_dim).to(self.device)

    def _seen(self, pictures: Tensor, condition: Condition) -> Judgement:
        """What the critic says of pictures as the augmentation shows them."""
        with precision(self.device, self.preset):
            return self.critic(self.augment(pictures), condition)

    def _rows(self, condition: Condition) -> tuple[Tensor, ...]:
        rows = condition.rows(self.generator.spec)
        return () if rows is None else (rows,)

    def _both(self, real: Tensor, fake: Tensor, condition: Condition) -> tuple[Judgement, Judgement]:
        """What the critic says of real pictures and of drawn ones."""
        if not self.together:
            return self._seen(real, condition), self._seen(fake, condition)
        judging = self.judging.call if real.requires_grad or fake.requires_grad else self.judging  # a penalty is differentiated twice
        scores = judging(self.augment(torch.cat([real, fake])), *(rows.repeat(2, 1) for rows in self._rows(condition)))
        of_real, of_fake = (Judgement(half) for half in scores.chunk(2))
        return of_real, of_fake

    def _judge(self, batch: Batch, number: int) -> dict[str, float]:
        preset, condition = self.preset, batch.condition
        with torch.no_grad():
            fake = self._fake(batch, self._places(batch))
        lazy = number % preset.r1_every == 0
        real = batch.pictures.detach().requires_grad_(lazy and preset.r1 > 0)
        fake = fake.requires_grad_(lazy and preset.r2 > 0)
        of_real, of_fake = self._both(real, fake, condition)
        loss = self.game.judge(of_real.score, of_fake.score)
        figures = {"critic": loss.item(), "real": of_real.score.mean().item(), "fake": of_fake.score.mean().item()}
        loss = loss + self._recognition(of_real, condition)
        for name, weight, score, pictures in (("r1", preset.r1, of_real.score, real), ("r2", preset.r2, of_fake.score, fake)):
            if lazy and weight:
                penalty = gradient_square(score, pictures)
                loss = loss + penalty * (weight / 2 * preset.r1_every)
                figures[name] = penalty.item()
        if preset.gradient_penalty:
            share = self.shard.uniform(len(real)).view(-1, 1, 1, 1).to(self.device)
            penalty = gradient_penalty(lambda x: self._seen(x, condition).score, real.detach(), fake.detach(), share)
            loss = loss + preset.gradient_penalty * penalty
            figures["gradient_penalty"] = penalty.item()
        descend(self.judges, loss, self.preset, self.shard)
        sure = self.shard.average({"sure": of_real.score.detach().sign().mean().item()})["sure"]
        self.augment.heed(sure, len(real) * self.shard.world)
        if preset.augment == "adaptive":
            figures["augment"] = self.augment.strength.item()
        return figures

    def _draw(self, batch: Batch) -> dict[str, float]:
        for parameter in self.learns:
            parameter.requires_grad_(False)
        z = self._places(batch)
        fake = self._fake(batch, z)
        rows = self._rows(batch.condition)
        judged = Judgement(self.judging(self.augment(fake), *rows)) if self.together else self._seen(fake, batch.condition)
        real_score = judged.score
        if self.game.relative:
            with torch.no_grad():
                real_score = self._seen(batch.pictures.detach(), batch.condition).score
        loss = self.game.draw(judged.score, real_score)
        figures = {"generator": loss.item()}
        if self.preset.variety:
            same = sameness(fake, batch.pictures.detach(), batch.condition, self.generator.spec)
            figures["sameness"] = same.item()
            loss = loss + self.preset.variety * same
        if self.redrawing:
            unlike = self._unlike(self.redrawing, fake, batch, z)
            figures["unlike"] = unlike.item()
            loss = loss + unlike
        recognition = self._recognition(judged, batch.condition)
        if self.preset.recognise:
            figures["unrecognised"] = recognition.item() / self.preset.recognise
        descend(self.draws, loss + recognition, self.preset, self.shard)
        for parameter in self.learns:
            parameter.requires_grad_(True)
        return figures

    def _draw_again(self, redrawing: Redrawing, batch: Batch) -> dict[str, float]:
        z = self._places(batch)
        loss = self._unlike(redrawing, self._fake(batch, z), batch, z)
        descend(self.draws, loss, self.preset, self.shard)
        return {"unlike": loss.item()}

    def _unlike(self, redrawing: Redrawing, fake: Tensor, batch: Batch, z: Tensor) -> Tensor:
        with precision(self.device, self.preset):
            return redrawing.unlike(fake, batch.pictures.detach(), batch.condition, z)

    def _shorten_paths(self, batch: Batch) -> dict[str, float]:
        """Path length regularisation (Karras 2020, section 3.2) on half a batch, its weight times the steps that it skips."""
        half = slice(0, max(len(batch.pictures) // 2, 1))
        w = self.generator.map(self._normal(half.stop), batch.condition[half]).contiguous()
        with precision(self.device, self.preset):
            pictures = self.generator.synthesize(w)
        lengths = path_lengths(pictures, w, torch.randn_like(pictures))
        mean = self.path_length.get_buffer("mean")
        mean.lerp_(lengths.detach().mean(), 0.01)
        penalty = (lengths - mean).square().mean()
        descend(self.draws, penalty * (self.preset.path_length * self.preset.path_every), self.preset, self.shard)
        return {"path_length": mean.item()}

    def _recognition(self, judged: Judgement, condition: Condition) -> Tensor:
        """Cross entropy of the names that the critic reads from the pictures."""
        loss = torch.zeros((), device=self.device)
        for logits, wanted in ((judged.classes, condition.classes), (judged.styles, condition.styles)):
            if self.preset.recognise and logits is not None and wanted is not None:
                loss = loss + F.cross_entropy(logits, wanted)
        return loss * self.preset.recognise


def sameness(drawn: Tensor, real: Tensor, condition: Condition, spec: GeneratorSpec) -> Tensor:
    """How much closer neighbours of one condition are when drawn than when real: 0 = as far apart, 1 = all alike.

    Distances are L1 on thumbnails of 16 pixels, so that noise does not pass for variety. Related to the ratio of Mao 2019
    (mode seeking), but the demand ends where the data's own variety is reached, and is made of each condition by itself: a
    design that has collapsed is not excused by another that varies. drawn, real: (n, channels, size, size), n even.
    """
    rows = condition.rows(spec)
    rows = torch.zeros(len(real), 1, device=real.device) if rows is None else rows
    alike = (rows[::2] == rows[1::2]).all(dim=1)
    if not alike.any():
        return drawn.new_zeros(())
    _, which = torch.unique(rows[::2][alike], dim=0, return_inverse=True)

    def distance(x: Tensor) -> Tensor:  # -> (conditions,), a sum over the pairs of each
        small = F.avg_pool2d(x, max(x.shape[-1] // 16, 1))
        apart = (small[::2] - small[1::2]).abs().mean(dim=(1, 2, 3))[alike]
        return apart.new_zeros(int(which.max()) + 1).index_add(0, which, apart)

    return F.relu(1 - distance(drawn) / distance(real).clamp_min(1e-6)).mean()
