"""Any folder of pictures as a set: squares cut from each, a tenth of the pictures held out, whole.

A subfolder is a class (or a style), as deep as its pictures lie. What cannot be read is named and left out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from models.training.datasets.pictures import PICTURES, Attributes, PictureSet, PictureSetError, drafting, write_labels
from models.training.datasets.reading import SUFFIXES, UnreadablePicture, picture_files, read
from models.training.datasets.squares import Crops

HELD_OUT, HELD_OUT_FROM = 0.1, 5  # a share of the pictures of a label; a label of fewer pictures keeps them all
SQUARES = 6_000  # wanted of a folder where nobody says how many of each picture

Kind = Literal["class", "style"]


@dataclass(frozen=True)
class Original:
    """A picture file, its name within the set, its label, and the share of its shorter side that each edge loses."""

    file: Path
    name: str
    label: str | None = None
    margin: float = 0.0


def found(folder: Path) -> list[Original]:
    """The picture files in a folder and all below it, by name; the folders directly in it are their labels.

    Raises PictureSetError where there are none, or where some lie in such folders and others beside them.
    """
    files = sorted(picture_files(folder), key=lambda file: file.as_posix())
    if not files:
        raise PictureSetError(f"No pictures in {folder}. Name a folder of {', '.join(sorted(s[1:] for s in SUFFIXES))} files.")
    names = [file.relative_to(folder) for file in files]
    loose = [name for name in names if len(name.parts) == 1]
    if loose and len(loose) < len(names):
        raise PictureSetError(
            f"{folder} holds {len(loose)} pictures beside its subfolders, such as {loose[0]}, and those have no class. "
            "Move them into a subfolder of their own, or all pictures into one folder."
        )
    return [Original(file, name.as_posix(), None if loose else name.parts[0]) for file, name in zip(files, names, strict=True)]


def prepare(folder: Path, originals: Sequence[Original], crops: Crops, kind: Kind, source: str, licence: str) -> PictureSet:
    """Cut the squares of all originals into `folder`; pictures: (n, size, size, 3) sRGB; labels as they come.

    Attributes tell the file of each square and its box in it, in pixels of the upright picture. Raises PictureSetError
    where not one original can be read.
    """
    print(crops.said(len(originals)), flush=True)
    with drafting(folder) as draft:
        pictures, attributes, kept = _cut_all(draft / PICTURES, originals, crops)
        labels = tuple(dict.fromkeys(original.label for original in kept if original.label is not None))
        numbers = np.array([labels.index(one.label) for one in kept if one.label is not None], np.int64).repeat(crops.count)
        classed, styled = (bool(labels) and kind == one for one in ("class", "style"))
        made = PictureSet(
            pictures=pictures,
            held_out=held_out(kept).repeat(crops.count),
            class_labels=numbers if classed else None,
            style_labels=numbers if styled else None,
            classes=labels if classed else (),
            styles=labels if styled else (),
            source=source,
            licence=licence,
            attributes=attributes,
        )
        write_labels(made, draft)
    return made


def _cut_all(path: Path, originals: Sequence[Original], crops: Crops) -> tuple[np.ndarray, list[Attributes], list[Original]]:
    """The squares, in a file at `path` since they may be more than memory holds, what each is, and the originals used."""
    shape = (len(originals) * crops.count, crops.size, crops.size, 3)
    pictures = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    attributes: list[Attributes] = []
    kept: list[Original] = []
    for original in originals:
        try:
            picture = read(original.file)
            boxes = crops.boxes(*picture.size, original.name, original.margin)
            if not boxes:
                raise UnreadablePicture(f"{picture.width} x {picture.height} pixels, too small for squares of {crops.size}")
        except UnreadablePicture as reason:
            print(f"Left out {original.name}: {reason}.", flush=True)
            continue
        for box in boxes:
            pictures[len(attributes)] = crops.cut(picture, box)
            attributes.append({"file": original.name, "box": box})
        kept.append(original)
    if not kept:
        raise PictureSetError(f"None of {len(originals)} pictures could be used, for the reasons above. Mend some, or try another --size.")
    pictures.flush()
    return _shortened(path, pictures, len(attributes)), attributes, kept


def _shortened(path: Path, pictures: np.ndarray, n: int) -> np.ndarray:
    """The first n rows; what was left out leaves no empty ones behind."""
    if n == len(pictures):
        return pictures
    shorter = path.with_name("shorter.npy")
    np.save(shorter, pictures[:n], allow_pickle=False)
    os.replace(shorter, path)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def held_out(originals: Sequence[Original]) -> np.ndarray:
    """Which of them no training may see, (n,) bool: a tenth of each label, at least one of five, none of fewer.

    Chosen by a digest of the name rather than by a draw, so that a picture added later leaves most others where they are.
    """
    apart = np.zeros(len(originals), bool)
    of_label: dict[str | None, list[int]] = {}
    for index, original in enumerate(originals):
        of_label.setdefault(original.label, []).append(index)
    for members in of_label.values():
        if len(members) >= HELD_OUT_FROM:
            members.sort(key=lambda index: hashlib.sha256(originals[index].name.encode()).hexdigest())
            apart[members[: max(1, round(HELD_OUT * len(members)))]] = True
    return apart


def crops_for(pictures: int, size: int, count: int | None, least: float | None) -> Crops:
    """The policy where not all of it is given: some 6,000 squares in all, 60 to 100 % of the shorter side where several."""
    count = max(1, round(SQUARES / pictures)) if count is None else count
    return Crops(size, count, (1.0 if count == 1 else 0.6) if least is None else least)
