"""A card that is lent a call at a time: the lender is a stand-in that forks, as the real one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from studio.bench.server import ROOT
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import to_png
from studio.recipe import Recipe
from studio.settings import Settings, from_args
from studio.zero import MADE, MOST, Lent
from tests.studio.lender import lay_out
from tests.studio.served import open_page, served

HERE = Recipe("tiny-style", seed=3)


@pytest.fixture
def lender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(lay_out(tmp_path / "lender")))
    monkeypatch.setenv("LENDER_LOG", str(tmp_path / "calls"))
    yield __import__("spaces")
    for name in [name for name in sys.modules if name.partition(".")[0] == "spaces"]:
        del sys.modules[name]


@pytest.fixture
def borrower(lender: ModuleType, tiny_checkpoints: Path, tmp_path: Path) -> Iterator[Engine]:
    company = Lent(tiny_checkpoints)
    with Engine(tiny_checkpoints, folder=tmp_path / "studio", device="cpu", company=company, report=lambda line: None) as engine:
        yield engine


def calls(tmp_path: Path) -> list[list[float]]:
    """This process, the one that drew, and the seconds asked for, of each call."""
    path = tmp_path / "calls"
    return [[float(one) for one in line.split()] for line in path.read_text().splitlines()] if path.exists() else []


def test_a_picture_is_drawn_where_the_card_was_lent_and_nowhere_else(
    borrower: Engine, lender: ModuleType, engine: Engine, tmp_path: Path
) -> None:
    assert lender.STARTED == [True]
    drawn = borrower.draw(HERE)
    assert np.abs(drawn.pixels.astype(int) - engine.draw(HERE).pixels).max() <= 8, "whose precision may be another"
    assert drawn.recipe.made and drawn.recipe.made.dtype == "float32"
    assert to_png(borrower.live("a", HERE, True, channel="page").result(30)) == to_png(drawn)
    told = calls(tmp_path)
    assert len(told) == 2
    assert all(mine == os.getpid() != other for mine, other, _ in told)
    assert not torch.cuda.is_initialized()


def test_what_moves_and_what_is_many_is_drawn_at_home(borrower: Engine, engine: Engine, tmp_path: Path) -> None:
    assert borrower.live("a", HERE, channel="page").result(30).pixels.shape == (16, 16, 3)
    assert len(list(borrower.submit([HERE] * 3, visitor="a").pictures())) == 3
    assert borrower.draw_in_turn("a", HERE).shape == (16, 16, 3)
    assert calls(tmp_path) == []


def test_the_larger_the_picture_the_longer_the_card_is_asked_for(tiny_checkpoints: Path) -> None:
    lent = Lent(tiny_checkpoints)

    def seconds(size: int, count: int = 1) -> float:
        card, folder = lent._there["tiny-style"]
        lent._there["tiny-style"] = replace(card, config={**card.config, "size": size}), folder
        return lent.seconds(json.dumps([{"generator": "tiny-style"}] * count).encode())

    assert seconds(16) < seconds(1024) < seconds(2048) < seconds(2048, 2) <= MOST
    assert seconds(100_000) == MOST


def test_a_refusal_is_a_fault_with_its_reason(borrower: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENDER_REFUSES", "1")
    with pytest.raises(Fault, match="exceeded your ZeroGPU quota") as caught:
        borrower.draw(HERE)
    assert (caught.value.code, caught.value.status) == ("fault.card_refused", 503)


def test_without_the_lender_the_remedy_is_said(tiny_checkpoints: Path) -> None:
    with pytest.raises(ValueError, match="--device zero needs a Space on ZeroGPU"):
        Lent(tiny_checkpoints).open({})


def test_the_page_is_told_and_held_to_it(engine: Engine, tmp_path: Path) -> None:
    with served(engine, tmp_path, Settings(folder=tmp_path, device="zero")) as studio, open_page(studio.host) as page:
        assert page.hello["still"] is True
        page.say(type="draw", id=1, recipe={"generator": "tiny-style"})
        assert page.fault() == (1, "fault.still")
        page.say(type="draw", id=2, recipe={"generator": "tiny-style"}, rest=True)
        assert page.hear_until("frame").header["id"] == 2


def test_it_is_found_by_itself_and_can_be_overruled(tmp_path: Path) -> None:
    env = {"SPACE_ID": "someone/atelier", "SPACES_ZERO_GPU": "true"}
    argv = ["--folder", str(tmp_path / "gallery")]
    assert from_args(argv, env).borrows
    assert not from_args([*argv, "--device", "cpu"], env).borrows
    assert not from_args(argv, env | {"SPACES_ZERO_GPU": "false"}).borrows
    assert MADE.device == "ZeroGPU"


def test_the_lender_is_imported_there_alone() -> None:
    code = """
        import sys, torch, studio.web, studio.ui.page, studio.zero
        sys.exit("spaces" in sys.modules or torch.cuda.is_initialized())
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT).returncode == 0
