"""What critic and generator play for, by name. Scores are (n, k): a critic may judge a picture k times, at k scales.

judge(real, fake) is what the critic minimises, draw(fake, real) what the generator minimises; both are means over all scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.functional import relu, softplus

GameName = Literal["minimax", "nonsaturating", "leastsquares", "hinge", "wasserstein", "relativistic"]


@dataclass(frozen=True)
class Game:
    judge: Callable[[Tensor, Tensor], Tensor]  # (real scores, fake scores) -> ()
    draw: Callable[[Tensor, Tensor], Tensor]  # (fake scores, real scores) -> ()
    relative: bool = False  # draw looks at the scores of real pictures too


def _told_apart(real: Tensor, fake: Tensor) -> Tensor:
    """Cross entropy of a critic that says real or drawn (Goodfellow 2014, equation 1)."""
    return softplus(-real).mean() + softplus(fake).mean()


GAMES: Mapping[GameName, Game] = {
    # Goodfellow 2014: equation 1, and section 3's remedy for the gradient that vanishes while the critic wins
    "minimax": Game(_told_apart, lambda fake, real: -softplus(fake).mean()),
    "nonsaturating": Game(_told_apart, lambda fake, real: softplus(-fake).mean()),
    # Mao 2017, equation 9
    "leastsquares": Game(
        lambda real, fake: ((real - 1).square().mean() + fake.square().mean()) / 2,
        lambda fake, real: (fake - 1).square().mean() / 2,
    ),
    # Lim 2017; Miyato 2018, equations 16 and 17
    "hinge": Game(lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(), lambda fake, real: -fake.mean()),
    # Arjovsky 2017, equation 3; Lipschitz by Preset.gradient_penalty (Gulrajani 2017)
    "wasserstein": Game(lambda real, fake: fake.mean() - real.mean(), lambda fake, real: -fake.mean()),
    # Jolicoeur-Martineau 2019, paired; with R1 and R2 it converges (Huang 2024, section 2)
    "relativistic": Game(lambda real, fake: softplus(fake - real).mean(), lambda fake, real: softplus(real - fake).mean(), relative=True),
}
