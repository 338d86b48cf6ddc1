"""Can a generator that saw a few pictures teach a classifier more than they do? `python -m models.experiments.few`.

Twenty handwritten digits a class are all that anybody learns from. A conditional generator, its critic's eyes augmented (Zhao
2020), learns them and draws thousands more; a classifier is then trained with and without these, each with and without ordinary
augmentation, and counted on the 10,000 digits that nobody saw. Everything is repeated on other twenties. The answer goes to
docs/few.md and docs/few.json.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.latent import stratified
from models.metrics.judge import Judge, jostle
from models.spec import Condition, Generator
from models.training.datasets.pictures import PictureSet, PictureSetError, load
from models.training.labels import pictures_of
from models.training.loop import train
from models.training.presets import Preset
from models.training.run import TrainingError, open_run, settled
from models.whole import write_whole

T_95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}  # Student's t by number of subsets, two-sided


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    each: int = 20  # real pictures a class
    subsets: int = 5  # times that other pictures are chosen, and a generator trained on them
    seeds: int = 2  # classifiers of each kind a subset
    images: int = 120_000  # that a generator is shown
    drawn: int = 5_000  # pictures it then draws
    lessons: int = 40_000  # pictures a classifier is shown, however few of them differ

    def __post_init__(self) -> None:
        if self.subsets not in T_95 or min(self.each, self.seeds, self.images, self.drawn, self.lessons) < 1:
            raise ValueError(f"subsets is 2 to 10 and all else at least 1, not {self}.")


@dataclass(frozen=True)
class Arm:
    """One way to teach a classifier."""

    drawn: bool  # half of every batch is drawn pictures
    jostled: bool  # every picture is moved and scaled a little


ARMS: Mapping[str, Arm] = {
    "real": Arm(drawn=False, jostled=False),
    "real and drawn": Arm(drawn=True, jostled=False),
    "real, augmented": Arm(drawn=False, jostled=True),
    "real and drawn, augmented": Arm(drawn=True, jostled=True),
}
Accuracies = dict[str, list[list[float]]]  # arm -> subset -> seed -> share of the test pictures named rightly


def main(argv: list[str] | None = None) -> int:
    """Run the whole experiment, or go on with a training that was stopped; returns the exit status."""
    args = arguments().parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        data = load(args.data)
        plan = Plan(**{name: getattr(args, name) for name in asdict(Plan())})
        accuracies: Accuracies = {name: [] for name in ARMS}
        for number in range(plan.subsets):
            subset = chosen(data, plan.each, number)
            folder = args.runs / f"few-{number}"
            generator = taught_generator(subset, plan, folder, number)
            for name, found in measured(data, subset, generator, plan, folder / "accuracy.json").items():
                accuracies[name].append(found)
    except (PictureSetError, TrainingError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    answer = {"plan": asdict(plan), "preset": asdict(preset(plan, 0)), "torch": str(torch.__version__), "accuracy": accuracies}
    write_whole(args.out / "few.json", (json.dumps(answer, indent=1) + "\n").encode())
    write_whole(args.out / "few.md", told(accuracies, plan).encode())
    print(told(accuracies, plan))
    return 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.experiments.few", description=__doc__)
    for name, value in asdict(Plan()).items():
        parser.add_argument(f"--{name}", type=int, default=value, help="default: %(default)s")
    parser.add_argument("--data", type=Path, default=Path("data/digits"))
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the generators' trainings are kept")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--threads", type=int, default=1)
    return parser


def chosen(data: PictureSet, each: int, number: int) -> PictureSet:
    """A set of `each` training pictures a class, the same ones for the same number; ValueError where there are not as many."""
    rows, labels = data.train(), data.class_labels
    if labels is None:
        raise ValueError("This experiment needs a picture set with classes.")
    draw = np.random.default_rng(number)
    try:
        picked = np.concatenate([draw.choice(rows[labels[rows] == c], each, replace=False) for c in range(len(data.classes))])
    except ValueError as error:
        raise ValueError(f"Not every class has {each} training pictures. Give a smaller --each.") from error
    held_out = np.zeros(len(picked), np.bool_)
    return PictureSet(np.asarray(data.pictures[picked]), held_out, labels[picked], None, data.classes, (), data.source, data.licence)


def preset(plan: Plan, number: int) -> Preset:
    """digits-cgan with a narrower network, and with what few pictures ask for."""
    config = {"width": 32, "z_dim": 32}
    few: dict[str, Any] = {"augment": "diff", "variety": 5.0, "balanced": True}
    return Preset("dcgan", "digits", config, images=plan.images, rate=4e-4, recognise=0.5, watch=0, seed=number, **few)


def taught_generator(subset: PictureSet, plan: Plan, folder: Path, number: int) -> Generator:
    """A generator that has seen the subset and nothing else; trained now, or on from where a training in the folder stood."""
    run = open_run(folder, preset(plan, number), subset)
    if run.seen < plan.images:
        train(run)
    if run.seen < plan.images:
        raise TrainingError(f"Stopped at image {run.seen:,}. The same command goes on from there.")
    return settled(run)


@torch.no_grad()
def drawings(generator: Generator, count: int) -> tuple[Tensor, Tensor]:
    """Pictures (count, channels, size, size) in [-1, 1], rounded as bytes are, and the classes they were asked to show, (count,)."""
    spec, draw = generator.spec, torch.Generator().manual_seed(0)
    classes = stratified(len(spec.classes), count, seed=0)
    parts = []
    for part in classes.split(100):
        w = generator.map(torch.randn(len(part), spec.z_dim, generator=draw), Condition(torch.eye(len(spec.classes))[part]))
        parts.append(generator.synthesize(w, [0] * len(part))[:, : spec.channels])
    return ((torch.cat(parts) + 1) * 127.5).round() / 127.5 - 1, classes


def measured(data: PictureSet, subset: PictureSet, generator: Generator, plan: Plan, kept: Path) -> dict[str, list[float]]:
    """Every arm's accuracy, one a seed. What stands in the file by the same plan is not measured again."""
    real = pictures_of(subset, torch.arange(len(subset))), torch.from_numpy(subset.class_labels)
    drawn = drawings(generator, plan.drawn)
    before = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    found: dict[str, list[float]] = before["accuracy"] if before.get("plan") == asdict(plan) else {name: [] for name in ARMS}
    for name, arm in ARMS.items():
        for seed in range(len(found[name]), plan.seeds):
            judge = taught_judge(real, drawn if arm.drawn else None, arm.jostled, seed, plan.lessons, len(data.classes))
            found[name].append(accuracy(judge, data))
            write_whole(kept, json.dumps({"plan": asdict(plan), "accuracy": found}).encode())
        print(f"{name}: " + "  ".join(f"{100 * share:.2f}" for share in found[name]), flush=True)
    return found


def taught_judge(
    real: tuple[Tensor, Tensor], drawn: tuple[Tensor, Tensor] | None, jostled: bool, seed: int, lessons: int, classes: int, batch: int = 128
) -> Judge:
    """A narrow judge trained on batches of real pictures, or half of real and half of drawn ones; Adam, cosine schedule.

    Every arm sees as many pictures; of one seed, all begin with the same weights.
    """
    torch.manual_seed(seed)
    judge = Judge(real[0].shape[1], classes, 0, width=16)
    optimiser = torch.optim.Adam(judge.parameters(), lr=2e-3)
    steps = max(lessons // batch, 1)
    sources = [real] if drawn is None else [real, drawn]
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 1e-3 * (1 + math.cos(math.pi * step / steps))
        rows = [torch.randint(len(labels), (batch // len(sources),)) for _, labels in sources]
        x = torch.cat([pictures[part] for (pictures, _), part in zip(sources, rows, strict=True)])
        wanted = torch.cat([labels[part] for (_, labels), part in zip(sources, rows, strict=True)])
        logits = judge(jostle(x) if jostled else x).classes
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(logits, wanted).backward()
        optimiser.step()
    return judge.eval()


@torch.no_grad()
def accuracy(judge: Judge, data: PictureSet) -> float:
    """Share of the held-out pictures whose class it names."""
    right = 0
    for part in torch.from_numpy(data.test()).split(500):
        logits = judge(pictures_of(data, part)).classes
        right += int((logits.argmax(1) == torch.from_numpy(data.class_labels)[part]).sum())
    return right / len(data.test())


def told(accuracies: Accuracies, plan: Plan) -> str:
    """The answer as a page: a table and two sentences."""
    rows = []
    for name, subsets in accuracies.items():
        means = [statistics.mean(subset) for subset in subsets]
        every = [share for subset in subsets for share in subset]
        rows.append(f"| {name} | {100 * statistics.mean(every):.2f} | {100 * statistics.stdev(means):.2f} | {_range(every)} |")
    plain = verdict(accuracies["real and drawn"], accuracies["real"])
    beside = verdict(accuracies["real and drawn, augmented"], accuracies["real, augmented"])
    return f"""# Do drawn pictures teach?

A digits classifier learned from {plan.each} real pictures a class, with and without {plan.drawn:,} pictures by a generator that saw only
these. Accuracy on the 10,000 MNIST test digits in percent, {plan.subsets} choices of the real pictures with {plan.seeds} classifiers each.

| Taught with | Mean | Spread between choices | Least to most |
| --- | ---: | ---: | ---: |
{chr(10).join(rows)}

Without other augmentation the drawn pictures {plain}. Beside ordinary augmentation (each picture moved by up to a sixteenth and
scaled by up to a tenth) they {beside}.

Made by `python -m models.experiments.few`; every figure stands in few.json.
"""


def verdict(with_drawn: Sequence[Sequence[float]], without: Sequence[Sequence[float]]) -> str:
    """What drawn pictures change, in points, with a 95 % interval over the subsets: each is compared with itself."""
    changes = [100 * (statistics.mean(a) - statistics.mean(b)) for a, b in zip(with_drawn, without, strict=True)]
    mean = statistics.mean(changes)
    within = T_95[len(changes)] * statistics.stdev(changes) / math.sqrt(len(changes))
    figures = f"{mean:+.2f} points, 95 % interval {mean - within:+.2f} to {mean + within:+.2f}"
    if abs(mean) <= within:
        return f"made no difference that can be told from chance ({figures})"
    return f"{'helped' if mean > 0 else 'did harm'} ({figures})"


def _range(shares: Sequence[float]) -> str:
    return f"{100 * min(shares):.2f} to {100 * max(shares):.2f}"


if __name__ == "__main__":
    sys.exit(main())
