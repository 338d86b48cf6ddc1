"""Both languages say the same things, and a missing word never hides a fault."""

import json
import re
from string import Formatter

import pytest

from studio.errors import Fault
from studio.words import LANGUAGES, TEXT, say, words


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_keys_and_placeholders_of_english(language):
    english, other = words("en"), words(language)
    assert sorted(other) == sorted(english)
    assert {key: placeholders(other[key]) for key in english} == {key: placeholders(english[key]) for key in english}


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_are_an_area_and_a_name_and_texts_are_not_empty(language):
    assert [key for key in words(language) if not re.fullmatch(r"[a-z]+(\.[a-z0-9_-]+)+", key)] == []
    assert [key for key, text in words(language).items() if not text.strip()] == []


def test_there_is_a_file_for_each_language_and_no_other():
    assert sorted(path.stem for path in TEXT.glob("*.json")) == sorted(LANGUAGES)


def test_chinese_is_chinese():
    faults = [text for key, text in words("zh").items() if key.startswith(("fault.", "note."))]
    assert faults
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in faults)


def test_words_cannot_be_changed_by_whoever_reads_them():
    with pytest.raises(TypeError):
        words("en")["fault.link"] = "other"  # pyright: ignore[reportIndexIssue]


def test_an_unknown_language_is_named():
    with pytest.raises(ValueError, match="No language 'fr'. Known: en, zh."):
        words("fr")


def test_say_fills_placeholders_and_shows_those_nobody_filled():
    assert "at most 10" in say("en", "fault.too_large", size=11, most=10)
    assert "{most}" in say("en", "fault.too_large", size=11)
    assert say("en", "direction.nobody-wrote-this") == "direction.nobody-wrote-this"


def test_text_in_a_parameter_is_never_read_as_a_placeholder():
    assert "{most.__class__}" in say("en", "fault.too_large", size="{most.__class__}", most=1)


def test_a_fault_is_its_english_sentence_and_its_code():
    fault = Fault("fault.too_large", size=2, most=1, status=413)
    assert (fault.status, fault.as_json()) == (
        413,
        {"code": "fault.too_large", "params": {"size": 2, "most": 1}, "text": str(fault)},
    )


def test_a_fault_can_be_sent_whatever_it_quotes():
    told = json.dumps(Fault("fault.recipe_field", value="\ud800", known="seed").as_json(), ensure_ascii=False)
    assert "has no field '?'" in told.encode().decode()
