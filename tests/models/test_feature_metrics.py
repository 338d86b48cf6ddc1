"""Scores on features: against others' code, against the plainest reckoning, and on cases whose answer is known."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor, nn

from models.checkpoint import Card, Checkpoint
from models.encoder import Encoder, EncoderConfig, distance, seen
from models.metrics.density_coverage import density_coverage
from models.metrics.diversity import mean_distance
from models.metrics.fid import frechet_distance
from models.metrics.inception_score import inception_score
from models.metrics.judge import Judge, Opinion, trained_judge
from models.metrics.kid import discrepancy, kernel_distance
from models.metrics.likeness import ms_ssim, psnr, ssim
from models.metrics.memorised import left_out, share_nearer
from models.metrics.modes import Modes, modes_found, triple
from models.metrics.neighbours import nearest, reach, within
from models.metrics.path_length import trimmed
from models.metrics.precision_recall import precision_recall
from models.metrics.samples import Samples, real_pictures
from models.registry import GENERATORS
from models.training.datasets import PictureSet, save as save_set


class AsTheyAre(nn.Module):
    """Features in place of a network, for libraries that want one."""

    num_features = 12

    def forward(self, features: Tensor) -> Tensor:
        return features


@pytest.fixture
def real() -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randn(90, 12, generator=draw, dtype=torch.float64) @ torch.randn(12, 12, generator=draw, dtype=torch.float64)


@pytest.fixture
def drawn(real: Tensor) -> Tensor:
    draw = torch.Generator().manual_seed(2)
    return real[torch.randperm(90, generator=draw)[:70]] * 0.8 + 3 * torch.randn(70, 12, generator=draw, dtype=torch.float64) + 2


def test_fid_is_that_of_torchmetrics(drawn: Tensor, real: Tensor) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    theirs = FrechetInceptionDistance(feature=AsTheyAre())
    theirs.set_dtype(torch.float64)
    theirs.update(real, real=True)
    theirs.update(drawn, real=False)
    assert frechet_distance(drawn, real) == pytest.approx(theirs.compute().item(), rel=1e-6)


def test_fid_is_the_formula(drawn: Tensor, real: Tensor) -> None:
    (a, b), (mean_a, mean_b) = ([np.cov(x.numpy().T) for x in (drawn, real)], [x.numpy().mean(0) for x in (drawn, real)])
    wanted = ((mean_a - mean_b) ** 2).sum() + np.trace(a + b - 2 * np.real(np.asarray(scipy.linalg.sqrtm(a @ b))))
    assert frechet_distance(drawn, real) == pytest.approx(wanted, rel=1e-9)


def test_fid_of_features_fewer_than_dimensions_is_finite_and_zero_for_the_same() -> None:
    few = torch.randn(5, 30)
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-4)
    assert math.isfinite(frechet_distance(few, torch.randn(7, 30)))


@pytest.mark.filterwarnings("ignore:Metric `Kernel")
def test_kid_is_that_of_torchmetrics(drawn: Tensor, real: Tensor) -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    theirs = KernelInceptionDistance(feature=AsTheyAre(), subsets=1, subset_size=70)
    theirs.update(real[:70], real=True)
    theirs.update(drawn, real=False)
    assert kernel_distance(drawn, real[:70], subsets=1) == pytest.approx(theirs.compute()[0].item(), rel=1e-6)


def test_kid_is_unbiased() -> None:
    draw = torch.Generator().manual_seed(0)
    values = torch.tensor([discrepancy(*(torch.randn(20, 8, generator=draw) for _ in range(2))) for _ in range(300)])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(len(values))
    assert (values < 0).any()


def in_some_ball(points: np.ndarray, centres: np.ndarray, k: int) -> list[list[bool]]:
    """For each point and each centre, whether the point is no farther than the centre's k-th nearest other."""
    radii = [sorted(np.linalg.norm(c - o) for j, o in enumerate(centres) if j != i)[k - 1] for i, c in enumerate(centres)]
    return [[bool(np.linalg.norm(p - c) <= r) for c, r in zip(centres, radii, strict=True)] for p in points]


def test_precision_and_recall_are_those_of_the_plainest_reckoning(drawn: Tensor, real: Tensor) -> None:
    precision, recall = precision_recall(drawn, real)
    assert precision == pytest.approx(np.mean([any(row) for row in in_some_ball(drawn.numpy(), real.numpy(), 3)]))
    assert recall == pytest.approx(np.mean([any(row) for row in in_some_ball(real.numpy(), drawn.numpy(), 3)]))
    assert 0 < precision < 1
    assert 0 < recall < 1


def test_cuts_of_one_original_are_no_neighbours_of_one_another() -> None:
    # four originals far apart, each cut thirty times almost alike
    draw = torch.Generator().manual_seed(0)
    originals = torch.arange(4).repeat_interleave(30)
    real = 10 * torch.eye(4).repeat_interleave(30, 0) + 1e-3 * torch.randn(120, 4, generator=draw)
    between = 5 * (torch.eye(4) + torch.eye(4).roll(1, 0))  # halfway from one original to the next
    assert precision_recall(between, real)[0] == 0
    assert precision_recall(between, real, originals=originals)[0] == 1
    others = reach(real, 3, originals)
    wanted = [sorted(torch.cdist(x[None], real[originals != mine])[0].tolist())[2] for x, mine in zip(real, originals, strict=True)]
    assert others.tolist() == pytest.approx(wanted, rel=1e-4)


def test_density_and_coverage_are_those_of_the_plainest_reckoning(drawn: Tensor, real: Tensor) -> None:
    inside = np.array(in_some_ball(drawn.numpy(), real.numpy(), 5))
    density, coverage = density_coverage(drawn, real)
    assert density == pytest.approx(inside.sum() / (5 * len(drawn)))
    assert coverage == pytest.approx(inside.any(axis=0).mean())


def test_one_picture_again_and_again_is_precise_and_recalls_nothing(real: Tensor) -> None:
    precision, recall = precision_recall(real[:1].repeat(50, 1), real)
    assert (precision, round(recall, 1)) == (1, 0)
    assert density_coverage(real[:1].repeat(50, 1), real)[1] < 0.2


def test_neighbours_in_pieces_are_neighbours(monkeypatch: pytest.MonkeyPatch, drawn: Tensor, real: Tensor) -> None:
    whole = reach(real, 3), *within(drawn, real, reach(real, 3)), *nearest(drawn, real, k=2)
    monkeypatch.setattr("models.metrics.neighbours.PIECE", 7)
    assert all(
        torch.allclose(a, b)
        for a, b in zip(whole, (reach(real, 3), *within(drawn, real, reach(real, 3)), *nearest(drawn, real, k=2)), strict=True)
    )
    assert (whole[3][:, 0] <= whole[3][:, 1]).all()
    assert torch.allclose(whole[3][:, 0], torch.cdist(drawn, real).min(1).values)


def test_what_is_memorised_is_nearer_than_unseen_pictures_are() -> None:
    draw = torch.Generator().manual_seed(0)
    training, unseen, new = (torch.randn(400, 6, generator=draw) for _ in range(3))
    far = nearest(unseen, training)[0][:, 0]
    copies = training[:100] + 1e-3
    assert share_nearer(nearest(copies, training)[0][:, 0], far) == 1
    assert share_nearer(nearest(new, training)[0][:, 0], far) < 0.04
    assert torch.allclose(left_out(training).sort().values, nearest(training, training, k=2)[0][:, 1].sort().values)


def test_diversity_is_the_mean_over_all_pairs() -> None:
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig((4, 4, 8, 8)))
    x = torch.rand(7, 1, 32, 32) * 2 - 1
    with torch.no_grad():
        maps = encoder(seen(x, 64))
        pairs = [distance([m[i : i + 1] for m in maps], [m[j : j + 1] for m in maps]) for i in range(7) for j in range(i)]
    assert mean_distance(encoder, x.split(3), 64) == pytest.approx(torch.cat(pairs).mean().item(), rel=1e-3)


def test_outliers_of_a_path_do_not_count() -> None:
    values = torch.ones(200)
    values[0], values[1] = 1e6, -1e6
    assert trimmed(values) == 1


def test_modes_and_their_evenness() -> None:
    assert modes_found(torch.arange(1000).repeat(26)) == (1000, pytest.approx(0, abs=1e-9))
    assert modes_found(torch.zeros(26_000, dtype=torch.long)) == (1, pytest.approx(math.log(1000)))
    half = torch.arange(500).repeat(2)
    assert modes_found(half) == (500, pytest.approx(math.log(2)))


def test_real_pictures_are_no_larger_than_what_is_drawn() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1), dtype=np.uint8)
    data = PictureSet(pictures, np.zeros(5, bool), None, None, (), (), "s", "l")
    small, whole = (torch.cat(list(real_pictures(data, data.train(), side))) for side in (16, 64))
    assert (small.shape[-1], whole.shape[-1]) == (16, 32)
    assert small.mean().item() == pytest.approx(whole.mean().item(), abs=1e-2)


def test_modes_are_counted_of_stacked_digits_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"size": 28, "channels": 3, "z_dim": 4, "width": 4}
    generator = GENERATORS.get("dcgan").build(config).eval()
    card = Card("s", "dcgan", {"en": "s"}, config, "crisp", "s", "l", training={"data": "stacked"})
    checkpoint = Checkpoint(card, generator, {})
    digits = PictureSet(
        np.zeros((40, 28, 28, 1), np.uint8), np.arange(40) >= 30, np.arange(40) % 10, None, tuple("0123456789"), (), "s", "l"
    )
    stacked = PictureSet(np.zeros((9, 28, 28, 3), np.uint8), np.arange(9) >= 6, None, None, (), (), "s", "l")
    save_set(digits, tmp_path / "digits")
    monkeypatch.setattr("models.metrics.modes.COUNT", 30)
    monkeypatch.setattr("models.metrics.modes.trained_judge", partial(trained_judge, images=128))
    scores = Modes().measure(Samples(checkpoint, stacked, tmp_path / "judges", count=5))
    assert set(scores) == set(Modes().names(checkpoint)) == {"modes", "reverse_kl"}
    assert 1 <= scores["modes"] <= 30
    assert Modes().names(replace(checkpoint, card=replace(card, training={"data": "digits"}))) == ()


@pytest.mark.parametrize("side", [28, 32])
def test_a_triple_is_read_channel_by_channel(side: int) -> None:
    class Brightness(Judge):
        def forward(self, x: Tensor) -> Opinion:
            assert x.shape[1:] == (1, 28, 28)
            return Opinion(nn.functional.one_hot(((x.mean((1, 2, 3)) + 1) * 5).long(), 10).float(), None)

    x = torch.tensor([[0.1, 0.5, 0.9], [0.0, 0.2, 0.7]]).view(2, 3, 1, 1).expand(2, 3, side, side) * 2 - 1 + 0.02
    assert triple([Brightness(1, 10, 0)], x).tolist() == [159, 27]


def test_of_three_judges_two_agree_against_one() -> None:
    class Sure(Judge):
        def __init__(self, digit: int) -> None:
            super().__init__(1, 10, 0)
            self.digit = digit

        def forward(self, x: Tensor) -> Opinion:
            return Opinion(3 * nn.functional.one_hot(torch.full((len(x),), self.digit), 10).float(), None)

    assert triple([Sure(4), Sure(7), Sure(7)], torch.zeros(1, 3, 28, 28)).tolist() == [777]


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    x = torch.nn.functional.interpolate(torch.rand(2, 3, 24, 24, generator=draw), size=192, mode="bilinear").double()
    return x, (x + 0.1 * torch.randn(x.shape, generator=draw, dtype=torch.float64)).clamp(0, 1)


def test_likenesses_are_those_of_torchmetrics(pair: tuple[Tensor, Tensor]) -> None:
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure as their_ms_ssim,
        peak_signal_noise_ratio as their_psnr,
        structural_similarity_index_measure as their_ssim,
    )

    x, y = pair
    for i in range(len(x)):
        one, other = x[i : i + 1], y[i : i + 1]
        assert psnr(x, y)[i].item() == pytest.approx(their_psnr(other, one, data_range=1.0).item(), rel=1e-6)
        everywhere = their_ssim(other, one, data_range=1.0, return_full_image=True)[1][..., 5:-5, 5:-5]  # beyond it they mirror the edge
        assert ssim(x, y)[i].item() == pytest.approx(everywhere.mean().item(), rel=1e-6)
        assert ms_ssim(x, y)[i].item() == pytest.approx(their_ms_ssim(other, one, data_range=1.0).item(), abs=2e-3)


def test_equal_pictures_are_wholly_alike_and_small_ones_refused(pair: tuple[Tensor, Tensor]) -> None:
    x, _ = pair
    assert psnr(x, x).tolist() == [math.inf, math.inf]
    assert ssim(x, x).tolist() == pytest.approx([1, 1])
    assert ms_ssim(x, x).tolist() == pytest.approx([1, 1])
    with pytest.raises(ValueError, match="at least 11 pixels"):
        ssim(x[..., :10], x[..., :10])


@pytest.mark.filterwarnings("ignore:Metric `Inception")
def test_the_inception_score_is_that_of_torchmetrics() -> None:
    from torchmetrics.image.inception import InceptionScore as Theirs

    logits = 3 * torch.randn(200, 7, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    theirs = Theirs(feature=AsTheyAre(), splits=1)
    theirs.update(logits)
    assert inception_score(logits) == pytest.approx(theirs.compute()[0].item(), rel=1e-6)
    assert inception_score(100 * torch.eye(7)) == pytest.approx(7)
    assert inception_score(torch.zeros(5, 7)) == pytest.approx(1)
