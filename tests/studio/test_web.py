"""The routes beside Gradio's: what they answer, what they refuse, and that every door gives the same bytes."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from studio.engine import Engine
from studio.figures import Figures
from studio.frames import read_recipe, to_jpeg, to_png, to_webp
from studio.recipe import Recipe, from_dict
from studio.recipe_text import MAX_JSON, from_json, to_json, to_link
from studio.settings import Settings
from studio.web import as_prometheus
from tests.studio.served import Served, open_page, served
from tests.studio.stand_in import obedient_engine


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("web")) as studio:
        yield studio


def get(studio: Served, path: str, **params: str) -> httpx.Response:
    return httpx.get(f"{studio.url}{path}", params=params)


def raw(studio: Served, path: str) -> tuple[int, bytes]:
    """A GET of exactly this path: clients that mean well tidy it up first."""
    connection = http.client.HTTPConnection(studio.host, timeout=10)
    connection.putrequest("GET", path)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read()


def fault(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["fault"]["code"]


# One recipe, every door


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe("tiny-dcgan", seed=4711, classes=(("b", 1.0),), styles=(("x", 0.5), ("y", 0.5)), truncation=0.7),
        Recipe("tiny-style", seed=1, variation_seed=2, variation=0.25, mix_seed=3, mix_layers=(4, 5), noise_seed=6, upscale=4),
        Recipe("tiny-vae", position=(0.5, -1.0), directions=(("slant", 0.5),), upscale=2),
    ],
    ids=lambda recipe: recipe.generator,
)
def test_every_door_gives_the_same_bytes(studio: Served, recipe: Recipe) -> None:
    drawn = to_png(studio.engine.draw(recipe))
    linked = get(studio, "/draw.png", r=to_link(recipe)).content
    with open_page(studio.host) as page:
        page.say(type="draw", id=1, rest=True, recipe=json.loads(to_json(recipe)))
        live = page.hear().data
        page.say(type="sheet", id=2, recipes=[json.loads(to_json(recipe))])
        cell = page.hear_until("cell").data
    entry = studio.gallery.save(drawn, recipe, visitor="local")
    saved = get(studio, f"/gallery/{entry.id}.png").content
    dropped = httpx.post(f"{studio.url}/read", content=drawn).json()["recipe"]
    restored = to_png(studio.engine.draw(from_dict(dropped)))
    assert {linked, live, cell, saved, restored} == {drawn}


@pytest.mark.parametrize(("format", "encode"), [("jpeg", to_jpeg), ("webp", to_webp)])
def test_a_link_draws_other_formats_too(studio: Served, format: str, encode: object) -> None:
    recipe = Recipe("tiny-dcgan", seed=3)
    answer = get(studio, f"/draw.{format}", r=to_link(recipe))
    assert answer.headers["content-type"] == f"image/{format}"
    assert answer.content == encode(studio.engine.draw(recipe))  # type: ignore[operator]


def test_a_download_is_named_and_a_lasting_link_is_kept(studio: Served) -> None:
    recipe = Recipe("tiny-dcgan", seed=3)
    shown = get(studio, "/draw.png", r=to_link(recipe)).headers
    assert shown["content-disposition"] == 'inline; filename="tiny-dcgan-3.png"'
    assert shown["cache-control"] == "no-cache"
    known = studio.engine.draw(recipe).recipe
    kept = get(studio, "/draw.png", r=to_link(known), download="1").headers
    assert kept["content-disposition"] == 'attachment; filename="tiny-dcgan-3.png"'
    assert kept["cache-control"] == "private, max-age=86400"


def test_strokes_come_as_a_drawing_in_the_order_of_writing(studio: Served) -> None:
    recipe = Recipe("tiny-rvae", seed=3, temperature=1.0, strokes=((250, 500, 750, 500),))
    answer = get(studio, "/strokes.svg", r=to_link(recipe), download="1")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-disposition"] == 'attachment; filename="tiny-rvae-3.svg"'
    assert answer.text.count("<path") == len(studio.engine.strokes(recipe))
    assert '<path d="M256.0 512.0 L768.0 512.0"/>' in answer.text.partition("/>")[2]


@pytest.mark.parametrize(
    ("path", "link", "expected"),
    [
        ("/strokes.svg", "", (400, "fault.link")),
        ("/strokes.svg", to_link(Recipe("tiny-vae")), (400, "fault.no_strokes")),
        ("/draw.png", "", (400, "fault.link")),
        ("/draw.png", "z!!", (400, "fault.link")),
        ("/draw.png", "j" * 5000, (413, "fault.too_large")),
        ("/draw.png", to_link(Recipe("ukyoe")), (404, "fault.no_generator")),
        ("/draw.png", to_link(Recipe("tiny-vae", styles=(("serif", 1.0),))), (400, "fault.no_style")),
        ("/draw.gif", to_link(Recipe("tiny-vae")), (404, "fault.picture_format")),
    ],
    ids=str,
)
def test_a_bad_link_is_explained(studio: Served, path: str, link: str, expected: tuple[int, str]) -> None:
    assert fault(get(studio, path, r=link)) == expected


# What the page reads at start


def test_declarations_come_in_the_order_of_the_page(studio: Served) -> None:
    declared = get(studio, "/declarations.json").json()
    assert [one["id"] for one in declared] == list(studio.engine.checkpoints)
    translators = get(studio, "/translators.json").json()
    assert [one["id"] for one in translators] == list(studio.engine.darkroom.translators) == ["tiny-up"]
    assert {one["id"]: one["short_hash"] for one in (*declared, *translators)} == studio.engine.hashes()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_come_in_every_language(studio: Served, language: str) -> None:
    answer = get(studio, f"/text/{language}.json")
    assert "fault.busy" in answer.json()
    assert answer.headers["cache-control"] == "no-cache"


def test_a_language_that_is_not_there_is_named(studio: Served) -> None:
    assert fault(get(studio, "/text/xx.json")) == (404, "fault.no_language")


@pytest.mark.parametrize(("shelf", "name"), [("previews", "preview"), ("sheets", "sheet"), ("neighbours", "neighbours")])
def test_what_lies_beside_a_checkpoint_is_shown_where_it_is_there(studio: Served, tiny_checkpoints: Path, shelf: str, name: str) -> None:
    assert fault(get(studio, f"/{shelf}/tiny-vae.webp")) == (404, "fault.no_preview")
    path = tiny_checkpoints / "tiny-dcgan" / f"{name}.webp"
    Image.new("RGB", (4, 4)).save(path)
    try:
        assert get(studio, f"/{shelf}/tiny-dcgan.webp").content == path.read_bytes()
    finally:
        path.unlink()


def test_static_files_are_asked_after_and_sent_once(studio: Served) -> None:
    first = get(studio, "/page/studio.js")
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    again = httpx.get(f"{studio.url}/page/studio.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/page/../engine.py",
        "/page/../../app.py",
        "/page/%2e%2e/engine.py",
        "/page/..%2fengine.py",
        "/page/..%5cengine.py",
        "/page//etc/passwd",
        "/page/%00",
        "/text/../../pyproject.toml",
        "/text/..%2f..%2fpyproject.json",
        "/previews/../tiny-dcgan/card.json",
        "/previews/..%2ftiny-dcgan%2fpreview.webp",
        "/previews/...webp",
        "/gallery/../gallery.db",
        "/gallery/..%2f..%2fgallery.png",
        "/gallery/...png",
        "/gallery/../thumb.webp",
        "/gallery/%2e%2e/thumb.webp",
        "/gallery/..%2fx/thumb.webp",
        "/draw.png/../../app.py",
        "/draw.%2e%2e",
    ],
)
def test_no_path_leads_out(studio: Served, path: str) -> None:
    status, body = raw(studio, path)
    assert status in (400, 404)
    assert len(body) < 1000, "nothing but an error was served"
    assert b"import" not in body
    assert b"Traceback" not in body


# A picture dropped on the page


def test_reading_gives_back_recipe_and_notes(studio: Served) -> None:
    picture = studio.engine.draw(Recipe("tiny-dcgan", seed=8))
    for data in (
        to_png(picture),
        to_jpeg(picture),
        to_webp(picture),
        to_json(picture.recipe).encode(),
        b"  " + to_json(picture.recipe).encode(),
    ):
        opened = httpx.post(f"{studio.url}/read", content=data).json()
        assert from_dict(opened["recipe"]) == picture.recipe
        assert opened["notes"] == []
    other = httpx.post(f"{studio.url}/read", content=to_json(Recipe("ukyoe"))).json()
    assert [note["code"] for note in other["notes"]] == ["note.absent_generator"]
    assert other["notes"][0]["params"]["generator"] == "ukyoe"


def test_what_cannot_be_read_is_explained(studio: Served, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    for data, expected in (
        ((tmp_path / "plain.png").read_bytes(), (422, "fault.no_recipe")),
        (b"hello", (415, "fault.not_picture")),
        (b"", (415, "fault.not_picture")),
        (b'{"generator": ', (400, "fault.recipe_text")),
        (b"{" + b" " * MAX_JSON, (413, "fault.too_large")),
        (b"\x89PNG" + b"0" * (33 << 20), (413, "fault.too_large")),
    ):
        assert fault(httpx.post(f"{studio.url}/read", content=data)) == expected


# The gallery


def test_a_saved_picture_is_served_with_its_thumbnail(studio: Served) -> None:
    picture = studio.engine.draw(Recipe("tiny-dcgan", seed=8))
    entry = studio.gallery.save(to_png(picture), picture.recipe, visitor="local")
    assert from_json(read_recipe(get(studio, f"/gallery/{entry.id}.png").content) or "") == picture.recipe
    thumb = get(studio, f"/gallery/{entry.id}/thumb.webp")
    assert thumb.headers["content-type"] == "image/webp"
    assert thumb.headers["cache-control"] == "private, no-cache"
    assert fault(get(studio, "/gallery/0123456789abcdef.png")) == (404, "fault.no_picture")


def test_another_visitors_picture_is_not_served(engine: Engine, tmp_path: Path) -> None:
    settings = Settings(profile="spaces", folder=tmp_path, secret=b"s" * 32)
    with served(engine, tmp_path, settings) as studio:
        mine, other = httpx.get(f"{studio.url}/healthz").cookies, httpx.get(f"{studio.url}/healthz").cookies
        owner = mine["atelier_visitor"].split(".")[0]
        picture = engine.draw(Recipe("tiny-vae"))
        entry = studio.gallery.save(to_png(picture), picture.recipe, visitor=owner)
        for path in (f"/gallery/{entry.id}.png", f"/gallery/{entry.id}/thumb.webp"):
            answers = [
                httpx.get(f"{studio.url}{path}", headers={"cookie": f"atelier_visitor={jar['atelier_visitor']}"}) for jar in (mine, other)
            ]
            assert [answer.status_code for answer in answers] == [200, 404]


# How it is


def test_it_is_healthy_only_while_it_can_draw(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with obedient_engine(monkeypatch) as (engine, _), served(engine, tmp_path) as studio:
        healthy = get(studio, "/healthz")
        assert (healthy.status_code, healthy.json()) == (200, {"ready": True})
        engine.close()
        assert (get(studio, "/healthz").status_code, get(studio, "/healthz").json()) == (503, {"ready": False})
        assert fault(get(studio, "/draw.png", r=to_link(Recipe("obedient")))) == (503, "fault.stopped")


def test_a_surprise_is_said_kindly(studio: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio.engine, "figures", lambda: 1 / 0)
    answer = get(studio, "/metrics")
    assert fault(answer) == (500, "fault.surprise")
    assert "ZeroDivisionError" not in answer.text
    assert len(answer.headers["x-request-id"]) == 12


def test_figures_are_served_as_prometheus_reads_them(studio: Served) -> None:
    answer = get(studio, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(values["atelier_memory_bytes"]) > 50e6
    assert set(values) == {
        "atelier_frames_total",
        "atelier_pictures_total",
        "atelier_faults_total",
        'atelier_latency_milliseconds{quantile="0.5"}',
        'atelier_latency_milliseconds{quantile="0.95"}',
        "atelier_queue",
        "atelier_visitors",
        "atelier_uptime_seconds",
        *(f'atelier_osc_packets_total{{outcome="{outcome}"}}' for outcome in ("taken", "refused", "dropped")),
        "atelier_memory_bytes",
    }


def test_each_figure_is_announced_with_its_type() -> None:
    text = as_prometheus(Figures(1, 2, 3, 4.5, 5.5, 6, 7, 8.25, 1.0), {"taken": 9, "refused": 0, "dropped": 2})
    assert text.startswith("# HELP atelier_frames_total moving frames drawn\n# TYPE atelier_frames_total counter\natelier_frames_total 1\n")
    assert 'atelier_osc_packets_total{outcome="dropped"} 2\n' in text
    assert text.endswith("# TYPE atelier_memory_bytes gauge\natelier_memory_bytes 1048576\n")
    assert 'atelier_latency_milliseconds{quantile="0.95"} 5.5\n' in text
