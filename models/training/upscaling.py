"""Training an upscaler on the pictures of several sets: `python -m models.training.upscaling upscaler-x4`. Run again to go on."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.checkpoint import Card, CheckpointError, load_translator, save
from models.encoder import distance, load_encoder
from models.metrics.likeness import psnr
from models.metrics.upscaled import bicubic
from models.registry import TRANSLATORS
from models.train import facts
from models.training.critics.projected import ScaleCritic
from models.training.datasets.pictures import PictureSet, PictureSetError, load
from models.training.games import GAMES
from models.training.loop import follow
from models.training.objectives.objective import descend, precision
from models.training.presets import Preset
from models.training.run import STATE, Run, TrainingError, load_state, note, write_state
from models.training.schedule import Stage
from models.training.shards import Shard
from models.training.sheet import sheet
from models.translators.upscaler import Enlarger, Upscaler

CARDS = Path(__file__).with_name("translators.json")  # the words of each preset's card
SETS = ("landscapes", "paintings", "ukiyoe")
NOISE, WORST = 30 / 255, 30  # standard deviation, and JPEG quality, that the slider "clean" takes away at its end
PATCH = 128  # pixels a side of what is learned from
ADVERSE, NEAR = 5e-3, 1e-2  # weights of the critic's word and of the pixels beside likeness (Wang 2018, section 4.1)
SHOWN = 8  # held-out pictures on a sheet
_PIXELS: Mapping[str, Any] = {"batch": 16, "rate": 5e-4, "betas": (0.9, 0.99), "cosine": True, "bf16": True, "watch": 0}
_CRISP = {**_PIXELS, "rate": 2e-4, "game": "relativistic"}

PRESETS: Mapping[str, Preset] = {
    "upscaler-x4": Preset("upscaler", "+".join(SETS), {"factor": 4}, images=600_000, **_PIXELS),
    "upscaler-x2": Preset("upscaler", "+".join(SETS), {"factor": 2}, images=300_000, **_PIXELS),
    "crisp-x4": Preset("upscaler", "+".join(SETS), {"factor": 4}, start="upscaler-x4", images=150_000, **_CRISP),
    "crisp-x2": Preset("upscaler", "+".join(SETS), {"factor": 2}, start="upscaler-x2", images=100_000, **_CRISP),
}


@dataclass(frozen=True)
class Pair:
    """What an upscaler is given and what it was made from."""

    small: Tensor  # (n, 3, s, s) in [0, 1], of 8 bits
    large: Tensor  # (n, 3, factor * s, factor * s)
    clean: Tensor  # (n,) in [0, 1], how spoilt the small one is


class Pixels:
    """Mean absolute error of each pixel: the faithful temperament (Lim 2017, section 3.3)."""

    def __init__(self, enlarger: nn.Module, preset: Preset) -> None:
        self.enlarger, self.preset, self.shard = enlarger, preset, Shard()
        self.adam = torch.optim.Adam(enlarger.parameters(), lr=preset.rate, betas=preset.betas)

    def step(self, batch: Pair, number: int) -> dict[str, float]:
        with precision(batch.small.device, self.preset):
            loss = (self.enlarger(batch.small, batch.clean) - batch.large).abs().mean()
        descend(self.adam, loss, self.preset, self.shard)
        return {"error": loss.item() * 255}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"enlarger": self.adam}


class Crisp:
    """Likeness to our eyes, a critic's word, and a little of each pixel: the crisp temperament (Wang 2018, section 3.3).

    The critic scores patches; a pair is judged relative to each other, one made, one real (Jolicoeur-Martineau 2018).
    """

    def __init__(self, enlarger: nn.Module, preset: Preset) -> None:
        self.enlarger, self.preset, self.shard = enlarger, preset, Shard()
        self.critic = ScaleCritic(3, PATCH, names=0, inner=48, patches=PATCH // 8).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.encoder, self.game = load_encoder(), GAMES["relativistic"]
        rates = {"lr": preset.rate, "betas": preset.betas}
        self.adam, self.judges = torch.optim.Adam(enlarger.parameters(), **rates), torch.optim.Adam(self.critic.parameters(), **rates)

    def step(self, batch: Pair, number: int) -> dict[str, float]:
        with precision(batch.small.device, self.preset):
            made = self.enlarger(batch.small, batch.clean)
            judged, real = self.critic(made.detach(), None).float(), self.critic(batch.large, None).float()
        critic = self.game.judge(real, judged)
        descend(self.judges, critic, self.preset, self.shard)
        with precision(batch.small.device, self.preset):
            seen, known = self.encoder(2 * made - 1), self.encoder(2 * batch.large - 1)
            judged, real = self.critic(made, None).float(), self.critic(batch.large, None).float()
        unlike, error = distance(seen, known).mean(), (made - batch.large).abs().mean()
        loss = unlike + ADVERSE * self.game.draw(judged, real.detach()) + NEAR * error
        descend(self.adam, loss, self.preset, self.shard)
        return {"critic": critic.item(), "unlike": unlike.item(), "error": error.item() * 255}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"enlarger": self.adam, "judges": self.judges}


@dataclass(frozen=True, eq=False)
class Sets:
    """Several picture sets as one, as far as a run asks."""

    parts: Sequence[PictureSet]

    def train(self) -> np.ndarray:
        """(k, 2) int64: set and picture."""
        return self._rows([part.train() for part in self.parts])

    def test(self) -> np.ndarray:
        return self._rows([part.test() for part in self.parts])

    def _rows(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([np.stack([np.full(len(mine), k), mine], axis=1) for k, mine in enumerate(rows)])

    def pictures(self, rows: np.ndarray) -> Tensor:
        """(n, 3, h, w) uint8 of rows (n, 2)."""
        chosen = np.stack([self.parts[part].pictures[row] for part, row in rows])
        return torch.from_numpy(chosen).permute(0, 3, 1, 2)

    @property
    def source(self) -> str:
        return "; ".join(part.source for part in self.parts)

    @property
    def licence(self) -> str:
        return "; ".join(dict.fromkeys(part.licence for part in self.parts))


def batches(run: Run, data: Sets, factor: int) -> Iterator[Pair]:
    """Pictures turned and mirrored at random, half of them spoilt; their order is part of the saved state."""
    rows, n = data.train(), run.preset.batch
    while True:
        large = data.pictures(rows[torch.randint(len(rows), (n,), generator=run.order).numpy()])
        turns, mirrored = torch.randint(4, (n,), generator=run.order).tolist(), torch.randint(2, (n,), generator=run.order).tolist()
        moved = [torch.rot90(x.flip(-1) if flip else x, turn, (1, 2)) for x, turn, flip in zip(large, turns, mirrored, strict=True)]
        clean = torch.rand(n, generator=run.order) * (torch.rand(n, generator=run.order) < 0.5)
        yield spoilt(torch.stack(moved), factor, clean, run.order)


def spoilt(large: Tensor, factor: int, clean: Tensor, draw: torch.Generator) -> Pair:
    """large: (n, 3, h, w) uint8. Reduced, then with noise and compression by `clean` (a part of Wang 2021, section 3)."""
    whole = large.float() / 255
    small = bicubic(whole, 1 / factor)
    small = small + torch.randn(small.shape, generator=draw) * (NOISE * clean.view(-1, 1, 1, 1))
    bytes_ = (small.clamp(0, 1) * 255).round().to(torch.uint8)
    for i in torch.nonzero(clean > 0).flatten().tolist():
        bytes_[i] = compressed(bytes_[i], round(95 + (WORST - 95) * float(clean[i])))
    return Pair(bytes_.float() / 255, whole, clean)


def compressed(x: Tensor, quality: int) -> Tensor:
    """(3, h, w) uint8 through JPEG."""
    file = io.BytesIO()
    Image.fromarray(x.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1)


def open_run(folder: Path, preset: Preset, data: Sets, checkpoints: Path = Path("checkpoints")) -> Run:
    """Start a run in a folder, or go on with the one that is there; TrainingError where its state does not fit.

    A crisp one begins with the faithful weights of the checkpoint that its preset names.
    """
    torch.manual_seed(preset.seed)
    enlarger: Any = begun(preset, checkpoints).faithful.requires_grad_(True).to(memory_format=torch.channels_last)
    of_sets: Any = data
    objective: Any = Crisp(enlarger, preset) if preset.start else Pixels(enlarger, preset)
    smooth = copy.deepcopy(enlarger).requires_grad_(False)
    run = Run(folder, preset, of_sets, enlarger, smooth, objective, torch.Generator().manual_seed(preset.seed))
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / STATE).exists():
        load_state(run, folder / STATE)
    else:
        (folder / "run.json").write_text(json.dumps(dataclasses.asdict(preset), indent=1))
    return run


def begun(preset: Preset, checkpoints: Path) -> Upscaler:
    """The upscaler that a preset begins with: fresh, or a checkpoint's."""
    fresh = TRANSLATORS.get(preset.family).build(preset.config)
    upscaler = load_translator(checkpoints / preset.start).translator if preset.start else fresh
    assert isinstance(upscaler, Upscaler)
    return upscaler


def train(run: Run, data: Sets, *, save_minutes: float = 5.0, report: bool = True) -> None:
    """Train until the preset's pictures are seen; saves every few minutes, at the end and when asked to stop."""
    factor = run.preset.config["factor"]

    def save(run: Run) -> None:
        enlarger: Any = run.smooth
        note(run, {"event": "held out", **held_out(enlarger, data, run.folder / "samples" / f"{run.seen:09d}.png")})
        write_state(run)

    source: Any = batches(run, data, factor)  # of pairs, where the loop speaks of pictures
    follow(run, source, save, save_minutes=save_minutes, report=report)


@torch.no_grad()
def held_out(enlarger: Enlarger, data: Sets, picture: Path) -> dict[str, float]:
    """Decibels of 256 pictures never trained on, and what bicubic enlargement reaches; a sheet of some: bicubic, ours, the original."""
    rows = data.test()
    rows = rows[np.random.default_rng(0).permutation(len(rows))[:256]]
    pair = spoilt(data.pictures(rows), enlarger.factor, torch.zeros(len(rows)), torch.Generator().manual_seed(0))
    plain = bicubic(pair.small, enlarger.factor)
    ours = torch.cat([enlarger(part, part.new_zeros(len(part))) for part in pair.small.split(16)]).clamp(0, 1)
    shown = torch.stack([plain[:SHOWN], ours[:SHOWN], pair.large[:SHOWN]]).flatten(0, 1)
    picture.parent.mkdir(exist_ok=True)
    sheet(2 * shown - 1, SHOWN).save(picture)
    return {"psnr": round(psnr(ours, pair.large).mean().item(), 3), "bicubic_psnr": round(psnr(plain, pair.large).mean().item(), 3)}


def publish(run: Run, name: str, checkpoints: Path) -> None:
    """Write the smoothed weights, with a card without scores: a faithful run's as both temperaments, a crisp one's beside the faithful."""
    smooth: Any = run.smooth
    upscaler = begun(run.preset, checkpoints)
    for enlarger in (upscaler.crisp,) if run.preset.start else (upscaler.faithful, upscaler.crisp):
        enlarger.load_state_dict(smooth.state_dict())
    card = Card(
        id=name,
        family="upscaler",
        config=dataclasses.asdict(upscaler.config),
        source=run.data.source,
        licence=run.data.licence,
        training=facts(run, name),
        rendering="smooth",
        **json.loads(CARDS.read_text("utf-8"))[name],
    )
    save(checkpoints / name, upscaler, card)
    print(f"{checkpoints / name}: {run.seen:,} pictures, {run.minutes:.0f} minutes")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.training.upscaling", description=__doc__)
    parser.add_argument("preset", choices=sorted(PRESETS))
    parser.add_argument("--data", type=Path, default=Path("data"), help=f"where the sets {', '.join(SETS)} are")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where states and samples go")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--publish", action="store_true", help="write the last saved state to checkpoints/ without training on")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-minutes", type=float, default=5.0)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        data = Sets([load(args.data / name) for name in SETS])
        run = open_run(args.runs / args.preset, PRESETS[args.preset], data, args.checkpoints)
        if not args.publish:
            train(run, data, save_minutes=args.save_minutes)
        if args.publish or run.seen >= run.preset.images:
            publish(run, run.preset.start or args.preset, args.checkpoints)
    except (TrainingError, PictureSetError, CheckpointError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
