"""The documents name only what exists, and name all of it."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from models.checkpoint import find, load_card
from studio.errors import Fault
from studio.settings import from_args
from studio.ui.api import DrawingEndpoints, GalleryEndpoints
from studio.ui.api_breeding import BreedingEndpoints
from studio.ui.api_collections import CollectionEndpoints
from studio.ui.api_directions import DirectionEndpoints
from studio.ui.api_edits import EditingEndpoints
from studio.ui.api_films import FilmEndpoints
from studio.ui.api_map import MapEndpoints
from studio.words import LANGUAGES, words

KINDS = (
    DrawingEndpoints,
    BreedingEndpoints,
    DirectionEndpoints,
    EditingEndpoints,
    FilmEndpoints,
    GalleryEndpoints,
    CollectionEndpoints,
    MapEndpoints,
)

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "ARCHITECTURE.md")
SOURCES = sorted(path for top in ("models", "studio") for path in (ROOT / top).rglob("*") if path.suffix in (".py", ".js"))
# Made by running, so no clone has them at first.
MADE = ("data/", "runs/", "gallery/", "look/", ".venv", "scores.json", "live.json", "seven.png")
PATH = re.compile(r"(?!/)[\w./-]+/[\w.-]*|[\w-]+\.(py|md|json|txt|js|safetensors|webp)")
MODULE = re.compile(r"python -m ([\w.]+)")
# Of huggingface.co/docs/hub/spaces-config-reference, what a Gradio Space may be told.
SPACE_KEYS = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "short_description", "pinned", "tags"),
    *(
        "suggested_hardware",
        "suggested_storage",
        "fullWidth",
        "header",
        "startup_duration_timeout",
        "preload_from_hub",
        "models",
        "license",
    ),
}
CARDS = [load_card(folder) for folder in find(ROOT / "checkpoints")]


def text(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def quoted(document: str) -> list[str]:
    """What stands between backticks in running text."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text(document), flags=re.S))


def front_matter() -> dict[str, str]:
    _, block, _ = text("README.md").split("---\n", 2)
    return {key.strip(): value.strip().strip('"') for key, _, value in (line.partition(":") for line in block.splitlines())}


def flags_of_the_studio(capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        from_args(["--help"], {})
    return set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}


def test_front_matter_is_what_a_space_needs() -> None:
    matter = front_matter()
    pins = text("requirements.txt")
    assert text("README.md").startswith("---\n")
    assert matter["sdk"] == "gradio"
    assert re.search(rf"^gradio\S*=={re.escape(matter['sdk_version'])}$", pins, re.M)
    assert (ROOT / matter["app_file"]).is_file()
    assert tuple(map(int, matter["python_version"].split("."))) >= (3, 11)
    assert {matter["colorFrom"], matter["colorTo"]} <= {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert matter["title"]
    assert len(matter["emoji"]) == 1
    assert len(matter["short_description"]) <= 60
    assert set(matter) <= SPACE_KEYS


def test_there_is_a_screenshot() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text("README.md"))
    assert pictures
    assert [picture for picture in pictures if not (ROOT / picture).is_file()] == []


@pytest.mark.parametrize("document", (*DOCUMENTS, "SECURITY.md"))
def test_every_file_named_is_there(document: str) -> None:
    paths = [name for name in quoted(document) if PATH.fullmatch(name)]
    places = [ROOT, ROOT / "studio", ROOT / "models"]
    missing = [name for name in paths if not name.startswith(MADE) and not any((place / name).exists() for place in places)]
    missing = [name for name in missing if not list(ROOT.glob(f"checkpoints/*/{name}"))]
    assert missing == []


def test_every_threat_names_tests_that_are_there() -> None:
    threats = [line for line in text("SECURITY.md").splitlines() if line.startswith("| ")][2:]
    assert len(threats) > 10
    for threat in threats:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", threat)
        assert named, threat
        assert [test for file, test in named if f"def {test}(" not in text(file)] == []


def test_the_layout_in_the_architecture_is_the_layout() -> None:
    """Its tree: folders at the left, what lies in them below, with further .py names inside the remark."""
    block = text("ARCHITECTURE.md").split("## Where things are")[1].split("\n**")[0]
    folder, missing = ROOT, []
    for line in block.splitlines():
        if not (found := re.match(r"( {4}| {6})(\S+)\s+(.*)", line)):
            continue
        indent, name, remark = found.groups()
        if len(indent) == 4:
            folder = ROOT / name if name.endswith("/") else ROOT
        place = folder if len(indent) == 4 and name.endswith("/") else folder / name
        inside = place if place.is_dir() else folder
        others = re.findall(r"\b[\w]+\.py\b", remark) if len(indent) == 6 else []
        missing += [str(path) for path in (place, *(inside / other for other in others)) if not path.exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_is_to_be_run_is_there(document: str) -> None:
    named = set(MODULE.findall(text(document)))
    assert named
    for name in named:
        spec = find_spec(name)
        assert spec is not None, name
        runnable = find_spec(f"{name}.__main__") if spec.submodule_search_locations else spec
        assert runnable is not None, name
        assert runnable.origin is not None
        assert '__name__ == "__main__"' in Path(runnable.origin).read_text("utf-8"), name


def test_flags_of_commands_exist() -> None:
    for module, flags in re.findall(r"python -m ([\w.]+)[^\n#`]*?((?: --\w+[^\n#`]*)+)", text("README.md")):
        package = ROOT.joinpath(*module.split("."))
        files = sorted(package.glob("*.py")) if package.is_dir() else [package.with_suffix(".py")]
        source = "".join(file.read_text("utf-8") for file in files)
        assert [flag for flag in re.findall(r"--\w+", flags) if f'"{flag}"' not in source] == [], module


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_is_there(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.M))
    commands = [*quoted(document), *(line.strip() for line in text(document).splitlines() if line.startswith("    make "))]
    assert {command.split()[1] for command in commands if re.match(r"make [a-z]", command)} <= targets


def test_make_lists_every_target() -> None:
    phony = set(re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.M).group(1).split()) - {"help"}  # pyright: ignore[reportOptionalMemberAccess]
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make (\w+)", listed, re.M)) == phony


def test_every_flag_of_the_studio_is_described_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    table = text("README.md").split("## Flags")[1].split("\n## ")[0]
    assert set(re.findall(r"`(--[a-z-]+)`", table)) == flags_of_the_studio(capsys)


def test_every_endpoint_is_named_and_no_other() -> None:
    names = {f"/{name}" for endpoints in KINDS for name in endpoints.NAMES}
    section = text("README.md").split("## API")[1].split("Python:")[0]
    assert set(re.findall(r"`(/\w+)`", section)) == names


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_route_named_is_served(document: str) -> None:
    routes = (ROOT / "studio" / "web.py").read_text("utf-8")
    endpoints = {name for kind in KINDS for name in kind.NAMES}
    named = {name for name in quoted(document) if re.fullmatch(r"/[\w.]+", name)}
    assert [name for name in named if f'"{name}"' not in routes and name[1:] not in endpoints] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_of_an_endpoint_is_described(kind: type) -> None:
    for name in kind.NAMES:
        method = inspect.unwrap(getattr(kind, name))
        described = inspect.getdoc(method) or ""
        given = [p for p in inspect.signature(method).parameters if p not in ("self", "request")]
        assert [p for p in given if f"\n    {p}: " not in described] == [], name


def test_the_architecture_fits_two_pages() -> None:
    assert len(text("ARCHITECTURE.md").splitlines()) <= 120
    assert len(text("ARCHITECTURE.md").split()) <= 1_300


def test_both_languages_say_the_same_things() -> None:
    placeholders = {language: {key: set(re.findall(r"{(\w+)}", said)) for key, said in words(language).items()} for language in LANGUAGES}
    assert placeholders["en"] == placeholders["zh"]
    assert [key for language in LANGUAGES for key, said in words(language).items() if not said.strip()] == []


def test_every_word_asked_for_is_there() -> None:
    asked = {key for path in SOURCES for key in re.findall(r"""["'`]((?:fault|note)\.[a-z_]+)["'`]""", path.read_text("utf-8"))}
    assert asked
    assert sorted(asked - set(words("en"))) == []


def test_a_fault_is_a_sentence_in_every_language() -> None:
    fault = Fault("fault.port_used", host="127.0.0.1", port=7860, other=7861)
    assert "7861" in str(fault)
    assert str(fault) != words("zh")["fault.port_used"]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_card_tells_all(card) -> None:
    for field in ("source", "licence", "training", "scores"):
        assert getattr(card, field), f"{card.id}: no {field}"
    for language in LANGUAGES:
        assert card.title.get(language)
        assert card.limits.get(language)
    assert (ROOT / "checkpoints" / card.id / "preview.webp").is_file(), f"{card.id}: no preview"
    unsaid = [f"score.{name}" for name in card.scores if f"score.{name}" not in words("en")]
    unsaid += [f"direction.{name}" for name in card.directions if f"direction.{name}" not in words("en")]
    assert unsaid == []
    assert json.dumps(dataclasses.asdict(card), allow_nan=False)


def test_there_are_cards() -> None:
    assert CARDS
