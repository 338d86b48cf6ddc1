"""The picture set: pictures with labels, and the folder they are kept in.

A folder holds set.json (names and credit), pictures.npy (uint8, n h w c), labels.npz (class, style, held_out)
and, where a set has them, attributes.jsonl (one JSON object a picture, in the order of the pictures).
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from models.training.datasets.reading import picture_files

Attributes = dict[str, Any]

CARD, PICTURES, LABELS, ATTRIBUTES = "set.json", "pictures.npy", "labels.npz", "attributes.jsonl"


class PictureSetError(Exception):
    """A picture set is missing, incomplete or contradicts itself; the message says how to mend it."""


class JsonLines(Sequence[Attributes]):
    """The rows of a JSON-lines file, read when the first one is asked for: most trainings never ask."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def rows(self) -> list[Attributes]:
        with self.path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Attributes: ...
    @overload
    def __getitem__(self, index: slice) -> list[Attributes]: ...
    def __getitem__(self, index: int | slice) -> Attributes | list[Attributes]:
        return self.rows[index]


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures with what is known about each.

    pictures: (n, h, w, c) uint8, c 1 or 3. class_labels, style_labels: (n,) int64 indices into classes and styles, or
    None where the set has no such label. held_out: (n,) bool, True for pictures no training may see. attributes: n
    dicts, or None. source and licence: one line each, for the card of a checkpoint. Raises PictureSetError at birth
    where shapes or labels disagree.
    """

    pictures: np.ndarray
    held_out: np.ndarray
    class_labels: np.ndarray | None
    style_labels: np.ndarray | None
    classes: tuple[str, ...]
    styles: tuple[str, ...]
    source: str
    licence: str
    attributes: Sequence[Attributes] | None = None

    def __post_init__(self) -> None:
        shape, dtype = self.pictures.shape, self.pictures.dtype
        if dtype != np.uint8 or len(shape) != 4 or shape[3] not in (1, 3):
            raise PictureSetError(f"pictures must be uint8 of shape (n, h, w, 1 or 3), not {dtype} {shape}.")
        if self.held_out.dtype != np.bool_ or self.held_out.shape != shape[:1]:
            raise PictureSetError(f"held_out must be bool of shape ({shape[0]},), not {self.held_out.dtype} {self.held_out.shape}.")
        _validate_labels("class_labels", self.class_labels, self.classes, shape[0])
        _validate_labels("style_labels", self.style_labels, self.styles, shape[0])

    def __len__(self) -> int:
        return len(self.pictures)

    def originals(self) -> np.ndarray | None:
        """Which original each picture was cut from, (n,) int64; None where every picture is one of its own."""
        if not self.attributes or "file" not in self.attributes[0]:
            return None
        return np.unique([row["file"] for row in self.attributes], return_inverse=True)[1].astype(np.int64)

    def train(self) -> np.ndarray:
        """Indices of the pictures to train on, (k,) int64, ascending."""
        return np.flatnonzero(~self.held_out)

    def test(self) -> np.ndarray:
        """Indices of the pictures held out, (k,) int64, ascending."""
        return np.flatnonzero(self.held_out)


def _validate_labels(field: str, labels: np.ndarray | None, names: tuple[str, ...], n: int) -> None:
    if labels is None:
        if names:
            raise PictureSetError(f"{field} is None, but names are given: {', '.join(names)}. Give both or neither.")
        return
    if labels.dtype != np.int64 or labels.shape != (n,):
        raise PictureSetError(f"{field} must be int64 of shape ({n},), not {labels.dtype} {labels.shape}.")
    if n and not 0 <= labels.min() <= labels.max() < len(names):
        raise PictureSetError(f"{field} run from {labels.min()} to {labels.max()}, but {len(names)} names are given.")


def load(folder: Path) -> PictureSet:
    """Open the set in a folder; the pictures stay on disk, memory-mapped, until they are used.

    Raises PictureSetError where the folder, or a file in it, is missing or does not fit the others.
    """
    remedy = _remedy(folder)
    if not (folder / CARD).is_file():
        raise PictureSetError(f"No picture set in {folder}. {remedy}")
    absent = [name for name in (PICTURES, LABELS) if not (folder / name).is_file()]
    if absent:
        raise PictureSetError(f"The picture set in {folder} lacks {' and '.join(absent)}. {remedy}")
    try:
        return _read(folder)
    except (KeyError, ValueError, OSError, PictureSetError) as fault:
        raise PictureSetError(f"The picture set in {folder} is broken: {fault} {remedy}") from fault


def made_by(name: str) -> list[str]:
    """What `python -m models.training.datasets` takes for a set of that name: 'landscapes256' are landscapes of 256 pixels a side."""
    kind = name.rstrip("0123456789")
    return [kind, "--size", name[len(kind) :], "--out", f"data/{name}"] if kind and kind != name else [name]


def _remedy(folder: Path) -> str:
    name = folder.resolve().name
    if next(picture_files(folder), None) is None:
        return f"Make it with: python -m models.training.datasets {' '.join(made_by(name))}"
    return (
        f"It holds plain pictures: python -m models.training.datasets folder {shlex.quote(str(folder))} makes a set of them, data/{name}."
    )


def _read(folder: Path) -> PictureSet:
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    with np.load(folder / LABELS, allow_pickle=False) as arrays:
        labels = dict(arrays)
    attributes = folder / ATTRIBUTES
    return PictureSet(
        pictures=np.load(folder / PICTURES, mmap_mode="r", allow_pickle=False),
        held_out=labels["held_out"],
        class_labels=labels.get("class"),
        style_labels=labels.get("style"),
        classes=tuple(card["classes"]),
        styles=tuple(card["styles"]),
        source=card["source"],
        licence=card["licence"],
        attributes=JsonLines(attributes) if attributes.is_file() else None,
    )


def save(pictures: PictureSet, folder: Path) -> None:
    """Write a set, whole or not at all; one that stood in the folder before is replaced.

    Raises PictureSetError where there are not as many attributes as pictures.
    """
    with drafting(folder) as draft:
        np.save(draft / PICTURES, pictures.pictures, allow_pickle=False)
        write_labels(pictures, draft)


def write_labels(pictures: PictureSet, draft: Path) -> None:
    """Write all of a set but its pictures: a large set is drawn straight into its draft (see portraits.py)."""
    labels = {"class": pictures.class_labels, "style": pictures.style_labels, "held_out": pictures.held_out}
    np.savez_compressed(draft / LABELS, **{name: a for name, a in labels.items() if a is not None})
    if pictures.attributes is not None:
        if len(pictures.attributes) != len(pictures):
            raise PictureSetError(f"{len(pictures.attributes)} attributes were given for {len(pictures)} pictures.")
        _write_lines(draft / ATTRIBUTES, pictures.attributes)
    card = {"classes": pictures.classes, "styles": pictures.styles, "source": pictures.source, "licence": pictures.licence}
    (draft / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_lines(path: Path, rows: Iterable[Attributes]) -> None:
    with path.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


@contextmanager
def drafting(folder: Path) -> Iterator[Path]:
    """A draft folder beside `folder` that takes its place when the block ends well, and vanishes when it does not.

    A training that starts meanwhile therefore sees the old set or the new one, never half of one. Raises PictureSetError
    where `folder` holds anything but a set: it would be lost.
    """
    if folder.exists() and not (folder / CARD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise PictureSetError(f"{folder} is there and holds no picture set; nothing is written over it. Name another folder with --out.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield draft
        draft.chmod(0o755)  # mkdtemp makes it for its owner only
        _replace(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _replace(draft: Path, folder: Path) -> None:
    # A folder that is not empty cannot be renamed over, so the old one steps aside first.
    aside = draft.with_name(draft.name + "-old")
    if folder.exists():
        os.rename(folder, aside)
    os.rename(draft, folder)
    shutil.rmtree(aside, ignore_errors=True)
