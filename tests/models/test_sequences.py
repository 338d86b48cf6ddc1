"""Training on writing: exact resume, nothing held out ever seen, another hand's variation, and a network that learns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from models.generators.rvae import RvaeConfig
from models.train import main
from models.training.datasets.strokes import StrokeSet, assemble, save
from models.training.loop import step
from models.training.presets import Preset
from models.training.run import Run, TrainingError, read_log, save_state
from models.training.sequences import as_rvae, batches, held_out, open_run, train, varied, writings_of

SMALL = {"size": 16, "z_dim": 4, "hidden": 32, "attention": 16, "heads": 2, "mixtures": 3, "longest": 20}
PRESET = Preset("rvae", "tiny", SMALL, images=160, batch=16, rate=3e-3, betas=(0.9, 0.999), clip=1.0)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Steps this small only lose by being shared out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def data() -> StrokeSet:
    """Crosses, of which each stroke's place is drawn; longer ones have more strokes."""
    draw = np.random.default_rng(0)
    writings = []
    for k in range(120):
        ends = 0.2 + 0.6 * draw.random((1 + k % 5, 2, 1), np.float32)
        writings.append([np.concatenate([stroke, np.array([[0.2], [0.8]], np.float32)], axis=1) for stroke in ends])
    return assemble([chr(0x4E00 + k) for k in range(120)], writings)


def steps(run: Run, data: StrokeSet, count: int) -> list[dict[str, float]]:
    return [step(run, batch) for _, batch in zip(range(count), batches(run, data), strict=False)]  # type: ignore[arg-type]


def test_ten_steps_and_ten_more_are_twenty_bit_for_bit(data: StrokeSet, tmp_path: Path) -> None:
    expected = steps(open_run(tmp_path / "whole", PRESET, data), data, 20)
    halved = open_run(tmp_path / "halved", PRESET, data)
    first = steps(halved, data, 10)
    save_state(halved)
    torch.manual_seed(99)  # what another process would have drawn meanwhile
    assert first + steps(open_run(tmp_path / "halved", PRESET, data), data, 10) == expected


def test_it_learns_and_the_divergence_is_let_in(data: StrokeSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, PRESET, data)
    before = held_out(as_rvae(run.generator), data)
    losses = steps(run, data, 60)
    after = held_out(as_rvae(run.generator), data)
    assert after["held_out"] < before["held_out"] - 0.3
    assert losses[-1]["reconstruction"] < losses[0]["reconstruction"] - 0.3
    assert losses[-1]["kl"] > losses[0]["kl"], "what costs nothing is used"


def test_a_held_out_writing_is_never_trained_on_and_every_other_is(data: StrokeSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, PRESET, data)
    seen = np.unique(np.concatenate([batch.rows for _, batch in zip(range(200), batches(run, data), strict=False)]))
    assert seen.tolist() == data.train().tolist()
    assert len(data.test()) > 0


def test_a_batch_is_of_about_one_length(data: StrokeSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, PRESET, data)
    spreads = [float(np.ptp(data.lengths[batch.rows])) for _, batch in zip(range(40), batches(run, data), strict=False)]
    assert np.mean(spreads) < 0.5 * np.ptp(data.lengths)


def test_another_hand_keeps_the_strokes_and_moves_every_point_a_little(data: StrokeSet) -> None:
    writings = writings_of(data, np.arange(40))
    other = varied(writings, torch.Generator().manual_seed(0))
    assert torch.equal(other.pens, writings.pens)
    away = (other.points - writings.points).abs()
    assert 0 < away.mean() < 0.05
    assert away.max() < 0.12
    assert 0 <= other.points.min() <= other.points.max() <= 1


def test_what_is_held_out_is_measured_the_same_each_time_and_without_a_trace(data: StrokeSet, tmp_path: Path) -> None:
    rvae = as_rvae(open_run(tmp_path, PRESET, data).generator)
    state = torch.get_rng_state()
    assert held_out(rvae, data) == held_out(rvae, data)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_whole_training_leaves_a_log_samples_and_a_state(data: StrokeSet, tmp_path: Path) -> None:
    train(open_run(tmp_path, PRESET, data), report=False)
    assert [row["event"] for row in read_log(tmp_path)] == ["held out"]
    assert [path.name for path in (tmp_path / "samples").iterdir()] == ["000000160.png"]
    assert open_run(tmp_path, PRESET, data).seen == 160


def test_a_state_of_another_network_is_refused(data: StrokeSet, tmp_path: Path) -> None:
    save_state(open_run(tmp_path, PRESET, data))
    with pytest.raises(TrainingError, match="does not fit this preset"):
        open_run(tmp_path, dataclasses.replace(PRESET, config={**SMALL, "hidden": 16}), data)
    assert RvaeConfig(**SMALL).hidden == 32


def test_the_command_shows_a_fault_without_a_trace(tmp_path: Path, data: StrokeSet, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hanzi-rvae", "--data", str(tmp_path / "none")]) == 1
    assert "python -m models.training.datasets none" in capsys.readouterr().err
    save(data, tmp_path / "tiny", size=8)
    (tmp_path / "hanzi-rvae").mkdir()
    (tmp_path / "hanzi-rvae" / "state.pt").write_bytes(b"")
    assert main(["hanzi-rvae", "--data", str(tmp_path / "tiny"), "--runs", str(tmp_path)]) == 1
    assert "Move the folder" in capsys.readouterr().err
