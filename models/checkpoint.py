"""Checkpoints: card.json and weights.safetensors in a folder, and nothing that can run code."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

import safetensors
import torch
from PIL import Image
from safetensors.torch import load as read_tensors, save as write_tensors
from torch import Tensor, nn

from models.latent import MAX_PSI, MAX_SEED
from models.registry import GENERATORS, TRANSLATORS
from models.spec import Generator
from models.translators.translator import Translator
from models.whole import move, sweep, write_whole

MAX_CARD = 1 << 20
MAX_WEIGHTS = 1 << 30
CARD, NEXT, WEIGHTS = "card.json", "card.next.json", "weights.safetensors"
DIRECTION = "direction."
Rendering = Literal["smooth", "crisp"]


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message names the fault and the remedy."""


@dataclass(frozen=True)
class Card:
    """What a visitor should know of a checkpoint, and what is needed to build its network."""

    id: str
    family: str
    title: Mapping[str, str]  # language -> name
    config: Mapping[str, Any]  # the family's Config, by field
    rendering: Rendering  # how a small picture is shown large
    source: str
    licence: str
    limits: Mapping[str, list[str]] = field(default_factory=dict)  # language -> what it can't do
    training: Mapping[str, Any] = field(default_factory=dict)  # preset, images, minutes, commit …
    scores: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)  # samples and seed of the scores
    directions: tuple[str, ...] = ()
    weights_sha256: str = ""
    order: int = 100  # place on the page; it opens with the lowest
    truncation: float = 1.0  # psi that the page begins with
    openings: tuple[int, ...] = ()  # seeds that it may begin with; none: any

    def __post_init__(self) -> None:
        if not self.id or set(self.id) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
            raise CheckpointError(f"A checkpoint's id has small letters, digits and hyphens only, not '{self.id}'.")
        if self.rendering not in get_args(Rendering):
            raise CheckpointError(f"{self.id}: rendering is smooth or crisp, not '{self.rendering}'.")
        if not 0 <= self.truncation <= MAX_PSI:
            raise CheckpointError(f"{self.id}: truncation is a number from 0 to {MAX_PSI}, not {self.truncation!r}.")
        if any(type(seed) is not int or not 0 <= seed <= MAX_SEED for seed in self.openings):
            raise CheckpointError(f"{self.id}: openings are seeds, whole numbers from 0 to {MAX_SEED}.")


@dataclass(frozen=True)
class Checkpoint:
    """A card with its network, ready to draw: evaluation mode, CPU, float32."""

    card: Card
    generator: Generator
    directions: Mapping[str, Tensor]  # name -> (w_dim,), one standard deviation long

    @property
    def short_hash(self) -> str:
        return self.card.weights_sha256[:12]


def find(root: Path) -> list[Path]:
    """The folders under root of checkpoints that draw, in the order of the page; a damaged card comes last, for `load` to explain."""
    translators = TRANSLATORS.names()
    return [folder for _, folder, family in _found(root) if family not in translators]


def find_translators(root: Path) -> list[Path]:
    """The folders under root of checkpoints that make pictures of pictures, in the order of the page."""
    translators = TRANSLATORS.names()
    return [folder for _, folder, family in _found(root) if family in translators]


def _found(root: Path) -> list[tuple[int, Path, str]]:
    """Every card under root: its place, its folder, its family."""

    def told(folder: Path) -> tuple[int, Path, str]:
        try:
            card = load_card(folder)
        except CheckpointError:
            return 1 << 30, folder, ""
        return card.order, folder, card.family

    return sorted(told(path.parent) for path in root.glob(f"*/{CARD}"))


def load_card(folder: Path) -> Card:
    """Read card.json; CheckpointError where it is missing, too large, not JSON or lacks a field."""
    path = folder / (NEXT if _between(folder) else CARD)
    try:
        if path.stat().st_size > MAX_CARD:
            raise CheckpointError(f"{path} is larger than a card can be. Restore it from the repository.")
        values = json.loads(path.read_text("utf-8"))
        known = {f.name for f in fields(Card)}
        values = {key: value for key, value in values.items() if key in known}
        values |= {name: tuple(values.get(name, ())) for name in ("directions", "openings")}
        return Card(**values)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}). Restore the folder from the repository.") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path} is not a card ({error}). Restore it from the repository.") from error


def load(folder: Path) -> Checkpoint:
    """Build the network a card describes and fill it; CheckpointError names what is wrong and what to do."""
    card = load_card(folder)
    tensors = load_tensors(folder, card)
    directions = {n.removeprefix(DIRECTION): tensors.pop(n) for n in list(tensors) if n.startswith(DIRECTION)}
    with fitting(folder), torch.device("meta"):  # whatever sizes a card claims, memory is taken only by tensors that are there
        generator = GENERATORS.get(card.family).build(card.config)
        generator.load_state_dict(tensors, assign=True)
    if set(directions) != set(card.directions):
        raise CheckpointError(f"{folder / WEIGHTS}: its directions are not those on the card. Restore both from the repository.")
    return Checkpoint(card, generator.eval().requires_grad_(False), directions)


@dataclass(frozen=True)
class Translation:
    """A card with a translator, ready: evaluation mode, CPU, float32."""

    card: Card
    translator: Translator


def load_translator(folder: Path) -> Translation:
    """As `load`, for a checkpoint that makes pictures of pictures."""
    card = load_card(folder)
    tensors = load_tensors(folder, card)
    with fitting(folder), torch.device("meta"):
        translator = TRANSLATORS.get(card.family).build(card.config)
        translator.load_state_dict(tensors, assign=True)
    return Translation(card, translator.eval().requires_grad_(False))


def load_tensors(folder: Path, card: Card) -> dict[str, Tensor]:
    """The tensors of weights.safetensors, float32, once the file is the one that the card names and all of it is finite."""
    path = folder / WEIGHTS
    data = _read_weights(path, card)
    with fitting(folder):
        tensors = {name: t.float() if t.is_floating_point() else t for name, t in read_tensors(data).items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: '{name}' holds NaN or infinity. The training broke; take an earlier state.")
    return tensors


@contextmanager
def fitting(folder: Path) -> Iterator[None]:
    """Whatever goes wrong while a network is built from a card and filled is told as one CheckpointError."""
    try:
        yield
    except (safetensors.SafetensorError, RuntimeError, ValueError, TypeError, AttributeError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise CheckpointError(f"{folder / WEIGHTS} does not fit its card: {first} Restore both from the repository.") from error


def save(
    folder: Path,
    network: nn.Module,
    card: Card,
    directions: Mapping[str, Tensor] | None = None,
    preview: Image.Image | None = None,
) -> Card:
    """Write weights in half precision, card and preview; each file whole or not at all. Returns the card with its hash.

    Wherever it is killed, `load` finds the old checkpoint or the new one: the new card lies beside the old until its weights are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    named = {DIRECTION + name: tensor for name, tensor in (directions or {}).items()}
    tensors = {**network.state_dict(), **named}
    halves = {name: t.detach().cpu().half().contiguous() if t.is_floating_point() else t.cpu() for name, t in tensors.items()}
    data = write_tensors(halves)
    card = replace(card, directions=tuple(sorted(directions or {})), weights_sha256=hashlib.sha256(data).hexdigest())
    write_whole(folder / NEXT, _spelled(card))
    write_whole(folder / WEIGHTS, data)
    move(folder / NEXT, folder / CARD)
    if preview is not None:
        file = io.BytesIO()
        preview.save(file, "WEBP", quality=85, method=6)
        write_whole(folder / "preview.webp", file.getvalue())
    return card


def save_card(folder: Path, card: Card) -> None:
    """Write card.json alone, for example with new scores."""
    write_whole(folder / CARD, _spelled(card))
    (folder / NEXT).unlink(missing_ok=True)


def _spelled(card: Card) -> bytes:
    return (json.dumps(asdict(card), ensure_ascii=False, indent=1) + "\n").encode()


def _between(folder: Path) -> bool:
    """Whether a save was killed after its weights and before its card."""
    try:
        if (folder / NEXT).stat().st_size > MAX_CARD or (folder / WEIGHTS).stat().st_size > MAX_WEIGHTS:
            return False
        told = json.loads((folder / NEXT).read_bytes())
        return told["weights_sha256"] == hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def commit() -> str:
    """The commit of the code that runs, for a card to name; "unknown" outside of a clone."""
    try:
        said = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.strip()


def _read_weights(path: Path, card: Card) -> bytes:
    """The file's bytes once its size, hash and header are those of a safetensors file; nothing is allocated on its word."""
    try:
        if path.stat().st_size > MAX_WEIGHTS:
            raise CheckpointError(f"{path} is larger than {MAX_WEIGHTS >> 20} MB, which no checkpoint here is. Restore it.")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}). Restore the folder from the repository.") from error
    if len(data) < 8 or not 2 <= struct.unpack("<Q", data[:8])[0] <= len(data) - 8:
        raise CheckpointError(f"{path} is not a safetensors file (or is cut short). Nothing in it was run. Restore it from the repository.")
    if hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise CheckpointError(f"{path} is not the file its card names (hash differs). Restore both from the repository.")
    return data
