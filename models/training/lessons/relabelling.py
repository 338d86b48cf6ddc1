"""Going between styles without pairs: a critic that knows the labels, and the way back to where a picture came from (Choi 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from models.encoder import distance, load_encoder
from models.spec import GeneratorSpec
from models.training.critics.projected import ProjectedCritic
from models.training.games import GAMES
from models.training.labels import floats
from models.training.lessons.lesson import Sets, agreed, device_of, drawn_rows, held_out_rows, others
from models.training.objectives import Objective
from models.training.objectives.objective import adam, descend, precision, recorded, scoring
from models.training.presets import Preset
from models.training.run import Run
from models.training.schedule import Stage
from models.training.shards import Shard
from models.training.sheet import sheet
from models.translators.stargan import StarGan
from models.translators.translator import Translator

BACK, STAY, HUE = 10.0, 10.0, 10.0  # weights beside the critic's word: there and back, to its own style, colours by and large
COARSE = 8  # a side of the thumbnails whose colours are to stay
SHOWN = 12  # held-out pictures on a sheet


@dataclass(frozen=True)
class Errand:
    """Pictures, and where each is to go."""

    pictures: Tensor  # (n, 3, s, s) in [-1, 1]
    own: Tensor  # (n, styles) one-hot
    wanted: Tensor  # (n, styles) one-hot, now and then its own


class Relabelled:
    """Adversarial, reconstruction and label losses in one (Choi 2018, equations 5 and 6).

    A critic that judges a picture as one of its label (Miyato and Koyama 2018), and is shown real ones under wrong labels too
    (Reed 2016, section 4.2), takes the place of one that names the label.
    """

    def __init__(self, network: StarGan, preset: Preset) -> None:
        self.network, self.preset, self.shard, self.game = network, preset, Shard(), GAMES[preset.game]
        config, device = network.config, device_of(network)
        self.eyes = load_encoder().to(device)
        spec = GeneratorSpec("stargan", config.side, 3, 1, config.w_dim, 1, styles=config.styles)
        self.critic = ProjectedCritic(self.eyes, spec).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.draws = adam(network.parameters(), preset)
        self.learns = [p for p in self.critic.parameters() if p.requires_grad]
        self.judges = adam(self.learns, preset)
        self.going, self.coming = (recorded(network, preset) for _ in range(2))
        self.judging = scoring(self.critic, spec, preset)

    def step(self, batch: Errand, number: int) -> dict[str, float]:
        x, own, wanted = batch.pictures, batch.own, batch.wanted
        made = self.going(x, wanted)
        scores = self.judging(torch.cat([x, made.detach(), x[::2]]), torch.cat([own, wanted, others(own[::2])]))
        real, judged = scores[: len(x)], scores[len(x) :]
        critic = self.game.judge(real, judged)
        descend(self.judges, critic, self.preset, self.shard)
        for parameter in self.learns:
            parameter.requires_grad_(False)
        judged, back = self.judging(made, wanted), self.coming(made, own)
        with precision(x.device, self.preset):
            seen, known = self.eyes(back), self.eyes(x)
        adverse = self.game.draw(judged, real.detach())
        unlike, error = distance(seen, known).mean(), (back - x).abs().mean()
        stay = ((made - x).abs().mean((1, 2, 3)) * (own * wanted).sum(1)).mean()
        hue = F.adaptive_avg_pool2d(made - x, COARSE).abs().mean()
        descend(self.draws, adverse + BACK * (unlike / 2 + error) + STAY * stay + HUE * hue, self.preset, self.shard)
        for parameter in self.learns:
            parameter.requires_grad_(True)
        losses = {"critic": critic, "adverse": adverse, "unlike": unlike, "error": error, "stay": stay, "hue": hue}
        return {name: loss.item() for name, loss in losses.items()}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"draws": self.draws, "judges": self.judges}


class Relabelling:
    """The whole of a StarGAN learns."""

    def network(self, translator: Translator, preset: Preset) -> nn.Module:
        return translator

    def objective(self, network: nn.Module, preset: Preset) -> Objective:
        chosen: Any = Relabelled(cast(StarGan, network), preset)  # its batches are errands, where others speak of pictures
        return chosen

    def batches(self, run: Run, data: Sets) -> Iterator[Errand]:
        """Any picture to any style, its own among them (Choi 2018, section 3.1)."""
        config = cast(StarGan, run.generator).config
        agreed(data, config.styles)
        while True:
            rows = drawn_rows(data, run.preset.batch, run.order)
            wanted = torch.eye(len(config.styles))[torch.randint(len(config.styles), (len(rows),), generator=run.order)]
            yield Errand(F.adaptive_avg_pool2d(floats(data.pictures(rows)), config.side), data.styles(rows), wanted)

    @torch.no_grad()
    def look(self, network: nn.Module, data: Sets) -> tuple[dict[str, float], Image.Image]:
        """How far pictures are from themselves when they come back; a sheet: the original, then every style."""
        stargan, rows = cast(StarGan, network), held_out_rows(data, 48)
        x, own = F.adaptive_avg_pool2d(floats(data.pictures(rows)), stargan.config.side), data.styles(rows)
        labels = torch.eye(own.shape[1])
        eyes = load_encoder()
        back = stargan(stargan(x, labels[(own.argmax(1) + 1) % len(labels)]), own).clamp(-1, 1)
        figures = {"unlike": distance(eyes(back), eyes(x)).mean(), "error": (back - x).abs().mean() * 127.5}
        shown = torch.cat([x[:SHOWN], *(stargan(x[:SHOWN], label.expand(SHOWN, -1)) for label in labels)])
        return {name: round(figure.item(), 4) for name, figure in figures.items()}, sheet(shown, SHOWN)

    def finish(self, translator: Translator, network: nn.Module, preset: Preset) -> None:
        translator.load_state_dict(network.state_dict())
