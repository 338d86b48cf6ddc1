"""A set of pictures drawn as data: labelled, repeatable, and whole after any stop."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models import generate as command
from models.generate import MANIFEST, folder_names, main, rows
from models.generators.dcgan import Dcgan
from models.order import Order
from models.spec import GeneratorSpec
from studio.engine import Engine
from studio.recipe import Recipe


@pytest.fixture
def ask(tiny_checkpoints: Path, tmp_path: Path) -> Any:
    """ask(n, field=value, …) runs the command on a recipe with these fields; gives its status and its folder."""

    def run(n: int, *flags: str, out: str = "set", **recipe: object) -> tuple[int, Path]:
        path, folder = tmp_path / "recipe.json", tmp_path / out
        path.write_text(json.dumps({"generator": "tiny-dcgan", "version": 1, **recipe}))
        given = [str(path), "--n", str(n), "--out", str(folder), "--checkpoints", str(tiny_checkpoints), "--threads", "1", *flags]
        return main(given), folder

    return run


def listed(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / MANIFEST).read_text("utf-8").splitlines()]


def pixels(folder: Path, row: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(folder / row["file"]))


def test_every_class_and_style_comes_equally_often_in_a_folder_of_its_own(ask: Any) -> None:
    status, folder = ask(22, "--batch", "5", seed=7)
    manifest = listed(folder)
    assert (status, len(manifest)) == (0, 22)
    assert Counter((row["class"], row["style"]) for row in manifest).most_common()[0][1] - 5 <= 1
    assert [row["seed"] for row in manifest] == list(range(7, 29))
    assert all(row["file"].startswith(f"{row['class']}/{row['style']}-") for row in manifest)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.png")} == {row["file"] for row in manifest}
    assert pixels(folder, manifest[0]).shape == (16, 16), "grey, as the network draws"


@pytest.mark.parametrize("name", ["tiny-dcgan", "tiny-style", "tiny-vae"])
def test_each_row_is_a_recipe_that_the_studio_draws_alike(ask: Any, engine: Engine, name: str) -> None:
    _, folder = ask(6, generator=name, truncation=0.7, seed=3, noise_seed=11)
    for row in listed(folder):
        named: dict[str, Any] = {f"{key}{'es' if key == 'class' else 's'}": {row[key]: 1} for key in ("class", "style") if key in row}
        recipe = Recipe(name, weights=row["weights"], seed=row["seed"], truncation=0.7, noise_seed=row.get("noise_seed", 0), **named)
        there = engine.draw(recipe).pixels.astype(int)
        ours = pixels(folder, row).astype(int)
        assert np.abs(there - (ours[..., None] if ours.ndim == 2 else ours)).max() <= 12, "in whichever precision"


def test_what_the_recipe_names_is_all_that_is_drawn(ask: Any) -> None:
    _, folder = ask(6, classes={"b": 1}, styles={"x": 2, "y": 2})
    assert [(row["class"], row["style"]) for row in listed(folder)] == [("b", {"x": 0.5, "y": 0.5})] * 6
    assert sorted(path.name for path in (folder / "b").iterdir())[0] == "x+y-000000.png"


def test_a_stop_loses_a_batch_at_most_and_the_same_command_goes_on(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = ask(20, "--batch", "4", out="whole")
    count, honest = 0, command.draw

    def stopped(*given: Any) -> np.ndarray:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        return honest(*given)

    monkeypatch.setattr(command, "draw", stopped)
    status, folder = ask(20, "--batch", "4")
    assert (status, len(listed(folder))) == (130, 12)
    with (folder / MANIFEST).open("a") as manifest:
        manifest.write('{"file": "a/x-0000')  # as a power cut leaves it
    (folder / "a" / "x-000013.png").write_bytes(b"half")
    monkeypatch.setattr(command, "draw", honest)
    assert ask(20, "--batch", "4") == (0, folder)
    assert (folder / MANIFEST).read_text() == (whole / MANIFEST).read_text()
    assert all(np.array_equal(pixels(folder, row), pixels(whole, row)) for row in listed(whole))


def test_a_finished_set_is_left_as_it_is_and_a_larger_number_goes_on(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = ask(5)
    first = (folder / MANIFEST).read_text()
    with monkeypatch.context() as patch:
        patch.setattr(command, "draw", lambda *given: pytest.fail("drawn again"))
        assert ask(5)[0] == 0
    assert ask(9)[0] == 0
    assert (folder / MANIFEST).read_text().startswith(first)
    assert len(listed(folder)) == 9


def test_the_quickest_way_is_found_once_and_kept_with_the_set(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[int, str]] = []

    def slow(checkpoint: Any, order: Any, part: Any, device: Any, dtype: Any) -> np.ndarray:
        tried.append((len(part), dtype))
        if (len(part), dtype) != (16, "bfloat16"):
            time.sleep(0.01 * len(part) / 8)
        return np.zeros((len(part), 16, 16, 1), np.uint8)

    monkeypatch.setattr(command, "WORTH_TRYING", 20)
    monkeypatch.setattr(command, "BATCHES", (8, 16, 20))
    monkeypatch.setattr(command, "draw", slow)
    monkeypatch.setattr(Dcgan, "synthesis", lambda generator, dtype: str(dtype).removeprefix("torch."))
    _, folder = ask(32)
    assert json.loads((folder / "order.json").read_text())["pace"] == {"batch": 16, "dtype": "bfloat16"}
    assert tried[:12] == [(size, dtype) for dtype in ("float32", "bfloat16") for size in (8, 8, 16, 16, 20, 20)]
    assert tried[12:] == [(16, "bfloat16")] * 2
    ask(64, "--dtype", "float32", "--batch", "4")
    assert tried[14:] == [(16, "bfloat16")] * 2, "a set goes on as it was begun"


@pytest.mark.parametrize("name", ["tiny-dcgan", "tiny-style", "tiny-vae"])
def test_half_precision_changes_little(ask: Any, name: str) -> None:
    _, exact = ask(4, "--dtype", "float32", generator=name, out="exact")
    _, half = ask(4, "--dtype", "bfloat16", generator=name, out="half")
    for row in listed(exact):
        assert np.abs(pixels(exact, row).astype(int) - pixels(half, row).astype(int)).max() <= 12


def test_a_damaged_order_is_named(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _, folder = ask(3)
    for damage in ("{", "[]", '{"pace": {"batch": 0, "dtype": "float32"}}', '{"generator": "tiny-dcgan"}', '{"pace": 3}'):
        (folder / "order.json").write_text(damage)
        assert ask(3)[0] == 1
        assert "order.json cannot be read" in capsys.readouterr().err


def test_a_foreign_folder_and_another_order_are_refused(ask: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    assert ask(3, out="mine")[0] == 1
    assert "is not empty, and no set was begun in it" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    assert ask(3, out="mine/thesis.txt")[0] == 1
    ask(3)
    assert ask(3, seed=9, truncation=0.5)[0] == 1
    assert "differs in seed, truncation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"generator": "ukyoe"}, "No generator 'ukyoe'. Known: tiny-dcgan, tiny-style, tiny-vae, tiny-rvae."),
        ({"generator": ""}, "names no generator"),
        ({"generator": "../tiny-dcgan"}, "No generator '../tiny-dcgan'."),
        ({"classes": {"z": 1}}, "draws no class 'z'. It has: a, b."),
        ({"generator": "tiny-vae", "styles": {"x": 1}}, "draws no style 'x'. It has: none."),
        ({"classes": ["a"]}, "'classes' must give each name one number"),
        ({"classes": {"a": -1}}, "'classes' must give each name one number"),
        ({"classes": {"a": 0}}, "add up to more than nothing"),
        ({"seed": 2**32}, "'seed' must be a whole number from 0 to 4294967295"),
        ({"noise_seed": True}, "'noise_seed' must be a whole number"),
        ({"truncation": 10**400}, "'truncation' must be a number from 0 to 1.5"),
        ({"truncation": float("nan")}, "'truncation' must be a number from 0 to 1.5"),
    ],
)
def test_a_fault_is_named_and_nothing_is_made(ask: Any, capsys: pytest.CaptureFixture[str], recipe: dict[str, Any], said: str) -> None:
    status, folder = ask(3, **recipe)
    assert (status, folder.exists()) == (1, False)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("flags", [("--batch", "0"), ("--threads", "0")])
def test_a_batch_and_threads_are_at_least_one(ask: Any, capsys: pytest.CaptureFixture[str], flags: tuple[str, str]) -> None:
    assert ask(1, *flags)[0] == 1
    assert f"{flags[0]} is at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("n", [0, -1, 1_000_001])
def test_the_number_is_bounded(ask: Any, capsys: pytest.CaptureFixture[str], n: int) -> None:
    assert ask(n)[0] == 1
    assert "--n is 1 to 1,000,000" in capsys.readouterr().err


def test_a_file_that_is_no_recipe_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content, said in ((b"{", "not readable JSON"), (b"[1]", "one object of named fields"), (b"\xff", "not readable JSON")):
        (tmp_path / "r.json").write_bytes(content)
        assert main([str(tmp_path / "r.json"), "--n", "1", "--out", str(tmp_path / "out")]) == 1
        assert said in capsys.readouterr().err
    assert main([str(tmp_path / "none.json"), "--n", "1", "--out", str(tmp_path / "out")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_what_is_different_from_the_recipe_is_said(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(1, weights="0" * 12, variation=0.5, position=[1, 1])[0] == 0
    said = capsys.readouterr().err
    assert "Left out, because it is of one picture and not of a set: position, variation." in said
    assert "by other weights (000000000000)" in said


def test_a_broken_picture_ends_it_by_name(ask: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Dcgan, "synthesis", lambda generator, dtype: lambda w, seeds: torch.full((len(w), 3, 16, 16), torch.nan))
    assert ask(3)[0] == 1
    assert "(NaN or infinity) among the seeds 0 to 2" in capsys.readouterr().err


def test_progress_tells_speed_and_time_left(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    ask(12, "--batch", "4")
    last = capsys.readouterr().out.splitlines()[-2]
    assert last.split("/s")[1].strip() == "0:00 left"
    assert last.strip().startswith("12 of 12 pictures")


def test_folders_can_be_told_apart_on_every_file_system() -> None:
    assert folder_names(["A", "b", "a", "A"]) == {"A": "00-A", "b": "b", "a": "02-a"}
    assert folder_names(["../up", "x/y", "x_y", ""]) == {"../up": "___up", "x/y": "01-x_y", "x_y": "02-x_y", "": "_"}
    spec = GeneratorSpec("any", 8, 1, 4, 4, 1, classes=("/etc", ".."))
    assert {Path(row.file).parts[0] for row in rows(spec, Order("g"), 4)} == {"_etc", "__"}
