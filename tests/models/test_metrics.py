"""Metrics on cases whose answer is known."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import Card, load, save
from models.evaluate import main
from models.metrics import METRICS, Samples
from models.metrics.judge import Judge, pictures_of, train_judge, trained_judge
from models.metrics.recognition import diversity
from models.registry import GENERATORS
from models.training.datasets import PictureSet, save as save_pictures

CONFIGS: Mapping[str, dict] = {
    "dcgan": {"size": 16, "channels": 1, "z_dim": 4, "width": 4, "classes": ["left", "right"], "styles": ["pale", "dark"]},
    "vae": {"size": 16, "channels": 1, "z_dim": 3, "width": 4},
}


@pytest.fixture
def data() -> PictureSet:
    """Halves that are lit: left or right, pale or dark; a child could name them."""
    classes, styles = np.arange(160) % 2, np.arange(160) // 2 % 2
    pictures = np.random.default_rng(0).integers(0, 30, (160, 16, 16, 1), dtype=np.uint8)
    for row in range(160):
        start = 8 * classes[row]
        pictures[row, :, start : start + 8] += np.uint8(80 if styles[row] else 200)
    labels = classes.astype(np.int64), styles.astype(np.int64)
    return PictureSet(pictures, np.arange(160) >= 120, *labels, ("left", "right"), ("pale", "dark"), source="s", licence="l")


def tiny(folder: Path, family: str) -> Path:
    torch.manual_seed(0)
    card = Card(family, family, {"en": family}, CONFIGS[family], "smooth", "s", "l", training={"preset": "digits-vae"})
    save(folder / family, GENERATORS.get(family).build(CONFIGS[family]), card)
    return folder / family


def test_a_judge_learns_what_a_child_could_name_and_is_kept(data: PictureSet, tmp_path: Path) -> None:
    judge = Judge(1, 2, 2)
    train_judge(judge, data, images=128 * 40)
    opinion = judge.eval()(pictures_of(data, torch.from_numpy(data.test())))
    assert opinion.classes is not None
    assert (opinion.classes.argmax(1).numpy() == data.class_labels[data.test()]).mean() > 0.95  # type: ignore[index]
    first, again = (trained_judge(data, tmp_path, images=256) for _ in range(2))
    assert len(list(tmp_path.iterdir())) == 1
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True))


def test_diversity_is_the_mean_distance_within_a_name() -> None:
    features = torch.tensor([[0.0], [3.0], [10.0], [10.0], [99.0]])
    assert diversity(features, torch.tensor([0, 0, 1, 1, 2])) == pytest.approx(1.5)


@pytest.mark.parametrize("family", CONFIGS)
def test_every_metric_gives_finite_scores_of_what_it_applies_to(family: str, data: PictureSet, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("models.metrics.recognition.trained_judge", lambda data, folder: trained_judge(data, folder, images=256))
    checkpoint = load(tiny(tmp_path, family))
    applied = [metric for metric in METRICS if metric.applies(checkpoint)]
    assert applied
    for metric in applied:
        scores = metric.measure(Samples(checkpoint, data, tmp_path, count=40))
        assert scores
        assert all(np.isfinite(value) for value in scores.values())


def test_samples_are_balanced_and_repeat(data: PictureSet, tmp_path: Path) -> None:
    samples = Samples(load(tiny(tmp_path, "dcgan")), data, tmp_path, count=40)
    drawn = list(samples.drawn(batch=16))
    classes, styles = (torch.cat([part[k] for part in drawn]) for k in (1, 2))
    assert torch.bincount(2 * classes + styles).tolist() == [10, 10, 10, 10]
    assert torch.equal(torch.cat([p[0] for p in drawn]), torch.cat([p[0] for p in samples.drawn(batch=16)]))


def test_the_command_writes_scores_to_the_file_and_the_card(data: PictureSet, tmp_path: Path) -> None:
    save_pictures(data, tmp_path / "data" / "digits")
    folder = tiny(tmp_path / "checkpoints", "vae")
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "data"), "--json", str(tmp_path / "scores.json")]
    assert main(["--all", "--write", *places]) == 0
    import json

    scores = json.loads((tmp_path / "scores.json").read_text())
    assert load(folder).card.scores == scores["vae"]
    assert scores["vae"]["bound_nats"] == pytest.approx(scores["vae"]["reconstruction_nats"] + scores["vae"]["kl_nats"], abs=1e-3)


def test_nothing_to_measure_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--all", "--checkpoints", str(tmp_path)]) == 1
    assert "name a checkpoint" in capsys.readouterr().err
