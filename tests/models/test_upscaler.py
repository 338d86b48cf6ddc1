"""The upscaler: what its two temperaments share, what its options mean, and that its training resumes exactly."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from models.checkpoint import find, find_translators, load_translator
from models.evaluate import main
from models.metrics.upscaled import luma, windows
from models.registry import TRANSLATORS
from models.train import publish
from models.training.courses import Opening, Translation, follow_translation, open_translation as open_run
from models.training.datasets import PictureSet
from models.training.lessons import LESSONS, Sets
from models.training.lessons.upscaling import compressed, spoilt
from models.training.loop import step
from models.training.presets import PRESETS
from models.training.run import Run, TrainingError, write_state
from models.translators.tiling import Tiling, strips
from models.translators.translator import Option, TranslatorSpec
from models.translators.upscaler import Enlarger, Upscaler, UpscalerConfig

SMALL = {"factor": 2, "width": 8, "blocks": 2}
LESSON = LESSONS["upscaler"]
PRESET = dataclasses.replace(PRESETS["upscaler-x2"], config=SMALL, start="", images=64, batch=8, bf16=False)


def picture_set(seed: int) -> PictureSet:
    draw = torch.Generator().manual_seed(seed)
    pictures = F.interpolate(torch.rand(24, 3, 8, 8, generator=draw), size=32, mode="bilinear").mul(255).to(torch.uint8)
    return PictureSet(pictures.permute(0, 2, 3, 1).numpy(), np.arange(24) >= 16, None, None, (), (), f"noise {seed}", "none")


@pytest.fixture
def data() -> Sets:
    return Sets([picture_set(0), picture_set(1)])


def learned(config: UpscalerConfig) -> Upscaler:
    """With weights that do something, unlike fresh ones."""
    torch.manual_seed(0)
    upscaler = Upscaler(config)
    for parameter in upscaler.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return upscaler.eval().requires_grad_(False)


def test_a_fresh_enlarger_is_bicubic() -> None:
    x = torch.rand(1, 3, 9, 7)
    fresh = TRANSLATORS.get("upscaler").build({"factor": 4}).translate(x, {})
    assert torch.allclose(fresh, F.interpolate(x, scale_factor=4.0, mode="bicubic").clamp(0, 1), atol=1e-6)


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.family == "upscaler"])
def test_each_temperament_has_less_than_a_million_weights(name: str) -> None:
    enlarger = Enlarger(UpscalerConfig(**PRESETS[name].config))
    assert sum(p.numel() for p in enlarger.parameters()) < 1_000_000


def test_crispness_leads_from_one_temperament_to_the_other() -> None:
    upscaler, x = learned(UpscalerConfig(**SMALL)), torch.rand(2, 3, 12, 10)
    faithful, between, crisp = (upscaler.translate(x, {"crispness": share}) for share in (0, 0.5, 1))
    nothing = torch.zeros(2)
    assert torch.allclose(faithful, upscaler.faithful(x, nothing).clamp(0, 1), atol=1e-6)
    assert torch.allclose(crisp, upscaler.crisp(x, nothing).clamp(0, 1), atol=1e-6)
    assert not torch.allclose(between, faithful, atol=1e-3)
    assert not torch.allclose(between, crisp, atol=1e-3)


def test_no_pixel_depends_on_what_lies_beyond_its_reach() -> None:
    upscaler = learned(UpscalerConfig(**SMALL))
    x = torch.rand(1, 3, 24, 24)
    other = x.clone()
    other[..., upscaler.reach + 1 :] = torch.rand(1, 3, 24, 24 - upscaler.reach - 1)
    ours, theirs = (upscaler.translate(picture, {}) for picture in (x, other))
    assert torch.allclose(ours[..., :2], theirs[..., :2], atol=1e-6)
    assert not torch.allclose(ours[..., 4:], theirs[..., 4:], atol=1e-3)


def test_options_are_checked_by_name_and_range() -> None:
    spec = TranslatorSpec("upscaler", 2, (Option("crispness", 0.5),))
    assert spec.read({}) == {"crispness": 0.5}
    with pytest.raises(ValueError, match="no option sharpness. It has: crispness"):
        spec.read({"sharpness": 1})
    for value in (1.1, -0.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            spec.read({"crispness": value})
    with pytest.raises(ValueError, match="usually"):
        Option("crispness", 2)
    with pytest.raises(ValueError, match="factor is 2 or 4"):
        UpscalerConfig(factor=3)


def test_what_is_spoilt_more_is_farther_from_the_original(data: Sets) -> None:
    large = data.pictures(data.train()[:8])
    away = []
    for clean in (0.0, 0.5, 1.0):
        pair = spoilt(large, 2, torch.full((8,), clean), torch.Generator().manual_seed(0))
        assert pair.small.shape == (8, 3, 16, 16)
        assert torch.allclose(pair.small * 255, (pair.small * 255).round(), atol=1e-4)
        away.append((F.interpolate(pair.small, scale_factor=2.0, mode="bicubic") - pair.large).square().mean().item())
    assert away == sorted(away)
    assert away[0] < away[2] / 4


def test_compression_is_a_jpeg_of_that_quality() -> None:
    x = (255 * torch.rand(3, 16, 16)).to(torch.uint8)
    good, poor = ((compressed(x, quality).float() - x.float()).abs().mean() for quality in (95, 10))
    assert good < poor


def published(run: Run, name: str, checkpoints: Path) -> None:
    opening = Opening(run.folder, checkpoints, run.device, run.shard)
    publish(run, name, name, checkpoints, Translation().result(run, opening))


def steps(run: Run, data: Sets, count: int) -> list[dict[str, float]]:
    source: Any = LESSON.batches(run, data)
    return [step(run, batch) for _, batch in zip(range(count), source, strict=False)]


def test_ten_steps_and_ten_more_are_twenty_bit_for_bit(data: Sets, tmp_path: Path) -> None:
    whole = steps(open_run(tmp_path / "whole", PRESET, data), data, 20)
    halved = open_run(tmp_path / "halved", PRESET, data)
    first = steps(halved, data, 10)
    write_state(halved)
    assert first + steps(open_run(tmp_path / "halved", PRESET, data), data, 10) == whole


def test_a_twofold_one_begins_with_what_a_fourfold_one_knows(data: Sets, tmp_path: Path) -> None:
    fourfold = dataclasses.replace(PRESET, config={**SMALL, "factor": 4})
    published(open_run(tmp_path / "four", fourfold, data), "upscaler-x4", tmp_path)
    start = load_translator(tmp_path / "upscaler-x4").translator.state_dict()
    begun = open_run(tmp_path / "two", dataclasses.replace(PRESET, start="upscaler-x4"), data, tmp_path).generator.state_dict()
    for name, value in begun.items():
        known = start[f"faithful.{name}"]
        assert torch.allclose(value, known, atol=1e-3) if value.shape == known.shape else not value.any(), name
    with pytest.raises(TrainingError, match="None of its weights fit"):
        open_run(
            tmp_path / "wide", dataclasses.replace(PRESET, start="upscaler-x4", config={**SMALL, "width": 12, "blocks": 1}), data, tmp_path
        )


def test_a_crisp_run_begins_with_the_faithful_weights_and_leaves_them_as_they_are(data: Sets, tmp_path: Path) -> None:
    preset = dataclasses.replace(PRESETS["crisp-x2"], config=SMALL, images=32, batch=4, bf16=False)
    large = Sets([dataclasses.replace(part, pictures=part.pictures.repeat(2, 1).repeat(2, 2)) for part in data.parts])  # 64 pixels a side
    published(open_run(tmp_path / "faithful", PRESET, data), "upscaler-x2", tmp_path)
    run = open_run(tmp_path / "crisp", preset, large, tmp_path)
    losses = steps(run, large, 4)
    assert set(losses[0]) == {"critic", "unlike", "error"}
    published(run, "crisp-x2", tmp_path)
    upscaler, faithful = load_translator(tmp_path / "upscaler-x2").translator, open_run(tmp_path / "faithful", PRESET, data).generator
    assert isinstance(upscaler, Upscaler)
    for (name, kept), crisp in zip(upscaler.faithful.named_parameters(), upscaler.crisp.parameters(), strict=True):
        assert torch.allclose(kept, faithful.state_dict()[name], atol=1e-3)
        assert kept.numel() < 9 or not torch.equal(kept, crisp)


def test_training_beats_bicubic_on_pictures_that_can_be_learned(data: Sets, tmp_path: Path) -> None:
    preset = dataclasses.replace(PRESET, images=2400, rate=2e-3, smoothing=100)
    run = open_run(tmp_path, preset, data)
    follow_translation(run, report=False)
    scores, sheet = LESSON.look(run.smooth, data)
    assert sheet.size == (8 * 32, 3 * 32)
    assert scores["psnr"] > scores["bicubic_psnr"] + 0.3
    assert (data.source, data.licence) == ("noise 0; noise 1", "none")


@pytest.mark.parametrize(("tile", "size"), [(5, (23, 31)), (8, (16, 16)), (16, (17, 40)), (64, (9, 50)), (1, (4, 3))])
def test_tiles_cannot_be_told_from_the_whole(tile: int, size: tuple[int, int]) -> None:
    upscaler = learned(UpscalerConfig(**SMALL))
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    translate = lambda x: upscaler.translate(x, {})  # noqa: E731
    (whole,) = strips(translate, pixels, 2, Tiling(*size, upscaler.reach, tile=64))
    told: list[int] = []
    tiling = Tiling(*size, upscaler.reach, tile)
    tiled = np.concatenate(list(strips(translate, pixels, 2, tiling, told.append)))
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    assert told == list(range(1, tiling.count + 1))


def test_work_on_tiles_ends_when_it_is_told_to() -> None:
    def stop(done: int) -> None:
        if done == 3:
            raise InterruptedError

    work = strips(lambda x: x, np.zeros((40, 40, 3), np.uint8), 1, Tiling(40, 40, 2, tile=10), stop)
    with pytest.raises(InterruptedError):
        list(work)


def test_luma_is_that_of_the_studio_range() -> None:
    black, white, green = (torch.tensor(colour).view(1, 3, 1, 1) for colour in ([0.0] * 3, [1.0] * 3, [0.0, 1.0, 0.0]))
    assert [round(255 * luma(x).item(), 2) for x in (black, white, green)] == [16, 235, 144.55]


def test_windows_are_cut_side_by_side() -> None:
    x = torch.arange(2 * 130 * 260).view(1, 2, 130, 260).float()
    cut = windows(x)
    assert cut.shape == (2, 2, 128, 128)
    assert torch.equal(cut[1], x[0, :, :128, 128:256])


def test_a_published_upscaler_is_found_read_and_measured(data: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(tmp_path / "run", PRESET, data)
    published(run, "upscaler-x2", tmp_path / "checkpoints")
    folder = tmp_path / "checkpoints" / "upscaler-x2"
    assert (find(folder.parent), find_translators(folder.parent)) == ([], [folder])
    loaded = load_translator(folder).translator
    x = torch.rand(1, 3, 9, 7)
    assert torch.allclose(loaded.translate(x, {}), F.interpolate(x, scale_factor=2.0, mode="bicubic").clamp(0, 1), atol=2e-2)

    (tmp_path / "photographs").mkdir()
    for i in range(2):
        draw = np.random.default_rng(i)
        Image.fromarray(draw.integers(0, 256, (131, 140, 3), dtype=np.uint8)).save(tmp_path / "photographs" / f"{i}.png")
    places = ["--checkpoints", str(folder.parent), "--data", str(tmp_path / "photographs"), "--json", str(tmp_path / "up.json")]
    assert main(["upscaler-x2", "--write", *places]) == 0
    scores = json.loads((tmp_path / "up.json").read_text())["upscaler-x2"]
    assert set(scores) == {f"{way}_{what}" for way in ("bicubic", "faithful", "crisp") for what in ("psnr", "ssim", "perceptual")}
    assert scores["faithful_psnr"] == pytest.approx(scores["bicubic_psnr"], abs=1)
    assert load_translator(folder).card.scores == scores
