"""A recipe as text: the one spelling as JSON, the link that holds it, and what differs here where one is opened."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from studio.errors import Fault
from studio.recipe import VERSION, Recipe, from_dict, read, to_dict

MAX_JSON = 65536  # bytes
MAX_LINK = 4096  # characters


@dataclass(frozen=True)
class Note:
    """Something worth knowing that is no fault: a code in studio/text/ and what fills its placeholders."""

    code: str
    params: Mapping[str, str | int | float]


@dataclass(frozen=True)
class Opened:
    """A recipe opened as far as it can be, and what differs here."""

    recipe: Recipe
    notes: tuple[Note, ...] = ()


def to_json(recipe: Recipe) -> str:
    """The one spelling of a recipe: ASCII, sorted keys, no spaces, defaults left out."""
    return json.dumps(to_dict(recipe), sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> Recipe:
    """The recipe that `to_json` wrote, or that a hand did; Fault for everything wrong."""
    return from_dict(_parse(text))


def open_recipe(text: str | bytes, known: Mapping[str, str]) -> Opened:
    """Like `from_json`, with notes on a newer version, an absent generator and other weights.

    known: id of a generator or translator -> short hash of the weights that are here.
    """
    recipe, version, dropped = read(_parse(text))
    notes: list[Note] = []
    if dropped:
        notes.append(Note("note.newer_version", {"version": version, "fields": ", ".join(dropped)}))
    elif version > VERSION:
        notes.append(Note("note.newer_version_whole", {"version": version}))
    networks = [(recipe.generator, recipe.weights)] if recipe.generator else []
    for name, weights in (*networks, *((step.translator, step.weights) for step in recipe.after)):
        here = known.get(name)
        if here is None:
            notes.append(Note("note.absent_generator", {"generator": name, "known": ", ".join(known)}))
        elif weights not in ("", here):
            notes.append(Note("note.other_weights", {"generator": name, "weights": weights, "here": here}))
    return Opened(recipe, tuple(notes))


def to_link(recipe: Recipe) -> str:
    """The value of ?r=: 'j' and the JSON, or 'z' and the JSON deflated where that is shorter, in URL-safe base64."""
    text = to_json(recipe).encode()
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(text) + packer.flush()
    letter, data = ("z", packed) if len(packed) < len(text) else ("j", text)
    link = letter + base64.urlsafe_b64encode(data).decode().rstrip("=")
    if len(link) > MAX_LINK:
        raise Fault("fault.link_long")
    return link


def from_link(link: str) -> Recipe:
    """The recipe in the value of ?r=; Fault where it is damaged or too long."""
    return from_json(link_text(link))


def link_text(link: str) -> bytes:
    """The JSON in the value of ?r=, for `open_recipe`. At most 4 kB are read and at most 64 kB come out."""
    if len(link) > MAX_LINK:
        raise Fault("fault.too_large", size=len(link), most=MAX_LINK, status=413)
    letter, body = link[:1], link[1:]
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        if letter == "z":
            unpacker = zlib.decompressobj(wbits=-15)
            data = unpacker.decompress(data, MAX_JSON)
            letter = "j" if unpacker.eof else ""
    except (binascii.Error, zlib.error, ValueError) as error:
        raise Fault("fault.link") from error
    if letter != "j":
        raise Fault("fault.link")
    return data


def _parse(text: str | bytes) -> object:
    size = len(text)
    if size > MAX_JSON:
        raise Fault("fault.too_large", size=size, most=MAX_JSON, status=413)
    try:
        return json.loads(text.decode() if isinstance(text, bytes) else text)
    except (ValueError, RecursionError) as error:  # ValueError also covers bad UTF-8 and integers of thousands of digits
        raise Fault("fault.recipe_text") from error
