"""Strokes: simplified within a tolerance, kept in order, drawn as SVG; and the set of them, from a package made here."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from models.strokes import DRAWS, ENDS, LIFTS, flattened, parted, rounded, simplified, svg
from models.training.datasets import PictureSetError, load, strokes
from models.training.datasets.__main__ import main

CROSS = [np.array([[0.1, 0.5], [0.9, 0.5]], np.float32), np.array([[0.5, 0.1], [0.52, 0.5], [0.5, 0.9]], np.float32)]


def away(points: np.ndarray, line: np.ndarray) -> float:
    """How far the farthest of the points is from a line through corners, densely sampled."""
    share = np.linspace(0, 1, 400)[:, None]
    on_line = np.concatenate([a + share * (b - a) for a, b in zip(line, line[1:], strict=False)])
    return float(np.linalg.norm(points[:, None] - on_line[None], axis=2).min(1).max())


@pytest.mark.parametrize("tolerance", [0.002, 0.01, 0.05])
def test_a_simplified_stroke_stays_within_its_tolerance(tolerance: float) -> None:
    turn = np.linspace(0, 5, 120)
    spiral = np.stack([0.5 + turn * np.cos(turn) / 12, 0.5 + turn * np.sin(turn) / 12], axis=1).astype(np.float32)
    kept = simplified(spiral, tolerance)
    assert (kept[[0, -1]] == spiral[[0, -1]]).all()
    assert 2 < len(kept) < len(spiral) / 2
    assert away(spiral, kept) <= tolerance + 1e-3


def test_a_stroke_that_turns_back_beyond_its_end_keeps_the_turn() -> None:
    there_and_back = np.array([[0.2, 0.5], [0.9, 0.5], [0.4, 0.5]], np.float32)
    assert len(simplified(there_and_back, 0.01)) == 3


def test_a_straight_stroke_is_its_ends_and_a_dot_itself() -> None:
    straight = np.linspace([0.1, 0.2], [0.8, 0.4], 30, dtype=np.float32)
    assert simplified(straight, 0.001).tolist() == straight[[0, -1]].tolist()
    assert len(simplified(straight[:1], 0.001)) == 1


def test_a_path_says_what_the_pen_does_and_comes_apart_again() -> None:
    points, pens = flattened(CROSS)
    assert pens.tolist() == [DRAWS, LIFTS, DRAWS, DRAWS, ENDS]
    back = parted(points, pens)
    assert [stroke.tolist() for stroke in back] == [stroke.tolist() for stroke in CROSS]
    padded = parted(np.concatenate([points, points[:2]]), np.concatenate([pens, [ENDS, DRAWS]]))
    assert [len(stroke) for stroke in padded] == [2, 3], "nothing follows an end"


def test_a_writing_without_a_point_is_refused() -> None:
    for nothing in ([], [np.empty((0, 2), np.float32)], [np.zeros((3, 3), np.float32)]):
        with pytest.raises(ValueError, match="at least one stroke"):
            flattened(nothing)


def test_cut_corners_stay_in_the_hull_and_keep_the_ends() -> None:
    corner = np.array([[0, 0], [1, 0], [1, 1]], np.float32)
    curve = rounded(corner)
    assert curve[[0, -1]].tolist() == corner[[0, -1]].tolist()
    assert (curve[:, 1] <= curve[:, 0] + 1e-6).all()
    assert np.linalg.norm(curve - [1, 0], axis=1).min() > 0.1


def test_a_drawing_has_one_path_a_stroke() -> None:
    root = ElementTree.fromstring(svg([*CROSS, np.array([[0.5, 0.5]], np.float32)], size=100))
    paths = [path.attrib["d"] for path in root.iter("{http://www.w3.org/2000/svg}path")]
    assert paths[0] == "M10.0 50.0 L90.0 50.0"
    assert paths[2] == "M50.0 50.0 L50.0 50.0"
    assert len(paths) == 3


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as it would be installed: two characters of its own manner, beside files that are none."""
    folder = tmp_path / ".node" / "hanzi" / "node_modules" / strokes.PACKAGE
    folder.mkdir(parents=True)
    cross = {"strokes": [], "medians": [[[100, 400], [500, 404], [900, 400]], [[512, 900], [512, -124]]]}
    (folder / "十.json").write_text(json.dumps(cross), encoding="utf-8")
    (folder / "一.json").write_text(json.dumps({"strokes": [], "medians": cross["medians"][:1]}), encoding="utf-8")
    (folder / "package.json").write_text("{}", encoding="utf-8")
    (folder / strokes.TERMS).write_text("The terms.", encoding="utf-8")
    monkeypatch.setattr(strokes, "install", lambda *_: None)
    return folder


def test_the_package_s_medians_become_strokes_in_the_unit_box(package: Path, tmp_path: Path) -> None:
    assert main(["hanzi", "--out", str(tmp_path / "hanzi")]) == 0
    made = strokes.load(tmp_path / "hanzi")
    assert made.names == ("一", "十")
    across, down = made.strokes(1)
    assert across.tolist() == [
        [pytest.approx(100 / 1024), pytest.approx(500 / 1024)],
        [pytest.approx(900 / 1024), pytest.approx(500 / 1024)],
    ]
    assert down.tolist() == [[0.5, 0.0], [0.5, 1.0]]
    assert made.lengths.tolist() == [2, 4]
    assert (tmp_path / "hanzi" / strokes.TERMS).read_text("utf-8") == "The terms."
    drawn = load(tmp_path / "hanzi")
    assert drawn.pictures.shape == (2, 128, 128, 1)
    assert drawn.pictures[0].mean() > drawn.pictures[1].mean(), "one stroke takes less ink than two"
    assert drawn.held_out.tolist() == made.held_out.tolist()


def test_what_is_held_out_follows_from_the_character_alone() -> None:
    names = [chr(0x4E00 + k) for k in range(2000)]
    apart = [strokes.is_held_out(name) for name in names]
    assert 0.03 < np.mean(apart) < 0.07
    few = strokes.assemble(names[:300], [CROSS] * 300)
    assert few.held_out.tolist() == apart[:300]
    assert sorted([*few.train(), *few.test()]) == list(range(300))


def test_a_writing_that_is_too_long_is_left_out() -> None:
    endless = [np.random.default_rng(0).random((strokes.LONGEST + 1, 2), np.float32)]
    assert strokes.assemble("ab", [CROSS, endless]).names == ("a",)
    with pytest.raises(PictureSetError, match="No character was found"):
        strokes.assemble("b", [endless])


def test_a_missing_or_broken_set_is_told_with_the_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "hanzi"
    with pytest.raises(PictureSetError, match="python -m models.training.datasets hanzi"):
        strokes.load(folder)
    strokes.save(strokes.assemble("ab", [CROSS, CROSS]), folder, size=16)
    (folder / "attributes.jsonl").write_text('{"character": "a"}\n')
    with pytest.raises(PictureSetError, match="is broken: .*1 names.* Make it with"):
        strokes.load(folder)
    (folder / strokes.STROKES).unlink()
    with pytest.raises(PictureSetError, match="pictures and no strokes"):
        strokes.load(folder)
