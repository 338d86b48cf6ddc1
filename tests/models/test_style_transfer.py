"""Style transfer: what a style is, where its touches are laid, what the options mean, and that training and painting slowly get nearer."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from models.checkpoint import load_translator
from models.colours import Palette, luma, matched, recoloured
from models.encoder import load_encoder
from models.evaluate import main as evaluate
from models.gram import content_distance, gram, grams, seen_twice, style_distance, tilted
from models.metrics import painted
from models.train import publish
from models.training.courses import Opening, Translation, open_translation
from models.training.datasets import PictureSet, PictureSetError
from models.training.datasets.originals import prepare, unseen
from models.training.lessons import LESSONS, Sets
from models.training.loop import step
from models.training.presets import PRESETS
from models.training.run import Run, write_state
from models.translators import canvas, style_transfer
from models.translators.canvas import framed, normalised, resized
from models.translators.gatys import Patience, painted_slowly
from models.translators.glazing import pyramid, whole
from models.translators.style_transfer import GLAZES, StyleTransfer, StyleTransferConfig
from models.translators.tiling import spans
from models.translators.touches import cut, drawn, laid_out
from models.translators.translator import as_tensor
from studio.bench.__main__ import main as bench

SMALL: Mapping[str, Any] = {"widths": (16, 12, 12, 8, 8), "code": 16, "keys": 8}
PRESET = dataclasses.replace(PRESETS["restyle"], config=SMALL, images=64, batch=4, bf16=False, warm_up=0)
ENCODER = load_encoder()


def stripes(height: int, width: int, seed: int) -> Tensor:
    """(3, h, w): something to see at several scales."""
    draw = torch.Generator().manual_seed(seed)
    noise = [F.interpolate(torch.rand(1, 3, k, k, generator=draw), (height, width), mode="bilinear")[0] for k in (2, 5, 17)]
    return torch.stack(noise).mean(0)


@pytest.fixture(scope="module")
def painter() -> StyleTransfer:
    """With weights that do something, unlike fresh ones."""
    torch.manual_seed(0)
    painter = StyleTransfer(StyleTransferConfig(**SMALL))
    for parameter in painter.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return painter.eval().requires_grad_(False)


def test_the_gram_matrix_knows_no_places() -> None:
    x = torch.rand(2, 5, 6, 7)
    shuffled = x.flatten(2)[..., torch.randperm(42)].view_as(x)
    assert torch.allclose(gram(x), gram(shuffled), atol=1e-5)
    assert torch.allclose(gram(x)[0, 1, 2], (x[0, 1] * x[0, 2]).mean(), atol=1e-5)


def test_distances_are_nothing_to_itself_and_one_to_emptiness() -> None:
    x, y = stripes(64, 64, 0)[None], stripes(64, 64, 1)[None]
    ours, others = grams(ENCODER, x), grams(ENCODER, y)
    assert style_distance(ours, ours).item() == 0
    assert style_distance([torch.zeros_like(g) for g in ours], ours).item() == pytest.approx(1, abs=0.01)
    assert style_distance(others, ours).item() > 0.01
    assert content_distance(seen_twice(ENCODER, x), seen_twice(ENCODER, x)).item() == 0
    assert content_distance(seen_twice(ENCODER, y), seen_twice(ENCODER, x)).item() > 0.5


def test_patience_comes_nearer_and_is_told_step_by_step(painter: StyleTransfer) -> None:
    pixels = (stripes(64, 96, 0).permute(1, 2, 0) * 255).byte().numpy()
    style, told, seen = stripes(64, 64, 1), [], []

    def hear(done: int, total: int, so_far: np.ndarray | None = None) -> None:
        told.append((done, total))
        seen.append(so_far)

    beside = {"style": [style]}
    with torch.inference_mode():  # as the studio works
        at_once = painter.work(pixels, {}, beside)
        slowly = painter.work(pixels, {"patience": 12, "glazes": 2}, beside, hear)
    assert told == [(k, 15) for k in range(1, 16)]
    assert seen[0] is None and np.array_equal(seen[-1], slowly)
    wanted = grams(ENCODER, canvas.styles_seen(style[None], painter.spec.read({}), {"style": [style]})[0][0])
    distances = [style_distance(grams(ENCODER, as_tensor(x)), wanted).item() for x in (at_once, slowly)]
    assert distances[1] < 0.9 * distances[0]


def test_a_moving_hand_waits_for_nothing_slow(painter: StyleTransfer) -> None:
    assert painter.spec.quick({"patience": 300, "strength": 0.5}) == {"patience": 0, "glazes": 0, "strength": 0.5}
    assert painter.spec.effort({"patience": 300, "glazes": 0}) == 301
    assert painter.spec.effort({"strength": 0.5}) == 1 + GLAZES


def test_glazes_come_nearer_each_and_leave_what_they_are_not_to_touch(painter: StyleTransfer) -> None:
    content, style = stripes(64, 96, 0), stripes(64, 64, 1)
    pixels, beside = (content.permute(1, 2, 0) * 255).byte().numpy(), {"style": [style]}
    with torch.inference_mode():
        plain, few, many = (painter.work(pixels, {"glazes": count}, beside) for count in (0, 2, 8))
        untouched = painter.work(pixels, {"glazes": 8, "strength": 0}, beside)
        without = painter.work(pixels, {"glazes": 0, "strength": 0}, beside)
    wanted = grams(ENCODER, canvas.styles_seen(style[None], painter.spec.read({}), {"style": [style]})[0][0])
    far, near, nearest = (style_distance(grams(ENCODER, as_tensor(x)), wanted).item() for x in (plain, few, many))
    assert nearest < near < far
    assert np.abs(untouched.astype(int) - without).max() <= 1, "without strength a glaze is clear"


@pytest.mark.parametrize("size", [(1, 1), (5, 70), (31, 33), (64, 97)])
def test_glazes_lie_on_a_picture_of_any_size(painter: StyleTransfer, size: tuple[int, int]) -> None:
    pixels = (stripes(*size, 0).permute(1, 2, 0) * 255).byte().numpy()
    assert painter.work(pixels, {"glazes": 1}, {"style": [stripes(32, 32, 1)]}).shape == pixels.shape


def test_a_palette_knows_its_colours_and_forgives_a_narrow_one_little() -> None:
    x = stripes(32, 32, 0)[None]
    palette = Palette.of([x], [1.0])
    assert palette.distance(x).item() == pytest.approx(0, abs=1e-6)
    assert palette.distance(x.flip(1)).item() > 0.05
    grey = x.mean(1, keepdim=True).expand_as(x)
    patches = torch.randn(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    tinted = grey + 0.1 * F.interpolate(patches, scale_factor=16)
    assert Palette.of([grey], [1.0]).distance(tinted) > 5 * Palette.of([tinted], [1.0]).distance(grey)


def test_a_pyramid_is_the_picture() -> None:
    x = torch.rand(1, 3, 61, 90)
    assert torch.allclose(whole(pyramid(x)), x, atol=1e-6)
    assert len(pyramid(x)) == 4


def test_a_tilt_of_a_quarter_is_a_quarter_turn() -> None:
    x = torch.rand(2, 3, 16, 16)
    assert tilted(x, 0) is x
    assert torch.allclose(tilted(x, math.pi / 2), torch.rot90(x, 1, (2, 3)), atol=1e-4)


def test_a_palette_is_given_and_light_is_kept() -> None:
    x, palette = stripes(40, 30, 0)[None], 0.3 + 0.4 * stripes(20, 50, 1)[None]
    moved = matched(x, palette)
    assert torch.allclose(moved.mean((2, 3)), palette.mean((2, 3)), atol=1e-3)
    assert torch.allclose(moved.flatten(2)[0].cov(), palette.flatten(2)[0].cov(), atol=1e-3)
    assert torch.allclose(matched(x, x), x, atol=1e-3)
    grey = torch.full_like(x, 0.5)
    assert torch.allclose(luma(recoloured(0.4 + 0.2 * x, grey)), luma(0.4 + 0.2 * x), atol=1e-5)


def test_touches_are_drawn_by_likeness() -> None:
    alike = torch.tensor([0.1, 0.0, 0.6, 0.3]).expand(1, 10_000, 4)
    chosen = drawn(alike, torch.rand(1, 100, 100, generator=torch.Generator().manual_seed(0)))
    shares = torch.bincount(chosen.flatten(), minlength=4) / 10_000
    assert torch.allclose(shares, alike[0, 0], atol=0.02)


@pytest.mark.parametrize("stride", [2, 4])
def test_touches_fade_into_each_other_and_pale_nowhere(stride: int) -> None:
    draw = torch.Generator().manual_seed(0)
    features = torch.randn(1, 3, 256 // stride, 256 // stride, generator=draw)
    touches = cut(features, stride)
    assert touches.shape[-1] == 32 * 32
    laid = laid_out(touches, torch.randint(32 * 32, (1, 32, 32), generator=draw), stride)
    assert laid.shape == features.shape
    columns = laid.square().mean((0, 1, 2)).unflatten(0, (-1, 8 // stride)).mean(0)  # by where in a cell they lie
    assert torch.allclose(columns, torch.ones_like(columns), atol=0.1)


def test_spans_cover_a_side_once() -> None:
    assert [span.kept() for span in spans(100, 64, 32)] == [slice(0, 100)]
    cut_up = spans(300, 64, 32)
    assert [(span.first, span.last) for span in cut_up] == [(0, 64), (64, 128), (128, 192), (192, 256), (256, 300)]
    assert cut_up[1].seen(4) == slice(8, 40)
    assert cut_up[1].within(4) == slice(8, 24)


def test_a_frame_reflects_pictures_of_any_size() -> None:
    x = torch.arange(5.0).view(1, 1, 1, 5)
    whole = framed(x)
    assert (whole.shape[-2] % 16, whole.shape[-1] % 16) == (0, 0)
    assert whole[0, 0, 20, 11:26].tolist() == [4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("size", [(37, 53), (16, 16), (5, 90)])
def test_a_content_of_any_size_like_a_style_of_any(painter: StyleTransfer, size: tuple[int, int]) -> None:
    x = torch.stack([stripes(*size, seed) for seed in (0, 1)])
    made = painter.translate(x, {"stroke": 0.25}, {"style": [stripes(70, 41, 2), stripes(9, 200, 3)]})
    assert made.shape == x.shape
    assert made.dtype == torch.float32
    assert 0 <= made.min() <= made.max() <= 1
    assert not torch.allclose(made, x, atol=0.05)


def test_the_encoder_is_not_among_the_weights() -> None:
    painter = StyleTransfer(StyleTransferConfig())
    before = set(painter.state_dict())
    painter.translate(torch.rand(1, 3, 16, 16), {}, {"style": [torch.rand(3, 16, 16)]})
    assert set(painter.state_dict()) == before
    assert sum(p.numel() for p in painter.parameters()) < 4_000_000


def test_a_fresh_painter_gives_the_underpainting() -> None:
    x, style = stripes(64, 64, 0)[None], 0.2 + 0.5 * stripes(64, 64, 1)
    made = StyleTransfer(StyleTransferConfig(**SMALL)).translate(x, {"glazes": 0}, {"style": [style]})
    assert (made - matched(x, style[None])).abs().mean() < 0.02


def test_shares_say_which_style_counts(painter: StyleTransfer) -> None:
    x, styles = stripes(48, 48, 0)[None], [stripes(64, 64, 1), 1 - stripes(64, 64, 2)]
    first = painter.translate(x, {"stroke": 0.25}, {"style": styles[:1]})
    both = [painter.translate(x, {"stroke": 0.25, "share_1": a, "share_2": b}, {"style": styles}) for a, b in ((1, 0), (1, 1), (0.5, 0.5))]
    assert torch.allclose(both[0], first, atol=1e-3)
    assert torch.equal(both[1], both[2])
    assert not torch.allclose(both[1], first, atol=0.02)
    assert normalised([0, 0]) == [0.5, 0.5]


def test_a_mask_leaves_the_rest_as_it_is(painter: StyleTransfer) -> None:
    x, mask = stripes(40, 40, 0)[None], torch.zeros(1, 40, 40)
    mask[..., 20:] = 1
    whole, some = (painter.translate(x, {}, {"style": [stripes(64, 64, 1)], **beside}) for beside in ({}, {"mask": [mask]}))
    assert torch.equal(some[..., :20], x[..., :20])
    assert torch.equal(some[..., 20:], whole[..., 20:])


def test_kept_colours_are_those_of_the_content(painter: StyleTransfer) -> None:
    x, style = 0.4 + 0.2 * stripes(48, 48, 0)[None], stripes(64, 64, 1)
    made = painter.translate(x, {"keep_colours": 1.0}, {"style": [style]})
    inside = ((made > 0) & (made < 1)).all(1, keepdim=True)
    away = ((made - luma(made)) - (x - luma(x))).abs() * inside
    assert inside.float().mean() > 0.5
    assert away.max() < 1e-4


def test_the_same_seed_gives_the_same_picture(painter: StyleTransfer) -> None:
    x, beside = stripes(64, 64, 0)[None], {"style": [stripes(64, 64, 1)]}
    first, again, other = (painter.translate(x, {"seed": seed}, beside) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_parts_cannot_be_told_from_the_whole(painter: StyleTransfer, monkeypatch: pytest.MonkeyPatch) -> None:
    x, told, style = stripes(40, 420, 0)[None], painter.spec.read({}), {"style": [stripes(128, 128, 1)]}
    whole = painter.painted(x, told, style)
    monkeypatch.setattr(style_transfer, "PART", 96)
    heard: list[tuple[int, int]] = []
    made = painter.painted(x, told, style, lambda done, total, so_far=None: heard.append((done, total)))
    assert heard == [(k + 1, 5 + GLAZES) for k in range(5 + GLAZES)]
    assert ((made - whole).abs() > 1e-3).float().mean() < 0.01  # a draw between two touches may fall otherwise by rounding


def test_a_large_content_is_painted_in_layers_and_can_be_stopped(painter: StyleTransfer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_transfer, "LARGEST", 32)
    x, told, style = stripes(90, 110, 0)[None], painter.spec.read({}), {"style": [stripes(128, 128, 1)]}
    heard: list[tuple[int, int]] = []
    assert painter.painted(x, told, style, lambda done, total, so_far=None: heard.append((done, total))).shape == x.shape
    assert heard == [(k + 1, 3 + GLAZES) for k in range(3 + GLAZES)]

    def stop(done: int, total: int, so_far: np.ndarray | None = None) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        painter.painted(x, told, style, stop)


def test_painting_slowly_comes_nearer_and_can_be_left(painter: StyleTransfer) -> None:
    x, style = stripes(48, 64, 0)[None], resized(stripes(80, 80, 1)[None].square(), 256)[0]
    beside, told = {"style": [style]}, painter.spec.read({})
    wanted = grams(ENCODER, style[None])
    far = [style_distance(grams(ENCODER, made), wanted).item() for _, made in painted_slowly(ENCODER, x, told, beside, Patience(12))]
    assert len(far) == 12
    assert far[-1] < 0.7 * far[0]
    start = torch.full_like(x, 0.5)
    number, made = next(painted_slowly(ENCODER, x, told, beside, Patience(12, rate=1e-3), start))
    assert number == 1
    assert (made - start).abs().max() < 2e-3
    with pytest.raises(ValueError, match="at least one step"):
        Patience(0)


def picture_set(seed: int) -> PictureSet:
    pictures = torch.stack([stripes(32, 32, 100 * seed + k) for k in range(24)]).mul(255).to(torch.uint8)
    return PictureSet(pictures.permute(0, 2, 3, 1).numpy(), np.arange(24) >= 8, None, None, (), (), f"stripes {seed}", "none")


@pytest.fixture
def data() -> Sets:
    return Sets([picture_set(seed) for seed in (0, 1)])


def steps(run: Run, data: Sets, number: int) -> list[dict[str, float]]:
    source: Any = LESSONS["style_transfer"].batches(run, data)
    return [step(run, batch) for _, batch in zip(range(number), source, strict=False)]


def test_six_steps_and_six_more_are_twelve_bit_for_bit(data: Sets, tmp_path: Path) -> None:
    whole = steps(open_translation(tmp_path / "whole", PRESET, data), data, 12)
    halved = open_translation(tmp_path / "halved", PRESET, data)
    first = steps(halved, data, 6)
    write_state(halved)
    assert first + steps(open_translation(tmp_path / "halved", PRESET, data), data, 6) == whole
    assert set(whole[0]) == {"style", "content", "same"}


def test_training_comes_nearer_to_styles(data: Sets, tmp_path: Path) -> None:
    run = open_translation(tmp_path, dataclasses.replace(PRESET, images=10_000, rate=3e-3, smoothing=20), data)
    before, sheet = LESSONS["style_transfer"].look(run.smooth, data)
    steps(run, data, 40)
    after, _ = LESSONS["style_transfer"].look(run.smooth, data)
    assert sheet.size == (8 * 32, 6 * 32)
    assert after["untouched"] == before["untouched"]
    assert after["style"] < 0.8 * before["style"]


def published(data: Sets, tmp_path: Path) -> Path:
    run = open_translation(tmp_path / "run", PRESET, data)
    opening = Opening(run.folder, tmp_path, run.device, run.shard)
    publish(run, "restyle", "restyle", tmp_path / "checkpoints", Translation().result(run, opening))
    for kind in ("photographs", "prints"):
        (tmp_path / kind).mkdir(parents=True)
        for k in range(2):
            pixels = stripes(60, 90, k + 10 * len(kind)).mul(255).byte().permute(1, 2, 0).numpy()
            Image.fromarray(pixels).save(tmp_path / kind / f"{k}.png")
    return tmp_path / "checkpoints"


def test_what_is_published_is_read_measured_and_compared(
    data: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (canvas, painted):
        monkeypatch.setattr(module, "SEEN", 64)
    checkpoints = published(data, tmp_path)
    places = ["--checkpoints", str(checkpoints), "--json", str(tmp_path / "figures.json")]
    assert evaluate(["restyle", "--write", "--data", str(tmp_path / "photographs+prints"), *places]) == 0
    card = load_translator(checkpoints / "restyle").card
    assert set(card.scores) == {"style_distance", "style_distance_untouched", "content_distance"}
    assert min(card.scores.values()) > 0

    few = ["--contents", "1", "--styles", "2", "--steps", "2", "--threads", str(torch.get_num_threads())]
    assert bench(["restyle", "--pictures", str(tmp_path / "photographs+prints"), *few, *places]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["pairs"] == 2
    assert figures["ours_seconds"] > 0
    assert "times quicker" in capsys.readouterr().out


def test_one_folder_alone_says_that_two_are_needed(painter: StyleTransfer, tmp_path: Path) -> None:
    with pytest.raises(PictureSetError, match="does not name two folders"):
        painted.painted_scores(painter, tmp_path)


def test_the_paintings_it_is_measured_by_are_those_that_no_training_saw(data: Sets, tmp_path: Path) -> None:
    rows = [{"file": f"{k}.png", "period": "1880s"} for k in range(20)]
    (tmp_path / "paintings").mkdir()
    for row in rows:
        Image.new("RGB", (160, 160), (9, 9, 9)).save(tmp_path / "paintings" / row["file"])
    (tmp_path / "paintings" / "index.json").write_text(json.dumps(rows))
    made = prepare("paintings", tmp_path / "set", tmp_path / "paintings")
    assert made.attributes is not None
    held = {row["file"] for row, apart in zip(made.attributes, made.held_out, strict=True) if apart}
    assert {path.name for path in unseen("paintings", tmp_path / "paintings")} == held
    assert len(held) == 2
