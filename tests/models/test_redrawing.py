"""A generator that must draw each picture again from where a VAE puts it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from models.generators.style import Style, StyleConfig
from models.generators.vae import Vae, VaeConfig
from models.spec import Condition
from models.training.batches import batches
from models.training.datasets.pictures import PictureSet
from models.training.loop import step, train
from models.training.objectives import Adversarial
from models.training.objectives.redrawing import Redrawing
from models.training.presets import Preset
from models.training.run import open_run

STYLES = ("dark", "light")
SMALL = StyleConfig(16, 3, 4, 8, (8, 8, 8), 1, styles=STYLES)
PRESET = Preset("style", "x", {"widths": [8, 8, 8], "z_dim": 4, "w_dim": 8, "mapping_layers": 1}, images=48, batch=8, rate=2e-3)


@pytest.fixture(scope="module")
def data() -> PictureSet:
    """Plain grounds, forty levels each side of the middle."""
    level = np.r_[np.linspace(10, 100, 40), np.linspace(150, 240, 40)].astype(np.uint8)
    return PictureSet(
        pictures=np.broadcast_to(level[:, None, None, None], (80, 16, 16, 3)).copy(),
        held_out=np.zeros(80, bool),
        class_labels=None,
        style_labels=np.repeat([0, 1], 40),
        classes=(),
        styles=STYLES,
        source="made here",
        licence="none",
    )


@pytest.fixture(scope="module")
def coder(data: PictureSet) -> Vae:
    torch.manual_seed(0)
    vae = Vae(VaeConfig(16, 3, 4, width=4, widest=8, likelihood="gaussian", styles=STYLES))
    pictures = torch.from_numpy(data.pictures).permute(0, 3, 1, 2) / 127.5 - 1
    vae.fit(pictures, Condition(styles=torch.eye(2).repeat_interleave(40, 0)))
    return vae.eval()


def test_a_code_leads_back_to_the_z_that_it_was_drawn_from(coder: Vae) -> None:
    z, condition = torch.randn(6, 4), Condition(styles=torch.eye(2).repeat(3, 1))
    torch.testing.assert_close(coder.unmapped(coder.map(z, condition), condition), z, atol=1e-3, rtol=1e-3)
    nameless = Vae(VaeConfig(z_dim=3))
    torch.testing.assert_close(nameless.unmapped(nameless.map(z[:, :3], Condition()), Condition()), z[:, :3])


def names(count: int) -> Condition:
    """Two dark, two light, and so on: of both halves of a batch some are dark."""
    return Condition(styles=torch.eye(2).repeat_interleave(2, 0).repeat(count // 4, 1))


def test_codes_are_spread_like_z_and_chance_lies_between_them(coder: Vae, data: PictureSet) -> None:
    redrawing = Redrawing(Style(SMALL), coder)
    pictures = torch.from_numpy(data.pictures).permute(0, 3, 1, 2) / 127.5 - 1
    condition = Condition(styles=torch.eye(2).repeat_interleave(40, 0))
    chance = torch.randn(80, 4, generator=torch.Generator().manual_seed(0))
    for shown in (pictures, torch.nn.functional.interpolate(pictures, scale_factor=2)):
        z = redrawing.places(shown, condition, chance)
        torch.testing.assert_close(z[1::2], chance[1::2], atol=0, rtol=0)
        for of_style in z[::2].chunk(2):
            torch.testing.assert_close(of_style.mean(0), torch.zeros(4), atol=0.6, rtol=0)
            torch.testing.assert_close(of_style.std(0), torch.ones(4), atol=0.4, rtol=0)


def test_what_is_drawn_as_it_was_or_as_the_vae_would_is_not_unlike(coder: Vae) -> None:
    redrawing, x, z = Redrawing(Style(SMALL), coder), torch.rand(8, 3, 16, 16) * 2 - 1, torch.randn(8, 4)
    with torch.no_grad():
        told = coder.synthesize(coder.map(z, names(8)))
    right = torch.stack([x[::2], told[1::2]], dim=1).flatten(0, 1)
    assert redrawing.unlike(right, x, names(8), z).item() == pytest.approx(0, abs=1e-4)
    for k in range(2):
        wrong = right.clone()
        wrong[k::2] = 1 - wrong[k::2]
        assert redrawing.unlike(wrong, x, names(8), z).item() > 1
    large, turned = (torch.nn.functional.interpolate(these, scale_factor=2) for these in (right, right.flip(0)))
    assert redrawing.unlike(large, large, names(8), z) < redrawing.unlike(turned, turned, names(8), z) / 2


@pytest.mark.parametrize("changes", [{"z_dim": 5}, {"styles": ("dark",)}, {"classes": ("a",)}])
def test_a_coder_of_other_names_or_another_latent_is_refused(changes: dict[str, object], coder: Vae) -> None:
    with pytest.raises(ValueError, match="coder is a VAE"):
        Redrawing(Style(dataclasses.replace(SMALL, **changes)), coder)  # type: ignore[arg-type]


def test_a_generator_is_no_coder(coder: Vae) -> None:
    with pytest.raises(ValueError, match="this 'style'"):
        Redrawing(Style(SMALL), Style(SMALL))


def test_pictures_come_back_from_their_codes(coder: Vae, data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, dataclasses.replace(PRESET, rate=1e-2, alone=480), data, coder=coder)
    assert isinstance(run.objective, Adversarial) and run.objective.redrawing
    far: list[float] = []
    for _, batch in zip(range(60), batches(run), strict=False):
        with torch.no_grad():
            z = run.objective.redrawing.places(batch.pictures, batch.condition, torch.randn(8, 4))
            drawn = run.generator.synthesize(run.generator.map(z, batch.condition))
        far.append((drawn - batch.pictures)[::2].abs().mean().item())
        step(run, batch)
    assert np.mean(far[-5:]) < np.mean(far[:5]) / 2
    assert all(not p.requires_grad for p in coder.parameters())


def test_a_critic_joins_when_so_many_were_drawn_again(coder: Vae, data: PictureSet, tmp_path: Path) -> None:
    run = open_run(tmp_path, dataclasses.replace(PRESET, alone=16), data, coder=coder)
    told = [set(step(run, batch)) for _, batch in zip(range(3), batches(run), strict=False)]
    assert told[:2] == [{"unlike"}] * 2
    assert {"unlike", "critic", "generator"} <= told[2]


def test_it_resumes_exactly(coder: Vae, data: PictureSet, tmp_path: Path) -> None:
    preset = dataclasses.replace(PRESET, alone=16)
    whole = open_run(tmp_path / "whole", preset, data, coder=coder)
    train(whole, report=False)
    for images in (24, 48):
        halved = open_run(tmp_path / "halved", dataclasses.replace(preset, images=images), data, coder=coder)
        train(halved, report=False)
    for one, other in zip(whole.smooth.parameters(), halved.smooth.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)
