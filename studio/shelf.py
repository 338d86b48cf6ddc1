"""The shelf: every checkpoint that draws, loaded, on its device, and warm."""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from models.checkpoint import CheckpointError, find, load
from studio import drawing
from studio.device import free_memory, is_out_of_memory
from studio.directions import OwnDirections
from studio.errors import Fault
from studio.recipe import Recipe
from studio.recipe_steps import Made

WARM_UPS = 3  # the first draw of a network allocates and chooses kernels; the last is what it costs


class Shelf:
    """Filled once, by the thread that draws; any thread may look, and that one draws."""

    def __init__(self, own: OwnDirections) -> None:
        self.made = Made("", "", "")  # on what it draws; who loads it says so
        self._own = own
        self._checkpoints: dict[str, drawing.Prepared] = {}
        self._folders: dict[str, Path] = {}

    @property
    def checkpoints(self) -> Mapping[str, drawing.Prepared]:
        """By id, in the order of the page."""
        return MappingProxyType(self._checkpoints)

    def hashes(self) -> dict[str, str]:
        return {name: one.short_hash for name, one in self._checkpoints.items()}

    def folder(self, generator: str) -> Path | None:
        return self._folders.get(generator)

    def load(self, root: Path, device: torch.device, dtype: torch.dtype) -> Iterator[str]:
        """Load and try every generator; a line each. A damaged one is left out, and its fault told.

        Raises CheckpointError where none is left.
        """
        folders = find(root)
        for number, folder in enumerate(folders, start=1):
            try:
                line = self.take_up(folder, device, dtype)
            except CheckpointError as error:
                line = f"left out. {error}"
            yield f"[{number}/{len(folders)}] {folder.name}: {line}"
        if not self._checkpoints:
            fault = f"Every checkpoint in {root} is damaged" if folders else f"There is no checkpoint in {root}"
            raise CheckpointError(f"{fault}. Restore the folder from the repository, or name another with --checkpoints.")

    def take_up(self, folder: Path, device: torch.device, dtype: torch.dtype) -> str:
        """Load and warm up one checkpoint; the line that says so. CheckpointError where it is damaged or there already."""
        checkpoint = load(folder)
        name = checkpoint.card.id
        if name in self._checkpoints:
            raise CheckpointError(f"'{name}' is there already, in {self._folders[name]}. Change the id on one of the cards.")
        try:
            prepared = drawing.prepare(checkpoint, device, dtype)
            prepared = replace(prepared, directions=ChainMap(dict(prepared.directions), self._own.ways(checkpoint)))  # type: ignore[arg-type]
            for _ in range(WARM_UPS):
                began = time.perf_counter()
                drawing.draw(prepared, (Recipe(name),))
        except Exception as error:  # whatever it is, the other checkpoints can still be drawn with
            raise CheckpointError(f"Its first picture failed: {error}") from error
        milliseconds = (time.perf_counter() - began) * 1000
        self._checkpoints[name], self._folders[name] = prepared, folder
        return f"{checkpoint.generator.spec.size} px, {milliseconds:.1f} ms a picture"

    def check(self, recipe: Recipe) -> None:
        """Fault where the generator is not here, or lacks something that the recipe names."""
        if recipe.generator not in self._checkpoints:
            raise Fault("fault.no_generator", generator=recipe.generator, known=", ".join(self._checkpoints), status=404)
        drawing.check(self._checkpoints[recipe.generator], recipe)

    def draw(self, recipes: Sequence[Recipe]) -> np.ndarray:
        """Recipes of one generator -> uint8 (n, size, size, 3), before any enlargement.

        Out of memory frees what is unused; a single picture is then tried once more, a batch by its caller one by one.
        """
        checkpoint = self._checkpoints[recipes[0].generator]
        try:
            return drawing.draw(checkpoint, recipes).numpy()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside the except block: a handled error's traceback would keep the failed attempt's tensors alive.
        free_memory(checkpoint.device)
        if len(recipes) > 1:
            raise MemoryError
        return drawing.draw(checkpoint, recipes).numpy()
