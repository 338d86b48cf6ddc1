"""The loop: losses against closed forms, exact resume, whole files, and what it says when a training breaks."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import load
from models.directions import AXIS
from models.spec import Condition, GeneratorSpec
from models.train import changed, main
from models.training.batches import batches
from models.training.critics import build_critic
from models.training.critics.critic import BatchDeviation
from models.training.datasets import PictureSet, save
from models.training.loop import keep_watch, smooth_weights, step, train
from models.training.objectives.adversarial import sameness
from models.training.penalties import gradient_square
from models.training.presets import PRESETS, Preset
from models.training.run import HEALTHY, Run, TrainingError, begin_with, load_state, open_run, read_log, save_state, settled
from models.training.watch import Variety, Watch, compare

PRESETS_TINY = {
    "dcgan": Preset("dcgan", "tiny", {"width": 4, "z_dim": 4}, images=80, batch=8, r1_every=2, recognise=0.5),
    "lapgan": Preset("lapgan", "tiny", {"coarsest": 4, "noise": 3, "hidden": 8, "width": 8}, images=80, batch=8, r1_every=2, variety=1.0),
    "mlp_gan": Preset("mlp_gan", "tiny", {"hidden": 8, "z_dim": 4}, images=80, batch=8, r1=0.0),
    "progressive": Preset(
        "progressive", "tiny", {"widths": [8, 8], "z_dim": 4}, images=80, batch=8, r1_every=2, growth=((4, 40),), fade=16
    ),
    "style": Preset(
        "style", "tiny", {"widths": [8, 8], "z_dim": 4, "w_dim": 8, "mapping_layers": 1}, images=80, batch=8, r1_every=2, variety=1.0
    ),
    "vae": Preset("vae", "tiny", {"width": 4, "z_dim": 3}, images=80, batch=8, rate=1e-3),
}


@pytest.fixture
def data() -> PictureSet:
    draw = np.random.default_rng(0)
    return PictureSet(
        pictures=draw.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8),
        held_out=np.arange(40) >= 32,
        class_labels=np.arange(40) % 2,
        style_labels=np.arange(40) % 3,
        classes=("a", "b"),
        styles=("x", "y", "z"),
        source="noise",
        licence="none",
    )


def steps(run: Run, count: int) -> list[dict[str, float]]:
    return [step(run, batch) for _, batch in zip(range(count), batches(run), strict=False)]


@pytest.mark.parametrize("family", PRESETS_TINY)
def test_ten_steps_and_ten_more_are_twenty_bit_for_bit(family: str, data: PictureSet, tmp_path: Path) -> None:
    preset = PRESETS_TINY[family]
    whole = open_run(tmp_path / "whole", preset, data)
    expected = steps(whole, 20)
    halved = open_run(tmp_path / "halved", preset, data)
    first = steps(halved, 10)
    save_state(halved)
    torch.manual_seed(99)  # what another process would have drawn meanwhile
    second = steps(open_run(tmp_path / "halved", preset, data), 10)
    assert first + second == expected


def test_a_held_out_picture_is_never_trained_on(data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, PRESETS_TINY["vae"], data)
    held_out = {data.pictures[row].tobytes() for row in data.test()}
    for _, batch in zip(range(50), batches(run), strict=False):
        shown = ((batch.pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
        assert not held_out & {picture.tobytes() for picture in shown}


def test_r1_is_the_squared_gradient() -> None:
    """For a critic that is linear in the picture the gradient is its weights."""
    weight, pictures = torch.randn(1, 3, 4, 4), torch.randn(5, 3, 4, 4, requires_grad=True)
    scores = (pictures * weight).sum((1, 2, 3))
    assert gradient_square(scores, pictures).item() == pytest.approx(weight.square().sum().item(), rel=1e-5)


def test_the_deviation_map_tells_a_collapsed_batch_and_has_a_second_derivative() -> None:
    layer = BatchDeviation(group=4)
    assert layer(torch.ones(4, 2, 3, 3))[:, 2].max() < 1e-3
    assert layer(torch.randn(4, 2, 3, 3))[:, 2].min() > 0.1
    x = torch.ones(4, 2, 3, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), x)
    assert second.isfinite().all()


def test_sameness_is_nought_for_the_data_s_own_variety_and_one_for_a_collapse() -> None:
    spec = build_spec()
    real = torch.rand(8, 1, 32, 32) * 2 - 1
    condition = Condition(torch.eye(2)[[0, 0, 0, 0, 1, 1, 0, 1]], None)
    assert sameness(real.flip(-1), real, condition, spec).item() == pytest.approx(0, abs=1e-6)
    assert sameness(torch.zeros_like(real), real, condition, spec).item() == pytest.approx(1)
    unlike = Condition(torch.eye(2)[[0, 1] * 4], None)
    assert sameness(torch.zeros_like(real), real, unlike, spec).item() == 0  # no neighbours of one condition to compare
    half = torch.cat([torch.zeros(4, 1, 32, 32), real[4:].flip(-1) * 9])
    two = Condition(torch.eye(2)[[0, 0, 0, 0, 1, 1, 1, 1]], None)
    assert sameness(half, real, two, spec).item() == pytest.approx(0.5)  # one condition has collapsed, however the other varies


def build_spec() -> GeneratorSpec:
    return GeneratorSpec("dcgan", 32, 1, 4, 4, 1, classes=("a", "b"))


def test_a_batch_is_made_of_pairs_of_one_condition(data: PictureSet, tmp_path: Path) -> None:
    for _, batch in zip(range(20), batches(open_run(tmp_path, PRESETS_TINY["dcgan"], data)), strict=False):
        assert batch.condition.classes is not None
        assert batch.condition.styles is not None
        for shares in (batch.condition.classes, batch.condition.styles):
            assert torch.equal(shares[::2], shares[1::2])
        styles = batch.condition.styles.argmax(1).tolist()
        assert styles == sorted(styles)


def test_smoothed_weights_follow_and_do_not_jump(data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, dataclasses.replace(PRESETS_TINY["vae"], smoothing=8), data)
    run.seen = 1000
    before = [p.clone() for p in run.smooth.parameters()]
    with torch.no_grad():
        for p in run.generator.parameters():
            p.add_(1.0)
    smooth_weights(run)
    for old, new in zip(before, run.smooth.parameters(), strict=True):
        torch.testing.assert_close(new, old + 0.5)  # one half-life of 8 images has passed


def test_batch_statistics_are_those_of_the_smoothed_weights(data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, PRESETS_TINY["dcgan"], data)
    generator = settled(run)
    assert not generator.training
    assert torch.equal(settled(run).state_dict()["first_norm.running_mean"], generator.state_dict()["first_norm.running_mean"])
    assert not torch.equal(generator.state_dict()["first_norm.running_mean"], torch.zeros(4))


def test_a_loss_that_is_no_number_stops_with_place_batch_and_remedy(
    data: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_run(tmp_path, PRESETS_TINY["vae"], data)
    run.seen = 640
    batch = next(batches(run))
    monkeypatch.setattr(run.objective, "step", lambda batch, number: {"kl": float("nan")})
    with pytest.raises(TrainingError, match=rf"'kl' is not finite at step 80 \(image 640; pictures {batch.rows[0]}, .*--set rate"):
        step(run, batch)
    assert run.seen == 640


def test_variety_is_one_for_the_data_itself_and_nought_for_a_collapse() -> None:
    features = torch.randn(40, 8)
    same = torch.ones(40, 40, dtype=torch.bool).fill_diagonal_(False)
    assert compare(features, features, same) == Variety(1.0, 1.0)
    collapsed = compare(torch.zeros(40, 8), features, same)
    assert collapsed == Variety(0.0, 0.0)
    watch = Watch()
    assert not watch.fallen(Variety(0.9, 0.5))
    assert watch.fallen(Variety(0.4, 0.5))
    assert watch.best == 0.9


def test_a_collapse_is_caught_and_the_run_steps_back(data: PictureSet, tmp_path: Path) -> None:
    preset = dataclasses.replace(PRESETS_TINY["style"], augment="adaptive", watch=8)
    run = open_run(tmp_path, preset, data)
    run.watch.best = 0.0
    with torch.no_grad():
        for smooth in run.smooth.parameters():
            smooth.mul_(3)  # fresh weights vary less than noise does
    keep_watch(run, report=False)
    assert (tmp_path / HEALTHY).exists()
    healthy = {name: t.clone() for name, t in run.smooth.state_dict().items()}
    run.seen = 800
    with torch.no_grad():
        for parameter in run.smooth.parameters():
            parameter.zero_()
    keep_watch(run, report=False)
    assert run.seen == 0
    assert all(torch.equal(run.smooth.state_dict()[name], t) for name, t in healthy.items())
    assert run.objective.modules()["augment"].get_buffer("strength") == pytest.approx(0.2)
    assert [row["event"] for row in read_log(tmp_path)] == ["look", "stepped back"]
    assert read_log(tmp_path)[1]["from"] == 800


def test_a_run_that_never_varied_says_so(data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, PRESETS_TINY["style"], data)
    with torch.no_grad():
        for parameter in run.smooth.parameters():
            parameter.zero_()
    with pytest.raises(TrainingError, match="collapsed.*--set variety"):
        keep_watch(run, report=False)


def test_an_interrupted_save_leaves_the_last_state(data: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(tmp_path, PRESETS_TINY["vae"], data)
    save_state(run)
    before = (tmp_path / "state.pt").read_bytes()
    steps(run, 1)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", cut)
    with pytest.raises(KeyboardInterrupt):
        save_state(run)
    assert (tmp_path / "state.pt").read_bytes() == before
    assert not list(tmp_path.glob("*.new"))


def test_a_state_of_another_preset_says_so(data: PictureSet, tmp_path: Path) -> None:
    save_state(open_run(tmp_path, PRESETS_TINY["vae"], data))
    other = open_run(tmp_path / "other", dataclasses.replace(PRESETS_TINY["vae"], config={"width": 8, "z_dim": 3}), data)
    other.folder = tmp_path
    with pytest.raises(TrainingError, match="does not fit this preset"):
        load_state(other, tmp_path / "state.pt")


def test_a_run_begins_with_what_another_checkpoint_knows(data: PictureSet, tmp_path: Path) -> None:
    smaller = dataclasses.replace(PRESETS_TINY["style"], config={**PRESETS_TINY["style"].config, "size": 4, "widths": [8]})
    start = open_run(tmp_path / "start", dataclasses.replace(smaller, seed=1), data).smooth
    run = open_run(tmp_path / "run", dataclasses.replace(PRESETS_TINY["style"], start="start"), data)
    newest = run.generator.state_dict()["firsts.1.conv.weight"].clone()
    begin_with(run, start)
    for network in (run.generator, run.smooth):
        assert torch.equal(network.state_dict()["firsts.0.conv.weight"], start.state_dict()["firsts.0.conv.weight"])
        assert torch.equal(network.state_dict()["firsts.1.conv.weight"], newest)  # the start never had it
    assert "of its weights from start" in read_log(run.folder)[0]["event"]


def test_a_start_of_another_family_is_refused(data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", PRESETS_TINY["style"], data)
    with pytest.raises(TrainingError, match="'vae' cannot be begun with for a 'style'"):
        begin_with(run, open_run(tmp_path / "start", PRESETS_TINY["vae"], data).smooth)


def test_the_command_trains_and_publishes(data: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(data, tmp_path / "digits")
    quick = dataclasses.replace(PRESETS["digits-vae"], images=256, config={"width": 4, "z_dim": 3})
    monkeypatch.setattr("models.train.PRESETS", {"digits-vae": quick})
    places = ["--runs", str(tmp_path / "runs"), "--checkpoints", str(tmp_path / "out"), "--data", str(tmp_path / "digits")]
    assert main(["digits-vae", "--set", "batch=64", "--threads", "1", *places]) == 0
    checkpoint = load(tmp_path / "out" / "digits-vae")
    assert checkpoint.card.training["images"] == 256
    assert main(["digits-vae", "--name", "mine", "--set", 'start="digits-vae"', "--threads", "1", *places]) == 0
    assert read_log(tmp_path / "runs" / "mine")[0]["event"] == "begins with 100% of its weights from digits-vae"
    assert {f"{AXIS}{k}" for k in (1, 2, 3)} <= set(checkpoint.directions)
    assert json.loads((tmp_path / "runs" / "digits-vae" / "run.json").read_text())["batch"] == 64
    assert list((tmp_path / "runs" / "digits-vae" / "samples").glob("*.png"))


def test_a_training_of_ones_own_has_a_name_of_its_own(
    data: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(dataclasses.replace(data, source="my scans", licence="mine"), tmp_path / "scans")
    quick = dataclasses.replace(PRESETS["digits-vae"], images=128, config={"width": 4, "z_dim": 3})
    monkeypatch.setattr("models.train.PRESETS", {"digits-vae": quick})
    places = ["--runs", str(tmp_path / "runs"), "--checkpoints", str(tmp_path / "out"), "--data", str(tmp_path / "scans"), "--threads", "1"]
    assert main(["digits-vae", "--name", "my-scans", *places]) == 0
    card = load(tmp_path / "out" / "my-scans").card
    assert (card.id, card.title["en"], card.source, card.licence) == ("my-scans", "my-scans", "my scans", "mine")
    assert "somebody's own" in card.limits["en"][0]
    assert (card.training["preset"], card.training["data"]) == ("digits-vae", "scans")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["my-scans"]
    assert main(["digits-vae", "--name", "../elsewhere", *places]) == 1
    assert "small letters" in capsys.readouterr().err


def test_a_change_of_no_field_names_the_fields() -> None:
    with pytest.raises(ValueError, match="give FIELD=VALUE with one of .*r1_every"):
        changed(PRESETS["portraits"], ["speed=3"])
    with pytest.raises(ValueError, match="at least 1"):
        changed(PRESETS["portraits"], ["batch=-2"])


def test_missing_data_names_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digits-vae", "--data", str(tmp_path / "digits"), "--runs", str(tmp_path)]) == 1
    assert "python -m models.training.datasets digits" in capsys.readouterr().err


def test_an_autoencoder_has_no_critic(data: PictureSet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'vae' has no critic"):
        build_critic(open_run(tmp_path, PRESETS_TINY["vae"], data).generator)


def test_training_goes_on_to_its_end(data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, PRESETS_TINY["style"], data)
    train(run, report=False)
    assert run.seen == 80
    assert open_run(tmp_path, PRESETS_TINY["style"], data).seen == 80
