"""A recipe comes back as it went, by every road, and whatever else is sent ends in a clear fault."""

import base64
import json
import random
import zlib
from dataclasses import replace

import pytest

from studio import recipe as module
from studio.errors import Fault
from studio.recipe import VERSION, Part, Recipe, from_dict
from studio.recipe_rules import numbers_of, spelled
from studio.recipe_steps import Bend, Made, Step
from studio.recipe_text import MAX_JSON, MAX_LINK, from_json, from_link, link_text, open_recipe, to_json, to_link

FULL = Recipe(
    generator="letters",
    weights="0123456789ab",
    seed=4711,
    variation_seed=2**32 - 1,
    variation=0.25,
    classes=(("A", 1.0), ("B", 2.0)),
    styles=(("serif", 0.5), ("手写", 0.5)),
    w="ADwAvAA4",
    position=(-4.0, 1.5),
    directions=(("slant", -1.25), ("weight", 5.0)),
    truncation=0.7,
    noise_seed=1,
    mix_seed=2,
    mix_layers=(3, 1, 3),
    bends=(Bend(3, "turn", -30.5, (7, 2, 7)), Bend(0, "scale", 0)),
    side=32,
    temperature=0.5,
    strokes=((0, 1000, 500, 250), (7, 7)),
    upscale=4,
    after=(Step("up", weights="ba9876543210", options=(("crisp", 0.5), ("clean", 0))), Step("painter")),
    made=Made("cpu", "float32", "2.14.1"),
)
A_BEND = {"layer": 0, "operation": "scale", "amount": 2}
A, B, C = (letter * 32 for letter in "abc")
EDITED = Recipe(source=A, after=(Step("painter", beside=(("style", (B, C)), ("mask", (C,)))), Step("up", options=(("seed", 2**32 - 1),))))


def fault_of(given: object) -> Fault:
    text = given if isinstance(given, (str, bytes)) else json.dumps(given)
    with pytest.raises(Fault) as caught:
        from_json(text)
    assert "{" not in str(caught.value).replace("…", "")  # every placeholder filled
    assert len(str(caught.value)) < 500
    return caught.value


@pytest.mark.parametrize("recipe", [Recipe("a"), FULL, EDITED, Recipe(source=A)])
def test_json_and_link_bring_back_the_same_recipe(recipe):
    assert from_json(to_json(recipe)) == recipe
    assert from_link(to_link(recipe)) == recipe
    assert to_json(from_json(to_json(recipe))) == to_json(recipe)


def test_a_recipe_of_the_first_version_means_what_it_meant():
    assert from_dict({"version": 1, "generator": "a", "seed": 7}) == Recipe("a", seed=7)


def test_a_recipe_of_the_fourth_version_means_what_it_meant():
    assert from_dict({"version": 4, "generator": "a", "blend": [A_PART]}) == Recipe("a", blend=(Part(Recipe("a", seed=1), 1.0),))


def test_a_recipe_of_the_third_version_means_what_it_meant():
    assert from_dict({"version": 3, "generator": "a", "upscale": 2}) == Recipe("a", upscale=2)


A_PART, B_PART = {"recipe": {"generator": "a", "seed": 1}, "share": 3}, {"recipe": {"generator": "a", "seed": 2}, "share": 1}


def test_a_blend_is_shares_of_recipes_that_sum_to_one():
    recipe = from_dict({"generator": "a", "blend": [A_PART, B_PART], "flat": True})
    assert [part.share for part in recipe.blend] == [0.75, 0.25]
    assert from_json(to_json(recipe)) == recipe
    thirds = from_dict({"generator": "a", "blend": [{**A_PART, "share": 1}] * 3})
    assert sum(part.share for part in thirds.blend) == 1
    assert from_json(to_json(thirds)) == thirds


@pytest.mark.parametrize(
    ("blend", "code"),
    [
        ([A_PART] * 65, "fault.recipe_blend"),
        ("ab", "fault.recipe_blend"),
        ([7], "fault.recipe_blend"),
        ([{"recipe": {"generator": "a"}}], "fault.recipe_blend"),
        ([{**A_PART, "more": 1}], "fault.recipe_blend"),
        ([{"recipe": {"generator": "b"}, "share": 1}], "fault.recipe_blend"),
        ([{"recipe": {"generator": "a", "blend": [A_PART]}, "share": 1}], "fault.recipe_blend"),
        ([{"recipe": {"generator": "a", "strokes": [[1, 2]]}, "share": 1}], "fault.recipe_blend"),
        ([{**A_PART, "share": 0}], "fault.recipe_shares"),
        ([{**A_PART, "share": 1}, {**B_PART, "share": -1}], "fault.recipe_shares"),
        ([{**A_PART, "share": float("nan")}], "fault.recipe_number"),
        ([{**A_PART, "share": 10**400}], "fault.recipe_number"),
    ],
)
def test_what_is_no_blend_says_so(blend, code):
    with pytest.raises(Fault, check=lambda error: error.code == code):
        from_dict({"generator": "a", "blend": blend})


def test_a_blend_within_a_blend_is_refused_however_deep():
    nested = {"generator": "a"}
    for _ in range(900):
        nested = {"generator": "a", "blend": [{"recipe": nested, "share": 1}]}
    with pytest.raises(Fault, check=lambda error: error.code == "fault.recipe_blend"):
        from_dict(nested)


def test_a_recipe_of_the_fourth_version_knows_no_drift():
    assert from_dict({"version": 4, "generator": "a", "noise_seed": 2}) == Recipe("a", noise_seed=2)


def test_a_recipe_of_the_second_version_means_what_it_meant():
    assert from_dict({"version": 2, "generator": "a", "side": 8}) == Recipe("a", side=8)


def test_a_recipe_of_the_fourth_version_knows_no_place():
    assert from_dict({"version": 4, "generator": "a", "flat": True}) == Recipe("a", flat=True)


def test_a_place_has_one_spelling():
    assert from_dict({"generator": "a", "w": "ADx="}).w == "ADw="
    assert numbers_of("ADwAvAA4") == (1.0, -1.0, 0.5)
    assert spelled([256.0, 0.0]) == "AFwAAA=="


def test_a_recipe_begins_with_a_generator_or_a_picture_never_with_both():
    for given in ({}, {"generator": "", "source": ""}, {"generator": "a", "source": A}, {"after": [{"translator": "up"}]}):
        assert fault_of(given).code == "fault.recipe_generator"


def test_the_pictures_it_needs_are_each_named_once():
    assert EDITED.ingredients == (A, C, B), "beside by name"
    assert Recipe("a", after=EDITED.after).ingredients == (C, B)
    assert FULL.ingredients == ()


def test_steps_are_brought_to_one_form():
    given = {"translator": "painter", "options": {"b": 1, "a": -0.0}, "beside": {"style": [B], "mask": [C]}}
    recipe = from_dict({"source": A, "after": [given, {"translator": "up"}]})
    first = Step("painter", options=(("a", 0.0), ("b", 1.0)), beside=(("mask", (C,)), ("style", (B,))))
    assert recipe.after == (first, Step("up"))
    assert to_json(recipe) == to_json(Recipe(source=A, after=(replace(first, options=first.options[::-1]), Step("up"))))
    assert '"a":0.0' in to_json(recipe), "an option of zero is not as usual"
    assert "weights" not in to_json(recipe)


def test_json_is_canonical():
    assert to_json(Recipe("a", seed=7, variation=0.1 + 0.2)) == '{"generator":"a","seed":7,"variation":0.3,"version":5}'
    assert to_json(FULL).isascii()


def test_any_mixture_survives_writing_and_reading_unchanged():
    chance = random.Random(0)
    for _ in range(200):
        shares = {str(i): chance.random() ** 8 for i in range(chance.randint(1, 128))}
        recipe = from_dict({"generator": "a", "classes": shares})
        assert from_json(to_json(recipe)) == recipe
        assert sum(round(share * 1e6) for _, share in recipe.classes) == 1_000_000


def test_what_a_hand_writes_is_brought_to_one_form():
    recipe = from_dict(
        {
            "generator": "a",
            "classes": {"b": 3, "a": 1, "none": 0},
            "directions": {"y": 1, "x": -0.0},
            "mix_layers": [2, 0, 2],
            "position": [-0.0, 1],
        }
    )
    assert recipe == Recipe("a", classes=(("a", 0.25), ("b", 0.75)), directions=(("y", 1.0),), mix_layers=(0, 2), position=(0.0, 1.0))
    assert recipe == Recipe("a", classes=recipe.classes[::-1], directions=recipe.directions, mix_layers=(2, 0), position=(0.0, 1.0))
    assert "-0.0" not in to_json(recipe)


def test_a_tiny_share_alone_is_the_whole():
    assert from_dict({"generator": "a", "classes": {"b": 5e-324}}).classes == (("b", 1.0),)


def test_a_recipe_is_checked_again_when_it_is_changed():
    with pytest.raises(Fault):
        replace(FULL, seed=-1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"truncation": float("nan")}, "fault.recipe_number"),
        ({"truncation": float("inf")}, "fault.recipe_number"),
        ({"variation": -0.1}, "fault.recipe_number"),
        ({"variation": 10**400}, "fault.recipe_number"),
        ({"variation": True}, "fault.recipe_number"),
        ({"variation": "0.5"}, "fault.recipe_number"),
        ({"variation": None}, "fault.recipe_number"),
        ({"seed": 10**400}, "fault.recipe_whole"),
        ({"seed": -1}, "fault.recipe_whole"),
        ({"seed": 2**32}, "fault.recipe_whole"),
        ({"seed": True}, "fault.recipe_whole"),
        ({"seed": 1.5}, "fault.recipe_whole"),
        ({"seed": [1]}, "fault.recipe_whole"),
        ({"upscale": 3}, "fault.recipe_choice"),
        ({"upscale": True}, "fault.recipe_choice"),
        ({"generator": ""}, "fault.recipe_generator"),
        ({"generator": "x" * 65}, "fault.recipe_name"),
        ({"generator": "a\n"}, "fault.recipe_name"),
        ({"generator": "\ud800"}, "fault.recipe_name"),
        ({"generator": {}}, "fault.recipe_name"),
        ({"weights": 1}, "fault.recipe_name"),
        ({"classes": "A"}, "fault.recipe_named"),
        ({"classes": [1]}, "fault.recipe_named"),
        ({"classes": [["A", 1], ["A", 2]]}, "fault.recipe_twice"),
        ({"classes": {"A": 0}}, "fault.recipe_shares"),
        ({"classes": {"A": -1}}, "fault.recipe_number"),
        ({"classes": {"A": float("nan")}}, "fault.recipe_number"),
        ({"classes": {"A": 10**400}}, "fault.recipe_number"),
        ({"classes": {str(i): 1 for i in range(129)}}, "fault.recipe_entries"),
        ({"directions": {"slant": 5.01}}, "fault.recipe_number"),
        ({"directions": {"x" * 65: 1}}, "fault.recipe_name"),
        ({"position": [0]}, "fault.recipe_position"),
        ({"position": [0, 4.5]}, "fault.recipe_number"),
        ({"position": {"x": 1, "y": 2}}, "fault.recipe_position"),
        ({"mix_layers": "12"}, "fault.recipe_list"),
        ({"mix_layers": [32]}, "fault.recipe_whole"),
        ({"mix_layers": [0] * 129}, "fault.recipe_entries"),
        ({"bends": {"layer": 0}}, "fault.recipe_list"),
        ({"bends": "scale"}, "fault.recipe_list"),
        ({"bends": [7]}, "fault.recipe_bend"),
        ({"bends": [{}]}, "fault.recipe_bend"),
        ({"bends": [{"layer": 0, "operation": "scale"}]}, "fault.recipe_bend"),
        ({"bends": [{**A_BEND, "run": "rm"}]}, "fault.recipe_bend"),
        ({"bends": [A_BEND] * 17}, "fault.recipe_entries"),
        ({"bends": [{**A_BEND, "layer": 32}]}, "fault.recipe_whole"),
        ({"bends": [{**A_BEND, "layer": True}]}, "fault.recipe_whole"),
        ({"bends": [{**A_BEND, "operation": ["scale"]}]}, "fault.recipe_name"),
        ({"bends": [{**A_BEND, "operation": "s" * 65}]}, "fault.recipe_name"),
        ({"bends": [{**A_BEND, "amount": float("nan")}]}, "fault.recipe_number"),
        ({"bends": [{**A_BEND, "amount": 10**400}]}, "fault.recipe_number"),
        ({"bends": [{**A_BEND, "amount": "1"}]}, "fault.recipe_number"),
        ({"bends": [{**A_BEND, "channels": 3}]}, "fault.recipe_list"),
        ({"bends": [{**A_BEND, "channels": [-1]}]}, "fault.recipe_whole"),
        ({"bends": [{**A_BEND, "channels": [4096]}]}, "fault.recipe_whole"),
        ({"bends": [{**A_BEND, "channels": [[0]]}]}, "fault.recipe_whole"),
        ({"bends": [{**A_BEND, "channels": [0] * 129}]}, "fault.recipe_entries"),
        ({"side": -1}, "fault.recipe_whole"),
        ({"side": 2**40}, "fault.recipe_whole"),
        ({"temperature": 1.6}, "fault.recipe_number"),
        ({"temperature": float("nan")}, "fault.recipe_number"),
        ({"strokes": "M0 0"}, "fault.recipe_strokes"),
        ({"strokes": [1, 2]}, "fault.recipe_strokes"),
        ({"strokes": [[]]}, "fault.recipe_strokes"),
        ({"strokes": [[1, 2, 3]]}, "fault.recipe_strokes"),
        ({"strokes": [[0, 1001]]}, "fault.recipe_whole"),
        ({"strokes": [[0.5, 0.5]]}, "fault.recipe_whole"),
        ({"strokes": [[0, float("nan")]]}, "fault.recipe_whole"),
        ({"strokes": [[0, 0]] * 129}, "fault.recipe_entries"),
        ({"strokes": [[0, 0] * 401]}, "fault.recipe_entries"),
        ({"source": "x"}, "fault.recipe_source"),
        ({"source": "A" * 32}, "fault.recipe_source"),
        ({"source": "../" * 10 + "xx"}, "fault.recipe_source"),
        ({"source": A + "\n"}, "fault.recipe_source"),
        ({"source": 7}, "fault.recipe_source"),
        ({"source": A}, "fault.recipe_generator"),
        ({"after": {"translator": "up"}}, "fault.recipe_list"),
        ({"after": "up"}, "fault.recipe_list"),
        ({"after": ["up"]}, "fault.recipe_step"),
        ({"after": [{}]}, "fault.recipe_step"),
        ({"after": [{"translator": ""}]}, "fault.recipe_step"),
        ({"after": [{"translator": 7}]}, "fault.recipe_name"),
        ({"after": [{"translator": "u" * 65}]}, "fault.recipe_name"),
        ({"after": [{"translator": "up", "strength": 1}]}, "fault.recipe_step"),
        ({"after": [{"translator": "up"}] * 9}, "fault.recipe_entries"),
        ({"after": [{"translator": "up", "options": {"x": float("nan")}}]}, "fault.recipe_number"),
        ({"after": [{"translator": "up", "options": {"x": 2**32}}]}, "fault.recipe_number"),
        ({"after": [{"translator": "up", "options": {"x": "1"}}]}, "fault.recipe_number"),
        ({"after": [{"translator": "up", "options": [1]}]}, "fault.recipe_named"),
        ({"after": [{"translator": "up", "options": [["x", 1], ["x", 2]]}]}, "fault.recipe_twice"),
        ({"after": [{"translator": "up", "options": {str(i): 1 for i in range(129)}}]}, "fault.recipe_entries"),
        ({"after": [{"translator": "up", "beside": {"style": A}}]}, "fault.recipe_beside"),
        ({"after": [{"translator": "up", "beside": {"style": []}}]}, "fault.recipe_beside"),
        ({"after": [{"translator": "up", "beside": {"style": [""]}}]}, "fault.recipe_beside"),
        ({"after": [{"translator": "up", "beside": {"style": [A] * 9}}]}, "fault.recipe_beside"),
        ({"after": [{"translator": "up", "beside": {"style": ["x"]}}]}, "fault.recipe_source"),
        ({"after": [{"translator": "up", "beside": {"style": [[A]]}}]}, "fault.recipe_source"),
        ({"after": [{"translator": "up", "beside": [A]}]}, "fault.recipe_named"),
        ({"w": 7}, "fault.recipe_w"),
        ({"w": None}, "fault.recipe_w"),
        ({"w": [0.5]}, "fault.recipe_w"),
        ({"w": "ADwA"}, "fault.recipe_w"),  # a number and a half
        ({"w": "AD w="}, "fault.recipe_w"),
        ({"w": "ADw\u00e9"}, "fault.recipe_w"),
        ({"w": "AH4="}, "fault.recipe_w"),  # not a number
        ({"w": "AHw="}, "fault.recipe_w"),  # infinity
        ({"w": "AVw="}, "fault.recipe_w"),  # a little more than the most, 256
        ({"w": "AAAA" * 700}, "fault.recipe_w"),
        ({"w": "A" * 60000}, "fault.recipe_w"),
        ({"made": {}}, "fault.recipe_made"),
        ({"made": {"device": 1, "dtype": "", "torch": ""}}, "fault.recipe_name"),
        ({"version": 0}, "fault.recipe_version"),
        ({"version": "1"}, "fault.recipe_version"),
        ({"version": 10**400}, "fault.recipe_version"),
        ({"brush": 1}, "fault.recipe_field"),
    ],
)
def test_a_wrong_field_is_a_fault_that_names_it(change, code):
    assert fault_of({"generator": "a", **change}).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "fault.recipe_text"),
        ("{", "fault.recipe_text"),
        (b"\xff\xfe", "fault.recipe_text"),
        ('{"generator":"a","seed":1' + "0" * 5000 + "}", "fault.recipe_text"),
        ("[" * 60000, "fault.recipe_text"),
        ('{"generator":"a","classes":' + '{"x":' * 9000 + "1" + "}" * 9001, "fault.recipe_text"),
        ("[]", "fault.recipe_shape"),
        ("null", "fault.recipe_shape"),
        ('"a"', "fault.recipe_shape"),
        ("{}", "fault.recipe_generator"),
        ('{"generator":"a","truncation":1e400}', "fault.recipe_number"),
    ],
)
def test_text_that_is_no_recipe_is_a_fault(text, code):
    assert fault_of(text).code == code


def test_ten_megabytes_are_refused_before_they_are_read(monkeypatch):
    text = json.dumps({"generator": "a", **{f"field{i}": "x" * 90 for i in range(100_000)}})
    assert len(text) > 10_000_000
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("read before its size was checked"))
    assert (fault_of(text).code, fault_of(text.encode()).status) == ("fault.too_large", 413)


def test_ten_megabytes_handed_over_as_fields_are_refused():
    with pytest.raises(Fault, match="no field 'field0'"):
        from_dict({"generator": "a", **{f"field{i}": "x" * 90 for i in range(100_000)}})
    with pytest.raises(Fault, match="printable"):
        from_dict({"generator": "x" * 10_000_000})


def test_fields_that_are_not_text_are_refused():
    with pytest.raises(Fault, match="no field '7'"):
        from_dict({"generator": "a", 7: 1})


def test_a_newer_recipe_opens_as_far_as_it_can_be():
    newer = {"version": VERSION + 1, "generator": "a", "seed": 3, "upscale": 16, "brush": {"wet": 1}}
    assert from_json(json.dumps(newer)) == Recipe("a", seed=3)
    opened = open_recipe(json.dumps(newer), {"a": "x"})
    assert [(note.code, note.params) for note in opened.notes] == [
        ("note.newer_version", {"version": VERSION + 1, "fields": "brush, upscale"})
    ]
    edited = {"version": VERSION + 1, "source": A, "after": [{"translator": "up", "brush": 1}], "seed": 3}
    assert from_json(json.dumps(edited)) == Recipe(source=A, seed=3)
    whole = open_recipe(json.dumps({"version": VERSION + 1, "generator": "a"}), {"a": "x"})
    assert [note.code for note in whole.notes] == ["note.newer_version_whole"]


def test_an_older_recipe_is_brought_up_to_date(monkeypatch):
    def psi_was_its_name(values):
        return {"truncation" if name == "psi" else name: value for name, value in values.items()}

    monkeypatch.setattr(module, "MIGRATIONS", (psi_was_its_name,))
    assert from_dict({"version": 1, "generator": "a", "psi": 0.5}) == Recipe("a", truncation=0.5)
    with pytest.raises(Fault, match="no field 'psi'"):
        from_dict({"version": 2, "generator": "a", "psi": 0.5})
    assert to_json(Recipe("a")) == '{"generator":"a","version":5}'


def test_an_absent_generator_and_other_weights_are_said():
    drawn = to_json(Recipe("a", weights="old"))
    assert open_recipe(drawn, {"a": "old"}).notes == ()
    assert open_recipe(to_json(Recipe("a")), {"a": "new"}).notes == ()
    (other,) = open_recipe(drawn, {"a": "new"}).notes
    assert (other.code, other.params) == ("note.other_weights", {"generator": "a", "weights": "old", "here": "new"})
    absent = open_recipe(drawn, {"b": "x", "c": "y"})
    assert absent.recipe == Recipe("a", weights="old")
    assert [(note.code, note.params["known"]) for note in absent.notes] == [("note.absent_generator", "b, c")]


def test_absent_translators_and_other_weights_of_theirs_are_said():
    drawn = to_json(Recipe(source=A, after=(Step("up", weights="old"), Step("painter"))))
    assert open_recipe(drawn, {"up": "old", "painter": "x"}).notes == ()
    notes = open_recipe(drawn, {"up": "new"}).notes
    assert [(note.code, note.params["generator"]) for note in notes] == [("note.other_weights", "up"), ("note.absent_generator", "painter")]


def test_links_are_url_safe_and_short():
    assert set(to_link(FULL)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert to_link(Recipe("a"))[0] == "j"
    assert to_link(FULL)[0] == "z"
    assert len(to_link(FULL)) < len(to_json(FULL))


def test_a_recipe_too_long_for_a_link_says_so():
    chance = random.Random(0)
    names = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=64)) for _ in range(128)]
    with pytest.raises(Fault, match="too long for a link"):
        to_link(from_dict({"generator": "a", "directions": dict.fromkeys(names, 1.0)}))


def link_of(data: bytes, letter: str = "z") -> str:
    return letter + base64.urlsafe_b64encode(data).decode().rstrip("=")


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("", "fault.link"),
        ("q123", "fault.link"),
        ("z!!!", "fault.link"),
        ("jé", "fault.link"),
        ("ja", "fault.link"),
        (to_link(FULL)[:-5], "fault.link"),
        (link_of(b"\x00" * 50), "fault.link"),
        (link_of(deflated(b" " * (MAX_JSON + 1))), "fault.link"),
        (link_of(deflated(b"0" * 2_000_000)), "fault.link"),
        ("j" + "A" * MAX_LINK, "fault.too_large"),
        (link_of(b"\xff", "j"), "fault.recipe_text"),
    ],
)
def test_a_damaged_or_hostile_link_is_a_fault(link, code):
    with pytest.raises(Fault) as caught:
        from_link(link)
    assert caught.value.code == code


def test_a_link_can_be_opened_with_notes():
    assert open_recipe(link_text(to_link(FULL)), {"letters": "0123456789ab", "up": "ba9876543210", "painter": ""}).recipe == FULL
