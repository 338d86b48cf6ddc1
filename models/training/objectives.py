"""What a step of training minimises: a pair's game or a bound on the likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.vae import Vae, negative_elbo
from models.spec import Condition, Generator, GeneratorSpec
from models.training.critics import Judgement, build_critic
from models.training.presets import Preset


@dataclass(frozen=True)
class Batch:
    pictures: Tensor  # (n, channels, size, size) in [-1, 1]
    condition: Condition  # one-hot rows


class Objective(Protocol):
    """Owns the optimisers and whatever is trained beside the generator."""

    def step(self, batch: Batch, number: int) -> dict[str, float]:
        """One update on one batch; the losses by name."""
        ...

    def modules(self) -> dict[str, nn.Module]:
        """What is saved, besides the generator."""
        ...

    def optimisers(self) -> dict[str, torch.optim.Optimizer]: ...


def r1_penalty(scores: Tensor, pictures: Tensor) -> Tensor:
    """Mean squared gradient of the critic at real pictures (Mescheder 2018, equation 9, without its weight / 2)."""
    (gradient,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return gradient.float().square().sum(dim=(1, 2, 3)).mean()


def sameness(drawn: Tensor, real: Tensor, condition: Condition, spec: GeneratorSpec) -> Tensor:
    """How much closer neighbours of one condition are when drawn than when real: 0 = as far apart, 1 = all alike.

    Distances are L1 on thumbnails of 16 pixels, so that noise does not pass for variety. Related to the ratio of Mao 2019
    (mode seeking), but the demand ends where the data's own variety is reached. drawn, real: (n, channels, size, size), n even.
    """
    rows = condition.rows(spec)
    alike = torch.ones(len(real) // 2, dtype=torch.bool) if rows is None else (rows[::2] == rows[1::2]).all(dim=1)
    if not alike.any():
        return drawn.new_zeros(())

    def distance(x: Tensor) -> Tensor:
        small = F.avg_pool2d(x, max(x.shape[-1] // 16, 1))
        return (small[::2] - small[1::2]).abs().mean(dim=(1, 2, 3))[alike].mean()

    return F.relu(1 - distance(drawn) / distance(real).clamp_min(1e-6))


class Adversarial:
    """Non-saturating game (Goodfellow 2014, section 3) with lazy R1 (Karras 2020, appendix B) and recognition of names (Odena 2017)."""

    def __init__(self, generator: Generator, preset: Preset) -> None:
        self.generator, self.preset = generator, preset
        self.critic = build_critic(generator).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        rates = {"lr": preset.rate, "betas": preset.betas}
        self.draws = torch.optim.Adam(generator.parameters(), **rates)
        self.judges = torch.optim.Adam(self.critic.parameters(), **rates)

    def step(self, batch: Batch, number: int) -> dict[str, float]:
        return self._judge(batch, number) | self._draw(batch)

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.draws, "critic": self.judges}

    def _fake(self, condition: Condition, n: int) -> Tensor:
        with self._precision():
            w = self.generator.map(torch.randn(n, self.generator.spec.z_dim), condition)
            return self.generator.synthesize(w)[:, : self.generator.spec.channels]

    def _judge(self, batch: Batch, number: int) -> dict[str, float]:
        real, condition = batch.pictures, batch.condition
        with torch.no_grad():
            fake = self._fake(condition, len(real))
        lazy = number % self.preset.r1_every == 0
        real = real.requires_grad_(lazy)
        with self._precision():
            of_real, of_fake = self.critic(real, condition), self.critic(fake, condition)
        loss = F.softplus(-of_real.score).mean() + F.softplus(of_fake.score).mean()
        figures = {"critic": loss.item(), "real": of_real.score.mean().item(), "fake": of_fake.score.mean().item()}
        loss = loss + self._recognition(of_real, condition)
        if lazy:
            penalty = r1_penalty(of_real.score, real)
            loss = loss + penalty * (self.preset.r1 / 2 * self.preset.r1_every)
            figures["r1"] = penalty.item()
        self.judges.zero_grad(set_to_none=True)
        loss.backward()
        self.judges.step()
        return figures

    def _draw(self, batch: Batch) -> dict[str, float]:
        self.critic.requires_grad_(False)
        fake = self._fake(batch.condition, len(batch.pictures))
        with self._precision():
            judged = self.critic(fake, batch.condition)
        loss = F.softplus(-judged.score).mean()
        figures = {"generator": loss.item()}
        if self.preset.variety:
            same = sameness(fake, batch.pictures.detach(), batch.condition, self.generator.spec)
            figures["sameness"] = same.item()
            loss = loss + self.preset.variety * same
        recognition = self._recognition(judged, batch.condition)
        if self.preset.recognise:
            figures["unrecognised"] = recognition.item() / self.preset.recognise
        self.draws.zero_grad(set_to_none=True)
        (loss + recognition).backward()
        self.draws.step()
        self.critic.requires_grad_(True)
        return figures

    def _recognition(self, judged: Judgement, condition: Condition) -> Tensor:
        """Cross entropy of the names that the critic reads from the pictures."""
        loss = torch.zeros(())
        for logits, wanted in ((judged.classes, condition.classes), (judged.styles, condition.styles)):
            if self.preset.recognise and logits is not None and wanted is not None:
                loss = loss + F.cross_entropy(logits, wanted)
        return loss * self.preset.recognise

    def _precision(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.preset.bf16)


class EvidenceBound:
    """The evidence lower bound of a VAE (Kingma and Welling 2013), in nats a pixel."""

    def __init__(self, generator: Vae, preset: Preset) -> None:
        self.vae = generator
        self.adam = torch.optim.Adam(generator.parameters(), lr=preset.rate, betas=preset.betas)

    def step(self, batch: Batch, number: int) -> dict[str, float]:
        reconstruction, kl = negative_elbo(self.vae, (batch.pictures + 1) / 2)
        self.adam.zero_grad(set_to_none=True)
        (reconstruction + kl).backward()
        self.adam.step()
        return {"reconstruction": reconstruction.item(), "kl": kl.item()}

    def modules(self) -> dict[str, nn.Module]:
        return {}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.adam}


def build_objective(generator: Generator, preset: Preset) -> Objective:
    return EvidenceBound(generator, preset) if isinstance(generator, Vae) else Adversarial(generator, preset)
