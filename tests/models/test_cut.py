"""Unpaired translation: what its options mean, that large photographs can be cut into tiles, what it learns by and how it is measured."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from models.checkpoint import load_translator
from models.evaluate import main
from models.metrics.unpaired import layout, unpaired_scores, views
from models.train import publish
from models.training.courses import Opening, Translation, open_translation as open_run
from models.training.datasets import PictureSet
from models.training.datasets.pictures import PictureSetError, save
from models.training.lessons import LESSONS, Sets
from models.training.lessons.unpaired import contrast, softened, spoilt, windows
from models.training.loop import step
from models.training.presets import PRESETS
from models.training.run import Run, write_state
from models.translators.cut import Cut, CutConfig, Redrawer, Smooth
from models.translators.tiling import Tiling, strips

SMALL: dict[str, Any] = {"widths": (8, 8), "blocks": 1, "styles": ("near", "far")}
LESSON = LESSONS["cut"]
PRESET = dataclasses.replace(PRESETS["photo-ukiyoe"], config=SMALL, images=64, batch=4, bf16=False)


def picture_set(seed: int, styles: tuple[str, ...] = ()) -> PictureSet:
    """Coarse coloured pictures of 32 pixels a side, the last eight held out; styles by turn."""
    draw = torch.Generator().manual_seed(seed)
    pictures = F.interpolate(torch.rand(24, 3, 5, 5, generator=draw), size=32, mode="bilinear").mul(255).to(torch.uint8)
    labels = np.arange(24) % len(styles) if styles else None
    return PictureSet(pictures.permute(0, 2, 3, 1).numpy(), np.arange(24) >= 16, None, labels, (), styles, f"noise {seed}", "none")


@pytest.fixture
def data() -> Sets:
    return Sets([picture_set(0), picture_set(1, ("near", "far"))])


def learned(**changes: Any) -> Cut:
    """With weights that do more than fresh ones."""
    torch.manual_seed(0)
    cut = Cut(CutConfig(**(SMALL | changes)))
    for parameter in cut.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    return cut.eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(128, 96), (37, 53), (9, 7), (3, 200)])
def test_a_picture_of_any_size_keeps_it(size: tuple[int, int]) -> None:
    print_ = learned().translate(torch.rand(2, 3, *size), {})
    assert print_.shape == (2, 3, *size)
    assert print_.dtype == torch.float32
    assert print_.min() >= 0
    assert print_.max() <= 1


def test_strength_leads_from_the_photograph_to_the_print() -> None:
    cut, x = learned(), torch.rand(1, 3, 20, 24)
    none, half, whole = (cut.translate(x, {"strength": share}) for share in (0, 0.5, 1))
    assert torch.equal(none, x)
    assert torch.allclose(half, (x + whole) / 2, atol=1e-6)
    assert not torch.allclose(whole, x, atol=0.1)


def test_without_its_colour_a_print_changes_lights_and_darks_alone() -> None:
    cut, x = learned(), 0.4 + 0.2 * torch.rand(1, 3, 20, 24)
    changed = cut.translate(x, {"colour": 0.0, "strength": 0.3}) - x
    assert torch.allclose(changed.std(1), torch.zeros(1, 20, 24), atol=1e-6)
    assert changed.abs().mean() > 0.01


def test_hands_are_shares() -> None:
    cut, x = learned(), torch.rand(1, 3, 20, 24)
    near, far, mixed = (cut.translate(x, {"near": near, "far": far}) for near, far in ((1, 0), (0, 1), (0.2, 0.2)))
    assert not torch.allclose(near, far, atol=1e-2)
    assert torch.allclose(cut.translate(x, {"near": 1.0, "far": 1.0}), mixed, atol=1e-6)
    for first in ({}, {"near": 0.3}, {"far": 0.0}):
        assert torch.allclose(cut.translate(x, first), near, atol=1e-6)
    assert [option.name for option in learned(styles=()).spec.options] == ["strength", "colour"]
    assert learned(styles=()).translate(x, {}).shape == x.shape


@pytest.mark.parametrize("config", [{}, {"widths": (8, 8, 8)}, {"widths": (8,), "blocks": 2}])
def test_no_pixel_depends_on_what_lies_beyond_its_reach(config: dict[str, Any]) -> None:
    cut = learned(**config)
    wide, at = 4 * cut.reach, 2 * cut.reach + 3
    x = torch.rand(1, 3, 16, wide)
    other = x.clone()
    other[..., at] = 1 - other[..., at]
    touched = torch.nonzero(
        (cut.redrawer(x, torch.tensor([[1.0, 0.0]])) != cut.redrawer(other, torch.tensor([[1.0, 0.0]]))).any(0).any(0).any(0)
    )
    assert at - cut.reach <= touched.min()
    assert touched.max() <= at + cut.reach
    assert cut.reach - (at - touched.min()) < 2 * cut.config.stride, "and it says no more than that"


@pytest.mark.parametrize(("tile", "size"), [(16, (61, 90)), (64, (100, 70)), (128, (90, 300))])
def test_tiles_cannot_be_told_from_the_whole(tile: int, size: tuple[int, int]) -> None:
    cut = learned()
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    translate = lambda x: cut.translate(x, {})  # noqa: E731
    (whole,) = strips(translate, pixels, 1, Tiling(*size, 0, tile=max(size)))
    tiled = np.concatenate(list(strips(translate, pixels, 1, Tiling(*size, cut.reach, tile))))
    assert np.abs(tiled.astype(int) - whole).max() <= 1


def test_nothing_with_a_period_of_two_pixels_comes_out() -> None:
    torch.manual_seed(0)
    squares = torch.rand(1, 4, 2, 2).repeat(1, 1, 8, 8)
    with torch.no_grad():
        out = Smooth(4, 3)(squares)[..., 3:-3, 3:-3]
    assert torch.allclose(out, out[..., :1, :1].expand_as(out), atol=1e-6)


def test_the_preset_is_a_few_megabytes() -> None:
    assert sum(p.numel() for p in Redrawer(CutConfig(**PRESETS["photo-ukiyoe"].config)).parameters()) < 4_000_000
    with pytest.raises(ValueError, match="at least 1"):
        CutConfig(widths=(8, 0))


def test_a_place_is_found_where_it_is_and_not_elsewhere() -> None:
    places = F.normalize(torch.randn(2, 30, 64, generator=torch.Generator().manual_seed(0)), dim=2)
    assert contrast(places, places) < 0.01
    assert contrast(places.roll(1, 1), places) > 1
    assert contrast(torch.ones_like(places) / 8, torch.ones_like(places) / 8) == pytest.approx(1)


def test_windows_are_squares_of_the_picture_no_smaller_than_asked() -> None:
    across = torch.linspace(0, 1, 64).expand(8, 3, 64, 64)
    cut = windows(across, 16, torch.Generator().manual_seed(0))
    assert cut.shape == (8, 3, 16, 16)
    extents = 64 * (cut[:, 0, 0, -1] - cut[:, 0, 0, 0]).abs()
    assert extents.min() > 14
    assert extents.max() < 64
    assert torch.equal(windows(across, 96, torch.Generator().manual_seed(0)).amax((1, 2, 3)), torch.ones(8))


def test_a_spoilt_print_is_soft_tinted_and_under_a_photographs_texture(data: Sets) -> None:
    prints, photographs = torch.full((8, 3, 32, 32), 0.5), torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.4
    made = spoilt(prints, photographs, torch.Generator().manual_seed(1))
    assert made.mean() < 0.48, "darker, as the photographs are"
    assert made.std((2, 3)).min() > 0
    texture = (photographs - softened(photographs, 12)).flatten(1)
    alike = torch.cosine_similarity((made - made.mean((2, 3), keepdim=True)).flatten(1), texture - texture.mean(1, keepdim=True))
    assert alike.min() > 0.7
    assert torch.equal(made, spoilt(prints, photographs, torch.Generator().manual_seed(1)))


def steps(run: Run, data: Sets, count: int) -> list[dict[str, float]]:
    source: Any = LESSON.batches(run, data)
    return [step(run, batch) for _, batch in zip(range(count), source, strict=False)]


def test_batches_are_of_both_kinds_in_the_hand_that_each_print_is_by(data: Sets, tmp_path: Path) -> None:
    dark = dataclasses.replace(data.parts[1], pictures=data.parts[1].pictures // 8)
    dark.pictures[1::2] += 200  # all by "far" are light, all by "near" dark
    sets = Sets([data.parts[0], dark])
    batch = next(LESSON.batches(open_run(tmp_path, dataclasses.replace(PRESET, batch=16), sets), sets))
    light = batch.wanted.mean((1, 2, 3)) > 0.5
    assert torch.equal(batch.shares.argmax(1).bool(), light)
    assert 0 < light.float().mean() < 1
    assert batch.given.shape == batch.wanted.shape == batch.spoilt.shape == (16, 3, 32, 32)


def test_two_steps_and_two_more_are_four_bit_for_bit(data: Sets, tmp_path: Path) -> None:
    whole = steps(open_run(tmp_path / "whole", PRESET, data), data, 4)
    halved = open_run(tmp_path / "halved", PRESET, data)
    first = steps(halved, data, 2)
    write_state(halved)
    assert first + steps(open_run(tmp_path / "halved", PRESET, data), data, 2) == whole


def test_it_learns_to_draw_spoilt_prints_again(data: Sets, tmp_path: Path) -> None:
    losses = steps(open_run(tmp_path, dataclasses.replace(PRESET, rate=3e-3, images=1000), data), data, 16)
    begin, end = (np.mean([one["unlike"] + one["error"] for one in part]) for part in (losses[:3], losses[-3:]))
    assert end < 0.8 * begin


def test_layout_does_not_see_what_is_done_to_all_places_alike() -> None:
    maps = torch.rand(2, 8, 4, 4)
    assert torch.allclose(layout(maps), layout(maps + torch.rand(1, 8, 1, 1)), atol=1e-4)
    assert not torch.allclose(layout(maps), layout(maps.flip(-1)), atol=0.1)


def test_pictures_keep_themselves_and_nothing_of_strangers(data: Sets) -> None:
    one, other = (views([part.pictures_of_tests]) for part in map(Shown, data.parts))
    assert one.kept(one) == pytest.approx(1)
    assert one.kept(other) < 0.3


@dataclasses.dataclass(frozen=True)
class Shown:
    data: PictureSet

    @property
    def pictures_of_tests(self) -> Tensor:
        return torch.from_numpy(self.data.pictures[self.data.test()]).permute(0, 3, 1, 2).float() / 255


def test_a_published_one_is_read_and_measured(data: Sets, tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", PRESET, data)
    opening = Opening(run.folder, tmp_path / "checkpoints", run.device, run.shard)
    publish(run, "photo-ukiyoe", "photo-ukiyoe", opening.checkpoints, Translation().result(run, opening))
    for part, name in zip(data.parts, ("photographs", "prints"), strict=True):
        save(part, tmp_path / "data" / name)
    place = tmp_path / "data" / "photographs+prints"
    assert (
        main(
            ["photo-ukiyoe", "--write", "--checkpoints", str(opening.checkpoints), "--data", str(place), "--json", str(tmp_path / "s.json")]
        )
        == 0
    )
    scores = json.loads((tmp_path / "s.json").read_text())["photo-ukiyoe"]
    assert set(scores) == {"kept", "precision", "real_precision", "source_precision", "target_kid", "source_kid", "real_kid"}
    loaded = load_translator(opening.checkpoints / "photo-ukiyoe")
    assert loaded.card.scores == scores
    with pytest.raises(PictureSetError, match="does not name two sets"):
        unpaired_scores(loaded.translator, tmp_path / "data" / "prints")
