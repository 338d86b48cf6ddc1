"""A card lent a call at a time: ZeroGPU of Hugging Face Spaces draws the pictures that a hand rests on.

What is lent is a process, forked from the studio's for some calls, in which alone a card is there; here none is ever touched. `spaces` is
the package that lends it (huggingface.co/docs/hub/spaces-zerogpu). A ZeroGPU Space brings it; only there it is imported.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from models.checkpoint import Card, CheckpointError, find, load_card
from studio.device import claim, describe, pick_device
from studio.directions import OwnDirections
from studio.errors import Fault
from studio.recipe_steps import Made
from studio.replicas import Seat, answered
from studio.shelf import Shelf

SEATS = 4  # calls at once
STARTING = 6.0  # seconds that a fresh process may take to take a card and a generator
MEGAPIXEL = 4.0  # seconds a picture of a million pixels may take
LARGE = 256  # pixels a side, where a card doesn't say
MOST = 60.0  # seconds of a call: what is asked for is what a visitor's day is charged
MADE = Made("ZeroGPU", "float32", str(torch.__version__))


class Lent:
    """A Company whose seats are calls to the lender."""

    seats, only_rests = SEATS, True

    def __init__(self, checkpoints: Path) -> None:
        self._there = dict(_cards(checkpoints))
        self._shelf: Shelf | None = None  # of the process that a card was lent to
        self._call: Any = None

    def open(self, hashes: Mapping[str, str]) -> Made:
        """Tell the lender what will be called; ValueError where there is none."""
        try:
            spaces = import_module("spaces")
            self._call = spaces.GPU(self.draw, duration=self.seconds)
            import_module("spaces.zero").startup()  # what launch() does for a page that is not mounted
        except (ImportError, AttributeError) as error:
            raise ValueError(
                "--device zero needs a Space on ZeroGPU, which brings the package 'spaces'. Leave it out, or use cpu."
            ) from error
        return MADE

    def seconds(self, asked: bytes) -> float:
        """How long a call for [recipe, …] may take, by the size of its pictures."""
        recipes = json.loads(asked)
        card, _ = self._there[recipes[0]["generator"]]
        return min(MOST, math.ceil(STARTING + len(recipes) * MEGAPIXEL * card.config.get("size", LARGE) ** 2 / 1e6))

    def draw(self, asked: bytes) -> bytes:
        """[recipe, …] in; out what Seat reads. Runs where a card was lent, whose process may be called again."""
        if self._shelf is None:
            device = pick_device(None)
            claim(device)
            torch.set_num_threads(1)  # threads of the studio's did not come along
            self._shelf = Shelf(OwnDirections(Path("nowhere")))
            self._shelf.made = Made(describe(device), "float32", str(torch.__version__))
            self._device = device
        name = json.loads(asked)[0]["generator"]
        if name not in self._shelf.checkpoints:
            self._shelf.take_up(self._there[name][1], self._device, torch.float32)
        return answered(self._shelf, asked)

    def painter(self, seat: int) -> Seat:
        return Seat(self._ask, ())

    def close(self) -> None:
        """Nothing is held."""

    def _ask(self, asked: bytes) -> bytes:
        try:
            return self._call(asked)
        except Exception as error:  # whatever the lender says: no card, no quota, an end of the process
            raise Fault("fault.card_refused", status=503, reason=str(error)[:200] or type(error).__name__) from error


def _cards(root: Path) -> Iterator[tuple[str, tuple[Card, Path]]]:
    """By id, what can draw; a damaged one is the studio's own shelf's to tell of."""
    for folder in find(root):
        with suppress(CheckpointError):
            card = load_card(folder)
            yield card.id, (card, folder)
