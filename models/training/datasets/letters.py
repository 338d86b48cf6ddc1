"""Letters: A-Z, a-z and 0-9 in some 300 open typefaces, black ink on white paper.

The class is the character, the style the kind of typeface. letters.json names the families and pins their packages
(npm @fontsource/*), each under the style its metadata gives, but for four monospaced ones that are filed elsewhere.
Whole families are held out, so that a test asks for letters of a typeface never seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.training.datasets.node import install
from models.training.datasets.pictures import PictureSet, PictureSetError, save
from models.training.datasets.typefaces import CHARACTERS, UnfitTypeface, draw

FAMILIES = Path(__file__).with_name("letters.json")  # {style: {package: version}}

CUTS = ((400, False), (700, False), (400, True))  # (weight, italic): those of a family that exist are drawn
HELD_OUT = 0.15
WORKERS = 2
LICENCE = "SIL Open Font License 1.1 (the typefaces)"


@dataclass(frozen=True)
class Face:
    """One font file: a family, of a style such as serif, in one weight, upright or italic."""

    family: str
    style: str
    weight: int
    italic: bool
    file: Path


def prepare(folder: Path, n: int | None = None, size: int = 64) -> PictureSet:
    """Draw the letters into `folder`; `n`: at most so many families a style.

    pictures: (62 x faces, size, size, 1), ink 0 on paper 255. Raises PictureSetError where the packages cannot be
    installed. A face that lacks characters, or whose small letters are capitals, is named and left out.
    """
    pinned = pins(n)
    workshop = folder.parent / ".node" / "letters"
    install(workshop, manifest(pinned))
    drawn = _draw_all(faces(pinned, workshop / "node_modules" / "@fontsource"), size)
    letters = assemble(drawn, tuple(pinned))
    save(letters, folder)
    return letters


def pins(n: int | None = None) -> dict[str, dict[str, str]]:
    """The packages of each style and their versions, the first n of each."""
    pinned = json.loads(FAMILIES.read_text(encoding="utf-8"))
    return {style: dict(list(packages.items())[:n]) for style, packages in pinned.items()}


def manifest(pinned: dict[str, dict[str, str]]) -> str:
    """The text of a package.json that installs the pinned families."""
    packages = {f"@fontsource/{name}": version for style in pinned.values() for name, version in style.items()}
    return json.dumps({"private": True, "dependencies": packages}, indent=2)


def faces(pinned: dict[str, dict[str, str]], packages: Path) -> list[Face]:
    """The font files of the pinned families: regular, and bold and italic where a family has them."""
    found = []
    for style, names in pinned.items():
        for name in names:
            family = json.loads((packages / name / "metadata.json").read_text(encoding="utf-8"))["family"]
            for weight, italic in CUTS:
                cut = f"{name}-latin-{weight}-{'italic' if italic else 'normal'}.woff"
                file = packages / name / "files" / cut
                if file.is_file():
                    found.append(Face(family, style, weight, italic, file))
    return found


def _draw_all(candidates: list[Face], size: int) -> list[tuple[Face, np.ndarray]]:
    with ProcessPoolExecutor(WORKERS) as workers:
        sheets = workers.map(partial(_attempt, size=size), candidates, chunksize=8)
        drawn = []
        for face, sheet in zip(candidates, sheets, strict=False):
            if isinstance(sheet, str):
                print(f"Left out {face.family} {face.weight}{' italic' * face.italic}: {sheet}")
            else:
                drawn.append((face, sheet))
    return drawn


def _attempt(face: Face, size: int) -> np.ndarray | str:
    try:
        return draw(face.file, size)
    except UnfitTypeface as reason:
        return str(reason)


def assemble(drawn: list[tuple[Face, np.ndarray]], styles: tuple[str, ...]) -> PictureSet:
    """The set of all characters of the faces drawn, each sheet (62, size, size) uint8."""
    if not drawn:
        raise PictureSetError(f"No typeface could be drawn. Check the packages named in {FAMILIES.name}.")
    per_face = len(CHARACTERS)
    kept = [face for face, _ in drawn]
    apart = held_out(kept)
    return PictureSet(
        pictures=np.concatenate([sheet for _, sheet in drawn])[..., None],
        held_out=np.repeat([face.family in apart for face in kept], per_face),
        class_labels=np.tile(np.arange(per_face, dtype=np.int64), len(kept)),
        style_labels=np.repeat(np.array([styles.index(face.style) for face in kept], np.int64), per_face),
        classes=tuple(CHARACTERS),
        styles=styles,
        source=f"{len({face.family for face in kept})} type families from Fontsource (npm @fontsource/*)",
        licence=LICENCE,
        attributes=[{"family": face.family, "weight": face.weight, "italic": face.italic} for face in kept for _ in CHARACTERS],
    )


def held_out(kept: Iterable[Face]) -> set[str]:
    """15 % of the families of each style.

    Chosen by a digest of the name rather than by a draw, so that a family added later leaves the others where they are.
    """
    apart: set[str] = set()
    of_style: dict[str, set[str]] = {}
    for face in kept:
        of_style.setdefault(face.style, set()).add(face.family)
    for families in of_style.values():
        ranked = sorted(families, key=lambda family: hashlib.sha256(family.encode()).hexdigest())
        apart.update(ranked[: round(HELD_OUT * len(ranked))])
    return apart
