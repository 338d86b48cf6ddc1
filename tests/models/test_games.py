"""Games and penalties against closed forms, augmentation, and the growth of a generator."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from models.generators.style import Style, StyleConfig
from models.layers import double
from models.spec import Condition
from models.training.augment import STRONGEST, Augment
from models.training.batches import batches, shrunk
from models.training.critics.projected import ProjectedCritic, Projector
from models.training.critics.style import StyleFeatures
from models.training.curve import curve
from models.training.datasets import PictureSet
from models.training.games import GAMES
from models.training.loop import train
from models.training.penalties import gradient_penalty, path_lengths
from models.training.presets import Preset
from models.training.run import open_run, settled
from models.training.schedule import Stage, rate, stage

REAL, FAKE = torch.tensor([[0.5], [2.0]]), torch.tensor([[-1.0], [0.25]])
SMALL = StyleConfig(size=16, z_dim=4, w_dim=8, widths=(8, 8, 4), mapping_layers=1)


def log_sigmoid(x: torch.Tensor) -> torch.Tensor:
    return (1 / (1 + (-x).exp())).log()


@pytest.mark.parametrize(
    ("game", "judged", "drawn"),
    [
        ("minimax", -(log_sigmoid(REAL).mean() + log_sigmoid(-FAKE).mean()), log_sigmoid(-FAKE).mean()),
        ("nonsaturating", -(log_sigmoid(REAL).mean() + log_sigmoid(-FAKE).mean()), -log_sigmoid(FAKE).mean()),
        ("leastsquares", torch.tensor(((0.25 + 1) / 2 + (1 + 0.0625) / 2) / 2), torch.tensor((4 + 0.5625) / 2 / 2)),
        ("hinge", torch.tensor(0.25 + 0.625), -FAKE.mean()),
        ("wasserstein", FAKE.mean() - REAL.mean(), -FAKE.mean()),
        ("relativistic", -log_sigmoid(REAL - FAKE).mean(), -log_sigmoid(FAKE - REAL).mean()),
    ],
)
def test_a_game_is_its_papers_equation(game: Any, judged: torch.Tensor, drawn: torch.Tensor) -> None:
    torch.testing.assert_close(GAMES[game].judge(REAL, FAKE), judged)
    torch.testing.assert_close(GAMES[game].draw(FAKE, REAL), drawn)


def test_the_gradient_penalty_of_a_linear_critic_is_known() -> None:
    weight = torch.randn(1, 3, 4, 4)
    real, fake, share = torch.randn(5, 3, 4, 4), torch.randn(5, 3, 4, 4), torch.rand(5, 1, 1, 1)
    penalty = gradient_penalty(lambda x: (x * weight).sum((1, 2, 3))[:, None], real, fake, share)
    assert penalty.item() == pytest.approx((weight.norm().item() - 1) ** 2, rel=1e-5)


def test_the_path_length_of_a_linear_generator_is_known() -> None:
    jacobian = torch.randn(3 * 2 * 2, 6)
    w = torch.randn(4, 1, 6, requires_grad=True)
    pictures = (w[:, 0] @ jacobian.T).view(4, 3, 2, 2)
    noise = torch.randn_like(pictures)
    expected = (noise.flatten(1) / math.sqrt(2 * 2) @ jacobian).norm(dim=1)
    torch.testing.assert_close(path_lengths(pictures, w, noise), expected)


def test_no_augmentation_leaves_pictures_alone_and_each_other_changes_them_differentiably() -> None:
    x = torch.rand(6, 3, 16, 16) * 2 - 1
    assert Augment("none")(x) is x
    assert Augment("adaptive")(x) is x  # until the critic is too sure
    for name in ("diff", "adaptive"):
        augment = Augment(name)
        augment.strength.fill_(1.0)
        seen = x.clone().requires_grad_(True)
        y = augment(seen)
        assert y.shape == x.shape
        assert not torch.equal(y, x)
        (gradient,) = torch.autograd.grad(y.sum(), seen)
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


def test_augmentation_adapts_to_how_sure_the_critic_is() -> None:
    augment = Augment("adaptive")
    for _ in range(200):
        augment.heed(1.0, 1000)
    assert augment.strength.item() == pytest.approx(STRONGEST)
    augment.heed(0.0, 10_000)
    assert augment.strength.item() == pytest.approx(STRONGEST - 0.1)
    fixed = Augment("diff")
    fixed.heed(1.0, 1000)
    assert fixed.strength == 1


def test_a_training_grows_and_fades_as_images_are_seen() -> None:
    preset = Preset("style", "x", growth=((8, 100), (16, 200)), fade=50)
    stages = [stage(preset, 32, seen) for seen in (0, 99, 100, 125, 150, 199, 200, 300)]
    assert [s.side for s in stages] == [8, 8, 16, 16, 16, 16, 32, 32]
    assert [s.fade for s in stages] == [1, 1, 0, 0.5, 1, 1, 0, 1]


def test_the_rate_warms_up_and_falls() -> None:
    preset = Preset("style", "x", images=1000, batch=10, rate=1.0, warm_up=100, cosine=True)
    assert rate(preset, 0) == pytest.approx(0.1)
    assert rate(preset, 500) == pytest.approx(0.525)
    assert rate(preset, 1000) == pytest.approx(0.05)
    assert rate(dataclasses.replace(preset, cosine=False), 1000) == 1


def test_a_grown_generator_draws_what_its_coarser_part_draws() -> None:
    torch.manual_seed(0)
    whole = Style(SMALL)
    small = whole.up_to(8)
    w = whole.map(torch.randn(2, 4), Condition())
    seeds = [3, 4]
    expected = small.synthesize(w[:, : small.spec.layers], seeds)
    assert expected.shape[-1] == 8
    whole.grow(8)
    torch.testing.assert_close(whole.synthesize(w, seeds), expected)
    whole.grow(16, fade=0.0)
    torch.testing.assert_close(whole.synthesize(w, seeds), double(expected))
    with pytest.raises(ValueError, match="grows through 4, 8, 16 pixels, not 12"):
        whole.grow(12)


def test_a_new_resolution_changes_nothing_for_the_critic_at_first() -> None:
    torch.manual_seed(0)
    features = StyleFeatures(SMALL)
    x = torch.randn(4, 3, 16, 16)
    before = features(F.avg_pool2d(x, 2))
    assert not torch.allclose(features(x), before)
    features.fade = 0.0
    torch.testing.assert_close(features(x), before)


def test_pictures_of_a_stage_are_shrunk_and_faded() -> None:
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(shrunk(x, Stage(16)), x)
    torch.testing.assert_close(shrunk(x, Stage(4)), F.avg_pool2d(x, 4))
    torch.testing.assert_close(shrunk(x, Stage(16, 0.0)), double(F.avg_pool2d(x, 2)))


class Eyes(torch.nn.Module):
    """Two strided convolutions stand for a frozen encoder."""

    widths = (4, 8)

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Conv2d(3, 4, 4, 2, 1), torch.nn.Conv2d(4, 8, 4, 2, 1)])

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for layer in self.layers:
            x = F.relu(layer(x))
            maps.append(x)
        return maps


def test_a_projected_critic_learns_without_touching_its_eyes() -> None:
    torch.manual_seed(0)
    spec = dataclasses.replace(Style(SMALL).spec, classes=("a", "b"))
    critic = ProjectedCritic(Eyes(), spec)
    frozen = {name for name, p in critic.named_parameters() if not p.requires_grad}
    assert {name.split(".")[0] for name in frozen} == {"eyes", "projector"}
    x = torch.randn(4, 3, 16, 16, requires_grad=True)
    judged = critic(x, Condition(torch.eye(2)[[0, 0, 1, 1]]))
    assert judged.score.shape == (4, 3 * 2 * 2)
    judged.score.mean().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for name, p in critic.named_parameters() if name in frozen)
    assert len(Projector((4, 8))([torch.zeros(1, 4, 8, 8), torch.zeros(1, 8, 4, 4)])) == 2


def data(counts: Mapping[str, int], side: int = 16) -> PictureSet:
    n = sum(counts.values())
    return PictureSet(
        pictures=np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8),
        held_out=np.zeros(n, bool),
        class_labels=np.repeat(np.arange(len(counts)), list(counts.values())),
        style_labels=None,
        classes=tuple(counts),
        styles=(),
        source="noise",
        licence="none",
    )


def test_a_balanced_batch_has_as_many_of_a_rare_class(tmp_path: Path) -> None:
    preset = Preset("style", "x", {"widths": [4, 4, 4], "z_dim": 4, "w_dim": 4}, batch=32, balanced=True)
    run = open_run(tmp_path, preset, data({"common": 95, "rare": 5}))
    shares = [b.condition.classes for _, b in zip(range(30), batches(run), strict=False)]
    rare = torch.cat([s for s in shares if s is not None])[:, 1].mean().item()
    assert rare == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(
    "changes",
    [
        {"game": "relativistic", "r1": 0.1, "r2": 0.1},
        {"game": "wasserstein", "r1": 0.0, "gradient_penalty": 10.0, "clip": 1.0},
        {"game": "hinge", "r1": 0.0, "critic": "spectral", "augment": "diff"},
        {"augment": "adaptive", "path_length": 1.0, "growth": ((8, 40),), "fade": 16, "bf16": True},
    ],
    ids=lambda changes: changes.get("game", "grown"),
)
def test_every_choice_trains_and_resumes(changes: dict[str, Any], tmp_path: Path) -> None:
    config = {"widths": [4, 4, 4], "z_dim": 4, "w_dim": 4, "mapping_layers": 1}
    preset = Preset("style", "x", config, images=48, batch=8, r1_every=2, path_every=2, **changes)
    pictures = data({"a": 20, "b": 20})
    run = open_run(tmp_path, dataclasses.replace(preset, images=24), pictures)
    train(run, report=False)
    assert settled(run).spec.size == (8 if "growth" in changes else 16)
    run = open_run(tmp_path, preset, pictures)
    assert run.seen == 24
    train(run, report=False)
    assert settled(run).spec.size == 16
    assert all(p.isfinite().all() for p in run.generator.parameters())


def test_a_curve_is_short_and_forgets_what_a_step_back_made_void() -> None:
    log = [{"images": k * 10, "critic": float(k)} for k in range(200)]
    log += [{"images": 1500, "event": "stepped back", "diversity": 0.1}, {"images": 1510, "critic": 7.0}]
    told = curve(log, points=30)
    assert set(told) == {"critic"}
    assert len(told["critic"]["images"]) == 30
    assert told["critic"]["images"] == sorted(told["critic"]["images"])
    assert max(told["critic"]["images"]) <= 1510
    assert told["critic"]["value"][0] == pytest.approx(2.0, abs=0.6)
