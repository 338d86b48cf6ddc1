"""No serious or critical fault of accessibility (axe-core) on any tab, light or dark, in what is ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser

from studio.bench.server import Server
from studio.look import hang_pictures, open_tab, open_themed
from studio.ui.page import TABS

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
IN_EARNEST = ("serious", "critical")


@dataclass(frozen=True)
class Known:
    """A fault that Gradio's own markup brings and no setting or style of ours can mend."""

    rule: str  # axe-core's id
    selector: str  # the fault lies inside such an element
    reason: str


KNOWN: tuple[Known, ...] = ()

SCAN = """async (known) => {
  const {violations} = await axe.run(document, {resultTypes: ['violations']});
  const listed = (rule, node) => known.findIndex(({rule: id, selector}) =>
    id === rule && document.querySelector(node.target.flat()[0])?.closest(selector));
  return violations.flatMap(({id, impact, help, nodes}) => nodes.map((node) =>
    ({rule: id, impact, help, html: node.html.slice(0, 300), why: node.failureSummary, known: listed(id, node)})));
}"""


@pytest.fixture(scope="module")
def faults(browser: Browser, server: Server) -> Mapping[tuple[str, str], list[dict[str, Any]]]:
    """Every tab in both themes, scanned once."""
    return dict(scanned(browser, server.url))


def scanned(browser: Browser, url: str) -> Iterator[tuple[tuple[str, str], list[dict[str, Any]]]]:
    known = [{"rule": one.rule, "selector": one.selector} for one in KNOWN]
    for theme in THEMES:
        with open_themed(browser, url, 1440, 900, theme) as page:
            page.add_script_tag(path=AXE)
            hang_pictures(page, 2)
            for tab in TABS:
                open_tab(page, tab)
                yield (tab, theme), page.evaluate(SCAN, known)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tab", TABS)
def test_nothing_serious(faults: Mapping[tuple[str, str], list[dict[str, Any]]], tab: str, theme: str) -> None:
    ours = [fault for fault in faults[tab, theme] if fault["impact"] in IN_EARNEST and fault["known"] < 0]
    assert not ours, "\n\n".join(f"{fault['rule']} ({fault['impact']}): {fault['help']}\n{fault['html']}\n{fault['why']}" for fault in ours)


def test_the_list_of_known_faults_is_no_longer_than_it_must_be(faults: Mapping[tuple[str, str], list[dict[str, Any]]]) -> None:
    met = {fault["known"] for found in faults.values() for fault in found}
    assert [one for index, one in enumerate(KNOWN) if index not in met] == []
