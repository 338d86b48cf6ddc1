"""What the page needs to know of a generator to draw its controls and its card."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from torch import Tensor

from models.bending import OPERATIONS
from models.checkpoint import Card, Checkpoint
from models.projection import can_project
from studio.darkroom import Prepared
from studio.sampling import modes


def declaration(checkpoint: Checkpoint) -> dict[str, Any]:
    """Everything declared by a checkpoint, in JSON's own types. A control whose entry is empty or false is not shown."""
    card, spec = checkpoint.card, checkpoint.generator.spec
    return {
        "id": card.id,
        "title": dict(card.title),
        "family": spec.family,
        "size": spec.size,
        "rendering": card.rendering,
        "classes": list(spec.classes),
        "styles": list(spec.styles),
        "layers": spec.layers,
        "is_map": spec.is_map,
        "has_noise": spec.has_noise,
        "has_truncation": not spec.is_map,  # on a map the distance from the centre is the truncation
        "truncation": card.truncation,
        "openings": list(card.openings),
        "modes": list(modes(spec)),  # of its contact sheets
        "directions": {name: acts_on(checkpoint.directions[name]) for name in checkpoint.card.directions},
        "bendable": list(spec.bendable),
        "operations": operations() if spec.bendable else {},
        "encodes": spec.encodes,
        "projects": can_project(spec),
        "draws_strokes": spec.draws_strokes,
        "sides": list(spec.sides) if len(spec.sides) > 1 else [],
        "short_hash": checkpoint.short_hash,
        **_told(card),
    }


def operations() -> dict[str, dict[str, float]]:
    """What can be done to feature maps, and how much of it."""
    return {name: {"least": one.least, "most": one.most, "usual": one.usual} for name, one in OPERATIONS.items()}


def acts_on(direction: Tensor) -> list[int]:
    """The layers that a direction changes, counted from the coarsest; none listed where it changes them all."""
    layers = direction.any(-1).nonzero().flatten().tolist() if direction.dim() == 2 else []
    return [] if len(layers) == len(direction) else layers


def translator_declaration(prepared: Prepared) -> dict[str, Any]:
    """The same of a translator: its options and what it is given beside the picture."""
    card, spec = prepared.card, prepared.spec
    return {
        "id": card.id,
        "title": dict(card.title),
        "family": spec.family,
        "factor": spec.factor,
        "options": [asdict(option) for option in spec.options],
        "beside": [asdict(one) for one in spec.beside],
        "given": spec.given,
        "starters": [{"name": name, "id": id} for name, id in prepared.starters],
        "side": spec.side,
        "short_hash": prepared.short_hash,
        **_told(card),
    }


def _told(card: Card) -> dict[str, Any]:
    """What a card says to a visitor."""
    return {
        "source": card.source,
        "licence": card.licence,
        "training": dict(card.training),
        "scores": dict(card.scores),
        "limits": {language: list(sentences) for language, sentences in card.limits.items()},
    }
