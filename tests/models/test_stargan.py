"""One picture in any of several styles: what a share means, where pictures are sent, and that training helps and resumes exactly."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.checkpoint import load_translator
from models.metrics import restyled
from models.metrics.judge import Judge
from models.registry import TRANSLATORS
from models.train import publish
from models.training.courses import Opening, Translation, follow_translation, open_translation
from models.training.datasets import PictureSet
from models.training.datasets.pictures import save
from models.training.lessons import LESSONS, Sets
from models.training.lessons.lesson import others
from models.training.loop import step
from models.training.presets import PRESETS
from models.training.run import Run, write_state
from models.translators.stargan import StarGan, StarGanConfig

SMALL: dict[str, Any] = {"side": 16, "widths": (8, 16), "blocks": 1, "w_dim": 8, "styles": ("dark", "light", "red")}
LESSON = LESSONS["stargan"]
PRESET = dataclasses.replace(PRESETS["portrait-designs"], config=SMALL, images=64, batch=4, bf16=False)


@pytest.fixture
def data() -> Sets:
    """Stripes of some breadth, dark, light or red; twice as large as the network takes them."""
    styles, breadth = np.arange(48) % 3, 2 + np.arange(48) // 3 % 4
    stripes = np.arange(32) // breadth[:, None] % 2
    ground = np.array([[20, 20, 20], [180, 180, 180], [200, 20, 20]])[styles]
    pictures = np.broadcast_to(ground[:, None, None] + 50 * stripes[:, None, :, None], (48, 32, 32, 3)).astype(np.uint8)
    return Sets([PictureSet(pictures, np.arange(48) >= 36, None, styles.astype(np.int64), (), SMALL["styles"], "stripes", "none")])


def learned() -> StarGan:
    """With weights that do something, unlike fresh ones."""
    torch.manual_seed(0)
    stargan = StarGan(StarGanConfig(**SMALL))
    for parameter in stargan.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return stargan.eval().requires_grad_(False)


def test_it_declares_a_share_a_style() -> None:
    spec = learned().spec
    assert (spec.given, spec.side, spec.factor) == ("picture", 16, 1)
    assert [option.name for option in spec.options] == ["dark", "light", "red"]
    with pytest.raises(ValueError, match="two styles or more"):
        StarGanConfig(styles=("alone",))
    with pytest.raises(ValueError, match="halved 2 times"):
        StarGanConfig(side=18, widths=(8, 16))


def test_a_checkpoint_is_less_than_eight_megabytes() -> None:
    network = TRANSLATORS.get("stargan").build(PRESETS["portrait-designs"].config)
    assert sum(p.numel() for p in network.parameters()) < 4_000_000


def test_a_share_leads_from_one_style_to_another() -> None:
    stargan, x = learned(), torch.rand(3, 3, 16, 16)
    dark, between, light = (stargan.translate(x, shares) for shares in ({"dark": 1}, {"dark": 0.5, "light": 0.5}, {"light": 1}))
    assert dark.shape == x.shape
    assert 0 <= dark.min() <= dark.max() <= 1
    assert torch.equal(dark, stargan.translate(x, {})), "where none is asked for, the first is meant"
    for end in (dark, light):
        assert not torch.allclose(between, end, atol=1e-3)
    assert torch.allclose(dark, torch.cat([stargan.translate(one[None], {"dark": 1}) for one in x]), atol=1e-5)


def test_a_picture_is_sent_to_any_style(data: Sets, tmp_path: Path) -> None:
    source: Any = LESSON.batches(open_translation(tmp_path, dataclasses.replace(PRESET, batch=120), data), data)
    errand = next(source)
    assert errand.pictures.shape == (120, 3, 16, 16)
    assert -1 <= errand.pictures.min() <= errand.pictures.max() <= 1
    ways = torch.stack([errand.own.argmax(1), errand.wanted.argmax(1)], dim=1).unique(dim=0).tolist()
    assert ways == [[a, b] for a in range(3) for b in range(3)]


def test_another_style_is_never_its_own() -> None:
    own = torch.eye(3).repeat(20, 1)
    other = others(own)
    assert torch.equal(other.sum(1), torch.ones(60))
    assert (own * other).sum() == 0
    assert torch.unique(other[::3], dim=0).shape == (2, 3), "each of the others now and then"


def steps(run: Run, data: Sets, count: int) -> list[dict[str, float]]:
    source: Any = LESSON.batches(run, data)
    return [step(run, batch) for _, batch in zip(range(count), source, strict=False)]


def test_two_steps_and_two_more_are_four_bit_for_bit(data: Sets, tmp_path: Path) -> None:
    whole = steps(open_translation(tmp_path / "whole", PRESET, data), data, 4)
    halved = open_translation(tmp_path / "halved", PRESET, data)
    first = steps(halved, data, 2)
    write_state(halved)
    assert first + steps(open_translation(tmp_path / "halved", PRESET, data), data, 2) == whole


def test_training_finds_the_way_back(data: Sets, tmp_path: Path) -> None:
    run = open_translation(tmp_path, dataclasses.replace(PRESET, images=96, rate=3e-3, smoothing=20), data)
    before, _ = LESSON.look(run.smooth, data)
    follow_translation(run, report=False)
    after, sheet = LESSON.look(run.smooth, data)
    assert sheet.size == (12 * 16, 4 * 16)
    assert after["error"] < before["error"] * 0.8


def test_a_published_one_is_read_and_measured(data: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restyled, "trained_judge", lambda data, folder: Judge(3, 0, len(data.styles)).eval())
    run = open_translation(tmp_path / "run", PRESET, data)
    opening = Opening(run.folder, tmp_path, run.device, run.shard)
    publish(run, "portrait-designs", "portrait-designs", tmp_path, Translation().result(run, opening))
    save(data.parts[0], tmp_path / "stripes")
    translator = load_translator(tmp_path / "portrait-designs").translator
    scores = restyled.relabelled_scores(translator, tmp_path / "stripes")
    assert set(scores) == {"real_style_accuracy", "style_accuracy", "colours_error", "return_perceptual", "return_error"}
    assert 0 < scores["return_error"] < 255
