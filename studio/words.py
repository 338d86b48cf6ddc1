"""Every word a visitor reads, in every language, from studio/text/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

LANGUAGES = ("en", "zh")
TEXT = Path(__file__).parent / "text"


@cache
def words(language: str) -> Mapping[str, str]:
    """All words of a language, key -> text with {placeholders}; ValueError for a language there is no file for."""
    if language not in LANGUAGES:
        raise ValueError(f"No language '{language}'. Known: {', '.join(LANGUAGES)}.")
    return MappingProxyType(json.loads((TEXT / f"{language}.json").read_text("utf-8")))


def say(language: str, key: str, **params: str | int | float) -> str:
    """The sentence for a key. An unknown key is said as it stands: ids such as a direction's need no translation to be shown."""
    return words(language).get(key, key).format_map(_Given(params))


class _Given(dict[str, str | int | float]):
    """A placeholder nobody filled stays visible instead of hiding the sentence around it."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"
