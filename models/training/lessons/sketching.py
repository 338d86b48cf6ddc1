"""Drawing out sketches: pictures are learned from sketches made of them, by a hand as unsure as a visitor's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from models.encoder import Encoder, distance, load_encoder
from models.sketches import by_hand
from models.spec import GeneratorSpec
from models.training.critics.projected import ProjectedCritic
from models.training.games import GAMES
from models.training.lessons.lesson import Sets, agreed, device_of, drawn_rows, held_out_rows, others
from models.training.objectives import Objective
from models.training.objectives.objective import adam, descend, precision, recorded, scoring
from models.training.presets import Preset
from models.training.run import Run
from models.training.schedule import Stage
from models.training.shards import Shard
from models.training.sheet import sheet
from models.translators.pix2pix import Pix2Pix
from models.translators.translator import Translator

ALIKE, NEAR = 8.0, 20.0  # weights of perceptual distance and of mean absolute error beside the critic's word
TOLD, PLAIN = 2.0, 0.02  # of the colours read again from what was drawn with them, and of their being normal (Zhu 2017, section 5)
SMALLER, LARGER, ASIDE, TILTED = 0.7, 1.15, 0.12, 0.15  # how pictures are placed anew: scales, share of the side, radians
SHOWN = 10  # held-out sketches on a sheet


@dataclass(frozen=True)
class Pair:
    """Sketches and what they were made from."""

    ink: Tensor  # (n, 1, s, s), 1 = a line
    pictures: Tensor  # (n, 3, s, s) in [-1, 1]
    styles: Tensor  # (n, styles) one-hot


class Colours(nn.Module):
    """Reads from a picture what its sketch doesn't tell: z, as a mean and the logarithm of a variance, both (n, z_dim)."""

    def __init__(self, eyes: Encoder, z_dim: int, inner: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(sum(eyes.widths) + 3 * 16, inner), nn.LeakyReLU(0.2), nn.Linear(inner, 2 * z_dim))

    def forward(self, seen: list[Tensor], pictures: Tensor) -> tuple[Tensor, Tensor]:
        means = [maps.float().mean((2, 3)) for maps in seen]
        mean, spread = self.layers(torch.cat([*means, F.adaptive_avg_pool2d(pictures, 4).flatten(1)], dim=1)).chunk(2, dim=1)
        return mean, spread.clamp(-8, 4)


class DrawingOut:
    """Half of what is drawn is in the style and colours of its original, and compared with it; half in any (Zhu 2017, equation 9).

    A critic has its word on all. It doesn't see the sketch, or it would know a design by its lines, and no sketch would do for another;
    it is shown real pictures under wrong styles too (Reed 2016, section 4.2), or it would be long in heeding them.
    """

    def __init__(self, network: Pix2Pix, preset: Preset) -> None:
        self.network, self.preset, self.shard, device = network, preset, Shard(), device_of(network)
        config, self.eyes, self.game = network.config, load_encoder().to(device), GAMES[preset.game]
        spec = GeneratorSpec("pix2pix", config.side, 3, config.z_dim, config.w_dim, 1, styles=config.styles)
        self.critic = ProjectedCritic(self.eyes, spec).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.colours = Colours(self.eyes, config.z_dim).to(device)
        self.draws = adam([*network.parameters(), *self.colours.parameters()], preset)
        self.learns = [p for p in self.critic.parameters() if p.requires_grad]
        self.judges = adam(self.learns, preset)
        self.drawing, self.judging = recorded(network, preset), scoring(self.critic, spec, preset)

    def step(self, batch: Pair, number: int) -> dict[str, float]:
        known = batch.pictures[::2]
        free = torch.randn(len(known), self.network.config.z_dim).to(known.device)
        styles = batch.styles.clone()
        styles[1::2] = styles[1::2][:, torch.randperm(styles.shape[1])]
        with precision(known.device, self.preset):
            with torch.no_grad():
                wanted = self.eyes(known)
            mean, spread = self.colours([m.float() for m in wanted], known)
            z = torch.stack([mean + (spread / 2).exp() * torch.randn_like(mean), free], dim=1).flatten(0, 1)
        made, n = self.drawing(batch.ink, z, styles), len(batch.pictures)
        shown, told = [batch.pictures, made.detach()], [batch.styles, styles]
        if len(self.network.config.styles) > 1:
            shown, told = [*shown, known], [*told, others(batch.styles[::2])]
        scores = self.judging(torch.cat(shown), torch.cat(told))
        real, judged = scores[:n], scores[n:]
        critic = self.game.judge(real, judged)
        descend(self.judges, critic, self.preset, self.shard)
        for parameter in self.learns:
            parameter.requires_grad_(False)
        judged = self.judging(made, styles)
        with precision(known.device, self.preset):
            seen = self.eyes(made)
        unlike = distance([m[::2] for m in seen], wanted).mean()
        error = (made[::2] - known).abs().mean()
        fixed = {name: parameter.detach() for name, parameter in self.colours.named_parameters()}
        again, _ = functional_call(self.colours, fixed, ([m[1::2].float() for m in seen], made[1::2]))
        colours = (again - free).abs().mean()
        plain = (mean.square() + spread.exp() - 1 - spread).sum(1).mean() / 2
        adverse = self.game.draw(judged, real.detach())
        descend(self.draws, adverse + ALIKE * unlike + NEAR * error + TOLD * colours + PLAIN * plain, self.preset, self.shard)
        for parameter in self.learns:
            parameter.requires_grad_(True)
        losses = {"critic": critic, "adverse": adverse, "unlike": unlike, "error": error * 127.5, "told": colours, "plain": plain}
        return {name: loss.item() for name, loss in losses.items()}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic, "colours": self.colours}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"draws": self.draws, "judges": self.judges}


class Sketching:
    """The whole of a pix2pix learns."""

    def network(self, translator: Translator, preset: Preset) -> nn.Module:
        return translator

    def objective(self, network: nn.Module, preset: Preset) -> Objective:
        drawing: Any = DrawingOut(cast(Pix2Pix, network), preset)  # its batches are pairs, where others speak of pictures
        return drawing

    def batches(self, run: Run, data: Sets) -> Iterator[Pair]:
        """Pictures placed anew, sketched anew each time."""
        config = cast(Pix2Pix, run.generator).config
        agreed(data, config.styles)
        while True:
            rows = drawn_rows(data, run.preset.batch, run.order)
            whole = placed(F.adaptive_avg_pool2d(data.pictures(rows).to(run.device).float() / 255, config.side), run.order)
            yield Pair(1 - by_hand(whole, run.order), 2 * whole - 1, data.styles(rows))

    @torch.no_grad()
    def look(self, network: nn.Module, data: Sets) -> tuple[dict[str, float], Image.Image]:
        """How far from their originals the pictures of sketches by hand are; a sheet: sketch, every style, other colours, original."""
        pix2pix, rows, draw = cast(Pix2Pix, network), held_out_rows(data, 64), torch.Generator().manual_seed(0)
        pictures, styles = F.adaptive_avg_pool2d(data.pictures(rows).float() / 255, pix2pix.config.side), data.styles(rows)
        ink, z = 1 - by_hand(pictures, draw), torch.randn(2, len(rows), pix2pix.config.z_dim, generator=draw)
        drawn, otherwise = (pix2pix(ink, colours, styles).clamp(-1, 1) for colours in z)
        eyes, wanted = load_encoder(), 2 * pictures - 1
        figures = {"unlike": distance(eyes(drawn), eyes(wanted)).mean(), "error": (drawn - wanted).abs().mean() * 127.5}
        each = [pix2pix(ink[:SHOWN], z[0, :SHOWN], style.expand(SHOWN, -1)) for style in torch.eye(styles.shape[1])]
        shown = [1 - 2 * ink[:SHOWN].expand(-1, 3, -1, -1), *each, drawn[:SHOWN], otherwise[:SHOWN], wanted[:SHOWN]]
        return {name: round(figure.item(), 4) for name, figure in figures.items()}, sheet(torch.cat(shown), SHOWN)

    def finish(self, translator: Translator, network: nn.Module, preset: Preset) -> None:
        translator.load_state_dict(network.state_dict())


def placed(pictures: Tensor, draw: torch.Generator) -> Tensor:
    """Each of (n, 3, s, s) mirrored at random, and half of them turned a little, scaled and shifted; the border is carried on."""
    n = len(pictures)

    def spread(least: float, most: float, rest: float) -> Tensor:
        return torch.where(chosen, least + (most - least) * torch.rand(n, generator=draw), rest)

    chosen = torch.rand(n, generator=draw) < 0.5
    mirror = 1 - 2 * torch.randint(2, (n,), generator=draw)
    angle, scale = spread(-TILTED, TILTED, 0), 1 / spread(SMALLER, LARGER, 1)
    right, down = (spread(-2 * ASIDE, 2 * ASIDE, 0) for _ in range(2))
    rows = [mirror * scale * angle.cos(), -scale * angle.sin(), right, mirror * scale * angle.sin(), scale * angle.cos(), down]
    grid = F.affine_grid(torch.stack(rows, dim=1).view(n, 2, 3).to(pictures), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
