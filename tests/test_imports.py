"""Imports point one way, studio.tabs → studio → models, and gradio stays where the page is made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for top in ("models", "studio") for path in (ROOT / top).rglob("*.py"))
# Who may import gradio: what makes the page, and the naive page that ours is measured against.
PAGE_MAKERS = ("studio/ui/", "studio/tabs/", "studio/serve.py", "studio/bench/naive.py")
# Who looks at the finished page from outside.
ONLOOKERS = ("studio/bench/", "studio/look.py")
# Read and check requests: they must load in an instant, with nothing installed.
STANDARD_LIBRARY_ONLY = tuple(f"studio/{name}.py" for name in ("recipe", "recipe_rules", "recipe_steps", "recipe_text", "errors", "words"))


def imported(source: str) -> Iterator[str]:
    """Every module that a source imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides where it points"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(path: str) -> tuple[str, ...]:
    """The packages that a module may not import."""
    banned = ["tests", "app"]
    if path.startswith("models/"):
        banned += ["studio", "gradio", "gradio_client", "fastapi", "starlette"]
    elif not path.startswith(PAGE_MAKERS):
        banned += ["gradio", "gradio_client"]
        if not path.startswith(ONLOOKERS):
            banned += ["studio.ui", "studio.tabs"]
    if not path.startswith(ONLOOKERS):
        banned += ["studio.bench", "studio.look"]
    if path in STANDARD_LIBRARY_ONLY:
        banned += ["torch", "numpy", "PIL", "models"]
    return tuple(banned)


def breaches(path: str, source: str) -> list[str]:
    banned = forbidden(path)
    return [name for name in imported(source) if any(name == one or name.startswith(f"{one}.") for one in banned)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    assert breaches(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("models/spec.py", "from studio.recipe import Recipe"),
        ("models/train.py", "def late():\n    import gradio"),
        ("studio/engine.py", "import gradio as gr"),
        ("studio/engine.py", "from studio import tabs"),
        ("studio/web.py", "from studio.ui.page import build"),
        ("studio/recipe.py", "from models.latent import MAX_SEED"),
        ("studio/tabs/create.py", "from tests.conftest import TINY"),
    ],
)
def test_a_breach_is_seen(path: str, source: str) -> None:
    assert breaches(path, source)


def test_the_page_may_import_gradio() -> None:
    assert breaches("studio/tabs/create.py", "import gradio as gr\nfrom studio.engine import Engine") == []
