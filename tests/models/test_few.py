"""The experiment with few pictures: what is chosen, that a stop costs little, and that the answer says what was found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.experiments import few
from models.experiments.few import ARMS, Plan, chosen, drawings, main, told, verdict
from models.training.datasets.pictures import PictureSet, save

TINY = ("--each", "3", "--subsets", "2", "--seeds", "1", "--images", "64", "--drawn", "20", "--lessons", "128")


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Two classes of noise, dark and bright, eight of each held out."""
    draw = np.random.default_rng(0)
    labels = np.arange(40) % 2
    pictures = (draw.integers(0, 128, (40, 28, 28, 1)) + 127 * labels[:, None, None, None]).astype(np.uint8)
    save(PictureSet(pictures, np.arange(40) >= 24, labels, None, ("dark", "bright"), (), "noise", "CC0-1.0"), tmp_path / "digits")
    return tmp_path / "digits"


def run(digits: Path, *flags: str) -> int:
    return main(["--data", str(digits), "--runs", str(digits.parent / "runs"), "--out", str(digits.parent / "docs"), *TINY, *flags])


def test_a_choice_is_as_many_of_each_class_and_the_same_again(digits: Path) -> None:
    data = few.load(digits)
    one, again, other = (chosen(data, 3, number) for number in (0, 0, 1))
    assert one.class_labels is not None and np.bincount(one.class_labels).tolist() == [3, 3]
    assert np.array_equal(one.pictures, again.pictures) and not np.array_equal(one.pictures, other.pictures)
    seen = {picture.tobytes() for picture in one.pictures}
    assert not seen & {picture.tobytes() for picture in data.pictures[data.test()]}, "nothing that is held out"
    with pytest.raises(ValueError, match="Not every class has 13"):
        chosen(data, 13, 0)


def test_the_whole_experiment_answers_and_a_second_run_takes_up_what_was_measured(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(digits) == 0
    answer = json.loads((digits.parent / "docs" / "few.json").read_text())
    assert {name: [len(subset) for subset in subsets] for name, subsets in answer["accuracy"].items()} == {name: [1, 1] for name in ARMS}
    assert "| real, augmented |" in (digits.parent / "docs" / "few.md").read_text()
    monkeypatch.setattr(few, "taught_judge", lambda *given: pytest.fail("taught again"))
    monkeypatch.setattr(few, "train", lambda *given: pytest.fail("trained again"))
    assert run(digits) == 0
    assert json.loads((digits.parent / "docs" / "few.json").read_text()) == answer


def test_a_training_that_was_stopped_is_not_taken_for_a_finished_one(
    digits: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(few, "train", lambda run: None)
    assert run(digits) == 1
    assert "Stopped at image 0. The same command goes on from there." in capsys.readouterr().err


@pytest.mark.parametrize("flags", [("--subsets", "1"), ("--seeds", "0")])
def test_a_plan_has_bounds(digits: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, str]) -> None:
    assert run(digits, *flags) == 1
    assert "subsets is 2 to 10" in capsys.readouterr().err


def test_drawings_show_each_class_equally_often(digits: Path) -> None:
    subset = chosen(few.load(digits), 3, 0)
    generator = few.taught_generator(subset, Plan(images=64), digits.parent / "run", 0)
    pictures, classes = drawings(generator, 21)
    assert (pictures.shape, sorted(torch.bincount(classes).tolist())) == ((21, 1, 28, 28), [10, 11])
    assert torch.equal(pictures, drawings(generator, 21)[0])
    torch.testing.assert_close((pictures + 1) * 127.5, ((pictures + 1) * 127.5).round(), atol=1e-3, rtol=0)


def test_the_verdict_is_help_harm_or_nothing_that_can_be_told() -> None:
    base = [[0.90, 0.91], [0.92, 0.93], [0.91, 0.90]]
    shifted = lambda by: [[share + step for share in subset] for subset, step in zip(base, by, strict=True)]  # noqa: E731
    assert verdict(shifted([0.02, 0.021, 0.019]), base).startswith("helped (+2.00 points, 95 % interval +1.75 to +2.25")
    assert verdict(shifted([-0.02, -0.021, -0.019]), base).startswith("did harm (-2.00 points")
    assert verdict(shifted([0.02, -0.02, 0.01]), base).startswith("made no difference that can be told from chance")


def test_the_page_says_what_each_arm_reached() -> None:
    page = told({name: [[0.9, 0.92], [0.94, 0.96]] for name in ARMS}, Plan(subsets=2))
    assert "| real | 93.00 | 2.83 | 90.00 to 96.00 |" in page
    assert "20 real pictures a class, with and without 5,000 pictures" in page
