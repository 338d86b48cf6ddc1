"""Metrics on cases whose answer is known."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from models import evaluate, openings, projection
from models.checkpoint import Card, Checkpoint, CheckpointError, load, save, save_card
from models.encoder import Encoder, EncoderConfig
from models.evaluate import arguments, main, originals, spread, write
from models.metrics import METRICS, Samples, projected
from models.metrics.diversity import mean_within, named
from models.metrics.judge import Judge, train_judge, trained_judge
from models.registry import GENERATORS, TRANSLATORS
from models.spec import Condition
from models.training.datasets import PictureSet, save as save_pictures
from models.training.labels import pictures_of

CONFIGS: Mapping[str, dict] = {
    "dcgan": {"size": 16, "channels": 1, "z_dim": 4, "width": 4, "classes": ["left", "right"], "styles": ["pale", "dark"]},
    "vae": {"size": 16, "channels": 1, "z_dim": 3, "width": 4},
}


@pytest.fixture(autouse=True)
def eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow encoder of no meaning, quick enough for tests."""
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig((4, 4, 8, 8))).eval().requires_grad_(False)
    monkeypatch.setattr("models.metrics.samples.load_encoder", lambda: encoder)


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
    with torch.inference_mode():  # as measuring goes on
        first, again = (trained_judge(data, tmp_path, images=256) for _ in range(2))
    assert len(list(tmp_path.iterdir())) == 1
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True))


def test_diversity_is_the_mean_distance_within_a_name() -> None:
    features = torch.tensor([[0.0], [3.0], [10.0], [10.0], [99.0]])
    assert mean_within(features, torch.tensor([0, 0, 1, 1, 2])) == pytest.approx(1.5)


@pytest.mark.parametrize("family", CONFIGS)
def test_every_metric_gives_finite_scores_of_what_it_applies_to(family: str, data: PictureSet, tmp_path: Path, monkeypatch) -> None:
    for module in ("recognition", "inception_score"):
        monkeypatch.setattr(f"models.metrics.{module}.trained_judge", lambda data, folder: trained_judge(data, folder, images=256))
    checkpoint = load(tiny(tmp_path, family))
    samples = Samples(checkpoint, data, tmp_path, count=40)
    names: list[str] = []
    for metric in METRICS:
        if metric.names(checkpoint):
            scores = metric.measure(samples)
            assert set(scores) == set(metric.names(checkpoint))
            assert all(np.isfinite(value) for value in scores.values())
            names += scores
    assert len(set(names)) == len(names) > 8
    assert ("class_accuracy" in names) == (family == "dcgan")
    assert ("bound_nats" in names) == (family == "vae")


def test_samples_have_the_names_of_training_pictures_and_repeat(data: PictureSet, tmp_path: Path) -> None:
    checkpoint = load(tiny(tmp_path, "dcgan"))
    samples, again = (Samples(checkpoint, data, tmp_path, count=150) for _ in range(2))
    drawn = list(samples.drawn(batch=16))
    classes, styles = (torch.cat([part[k] for part in drawn]) for k in (1, 2))
    assert not set(samples.rows.tolist()) & set(data.test().tolist())
    assert samples.rows[:120].unique().numel() == 120, "each once before any comes twice"
    assert torch.bincount(2 * classes + styles)[:4].sum() == 150
    assert data.class_labels is not None
    assert torch.equal(classes, torch.from_numpy(data.class_labels)[samples.rows])
    assert torch.equal(samples.pictures, again.pictures)
    assert torch.equal(torch.cat([p[0] for p in drawn]), samples.pictures.float() / 127.5 - 1)


def test_features_of_real_pictures_are_encoded_once(data: PictureSet, tmp_path: Path, monkeypatch) -> None:
    checkpoint = load(tiny(tmp_path, "vae"))
    first = Samples(checkpoint, data, tmp_path / "judges", count=40)
    assert first.training.shape == (120, sum(first.encoder.widths))
    assert len(first.held_out) == 40
    assert torch.equal(first.reference, first.training[np.searchsorted(data.train(), first.rows.unique().numpy())])
    monkeypatch.setattr("models.metrics.samples.encoded", lambda *_: pytest.fail("encoded again"))
    assert torch.equal(Samples(checkpoint, data, tmp_path / "judges", count=40).training, first.training)


def test_a_card_that_lacks_a_score_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tiny(tmp_path, "vae")
    assert main(["--check", "--checkpoints", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert str(folder / "card.json") in said
    assert "fid" in said
    assert "bound_nats" in said


def test_scores_of_other_weights_are_not_put_on_a_card(data: PictureSet, tmp_path: Path) -> None:
    folder = tiny(tmp_path, "vae")
    samples = Samples(load(folder), data, tmp_path / "judges", count=4)
    save_card(folder, replace(load(folder).card, weights_sha256="0" * 64))
    with pytest.raises(CheckpointError, match="trained anew"):
        write(folder, samples, {"fid": 1.0})


def test_the_command_writes_scores_to_the_file_and_the_card(data: PictureSet, tmp_path: Path) -> None:
    save_pictures(data, tmp_path / "data" / "digits")
    folder = tiny(tmp_path / "checkpoints", "vae")
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "data"), "--json", str(tmp_path / "scores.json")]
    places += ["--samples", "40"]
    assert main(["--all", "--write", *places]) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert load(folder).card.scores == scores["vae"]
    assert scores["vae"]["bound_nats"] == pytest.approx(scores["vae"]["reconstruction_nats"] + scores["vae"]["kl_nats"], abs=1e-3)
    assert Image.open(folder / "sheet.webp").size == (10 * 16, 8 * 16)
    assert Image.open(folder / "neighbours.webp").size == (10 * 16, 4 * 16)


def test_check_measures_again_and_names_what_is_off(data: PictureSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_pictures(data, tmp_path / "data" / "digits")
    folder = tiny(tmp_path / "checkpoints", "vae")
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "data")]
    assert main(["--all", "--write", "--samples", "40", *places]) == 0
    assert main(["--check", *places]) == 0
    card = load(folder).card
    save_card(folder, replace(card, scores={**card.scores, "fid": 2 * card.scores["fid"]}))
    assert main(["--check", *places]) == 1
    assert "vae: fid is " in capsys.readouterr().err


def test_what_cannot_be_measured_keeps_no_other_from_it(data: PictureSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_pictures(data, tmp_path / "data" / "digits")
    folder = tiny(tmp_path / "checkpoints", "dcgan")
    save_card(folder, replace(load(folder).card, training={"preset": "ukiyoe"}))
    upscaler = TRANSLATORS.get("upscaler").build({"factor": 2, "width": 4, "blocks": 1})
    save(
        tmp_path / "checkpoints" / "large",
        upscaler,
        Card("large", "upscaler", {"en": "x"}, {"factor": 2, "width": 4, "blocks": 1}, "smooth", "s", "l"),
    )
    tiny(tmp_path / "checkpoints", "vae")
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "data"), "--json", str(tmp_path / "scores.json")]
    assert main(["--all", "--samples", "40", *places]) == 1
    assert list(json.loads((tmp_path / "scores.json").read_text())) == ["vae"]
    told = capsys.readouterr().err
    assert "dcgan was not measured: No picture set in" in told
    assert "large was not measured: No pictures to measure on: put kodak/ into" in told


def test_the_command_measures_directions(data: PictureSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tiny(tmp_path / "checkpoints", "dcgan")
    way = {name: torch.ones(load(folder).generator.spec.w_dim) for name in ("slant", "weight", "axis-1")}
    save(folder, load(folder).generator, replace(load(folder).card, training={"preset": "digits-cgan"}), way)
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "data"), "--json", str(tmp_path / "d.json")]
    save_pictures(data, tmp_path / "data" / "digits")
    assert main(["directions", *places]) == 0
    (found,) = json.loads((tmp_path / "d.json").read_text()).values()
    assert set(found) == {"slant", "weight"}
    assert {"moved", "steps", "others", "ratio", "monotone"} <= set(found["slant"])
    assert "weight" in capsys.readouterr().out


def test_the_command_measures_projection(data: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny(tmp_path / "checkpoints", "dcgan")
    save_card(folder, replace(load(folder).card, training={"preset": "digits-cgan"}))
    save_pictures(data, tmp_path / "data" / "digits")
    monkeypatch.setattr(projection, "GUESSES", 16)
    monkeypatch.setattr(projected, "LOOKED", (0, 3))
    monkeypatch.setattr(evaluate, "projected", partial(projected.projected, count=2))
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "data"), "--json", str(tmp_path / "p.json")]
    assert main(["projection", "--of", folder.name, *places]) == 0
    told = json.loads((tmp_path / "p.json").read_text())[folder.name]
    assert set(told) == {"held_out", "generated"}
    for one in told.values():
        assert (one["steps"], one["pictures"], one["share"][0]) == ([0, 3], 2, 1.0)
        assert 0 <= one["distance"][1] <= 2
        assert one["seconds"] >= 0 and sum(one["fit"].values()) == 2


def test_a_spread_is_three_standard_errors_of_a_share_and_a_twentieth_else() -> None:
    assert spread("real_class_accuracy", 0.5, 100) == pytest.approx(0.15)
    assert spread("style_accuracy", 0.9, 10_000) == 0.08  # its judge is trained anew elsewhere
    assert spread("intra_class_diversity", 10.0, 100) == pytest.approx(0.501)
    assert spread("reverse_kl", 0.05, 100) == pytest.approx(0.011)
    assert spread("memorised", 0.0, 100) == pytest.approx(0.03)
    assert spread("fid", 2.0, 100) == pytest.approx(0.101)


def test_a_report_stands_alone_and_runs_nothing_that_a_card_says(data: PictureSet, tmp_path: Path) -> None:
    folder = tiny(tmp_path / "checkpoints", "vae")
    card = load(folder).card
    curve = {"kl": {"images": [1, 500], "value": [0.5, 0.25]}}
    save_card(folder, replace(card, source="<script>alert(1)</script>", scores={"fid": 1.5}, training={**card.training, "curve": curve}))
    Image.new("RGB", (4, 4)).save(folder / "sheet.webp")
    assert main(["--all", "--report", str(tmp_path / "reports"), "--checkpoints", str(folder.parent)]) == 0
    page = (tmp_path / "reports" / "vae.html").read_text("utf-8")
    assert "<th>fid</th><td>1.5</td>" in page
    assert "<polyline" in page
    assert page.count("data:image/webp;base64,") == 1
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_nothing_to_measure_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--all", "--checkpoints", str(tmp_path)]) == 1
    assert "name a checkpoint" in capsys.readouterr().err


def test_originals_are_found_where_the_command_was_told(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "ukiyoe").mkdir()
    (tmp_path / "digits" / "mnist.npz").touch()
    told = arguments().parse_args(["--sources", str(tmp_path)])
    assert [originals(name, told) for name in ("ukiyoe", "ukiyoe256", "digits", "stacked", "portraits")] == [
        *[tmp_path / "ukiyoe"] * 2,
        *[tmp_path / "digits" / "mnist.npz"] * 2,
        None,
    ]
    assert originals("digits", arguments().parse_args(["--digits", "other.npz"])) == Path("other.npz")
    assert originals("ukiyoe", arguments().parse_args([])) is None


def test_a_set_of_another_size_is_made_from_the_same_originals(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    (tmp_path / "originals" / "hokusai").mkdir(parents=True)
    for number in range(4):
        Image.fromarray(draw.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(tmp_path / "originals" / "hokusai" / f"{number}.png")
    made = evaluate.pictures(tmp_path / "data", "ukiyoe32", tmp_path / "originals")
    assert made.pictures.shape[1:] == (32, 32, 3)
    assert (tmp_path / "data" / "ukiyoe32").is_dir()


def test_a_checkpoint_of_ones_own_is_measured_by_its_own_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tiny(tmp_path / "checkpoints", "vae")
    card = load(folder).card
    save_card(folder, replace(card, training={"preset": "digits-vae", "data": "scans"}))
    assert main(["vae", "--checkpoints", str(tmp_path / "checkpoints"), "--data", str(tmp_path)]) == 1
    assert f"No picture set in {tmp_path / 'scans'}" in capsys.readouterr().err


def test_a_page_begins_with_seeds_that_are_sound_in_every_class_and_style(
    data: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seeds draw noise whatever is asked for, and a third does in one class and style alone."""
    noise = torch.rand(10, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def pictures(_checkpoint: Checkpoint, condition: Condition, count: int) -> list[Tensor]:
        assert condition.classes is not None and condition.styles is not None
        kind = 2 * int(condition.classes.argmax()) + int(condition.styles.argmax())
        real = pictures_of(data, data.test()[named(data, torch.from_numpy(data.test())).numpy() == kind])
        broken = [seed in (1, 7) or (seed == 3 and kind == 1) for seed in range(count)]
        return [torch.where(torch.tensor(broken)[:, None, None, None], noise, real)]

    folder = tiny(tmp_path / "checkpoints", "dcgan")
    samples = Samples(load(folder), data, tmp_path)
    drawn = list(openings.pictures(samples.checkpoint, next(openings.conditions(2, 2)), 20))
    assert [x.shape for x in drawn] == [(16, 1, 16, 16), (4, 1, 16, 16)]
    assert all(x.abs().max() <= 1 for x in drawn)
    monkeypatch.setattr(openings, "pictures", pictures)
    assert openings.openings(samples, tried=10, kept=7) == (0, 2, 4, 5, 6, 8, 9)


def test_the_command_puts_openings_on_the_card(data: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny(tmp_path / "checkpoints", "dcgan")
    save_card(folder, replace(load(folder).card, training={"preset": "digits-cgan"}))
    save_pictures(data, tmp_path / "data" / "digits")
    monkeypatch.setattr(openings, "openings", partial(openings.openings, tried=8, kept=3))
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "data")]
    assert openings.main([folder.name, *places]) == 0
    found = load(folder).card.openings
    assert len(found) == 3 and set(found) < set(range(8))
    assert openings.main(["nobody", *places]) == 1
    with pytest.raises(CheckpointError, match="openings are seeds"):
        replace(load(folder).card, openings=(2**32,))
