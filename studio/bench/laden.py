"""The pace while much is done to each picture, three directions, a style mix and a bend: dragged in Create, and played as a film."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from playwright.async_api import async_playwright

from studio.bench.browser import launch_options
from studio.bench.drag import OURS, Rate, drag_on
from studio.bench.film import played
from studio.film import Film, Key
from studio.recipe import Recipe
from studio.recipe_steps import Bend
from studio.recipe_text import to_link

DIRECTIONS, AMOUNT, TURN = 3, 1.2, 20.0
KEYS, EVERY = 4, 3.0  # of the film, and seconds from one to the next


def measure(url: str, seconds: float) -> dict[str, Any]:
    """Frames a second of the largest generators of a studio that can do all this; of each kind the slowest generator's."""
    with urllib.request.urlopen(f"{url}declarations.json") as answer:
        able = [one for one in json.load(answer) if len(one["directions"]) >= DIRECTIONS and one["layers"] > 1 and one["bendable"]]
    side = max((one["size"] for one in able), default=0)
    rates: dict[str, dict[str, Rate]] = {"create": {}, "preview": {}}
    for one in (one for one in able if one["size"] == side):
        recipe = laden(one)
        rates["create"][one["id"]] = asyncio.run(_dragged(f"{url}?r={to_link(recipe)}", seconds))
        rates["preview"][one["id"]] = played(url, _film(recipe), seconds)
    figures: dict[str, Any] = {"laden": list(rates["create"]), "laden_side": side}
    for where, found in rates.items():
        for name in ("fps", "least") if found else ():
            figures[f"{where}_{name}"] = round(min(getattr(rate, name) for rate in found.values()), 1)
    return figures


def laden(declared: Mapping[str, Any]) -> Recipe:
    """A picture of a generator with all of it."""
    layers, maps = declared["layers"], len(declared["bendable"])
    return Recipe(
        declared["id"],
        seed=4711,
        variation_seed=1147,
        directions=dict.fromkeys(list(declared["directions"])[-DIRECTIONS:], AMOUNT),  # type: ignore[arg-type]
        mix_seed=7,
        mix_layers=tuple(range(layers // 2, layers)),
        bends=(Bend(maps // 2, "turn", TURN),),
    )


def lines(figures: Mapping[str, Any]) -> list[str]:
    """What is said of it."""
    if not figures["laden"]:
        return ["No generator here has directions, layers to mix and maps to bend."]
    said = [f"{', '.join(figures['laden'])}: {figures['laden_side']} px, three directions, a style mix and a bend, the slowest of them"]
    for where, title in (("create", "Create, dragged"), ("preview", "Film, played")):
        said.append(f"{title:28}{figures[f'{where}_fps']:>10} frames a second, {figures[f'{where}_least']:.0f} in the slowest second")
    return said


async def _dragged(url: str, seconds: float) -> Rate:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options())
        rate = (await drag_on(browser, url, OURS, seconds)).rate
        await browser.close()
    return rate


def _film(recipe: Recipe) -> Film:
    """Pictures that each have all of it, and between which all of it changes."""
    one = lambda n: replace(  # noqa: E731
        recipe,
        seed=n,
        mix_seed=100 + n,
        directions=tuple((name, AMOUNT - n / 2) for name, _ in recipe.directions),
        bends=tuple(replace(bend, amount=bend.amount * (1 + n)) for bend in recipe.bends),
    )
    return Film(tuple(Key(one(n), EVERY * n) for n in range(KEYS)), seconds=EVERY * KEYS)
