"""Directions of a visitor's own: found between pictures, named, kept as files, and taken elsewhere as files."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.directions import AXIS, FACTOR, scaled
from models.whole import write_whole
from studio.drawing import Prepared, centres, placed
from studio.errors import Fault
from studio.gallery_index import as_faults
from studio.recipe import Pairs, Recipe

OWN = "own-"  # what their names in a recipe begin with
DIGITS = 12  # of the hash of what it does
MOST = 100  # a visitor
UNNAMED = "–"
MAX_NAME = 40  # characters
MAX_FILE = 256 << 10  # bytes
KIND = "latent-atelier direction 1"


@dataclass(frozen=True, eq=False)
class OwnDirection:
    """A way through the w of one generator. What it is called in recipes follows from what it does, so a link means the same everywhere."""

    id: str
    name: str
    generator: str
    weights: str  # short hash of those it was found in
    way: Tensor  # (layers, w_dim), one standard deviation long

    def as_file(self) -> bytes:
        """JSON that `read` reads."""
        rows, columns = self.way.shape
        told = {"kind": KIND, "name": self.name, "generator": self.generator, "weights": self.weights, "layers": rows, "w_dim": columns}
        way = base64.b64encode(self.way.half().numpy().tobytes()).decode()
        return (json.dumps({**told, "way": way}, ensure_ascii=False) + "\n").encode()


def own_direction(name: str, generator: str, weights: str, way: Tensor) -> OwnDirection:
    """Fault for a name that is empty or too long. The way is kept in half precision."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise Fault("fault.direction_name", most=MAX_NAME)
    way = way.half().float().contiguous()
    known = hashlib.sha256(generator.encode() + way.numpy().tobytes()).hexdigest()
    return OwnDirection(OWN + known[:DIGITS], name, generator, weights, way)


def read(data: bytes) -> OwnDirection:
    """From a file's bytes; Fault where it is no such file, or what it says contradicts itself."""
    try:
        if len(data) > MAX_FILE:
            raise ValueError(f"{len(data)} bytes")
        told = json.loads(data)
        if told["kind"] != KIND:
            raise ValueError("another kind of file")
        shape = int(told["layers"]), int(told["w_dim"])
        halves = base64.b64decode(told["way"], validate=True)
        if min(shape) < 1 or len(halves) != 2 * shape[0] * shape[1]:
            raise ValueError("its size")
        way = torch.frombuffer(bytearray(halves), dtype=torch.float16).view(shape).float()
        if not torch.isfinite(way).all() or not way.any():
            raise ValueError("its numbers")
        return own_direction(str(told["name"]), str(told["generator"])[:64], str(told["weights"])[:64], way)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, binascii.Error) as error:
        raise Fault("fault.direction_file", status=422) from error


def between(checkpoint: Prepared, toward: Sequence[Recipe], away: Sequence[Recipe], apart: bool) -> OwnDirection:
    """The way from some pictures to others, without a name yet; from the middle of their names where nothing is to be left.

    apart: without what it shares with the generator's own named directions. Fault where no way is left.
    """
    left = placed(checkpoint, away) if away else centres(checkpoint, toward)
    w = placed(checkpoint, toward).mean(0) - left.mean(0)
    named = [way for name, way in checkpoint.directions.items() if not name.startswith((OWN, AXIS, FACTOR))] if apart else []
    return _unnamed(checkpoint, w, named)


def mixed(checkpoint: Prepared, amounts: Pairs) -> OwnDirection:
    """Several directions that are there as one, likewise; Fault where they cancel out."""
    layers = checkpoint.generator.spec.layers
    ways = [amount * checkpoint.directions[name].expand(layers, -1) for name, amount in amounts]
    return _unnamed(checkpoint, torch.stack(ways).sum(0) if ways else torch.zeros(()), ())


def _unnamed(checkpoint: Prepared, way: Tensor, others: Sequence[Tensor]) -> OwnDirection:
    """(layers, w_dim), brought to its length, without what it shares with others."""
    try:
        way = scaled(checkpoint.generator, way, others).cpu()
    except ValueError as error:
        raise Fault("fault.direction_nothing") from error
    return own_direction(UNNAMED, checkpoint.card.id, checkpoint.short_hash, way)


class OwnDirections:
    """Those of all visitors, a file each; safe to use from any thread.

    Whoever knows a direction's id can draw with it; its name, and that it is there, only its visitor is told.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._ways: dict[str, dict[str, Tensor]] = {}
        self._held: dict[str, dict[str, OwnDirection]] = {}
        for path in sorted(folder.glob("*/*.json")):
            with suppress(Fault, OSError):  # a damaged one is not there
                self._hold(path.parent.name, read(path.read_bytes()))

    def ways(self, checkpoint: Checkpoint) -> Mapping[str, Tensor]:
        """By id, those of a generator: a view that grows with what is kept later."""
        return self._ways.setdefault(checkpoint.card.id, {})

    def of(self, visitor: str) -> list[OwnDirection]:
        """By name."""
        return sorted(self._held.get(_shelf(visitor), {}).values(), key=lambda one: one.name.casefold())

    def keep(self, visitor: str, one: OwnDirection, checkpoint: Checkpoint) -> OwnDirection:
        """Fault where the generator's w is another, or the visitor has too many. One that was there is renamed."""
        spec = checkpoint.generator.spec
        if one.way.shape != (spec.layers, spec.w_dim):
            raise Fault("fault.direction_other", generator=one.generator)
        with self._lock:
            held = self._held.get(_shelf(visitor), {})
            if one.id not in held and len(held) >= MOST:
                raise Fault("fault.direction_many", most=MOST)
            path = self._path(visitor, one.id)
            with as_faults(path):
                write_whole(path, one.as_file())
            self._hold(path.parent.name, one)
        return one

    def rename(self, visitor: str, id: str, name: str) -> OwnDirection:
        one = self.find(visitor, id)
        renamed = own_direction(name, one.generator, one.weights, one.way)
        with self._lock, as_faults(path := self._path(visitor, id)):
            write_whole(path, renamed.as_file())
            self._hold(path.parent.name, renamed)
        return renamed

    def remove(self, visitor: str, id: str) -> None:
        """Off the visitor's list; pictures that were made with it can be drawn until the studio is started again."""
        self.find(visitor, id)
        with self._lock, as_faults(path := self._path(visitor, id)):
            path.unlink(missing_ok=True)
            self._held[path.parent.name].pop(id, None)

    def forget(self, visitor: str) -> None:
        """Remove all of a visitor's, likewise."""
        for one in self.of(visitor):
            self.remove(visitor, one.id)

    def find(self, visitor: str, id: str) -> OwnDirection:
        """Fault where it is not this visitor's."""
        if not (one := self._held.get(_shelf(visitor), {}).get(id)):
            raise Fault("fault.no_own_direction", status=404)
        return one

    def _hold(self, shelf: str, one: OwnDirection) -> None:
        self._held.setdefault(shelf, {})[one.id] = one
        self._ways.setdefault(one.generator, {})[one.id] = one.way

    def _path(self, visitor: str, id: str) -> Path:
        return self._folder / _shelf(visitor) / f"{id}.json"


def _shelf(visitor: str) -> str:
    """A folder's name, whatever a visitor is called."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:24]


def told(one: OwnDirection, hashes: Mapping[str, str]) -> dict[str, Any]:
    """As the page and an API user read it; `current`: found in the weights that are loaded."""
    return {"id": one.id, "name": one.name, "generator": one.generator, "current": hashes.get(one.generator) == one.weights}
