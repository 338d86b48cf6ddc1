"""The games of a Laplacian pyramid: all levels at once, none knowing of another."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.generators.lapgan import Lapgan, pyramid
from models.spec import Condition
from models.training.augment import Augment
from models.training.critics.critic import Judgement
from models.training.critics.lapgan import band, lapgan_critics
from models.training.games import GAMES
from models.training.objectives.adversarial import sameness
from models.training.objectives.objective import Batch, adam, descend, precision
from models.training.penalties import gradient_square
from models.training.presets import Preset
from models.training.schedule import Stage
from models.training.shards import Shard


class Pyramid:
    """One game a level, each on real pyramids (Denton 2015, section 2.3): a generator is given the real coarser picture.

    A demand for variety is made of the coarsest level alone: what comes after has to fit what came before.
    """

    def __init__(self, generator: Lapgan, preset: Preset, shard: Shard) -> None:
        if preset.critic != "own" or preset.r2 or preset.gradient_penalty or preset.path_length or preset.recognise:
            raise ValueError("A pyramid has critics of its own, R1, augmentation and a demand for variety; leave the other choices out.")
        self.generator, self.preset, self.shard = generator, preset, shard
        self.device = next(generator.parameters()).device
        self.critics = nn.ModuleList(lapgan_critics(generator)).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.augment = Augment(preset.augment, shard.rank).to(self.device)
        self.game = GAMES[preset.game]
        self.draws = adam(generator.parameters(), preset)
        self.judges = adam(self.critics.parameters(), preset)

    def step(self, batch: Batch, number: int) -> dict[str, float]:
        bands = pyramid(batch.pictures, self.generator.spec.layers)
        return self._judge(bands, batch.condition, number) | self._draw(bands, batch.condition)

    def grow(self, stage: Stage) -> None:
        self.generator.grow(stage.side, stage.fade)

    def modules(self) -> dict[str, nn.Module]:
        return {"critics": self.critics, "augment": self.augment}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.draws, "critic": self.judges}

    def _drawn(self, bands: list[tuple[Tensor, Tensor]], condition: Condition) -> list[Tensor]:
        """What each level draws beside the real coarser picture of its band."""
        n = len(bands[0][1])
        with precision(self.device, self.preset):
            w = self.generator.map(self.shard.normal(n, self.generator.spec.z_dim).to(self.device), condition)
            first = self.generator.coarsest(w[:, 0])
            details = zip(self.generator.details, bands[1:], strict=True)
            return [first, *(detail(coarser, w[:, k]) for k, (detail, (coarser, _)) in enumerate(details, start=1))]

    def _seen(self, level: int, x: Tensor, condition: Condition) -> Judgement:
        with precision(self.device, self.preset):
            return self.critics[level](self.augment(x), condition)

    def _judge(self, bands: list[tuple[Tensor, Tensor]], condition: Condition, number: int) -> dict[str, float]:
        with torch.no_grad():
            drawn = self._drawn(bands, condition)
        lazy = number % self.preset.r1_every == 0 and self.preset.r1 > 0
        total, figures, sure = torch.zeros((), device=self.device), {}, 0.0
        for level, ((coarser, residual), fake) in enumerate(zip(bands, drawn, strict=True)):
            real = band(coarser, residual).detach().requires_grad_(lazy)
            of_real, of_fake = self._seen(level, real, condition), self._seen(level, band(coarser, fake), condition)
            loss = self.game.judge(of_real.score, of_fake.score)
            figures[f"critic_{residual.shape[-1]}"] = loss.item()
            sure += of_real.score.detach().sign().mean().item() / len(bands)
            if lazy:
                loss = loss + gradient_square(of_real.score, real) * (self.preset.r1 / 2 * self.preset.r1_every)
            total = total + loss
        descend(self.judges, total, self.preset, self.shard)
        self.augment.heed(self.shard.average({"sure": sure})["sure"], len(bands[0][1]) * self.shard.world)
        return figures

    def _draw(self, bands: list[tuple[Tensor, Tensor]], condition: Condition) -> dict[str, float]:
        self.critics.requires_grad_(False)
        drawn = self._drawn(bands, condition)
        total, figures = torch.zeros((), device=self.device), {}
        for level, ((coarser, residual), fake) in enumerate(zip(bands, drawn, strict=True)):
            real_score = torch.zeros(())
            if self.game.relative:
                with torch.no_grad():
                    real_score = self._seen(level, band(coarser, residual), condition).score
            loss = self.game.draw(self._seen(level, band(coarser, fake), condition).score, real_score)
            figures[f"generator_{residual.shape[-1]}"] = loss.item()
            total = total + loss
        if self.preset.variety:
            same = sameness(drawn[0], bands[0][1], condition, self.generator.spec)
            figures["sameness"] = same.item()
            total = total + self.preset.variety * same
        descend(self.draws, total, self.preset, self.shard)
        self.critics.requires_grad_(True)
        return figures
