"""From sketches to pictures: what seed and styles mean, how pairs are made, and that training helps and resumes exactly."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.checkpoint import load_translator
from models.metrics import restyled
from models.metrics.judge import Judge
from models.registry import TRANSLATORS
from models.train import publish
from models.training.courses import Opening, Translation, follow_translation, open_translation
from models.training.datasets import PictureSet
from models.training.datasets.pictures import save
from models.training.lessons import LESSONS, Sets
from models.training.lessons.sketching import placed
from models.training.loop import step
from models.training.presets import PRESETS
from models.training.run import Run, write_state
from models.translators.pix2pix import Pix2Pix, Pix2PixConfig

SMALL: dict[str, Any] = {"side": 32, "widths": (8, 16), "z_dim": 4, "w_dim": 8, "styles": ("round", "square")}
LESSON = LESSONS["pix2pix"]
PRESET = dataclasses.replace(PRESETS["sketch-portrait"], config=SMALL, images=64, batch=4, bf16=False)


@pytest.fixture
def data() -> Sets:
    """Discs and squares, each of a colour of its own, on grounds of a colour of their own."""
    draw = np.random.default_rng(0)
    styles = np.arange(40) % 2
    at = np.abs(np.linspace(-1, 1, 32))
    shapes = np.stack([np.hypot(at[None], at[:, None]) < 0.6, np.maximum(at[None], at[:, None]) < 0.6])[styles]
    colours = draw.integers(0, 256, (2, 40, 1, 1, 3))
    pictures = np.where(shapes[..., None], *colours).astype(np.uint8)
    return Sets([PictureSet(pictures, np.arange(40) >= 30, None, styles.astype(np.int64), (), ("round", "square"), "shapes", "none")])


def learned(**changes: Any) -> Pix2Pix:
    """With weights that do something, unlike fresh ones."""
    torch.manual_seed(0)
    pix2pix = Pix2Pix(Pix2PixConfig(**SMALL | changes))
    for parameter in pix2pix.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return pix2pix.eval().requires_grad_(False)


def sketches(n: int = 2) -> Tensor:
    return (torch.rand(n, 1, 32, 32, generator=torch.Generator().manual_seed(1)) > 0.1).float().expand(-1, 3, -1, -1)


def test_it_declares_that_it_takes_sketches_of_one_size() -> None:
    spec = learned().spec
    assert (spec.given, spec.side, spec.factor) == ("sketch", 32, 1)
    assert [option.name for option in spec.options] == ["seed", "round", "square"]
    with pytest.raises(ValueError, match="whole number"):
        spec.read({"seed": 1.5})
    with pytest.raises(ValueError, match="halved 2 times"):
        Pix2PixConfig(side=30, widths=(8, 16))


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.family == "pix2pix"])
def test_a_checkpoint_is_less_than_eight_megabytes(name: str) -> None:
    network = TRANSLATORS.get("pix2pix").build(PRESETS[name].config)
    assert sum(p.numel() for p in network.parameters()) < 4_000_000


def test_a_seed_is_a_colouring_and_the_same_again() -> None:
    pix2pix, x = learned(), sketches()
    one, again, other = (pix2pix.translate(x, {"seed": seed}) for seed in (1, 1, 2**32 - 1))
    assert one.shape == x.shape
    assert one.dtype == torch.float32
    assert 0 <= one.min() <= one.max() <= 1
    assert torch.equal(one, again)
    assert not torch.allclose(one, other, atol=1e-2)


def test_a_sketch_is_drawn_out_alone_as_in_company() -> None:
    pix2pix, x = learned(), sketches(3)
    alone = torch.cat([pix2pix.translate(one[None], {"square": 1}) for one in x])
    assert torch.allclose(pix2pix.translate(x, {"square": 1}), alone, atol=1e-5)


def test_shares_of_styles_are_shares_whatever_their_sum() -> None:
    pix2pix, x = learned(), sketches()
    half, also_half, first, nothing = (
        pix2pix.translate(x, shares) for shares in ({"round": 1, "square": 1}, {"round": 0.3, "square": 0.3}, {"round": 1}, {})
    )
    assert torch.allclose(half, also_half, atol=1e-6)
    assert torch.equal(first, nothing), "where none is asked for, the first is meant"
    assert not torch.allclose(half, first, atol=1e-3)


def test_without_styles_there_is_the_seed_alone() -> None:
    pix2pix = learned(styles=())
    assert [option.name for option in pix2pix.spec.options] == ["seed"]
    assert pix2pix.translate(sketches(), {"seed": 3}).isfinite().all()


def test_placed_pictures_are_the_same_pictures_elsewhere() -> None:
    x = torch.rand(16, 3, 8, 8).sort(dim=3).values  # each grows lighter to the right
    moved = placed(x, torch.Generator().manual_seed(0))
    assert moved.shape == x.shape
    assert x.min() <= moved.min() <= moved.max() <= x.max()
    rightward = moved[..., 6].mean((1, 2)) > moved[..., 1].mean((1, 2))
    assert 0 < rightward.sum() < 16, "some are mirrored, some not"


def test_a_pair_is_a_picture_and_its_sketch(data: Sets, tmp_path: Path) -> None:
    pair: Any = next(LESSON.batches(open_translation(tmp_path, PRESET, data), data))
    assert pair.ink.shape == (4, 1, 32, 32)
    assert pair.pictures.shape == (4, 3, 32, 32)
    assert torch.equal(pair.styles.sum(1), torch.ones(4))
    assert pair.pictures.min() >= -1
    assert pair.pictures.max() > 0.2


def test_styles_that_the_data_does_not_have_are_refused(data: Sets, tmp_path: Path) -> None:
    other = dataclasses.replace(PRESET, config=SMALL | {"styles": ("round", "oval")})
    with pytest.raises(ValueError, match="styles round, oval, and the data has round, square"):
        next(LESSON.batches(open_translation(tmp_path, other, data), data))


def steps(run: Run, data: Sets, count: int) -> list[dict[str, float]]:
    source: Any = LESSON.batches(run, data)
    return [step(run, batch) for _, batch in zip(range(count), source, strict=False)]


def test_three_steps_and_three_more_are_six_bit_for_bit(data: Sets, tmp_path: Path) -> None:
    whole = steps(open_translation(tmp_path / "whole", PRESET, data), data, 6)
    halved = open_translation(tmp_path / "halved", PRESET, data)
    first = steps(halved, data, 3)
    write_state(halved)
    assert first + steps(open_translation(tmp_path / "halved", PRESET, data), data, 3) == whole


def test_training_comes_nearer_to_the_pictures(data: Sets, tmp_path: Path) -> None:
    run = open_translation(tmp_path, dataclasses.replace(PRESET, images=96, rate=3e-3, smoothing=20), data)
    before, _ = LESSON.look(run.smooth, data)
    follow_translation(run, report=False)
    after, sheet = LESSON.look(run.smooth, data)
    assert sheet.size == (10 * 32, (1 + 2 + 2 + 1) * 32)
    assert after["unlike"] < before["unlike"] - 0.02


def test_a_published_one_is_read_and_measured(data: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restyled, "trained_judge", lambda data, folder: Judge(3, 0, len(data.styles)).eval())
    run = open_translation(tmp_path / "run", PRESET, data)
    opening = Opening(run.folder, tmp_path, run.device, run.shard)
    publish(run, "sketch-portrait", "sketch-portrait", tmp_path, Translation().result(run, opening))
    save(data.parts[0], tmp_path / "shapes")
    translator = load_translator(tmp_path / "sketch-portrait").translator
    scores = restyled.drawn_out_scores(translator, tmp_path / "shapes")
    assert set(scores) == {"sketch_perceptual", "sketch_error", "colourings", "style_accuracy", "real_style_accuracy"}
    assert 0 < scores["sketch_perceptual"] < 2
    assert 0 < scores["sketch_error"] < 255
