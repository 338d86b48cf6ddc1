"""Letters, drawn from fonts made here, so that no package is needed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

from models.training.datasets import letters, load
from models.training.datasets.typefaces import CHARACTERS, UnfitTypeface, draw


def font(file: Path, unicase: bool = False, lacking: str = "", width: int = 500) -> Path:
    """A font of 62 made-up letters: rows of blocks, no two alike, capitals 700 high and small letters 500."""
    made = FontBuilder(1000, isTTF=True)
    kept = [c for c in CHARACTERS if c not in lacking]
    names = {ord(c): f"u{ord(c):04x}" for c in kept}
    made.setupGlyphOrder([".notdef", *names.values()])
    made.setupCharacterMap(names)
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    for character in kept:
        design = character.upper() if unicase else character
        glyphs[names[ord(character)]] = blocks(CHARACTERS.index(design), width, 500 if character.islower() else 700)
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics(dict.fromkeys(glyphs, (width, 0)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupOS2()
    made.setupPost()
    made.save(file)
    return file


def blocks(number: int, width: int, height: int) -> Glyph:
    """A full-height stem, then the six bits of a number."""
    pen = TTGlyphPen(None)
    bars = [(0, 0, width // 5, height)]
    scattered = number * 37 % 64  # neighbours in the alphabet should look unlike
    bars += [(width // 5, height * bit // 6, width, height * (bit + 1) // 6) for bit in range(6) if scattered >> bit & 1]
    for left, bottom, right, top in bars:
        pen.moveTo((left, bottom))
        for point in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def rows(picture: np.ndarray) -> tuple[int, int]:
    inked = np.flatnonzero((picture < 128).any(axis=1))
    return int(inked[0]), int(inked[-1]) + 1


def test_letters_stand_on_one_baseline_at_one_size(tmp_path: Path) -> None:
    sheet = draw(font(tmp_path / "a.ttf"), 64)
    assert sheet.shape == (62, 64, 64)
    assert sheet.dtype == np.uint8
    assert sheet[:, 0, 0].min() == 255
    assert sheet.min() == 0
    top, bottom = rows(sheet[CHARACTERS.index("H")])
    assert (top, bottom) == (8, 48)
    small_top, small_bottom = rows(sheet[CHARACTERS.index("h")])
    assert small_bottom == 48
    assert abs((small_bottom - small_top) - 40 * 5 / 7) <= 1


def test_a_letter_is_centred(tmp_path: Path) -> None:
    inked = np.flatnonzero((draw(font(tmp_path / "a.ttf"), 64)[CHARACTERS.index("H")] < 128).any(axis=0))
    assert abs(inked[0] - (63 - inked[-1])) <= 1


def test_a_wide_font_is_drawn_smaller(tmp_path: Path) -> None:
    sheet = draw(font(tmp_path / "wide.ttf", width=1500), 64)
    assert (sheet[:, :, [0, -1]] == 255).all()
    top, bottom = rows(sheet[CHARACTERS.index("H")])
    assert bottom == 48
    assert 26 <= bottom - top <= 30


def test_small_letters_that_are_capitals_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnfitTypeface, match="small letters are capitals"):
        draw(font(tmp_path / "sc.ttf", unicase=True), 32)


def test_a_missing_letter_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnfitTypeface, match="Q7"):
        draw(font(tmp_path / "part.ttf", lacking="Q7"), 32)


def packages(folder: Path) -> dict[str, dict[str, str]]:
    """Three families as npm lays them out; the last is no use."""
    for name, cuts in (("one", ("400-normal", "700-normal")), ("two", ("400-italic",)), ("caps", ("400-normal",))):
        (folder / name / "files").mkdir(parents=True)
        (folder / name / "metadata.json").write_text(json.dumps({"family": name.title()}))
        for cut in cuts:
            font(folder / name / "files" / f"{name}-latin-{cut}.woff", unicase=name == "caps")
    return {"serif": {"one": "5.0.0", "two": "5.0.0"}, "display": {"caps": "5.0.0"}}


def test_faces_are_the_cuts_that_exist(tmp_path: Path) -> None:
    found = letters.faces(packages(tmp_path), tmp_path)
    assert [(face.family, face.style, face.weight, face.italic) for face in found] == [
        ("One", "serif", 400, False),
        ("One", "serif", 700, False),
        ("Two", "serif", 400, True),
        ("Caps", "display", 400, False),
    ]


def test_letters_are_drawn_and_labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pinned = packages(tmp_path / ".node" / "letters" / "node_modules" / "@fontsource")
    monkeypatch.setattr(letters, "pins", lambda n: pinned)
    monkeypatch.setattr(letters, "install", lambda folder, manifest: None)
    letters.prepare(tmp_path / "letters", size=32)
    found = load(tmp_path / "letters")
    assert "Left out Caps 400: its small letters are capitals." in capsys.readouterr().out
    assert found.pictures.shape == (3 * 62, 32, 32, 1)
    assert found.classes == tuple(CHARACTERS)
    assert found.styles == ("serif", "display")
    assert found.class_labels is not None
    assert found.style_labels is not None
    assert found.attributes is not None
    assert found.class_labels[62 + 10] == 10
    assert set(found.style_labels) == {0}
    assert found.attributes[62] == {"family": "One", "weight": 700, "italic": False}


def test_whole_families_are_held_out_of_each_style() -> None:
    kept = [
        letters.Face(f"{style} {i}", style, weight, False, Path())
        for style in ("serif", "display")
        for i in range(20)
        for weight in (400, 700)
    ]
    apart = letters.held_out(kept)
    assert len(apart) == 6
    assert sum(name.startswith("serif") for name in apart) == 3
    assert letters.held_out(reversed(kept)) == apart


def test_every_pinned_family_stands_in_one_style_and_has_an_exact_version() -> None:
    pinned = letters.pins()
    assert set(pinned) == {"serif", "sans-serif", "display", "handwriting", "monospace"}
    names = [name for packages in pinned.values() for name in packages]
    assert len(names) == len(set(names)) > 280
    assert all(version[0].isdigit() for packages in pinned.values() for version in packages.values())
    assert f'"@fontsource/{names[0]}"' in letters.manifest(pinned)
