"""What a gallery tells of a picture, of a page of them, and of one's family."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from studio.recipe import Recipe, to_dict
from studio.recipe_text import from_json


@dataclass(frozen=True)
class Entry:
    """A picture in the gallery."""

    id: str
    visitor: str
    created: str  # UTC, ISO 8601
    generator: str
    recipe: Recipe
    favourite: bool
    labels: tuple[str, ...]
    note: str
    film: str  # the format of the film that this is the first picture of; "" = it is a picture
    parents: tuple[str, ...]  # ids of saved pictures
    double: bool  # another looks the same, as far as they were seen
    width: int  # pixels
    height: int
    bytes: int


@dataclass(frozen=True)
class Found:
    """A page of entries; how many match in all; and what this visitor's pictures can be filtered by; doubles: there more than once."""

    entries: tuple[Entry, ...]
    total: int
    labels: tuple[str, ...]
    generators: tuple[str, ...]
    doubles: int


@dataclass(frozen=True)
class Lineage:
    """What a picture came from, its parents first, then theirs; those never saved as recipes. What came from it, newest first."""

    ancestors: tuple[tuple[Entry | Recipe, ...], ...]
    children: tuple[Entry, ...]


def entry_of(row: sqlite3.Row) -> Entry:
    """The entry in a row of gallery_index.COLUMNS."""
    values: dict[str, Any] = dict(row)
    return Entry(
        **{
            **values,
            "recipe": from_json(values["recipe"]),
            "favourite": bool(values["favourite"]),
            "double": bool(values["double"]),
            "labels": tuple(json.loads(values["labels"])),
            "parents": tuple(json.loads(values["parents"])),
        }
    )


def manifest_of(entry: Entry) -> dict[str, Any]:
    """What a list of exported pictures says of one."""
    shown = ("id", "created", "generator", "favourite", "labels", "note", "film", "parents", "width", "height")
    return {**{name: getattr(entry, name) for name in shown}, "recipe": to_dict(entry.recipe)}
