"""How many of the thousand triples of digits a generator of stacked digits draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from models.checkpoint import Checkpoint
from models.metrics.judge import Judge, trained_judge
from models.metrics.samples import Samples
from models.training.datasets.pictures import load

DATA = "stacked"
COUNT, SIDE = 26_000, 28
JUDGES = 3  # their opinions are averaged: what one alone takes a smeared digit for is chance, and a tenth of the divergence


class Modes:
    """Modes found out of 1,000, and how unevenly, by judges of single digits looking at each channel (Metz 2017, section 3.3.1).

    26,000 pictures are drawn, as is the custom (Lin 2018).
    """

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("modes", "reverse_kl") if checkpoint.card.training.get("data") == DATA else ()

    def measure(self, samples: Samples) -> Mapping[str, float]:
        digits = samples.judges.parent / "digits"
        judges = [trained_judge(load(digits), samples.judges, seed=seed) for seed in range(JUDGES)]
        more = replace(samples, count=COUNT)
        with torch.inference_mode():
            triples = torch.cat([triple(judges, x) for x, _, _ in more.drawn()])
        modes, reverse_kl = modes_found(triples)
        return {"modes": modes, "reverse_kl": reverse_kl}


def triple(judges: Sequence[Judge], x: Tensor) -> Tensor:
    """Three digits in three channels, (n, 3, s, s) in [-1, 1] -> (n,) from 0 to 999, red the hundreds."""
    each = x.flatten(0, 1).unsqueeze(1)
    if each.shape[-1] != SIDE:
        each = F.interpolate(each, size=(SIDE, SIDE), mode="bilinear", antialias=True)
    opinions = [logits.softmax(1) for judge in judges if (logits := judge(each).classes) is not None]
    return torch.stack(opinions).sum(0).argmax(1).view(-1, 3) @ torch.tensor([100, 10, 1])


def modes_found(numbers: Tensor, modes: int = 1000) -> tuple[int, float]:
    """(n,) from 0 to modes - 1 -> how many occur, and the divergence KL(drawn, uniform) in nats, 0 to ln(modes)."""
    shares = torch.bincount(numbers, minlength=modes).double() / len(numbers)
    some = shares[shares > 0]
    return len(some), (some * (some.log() + math.log(modes))).sum().item()
