"""Whose work a picture rests on: what each network that had a part in it learned from, and under which licence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.checkpoint import Card, Rendering
from studio.engine import Engine
from studio.recipe import Recipe
from studio.words import say


@dataclass(frozen=True)
class Credit:
    """One network's card, as far as it is here."""

    network: str  # id
    weights: str  # short hash of those that drew
    card: Card | None

    def title(self, language: str) -> str:
        titles = self.card.title if self.card else {}
        return titles.get(language) or titles.get("en") or self.network

    @property
    def rendering(self) -> Rendering:
        return self.card.rendering if self.card else "smooth"


Credits = Callable[[Recipe], tuple[Credit, ...]]


def credits_of(engine: Engine) -> Credits:
    """From a recipe to its generator and the translators that came after it."""

    def found(recipe: Recipe) -> tuple[Credit, ...]:
        networks = [(recipe.generator, recipe.weights)] if recipe.generator else []
        networks += [(step.translator, step.weights) for step in recipe.after]
        known = {**engine.checkpoints, **engine.darkroom.translators}
        return tuple(Credit(name, weights, known[name].card if name in known else None) for name, weights in dict.fromkeys(networks))

    return found


def told(credit: Credit, language: str) -> list[str]:
    """Name, source and licence, a line each."""
    name = say(language, "credits.network", title=credit.title(language), network=credit.network, weights=credit.weights or "–")
    if not credit.card:
        return [name, say(language, "credits.absent")]
    card = credit.card
    return [name, say(language, "credits.source", source=card.source), say(language, "credits.licence", licence=card.licence)]


def credits_text(recipes: Sequence[tuple[str, Recipe]], credits: Credits, language: str) -> str:
    """What a file of credits says of pictures, by their files' names: each network once, with the files that it had a part in."""
    blocks: dict[tuple[str, ...], list[str]] = {}
    for name, recipe in recipes:
        for credit in credits(recipe):
            blocks.setdefault(tuple(told(credit, language)), []).append(name)
        if recipe.ingredients:
            blocks.setdefault((say(language, "credits.outside"),), []).append(name)
    head = say(language, "credits.title", count=len(recipes))
    files = lambda names: say(language, "credits.files", files=", ".join(names))  # noqa: E731
    return "\n\n".join([head, *("\n".join([*block, files(names)]) for block, names in blocks.items())]) + "\n"
