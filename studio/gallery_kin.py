"""Which picture was made from which: a child's parents are saved pictures, or recipes of pictures that nobody saved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from studio.gallery_index import COLUMNS, filters
from studio.recipe import Recipe
from studio.recipe_text import to_json

MAX_PARENTS = 8
MAX_UP = 16  # generations that are looked up
MAX_KIN = 200  # pictures of all of them together, and children
# A parent that was not saved when its child was may have been since: then its recipe is the same.
_PARENTS = """SELECT recipe, coalesce(kin.parent, (
        SELECT id FROM pictures WHERE visitor = ? AND removed IS NULL AND pictures.recipe = kin.recipe ORDER BY number DESC LIMIT 1
    )) AS id FROM kin, json_each(?) AS line WHERE child = line.value ORDER BY line.key, place"""


def note(db: sqlite3.Connection, child: str, parents: Sequence[str | Recipe]) -> None:
    """Write down a new picture's parents, in their order: ids, or recipes with the weights that draw them."""
    for place, one in enumerate(parents):
        id, recipe = (one, None) if isinstance(one, str) else (None, to_json(one))
        db.execute("INSERT INTO kin VALUES (?, ?, ?, ?)", (child, place, id, recipe))


def ancestors(db: sqlite3.Connection, id: str, visitor: str) -> list[list[sqlite3.Row | str]]:
    """Generation by generation, the parents first: rows of saved pictures, and recipes as JSON. Each comes once; removed ones don't."""
    mine, me = filters(visitor)
    generations: list[list[sqlite3.Row | str]] = []
    line, seen = [id], {id}
    while line and len(generations) < MAX_UP and len(seen) < MAX_KIN:
        found = db.execute(_PARENTS, (visitor, json.dumps(line))).fetchall()
        fresh = {row["id"] or row["recipe"]: row["id"] for row in found if (row["id"] or row["recipe"]) not in seen}
        line = [one for one in fresh.values() if one]
        shown = db.execute(
            f"SELECT {COLUMNS} FROM pictures WHERE {mine} AND id IN (SELECT value FROM json_each(?))", (*me, json.dumps(line))
        )
        rows = {row["id"]: row for row in shown.fetchall()}
        if generation := [rows.get(key, key) for key, one in fresh.items() if key in rows or not one]:
            generations.append(generation)
        seen |= fresh.keys()
    return generations


def children(db: sqlite3.Connection, id: str, visitor: str) -> list[sqlite3.Row]:
    """Newest first."""
    mine, me = filters(visitor)
    return db.execute(
        f"SELECT {COLUMNS} FROM pictures WHERE {mine} AND id <> ? AND id IN"
        " (SELECT child FROM kin WHERE parent = ? OR recipe = (SELECT recipe FROM pictures WHERE id = ?))"
        f" ORDER BY number DESC LIMIT {MAX_KIN}",
        (*me, id, id, id),
    ).fetchall()
