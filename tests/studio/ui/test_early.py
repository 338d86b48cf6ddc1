"""What the page is told to fetch early is there, and only the page is told."""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.testclient import TestClient

from studio.ui.early import EarlyLinks, modules
from studio.ui.page import STATIC, head


def client(root_path: str = "") -> TestClient:
    web = FastAPI()
    web.add_middleware(EarlyLinks, static=STATIC)
    web.get("/")(lambda: "page")
    web.get("/other")(lambda: "other")
    return TestClient(web, root_path=root_path)


def test_the_page_names_files_that_exist_each_once() -> None:
    named = re.findall(r"<page/([^>]+)>", client().get("/").headers["Link"])
    assert len(named) == len(set(named)) > 10
    assert [name for name in named if not (STATIC / name).is_file()] == []


def test_nothing_else_is_told() -> None:
    assert "Link" not in client().get("/other").headers


def test_it_works_behind_a_root_path() -> None:
    assert "Link" in client("/atelier").get("/atelier/").headers


def test_every_module_that_the_first_tab_imports_is_named() -> None:
    assert {"studio", "create", "live", "state", "widgets", "pad"} <= set(modules(STATIC))


def test_a_language_that_was_set_stands_in_the_head() -> None:
    assert 'name="atelier-language" content="zh"' in head("zh")
    assert "atelier-language" not in head(None)


def test_how_long_pictures_are_kept_stands_in_the_head() -> None:
    assert 'name="atelier-keep-days" content="30"' in head(None, 30)
    assert "atelier-keep-days" not in head(None)


def test_the_head_leads_nowhere_outside() -> None:
    assert "//" not in head("en")
