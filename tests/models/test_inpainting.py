"""Picture repair: nothing outside a hole changes, seeds propose different fillings, and a small training learns to go on from the edges."""

from __future__ import annotations

import builtins
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from models.checkpoint import load_translator
from models.evaluate import main
from models.metrics.repaired import classical
from models.train import publish
from models.training.courses import Opening, Translation, follow_translation, open_translation as open_run
from models.training.datasets import PictureSet
from models.training.lessons import LESSONS, Sets
from models.training.lessons.repairing import scored
from models.training.loop import step
from models.training.masks import border, free_form, missing, rectangles, scratches as drawn_scratches
from models.training.presets import PRESETS
from models.training.run import Run, write_state
from models.translators import mending
from models.translators.filler import InpaintingConfig, smooth
from models.translators.inpainting import Inpainting
from models.translators.mending import (
    AROUND,
    DEEP,
    MARGIN,
    REGION,
    SIGHT,
    SOFT,
    TILE,
    beyond_sight,
    deep,
    extend,
    growth,
    mend,
    pyramid,
    windows,
)
from models.translators.scratches import connected, scratches

SMALL = {"width": 8, "middle": 16, "blocks": 2, "z_dim": 4}
LESSON = LESSONS["inpainting"]
PRESET = dataclasses.replace(PRESETS["repair"], config=SMALL, images=64, batch=4, bf16=False, growth=())


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def inpainting() -> Inpainting:
    """With weights that do something, unlike fresh ones."""
    torch.manual_seed(0)
    network = Inpainting(InpaintingConfig(**SMALL))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    return network.eval().requires_grad_(False)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def as_float(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8, 8), (7, 30), (33, 17), (64, 64)])
def test_not_a_bit_outside_the_mask_changes(inpainting: Inpainting, size: tuple[int, int]) -> None:
    pixels, hole = noise(*size), np.random.default_rng(0).random(size) < 0.3
    filled = inpainting.translate(as_float(pixels), {}, {"mask": [torch.from_numpy(hole).float()[None]]})
    again = filled.mul(255).round().byte()[0].permute(1, 2, 0).numpy()
    assert again.shape == pixels.shape
    assert np.array_equal(again[~hole], pixels[~hole])
    assert hole.sum() < 4 or not np.array_equal(again[hole], pixels[hole])


def test_what_was_in_a_hole_does_not_matter(inpainting: Inpainting) -> None:
    x, mask = torch.rand(1, 3, 24, 24), torch.zeros(1, 24, 24)
    mask[:, 5:15, 8:20] = 1
    other = torch.where(mask > 0, torch.rand_like(x), x)
    ours, theirs = (inpainting.translate(picture, {}, {"mask": [mask]}) for picture in (x, other))
    assert torch.equal(ours, theirs)


def test_a_seed_is_a_proposal_and_freedom_is_how_far_they_go_apart(inpainting: Inpainting) -> None:
    x, mask = torch.rand(1, 3, 32, 32), torch.ones(1, 32, 32)
    mask[:, :, :8] = 0

    def filled(seed: int, freedom: float) -> torch.Tensor:
        return inpainting.translate(x, {"seed": seed, "freedom": freedom}, {"mask": [mask]})

    assert torch.equal(filled(3, 0.5), filled(3, 0.5))
    apart = [(filled(3, freedom) - filled(2**32 - 1, freedom)).abs().mean() for freedom in (0.0, 0.5, 1.0)]
    assert apart[0] < apart[1] < apart[2]


def test_a_mask_is_asked_for(inpainting: Inpainting) -> None:
    with pytest.raises(ValueError, match="One mask of what is to be filled is needed beside the picture, not 0"):
        inpainting.translate(torch.rand(1, 3, 8, 8), {})
    with pytest.raises(ValueError, match="2 blocks at least"):
        InpaintingConfig(blocks=1)


def test_the_repair_that_is_trained_is_small() -> None:
    network = Inpainting(InpaintingConfig(**PRESETS["repair"].config))
    assert sum(p.numel() for p in network.parameters()) < 4_000_000


def test_a_smooth_filling_goes_from_edge_to_edge() -> None:
    x = torch.linspace(0, 1, 40).expand(1, 3, 31, 40).contiguous()
    hole = torch.zeros(1, 1, 31, 40)
    hole[..., 12:20, 14:22] = 1
    filled = smooth(x, hole)
    assert torch.equal(filled[..., :10], x[..., :10])
    assert (filled - x).abs().max() < 0.1
    assert torch.equal(smooth(x, torch.ones_like(hole)), torch.full_like(x, 0.5))


@pytest.mark.parametrize("size", [(40, 50), (301, 700), (650, 333)])
def test_mending_changes_holes_alone_and_all_of_them(inpainting: Inpainting, size: tuple[int, int]) -> None:
    pixels, hole = noise(*size), free_form(*size, 0.1, seeded(1)) | drawn_scratches(*size, seeded(2))
    told: list[float] = []
    mended = mend(inpainting, pixels, hole, {"seed": 5}, told.append)
    assert np.array_equal(mended[~hole], pixels[~hole])
    assert (mended[hole] != pixels[hole]).any(1).mean() > 0.9
    assert told == sorted(told)
    assert told[-1] == 1
    assert np.array_equal(mended, mend(inpainting, pixels, hole, {"seed": 5}))
    assert not np.array_equal(mended, mend(inpainting, pixels, hole, {"seed": 6}))


def test_mending_nothing_gives_the_picture_back(inpainting: Inpainting) -> None:
    pixels = noise(30, 40)
    assert np.array_equal(mend(inpainting, pixels, np.zeros((30, 40), bool), {}), pixels)
    with pytest.raises(ValueError, match="a mask"):
        mend(inpainting, pixels, np.zeros((40, 30), bool), {})


def test_mending_ends_when_it_is_told_to(inpainting: Inpainting) -> None:
    def stop(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        mend(inpainting, noise(64, 64), np.ones((64, 64), bool), {}, stop)


def test_what_is_known_returns_in_a_hole_and_regions_fit(inpainting: Inpainting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripes go on through a hole, exactly where they must, and the same whether it is one region or several."""
    y, x = np.mgrid[:160, :240]
    pixels = np.stack([np.where((x + y) // 6 % 2, 230, 20)] * 3, axis=-1).astype(np.uint8)
    hole = np.zeros((160, 240), bool)
    hole[60:90, 60:180] = True
    given = np.where(hole[..., None], np.uint8(0), pixels)
    for region in (REGION, 64):
        monkeypatch.setattr(mending, "REGION", region)
        error = np.abs(mend(inpainting, given, hole, {"seed": 1, "freedom": 0.0}).astype(int) - pixels)[hole].mean()
        assert error < 40, "a flat grey would be 105 away"


def test_work_follows_the_holes_and_not_the_picture() -> None:
    hole = np.zeros((4096, 4096), bool)
    hole[1000, 1000:1400] = True
    hole[2000:2300, 3000:3300] = True
    seen = sum((w.seen[1] - w.seen[0]) * (w.seen[3] - w.seen[2]) for w in windows(hole, REGION, AROUND))
    assert seen < 0.1 * 4096**2


def test_a_picture_is_halved_until_no_hole_is_deep_and_means_are_of_what_is_known() -> None:
    hole = np.zeros((301, 299), bool)
    hole[100:180, 90:200] = True
    pixels = np.where(hole[..., None], np.uint8(255), np.uint8(80)) * np.ones(3, np.uint8)
    levels = pyramid(pixels, hole)
    assert [deep(level.hole, DEEP) for level in levels] == [True] * (len(levels) - 1) + [False]
    assert [level.hole.shape for level in levels[:2]] == [(301, 299), (151, 150)]
    assert all((level.pixels[~level.hole] == 80).all() for level in levels)


@pytest.mark.parametrize("size", [(300, 300), (500, 900)])
def test_every_hole_is_in_one_tile(size: tuple[int, int]) -> None:
    hole, times = free_form(*size, 0.2, seeded(0)), np.zeros(size, int)
    for window in windows(hole, TILE, MARGIN):
        (top, bottom, left, right), (y0, y1, x0, x1) = window.seen, window.tile
        assert top <= y0 < y1 <= bottom <= size[0]
        assert left <= x0 < x1 <= right <= size[1]
        assert top % 8 == left % 8 == 0
        times[y0:y1, x0:x1] += 1
    assert (times[hole] == 1).all()


def test_a_hole_is_deep_where_its_heart_is_far_from_what_is_known() -> None:
    hole = np.zeros((100, 100), bool)
    hole[20:90, 40 : 40 + 2 * DEEP] = True
    assert not deep(hole, DEEP)
    hole[20:90, 40 : 41 + 2 * DEEP] = True
    assert deep(hole, DEEP)
    edge = np.zeros((100, 100), bool)
    edge[:, : DEEP + 1] = True  # what lies beyond the frame is not known either
    assert deep(edge, DEEP)
    assert not deep(np.zeros((100, 100), bool), DEEP)


def test_what_lies_deeper_than_the_network_sees_is_set_apart_from_a_stroke_beside_it() -> None:
    hole, wide = np.zeros((300, 400), bool), 2 * SIGHT + 20
    hole[20 : 20 + wide, 20 : 20 + wide] = True
    hole[60:90, 20:380] = True  # a stroke that leads out of it
    share = beyond_sight(hole)
    assert share.shape == hole.shape and share.dtype == np.float32
    assert share[20 + SOFT : 20 + wide - SOFT, 20 + SOFT : 20 + wide - SOFT].min() == 1
    assert share[:, 20 + wide + SOFT :].max() == 0
    assert 0 < share[75, 20 + wide] < 1, "one passes into the other"
    assert beyond_sight(np.ones((30, 40), bool)).min() == 1, "where nothing is known nothing is seen"
    hole[20 : 20 + wide, 20 : 20 + wide] = False
    assert beyond_sight(hole).max() == 0


def test_a_picture_grows_beyond_its_frame(inpainting: Inpainting) -> None:
    pixels, told = noise(40, 60), []
    grown = extend(inpainting, pixels, (0, 25, 3, 12), {"seed": 1}, told.append)
    assert grown.shape == (65, 75, 3)
    assert np.array_equal(grown[:40, 3:63], pixels)
    assert grown[40:].std() > 0
    assert told == sorted(told)
    assert told[-1] == 1
    assert np.array_equal(extend(inpainting, pixels, (0, 0, 0, 0), {}), pixels)
    assert growth(40, 60, (0, 25, 3, 12)) == [(0, 10, 3, 12), (0, 12, 0, 0), (0, 3, 0, 0)]
    with pytest.raises(ValueError, match="no fewer than 0"):
        extend(inpainting, pixels, (-1, 0, 0, 0), {})


def scratched(seed: int, bright: bool) -> tuple[np.ndarray, np.ndarray]:
    """A soft picture with grain, and scratches over it."""
    draw = seeded(seed)
    field = F.interpolate(torch.rand(1, 3, 6, 8, generator=draw), size=(384, 512), mode="bicubic") * 0.5 + 0.25
    grainy = field + 0.02 * torch.randn(1, 3, 384, 512, generator=draw)
    hole = drawn_scratches(384, 512, draw)
    soft = F.avg_pool2d(torch.from_numpy(hole).float()[None, None], 3, 1, 1) * 0.8
    return (grainy * (1 - soft) + float(bright) * soft).clamp(0, 1).mul(255).byte()[0].permute(1, 2, 0).numpy(), hole


@pytest.mark.parametrize("bright", [True, False])
def test_scratches_and_dust_are_found(bright: bool) -> None:
    recall, precision = [], []
    for seed in range(4):
        pixels, hole = scratched(seed, bright)
        found = scratches(pixels, 0.5)
        near = F.max_pool2d(torch.from_numpy(hole).float()[None, None], 7, 1, 3)[0, 0].numpy() > 0
        recall.append((found & hole).sum() / hole.sum())
        precision.append((found & near).sum() / found.sum())
    assert np.mean(recall) > 0.85
    assert np.mean(precision) > 0.95


def test_more_sensitivity_finds_more() -> None:
    pixels, _ = scratched(0, True)
    found = [scratches(pixels, sensitivity) for sensitivity in (0.0, 0.5, 1.0)]
    assert found[0].sum() < found[1].sum() < found[2].sum()
    assert not (found[0] & ~found[2]).any()
    with pytest.raises(ValueError, match="between 0 and 1"):
        scratches(pixels, 1.5)


def test_parts_of_a_mask_are_told_apart_with_their_forms() -> None:
    mask = np.zeros((20, 60), bool)
    mask[2, 5:45] = True
    mask[10:14, 10:14] = True
    for k in range(6):
        mask[12 + k, 30 + k] = True  # corners touch
    parts = connected(mask, mask.astype(float))
    assert sorted(parts.area[1:]) == [6, 16, 40]
    line = parts.of[2, 20]
    assert (parts.length[line], parts.width[line], parts.strength[line]) == (pytest.approx(40, rel=0.01), 2, 1)
    assert parts.line.tolist().count(True) == 1
    assert connected(np.zeros((4, 4), bool), np.zeros((4, 4))).area.tolist() == [0]


def test_masks_hide_what_they_say() -> None:
    assert 0.2 <= free_form(256, 384, 0.2, seeded(0)).mean() < 0.25
    assert np.array_equal(missing(64, 48, seeded(3)), missing(64, 48, seeded(3)))
    for kind in (rectangles, border, drawn_scratches, missing):
        for seed in range(8):
            mask = kind(48, 64, seeded(seed))
            assert mask.shape == (48, 64)
            assert mask.dtype == bool
            assert 0 < mask.mean() < 0.7
    assert border(40, 40, seeded(0))[[0, 0, -1, -1], [0, -1, 0, -1]].any()


def test_fillings_are_scored_best_where_they_spread_as_the_truth_does() -> None:
    """The energy score of numbers drawn from a normal law: least for draws from the same law where freedom is whole."""
    n, draw = 20_000, seeded(0)
    true = [torch.randn(n, 1, 1, 1, generator=draw)]

    def score(spread: float, freedom: float) -> float:
        made = [spread * torch.randn(2 * n, 1, 1, 1, generator=draw)]
        return scored(made, true, torch.full((n,), freedom)).item()

    assert score(1.0, 1.0) < min(score(0.0, 1.0), score(2.0, 1.0)) - 0.05
    assert score(0.0, 0.0) < score(1.0, 0.0) - 0.2


def picture_set(seed: int) -> PictureSet:
    """Stripes of two colours, which go on through a hole."""
    draw = seeded(seed)
    colours = torch.rand(24, 2, 3, generator=draw)
    at = (torch.arange(32) // 4 % 2).expand(32, 32)
    pictures = torch.stack([pair[at] for pair in colours]).mul(255).to(torch.uint8)
    return PictureSet(pictures.numpy(), np.arange(24) >= 16, None, None, (), (), f"stripes {seed}", "none")


@pytest.fixture
def data() -> Sets:
    return Sets([picture_set(0), picture_set(1)])


def steps(run: Run, data: Sets, count: int) -> list[dict[str, float]]:
    source: Any = LESSON.batches(run, data)
    return [step(run, batch) for _, batch in zip(range(count), source, strict=False)]


def test_three_steps_and_three_more_are_six_bit_for_bit(data: Sets, tmp_path: Path) -> None:
    whole = steps(open_run(tmp_path / "whole", PRESET, data), data, 6)
    halved = open_run(tmp_path / "halved", PRESET, data)
    first = steps(halved, data, 3)
    write_state(halved)
    assert first + steps(open_run(tmp_path / "halved", PRESET, data), data, 3) == whole


def test_training_begins_with_small_pictures(data: Sets, tmp_path: Path) -> None:
    run = open_run(tmp_path, dataclasses.replace(PRESET, growth=((16, 8),)), data)
    sides = []
    for _, batch in zip(range(3), LESSON.batches(run, data), strict=False):
        sides.append(batch.pictures.shape[-1])
        assert torch.equal(torch.where(batch.hole > 0, 0, batch.base), torch.where(batch.hole > 0, 0, batch.pictures))
        run.seen += run.preset.batch
    assert sides == [16, 16, 32]


def test_training_betters_smooth_fillings_of_what_can_be_learned(data: Sets, tmp_path: Path) -> None:
    run = open_run(tmp_path, dataclasses.replace(PRESET, images=600, rate=4e-3, smoothing=50), data)
    follow_translation(run, report=False)
    figures, sheet = LESSON.look(run.smooth, data)
    assert sheet.size == (8 * 32, 5 * 32)
    assert figures["eyes"] < 0.8 * figures["smooth_eyes"]
    assert figures["between"] > 0


def test_a_published_repair_is_read_and_measured(data: Sets, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    run, checkpoints = open_run(tmp_path / "run", PRESET, data), tmp_path / "checkpoints"
    opening = Opening(run.folder, checkpoints, run.device, run.shard)
    publish(run, "repair", "repair", checkpoints, Translation().result(run, opening))
    (tmp_path / "photographs").mkdir()
    for i in range(2):
        Image.fromarray(noise(131, 140 + i)).save(tmp_path / "photographs" / f"{i}.png")
    places = ["--checkpoints", str(checkpoints), "--data", str(tmp_path / "photographs"), "--json", str(tmp_path / "scores.json")]
    assert main(["repair", "--write", *places]) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())["repair"]
    ways = ("repaired", "telea", "navier_stokes")
    assert set(scores) == {f"{way}_{what}" for way in ways for what in ("perceptual", "psnr")} | {"proposals_apart"}
    assert load_translator(checkpoints / "repair").card.scores == scores


def test_a_missing_opencv_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    there = builtins.__import__

    def without(name: str, *others: Any) -> Any:
        if name == "cv2":
            raise ImportError(name)
        return there(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="requirements-dev.txt"):
        classical()
