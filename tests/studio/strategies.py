"""What is fuzzed with, by Hypothesis: nonsense of every kind, and things that are nearly right."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from studio.recipe_text import MAX_LINK

bad = st.text(st.characters(exclude_categories=()), max_size=80)  # with lone surrogates and whatever else there is
numbers = st.one_of(st.integers(), st.integers(-2, 5), st.floats(), st.just(10**4000), st.just(True))
plain = st.one_of(st.none(), numbers, bad)
anything = st.recursive(plain, lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(bad, inner, max_size=6)), max_leaves=24)
unit, seeds = st.floats(0, 1), st.integers(0, 2**32 - 1)
names = st.sampled_from(["a", "b", "slant", "tiny-style", "loud", ""])
ids = st.sampled_from(["0" * 32, "f" * 32])


def mostly(good: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Nine times of ten what it should be."""
    return st.integers(0, 9).flatmap(lambda dice: good if dice else anything)


def about(needed: dict[str, SearchStrategy[Any]], optional: dict[str, SearchStrategy[Any]]) -> SearchStrategy[dict[str, Any]]:
    """An object with these fields, of which any may be missing or wrong, and now and then one of its own."""
    whole = st.fixed_dictionaries({name: mostly(one) for name, one in needed.items()}, optional={k: mostly(v) for k, v in optional.items()})
    return st.integers(0, 19).flatmap(
        lambda dice: whole if dice else st.tuples(whole, st.dictionaries(bad, anything, max_size=2)).map(merged)
    )


def merged(both: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return both[0] | both[1]


def flipped(texts: SearchStrategy[str]) -> SearchStrategy[bytes]:
    """Bytes of a text, one of them changed and the end perhaps cut off."""

    def flip(text: str, place: int, byte: int, end: int) -> bytes:
        data = bytearray(text.encode("utf-8", "surrogatepass"))
        if data:
            data[place % len(data)] = byte
        return bytes(data[: len(data) - end % (len(data) + 1) // 4])

    return st.builds(flip, texts, st.integers(0, 10**4), st.integers(0, 255), st.integers(0, 10**4))


shares = st.dictionaries(names, st.floats(0, 1000), max_size=4)
FIELDS: dict[str, SearchStrategy[Any]] = {
    "version": st.integers(1, 9),
    "seed": seeds,
    "variation_seed": seeds,
    "variation": unit,
    "classes": shares,
    "styles": shares,
    "w": st.lists(st.floats(-300, 300, width=16), max_size=8).map(
        lambda them: base64.b64encode(struct.pack(f"<{len(them)}e", *them)).decode()
    ),
    "position": st.lists(st.floats(-4, 4), min_size=2, max_size=2),
    "directions": st.dictionaries(names, st.floats(-5, 5), max_size=4),
    "truncation": st.floats(0, 1.5),
    "noise_seed": seeds,
    "noise_turn": unit,
    "mix_seed": seeds,
    "mix_layers": st.lists(st.integers(0, 31), max_size=5),
    "bends": st.lists(
        about({"layer": st.integers(0, 31), "operation": names, "amount": st.floats(-9, 9)}, {"channels": st.lists(st.integers(0, 9))}),
        max_size=3,
    ),
    "side": st.integers(0, 4096),
    "temperature": st.floats(0, 1.5),
    "strokes": st.lists(st.lists(st.integers(0, 1000), min_size=2, max_size=8), max_size=3),
    "flat": st.booleans(),
    "upscale": st.sampled_from([1, 2, 4, 8]),
    "weights": names,
    "made": st.fixed_dictionaries({"device": names, "dtype": names, "torch": names}),
    "after": st.lists(
        about(
            {"translator": names},
            {"options": st.dictionaries(names, st.floats(-9, 9)), "beside": st.dictionaries(names, st.lists(ids, max_size=3), max_size=2)},
        ),
        max_size=3,
    ),
}
simple = about({"generator": st.just("tiny-style")}, {name: one for name, one in FIELDS.items() if name not in ("after", "strokes")})
parts = st.lists(about({"recipe": simple, "share": st.floats(-2, 9)}, {"layers": st.lists(unit, max_size=5)}), max_size=3)
recipes = st.one_of(
    about({"generator": st.just("tiny-style")}, {**FIELDS, "blend": parts}),
    about({"source": ids}, FIELDS),
    about({}, {**FIELDS, "blend": parts}),
)

letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=é"


def packed(text: bytes) -> str:
    packer = zlib.compressobj(9, wbits=-15)
    return "z" + base64.urlsafe_b64encode(packer.compress(text) + packer.flush()).decode().rstrip("=")


told = recipes.map(lambda one: json.dumps(one).encode())
links = st.one_of(
    bad,
    st.text(letters, max_size=90).map(lambda text: "z" + text),
    told.map(packed),
    told.map(lambda text: "j" + base64.urlsafe_b64encode(text).decode()),
    st.just(packed(b" " * (1 << 22))),  # a bomb
    st.just("j" * (MAX_LINK + 1)),
    flipped(told.map(packed)).map(lambda data: data.decode("latin-1")),
)

eases = st.sampled_from(["even", "soft", "start", "stop", "hold", "jump"])
moments = st.integers(0, 600).map(lambda tenth: tenth / 10)
points = st.lists(about({"at": moments, "value": unit}, {"ease": eases}), max_size=4)
follows = about(
    {"source": st.sampled_from(["loud", "low", "beats"])}, {"amount": st.floats(-10, 10), "decay": st.floats(0, 5), "delay": unit}
)
tracks = about(
    {"parameter": st.sampled_from(["truncation", "variation", "noise", "direction:slant", "direction:"]), "points": points},
    {"follow": follows},
)
keys = st.lists(about({"recipe": simple, "at": moments}, {"ease": eases}), min_size=1, max_size=4)
good_keys = st.integers(2, 5).map(lambda n: [{"recipe": {"generator": "tiny-style", "seed": n + k}, "at": k / 2} for k in range(n)])
films = about(
    {"keys": st.one_of(good_keys, keys), "seconds": st.floats(3, 600)},
    {
        "loop": st.booleans(),
        "path": st.sampled_from(["slerp", "linear", "spline"]),
        "even": st.booleans(),
        "rate": st.sampled_from([12, 24, 30, 60]),
        "music": about({"sound": ids}, {"start": st.floats(0, 60), "name": names}),
        "tracks": st.lists(tracks, max_size=2),
        "drift": st.booleans(),
        "kind": st.just("latent-atelier film 1"),
    },
)

times = st.sampled_from(["", "10:00", "18:30", "24:00", "9:00"])
exhibitions = about(
    {},
    {
        "generators": st.lists(names, max_size=7),
        "welcome": st.dictionaries(st.sampled_from(["en", "zh", "fr"]), bad, max_size=3),
        "opens": times,
        "closes": times,
        "idle": st.integers(10, 700),
        "language": st.sampled_from(["en", "zh", "fr"]),
    },
)


def string(text: str) -> bytes:
    data = text.encode("utf-8", "replace") + b"\0"
    return data + b"\0" * (-len(data) % 4)


def bundle(parts: list[bytes]) -> bytes:
    return b"#bundle\0" + b"\0" * 8 + b"".join(struct.pack(">i", len(one)) + one for one in parts)


osc_messages = st.builds(
    lambda address, kinds, data: string(address) + string("," + kinds) + data,
    st.one_of(st.sampled_from(["/atelier/seed", "/atelier/param/x", "/*", "//"]), bad),
    st.text("ifhdTFsb[]", max_size=5),
    st.one_of(
        st.binary(max_size=32), st.floats().map(lambda value: struct.pack(">d", value)), st.integers(0, 9).map(lambda n: b"\x7f" * 4 * n)
    ),
)
packets = st.one_of(
    st.binary(max_size=120),
    osc_messages,
    st.recursive(osc_messages, lambda inner: st.lists(inner, max_size=4).map(bundle), max_leaves=12),
    st.binary(max_size=80).map(lambda data: b"#bundle\0" + data),
    flipped(osc_messages.map(lambda data: data.decode("latin-1"))),
)

pictures = st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode())
replies = st.one_of(
    about(
        {"type": st.just("draw"), "id": st.integers(0, 9), "recipe": recipes},
        {"rest": st.booleans(), "near": st.booleans(), "picture": pictures},
    ),
    about({"type": st.just("reel"), "id": st.integers(0, 9), "film": films}, {}),
    about({"type": st.just("play"), "id": st.integers(0, 9), "at": numbers}, {"rest": st.booleans()}),
    about(
        {"type": st.just("sheet"), "id": st.just(1), "mode": st.sampled_from(["series", "random", "plane", "layers", "x"])},
        {"recipe": simple, "recipes": st.lists(simple, max_size=3), "count": st.integers(0, 9), "seed": seeds},
    ),
    about({"type": st.just("osc"), "params": st.dictionaries(bad, numbers)}, {"seed": numbers}),
    about({"type": st.just("cancel"), "id": numbers}, {}),
)
messages = st.one_of(
    replies.map(json.dumps),
    anything.map(json.dumps),
    st.binary(max_size=60),
    st.text(max_size=60),
    st.just("[" * 60_000),
    st.just("9" * 9000),
)
