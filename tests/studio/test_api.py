"""The named endpoints, called as a stranger calls them: by gradio_client and by bare HTTP, against a studio that runs."""

from __future__ import annotations

import base64
import errno
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
import uvicorn
from anyio.from_thread import start_blocking_portal
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from models import projection
from studio import finding
from studio.bench.server import free_port
from studio.engine import Engine
from studio.frames import read_recipe, to_png
from studio.gallery import Gallery
from studio.recipe import Recipe, from_dict, to_dict
from studio.recipe_text import from_json, to_json, to_link
from studio.settings import Settings
from studio.tray import KEPT
from studio.ui import answers, page
from studio.ui.answers import endpoint
from studio.ui.api import DrawingEndpoints, GalleryEndpoints
from studio.ui.api_collections import CollectionEndpoints
from studio.ui.api_directions import DirectionEndpoints
from studio.web import create_web
from tests.studio.given import photograph

RECIPE = {"generator": "tiny-dcgan", "seed": 4711, "classes": {"a": 0.25, "b": 0.75}, "styles": {"y": 1}}


@dataclass(frozen=True)
class Studio:
    url: str
    engine: Engine
    cache: Path
    client: Client


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The whole page in this process, so that its answers can be held against the engine's own."""
    folder, port = tmp_path_factory.mktemp("studio"), free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "cache"))
        settings = Settings(port=port, folder=folder, mcp=find_spec("mcp") is not None)
        gallery = Gallery(folder / "pictures")
        web = page.mount(create_web(engine, gallery, settings), page.build(engine, gallery, settings), settings)
        server = uvicorn.Server(uvicorn.Config(web, port=port, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "The studio did not start."
            time.sleep(0.02)
        url = f"http://127.0.0.1:{port}"
        yield Studio(url, engine, folder / "cache", Client(url, verbose=False))
        server.should_exit = True
        thread.join()


@pytest.fixture
def entry(studio: Studio) -> dict[str, Any]:
    return studio.client.predict(RECIPE, api_name="/save")


def fault_of(studio: Studio, *args: Any, api_name: str) -> tuple[str, dict[str, Any]]:
    """The sentence that a caller reads, and the code and parameters that travel with it."""
    with pytest.raises(AppError) as raised:
        studio.client.predict(*args, api_name=api_name)
    return raised.value.message, json.loads(raised.value.title)


def test_a_map_has_a_place_for_each_sample_and_for_what_is_saved(studio: Studio, entry: dict[str, Any]) -> None:
    found = studio.client.predict("tiny-dcgan", 6, 3, True, api_name="/map")
    assert [one["id"] for one in found[:6]] == [None] * 6
    assert entry["id"] in {one["id"] for one in found[6:]}
    assert {one["recipe"]["generator"] for one in found} == {"tiny-dcgan"}
    again = studio.client.predict("tiny-dcgan", 6, 3, False, api_name="/map")
    assert [(one["x"], one["y"], one["recipe"]) for one in again] == [(one["x"], one["y"], one["recipe"]) for one in found[:6]]
    assert fault_of(studio, "", 6, 0, False, api_name="/map")[1]["code"] == "fault.map_nothing"
    assert fault_of(studio, "nobody", 6, 0, False, api_name="/map")[1]["code"] == "fault.no_generator"
    assert fault_of(studio, "tiny-dcgan", 257, 0, False, api_name="/map")[1]["code"] == "fault.argument"


def test_every_endpoint_is_documented_and_typed(studio: Studio) -> None:
    endpoints: Any = studio.client.view_api(return_format="dict", print_info=False)["named_endpoints"]  # pyright: ignore
    kinds = (DrawingEndpoints, DirectionEndpoints, GalleryEndpoints, CollectionEndpoints)
    assert set(endpoints) >= {f"/{name}" for kind in kinds for name in kind.NAMES}
    for name in (name for kind in kinds for name in kind.NAMES):
        told = endpoints[f"/{name}"]
        assert told["description"].endswith("."), name
        assert all(one["type"] for one in (*told["parameters"], *told["returns"])), name
        assert "request" not in [one["parameter_name"] for one in told["parameters"]], name


def test_generators(studio: Studio) -> None:
    listed = studio.client.predict(api_name="/generators")
    assert [one["id"] for one in listed] == ["tiny-dcgan", "tiny-style", "tiny-vae", "tiny-rvae"]
    assert listed[0]["classes"] == ["a", "b"]


@pytest.mark.parametrize("form", [dict, json.dumps], ids=["object", "text"])
def test_draw_gives_the_bytes_of_the_engine(studio: Studio, form: Any) -> None:
    path = studio.client.predict(form(RECIPE), api_name="/draw")
    assert Path(path).read_bytes() == to_png(studio.engine.draw(from_json(json.dumps(RECIPE))))


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_draw_in_every_format_with_the_recipe_inside(studio: Studio, format: str) -> None:
    data = Path(studio.client.predict(RECIPE, format, api_name="/draw")).read_bytes()
    assert (Image.open(io.BytesIO(data)).format or "").lower() == format
    found = read_recipe(data)
    assert found and from_json(found).seed == RECIPE["seed"]


def test_feature_maps_of_a_layer_come_as_one_picture(studio: Studio) -> None:
    path = studio.client.predict({"generator": "tiny-style"}, 4, api_name="/feature_maps")
    assert Image.open(path).size == (8 * 16, 16)
    assert fault_of(studio, {"generator": "tiny-vae"}, api_name="/feature_maps")[1]["code"] == "fault.no_inside"


def test_draw_sheet_counts_seeds_up_and_around(studio: Studio) -> None:
    paths = studio.client.predict({**RECIPE, "seed": 2**32 - 1}, 3, api_name="/draw_sheet")
    recipes = [from_json(read_recipe(Path(path).read_bytes()) or "") for path in paths]
    assert [recipe.seed for recipe in recipes] == [2**32 - 1, 0, 1]
    assert Path(paths[1]).read_bytes() == to_png(studio.engine.draw(from_json(json.dumps({**RECIPE, "seed": 0}))))


def test_every_mode_of_a_sheet_can_be_asked_for_and_each_picture_is_its_recipes(studio: Studio) -> None:
    for mode in studio.client.predict(api_name="/generators")[0]["modes"]:
        paths = studio.client.predict(RECIPE, 3, mode, 5, api_name="/draw_sheet")
        recipes = [from_json(read_recipe(Path(path).read_bytes()) or "") for path in paths]
        expected = studio.engine.sample(from_json(json.dumps(RECIPE)), mode, 3, 5)
        assert [replace(recipe, weights="", made=None) for recipe in recipes] == expected, mode
        assert Path(paths[2]).read_bytes() == to_png(studio.engine.draw(expected[2])), mode
        assert studio.client.predict(RECIPE, 3, mode, 5, api_name="/sample") == [to_dict(recipe) for recipe in expected], mode


def test_project_finds_a_picture_as_a_recipe_that_draws(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "GUESSES", 16)
    monkeypatch.setattr(finding, "STEPS", 5)
    found = studio.client.predict("tiny-style", {"generator": "tiny-style", "seed": 5}, api_name="/project")
    assert found["distance"] <= found["first"] and found["fit"] in ("same", "close", "partly", "far")
    assert Path(studio.client.predict(found["recipe"], api_name="/draw")).is_file()
    assert fault_of(studio, "tiny-rvae", RECIPE, api_name="/project")[1]["code"] == "fault.no_projection"


def test_a_mode_that_the_generator_lacks_is_a_fault_that_says_what_there_is(studio: Studio) -> None:
    sentence, told = fault_of(studio, RECIPE, 3, "layers", api_name="/draw_sheet")
    assert told["code"] == "fault.no_mode"
    assert "It has: series, random, varied, plane, walk, classes, truncation." in sentence


def test_recipe_of_a_picture_a_text_and_a_link_is_the_same(studio: Studio, tmp_path: Path) -> None:
    picture = studio.engine.draw(from_json(json.dumps(RECIPE)))
    (tmp_path / "saved.png").write_bytes(to_png(picture))
    of_picture = studio.client.predict(handle_file(tmp_path / "saved.png"), api_name="/recipe")
    assert of_picture["recipe"] == to_dict(picture.recipe) and of_picture["notes"] == []
    for text in (to_json(picture.recipe), to_link(picture.recipe), f"http://here/?r={to_link(picture.recipe)}&x=1#top"):
        assert studio.client.predict(None, text, api_name="/recipe") == of_picture


def test_recipe_notes_what_is_not_here(studio: Studio) -> None:
    opened = studio.client.predict(None, '{"generator":"ukiyoe","seed":3}', api_name="/recipe")
    assert opened["recipe"]["generator"] == "ukiyoe"
    assert [note["code"] for note in opened["notes"]] == ["note.absent_generator"]
    assert "ukiyoe" in opened["notes"][0]["text"] and "tiny-vae" in opened["notes"][0]["text"]


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        ({"generator": "ukiyoe"}, "fault.no_generator"),
        ({**RECIPE, "classes": {"q": 1}}, "fault.no_class"),
        ({**RECIPE, "seed": -1}, "fault.recipe_whole"),
        ({**RECIPE, "colour": "red"}, "fault.recipe_field"),
        ('{"generator":"tiny-dcgan","truncation":NaN}', "fault.recipe"),
        ("{" + "9" * 100_000, "fault.too_large"),
        ("[" * 50_000, "fault.recipe_text"),
    ],
)
def test_a_bad_recipe_is_a_clear_fault(studio: Studio, recipe: Any, code: str) -> None:
    sentence, told = fault_of(studio, recipe, api_name="/draw")
    assert told["code"].startswith(code)
    assert sentence.endswith((".", "again.")) and "{" not in sentence.replace("{'", "")


@pytest.mark.parametrize(
    ("name", "args", "argument"),
    [
        ("/draw", (RECIPE, "gif"), "format"),
        ("/draw", (7,), "recipe"),
        ("/draw_sheet", (RECIPE, 65), "count"),
        ("/draw_sheet", (RECIPE, 3, "best"), "mode"),
        ("/draw_sheet", (RECIPE, 3, "random", -1), "seed"),
        ("/gallery", ("", "", False, "", -1, 60), "offset"),
        ("/gallery", ("", "", False, "", 0, 10_000), "limit"),
        ("/remove", ([],), "ids"),
        ("/label", ("x", ["y" * 41]), "labels"),
    ],
)
def test_a_bad_argument_is_named(studio: Studio, name: str, args: tuple[Any, ...], argument: str) -> None:
    sentence, told = fault_of(studio, *args, api_name=name)
    assert told["code"] == "fault.argument" and told["params"]["name"] == argument
    assert f"'{argument}'" in sentence


def test_save_find_favourite_label_and_lineage(studio: Studio, entry: dict[str, Any]) -> None:
    call = studio.client.predict
    child = call({**RECIPE, "seed": 5}, [entry["id"]], api_name="/save")
    assert child["parents"] == [entry["id"]] and "visitor" not in child
    assert call(child["id"], True, api_name="/favourite")["favourite"] is True
    assert call(child["id"], ["faces", "März", "faces"], api_name="/label")["labels"] == ["März", "faces"]
    found = call("", "tiny-dcgan", True, "faces", 0, 60, api_name="/gallery")
    assert [one["id"] for one in found["entries"]] == [child["id"]] and found["total"] == 1
    assert "faces" in found["labels"] and "tiny-dcgan" in found["generators"]
    assert [[one["entry"]["id"] for one in line] for line in call(child["id"], api_name="/lineage")["ancestors"]] == [[entry["id"]]]
    assert child["id"] in [one["id"] for one in call(entry["id"], api_name="/lineage")["children"]]
    assert call(child["id"], False, api_name="/favourite")["favourite"] is False


def test_saved_bytes_are_the_engine_s(studio: Studio, entry: dict[str, Any]) -> None:
    assert httpx.get(f"{studio.url}/gallery/{entry['id']}.png").content == to_png(studio.engine.draw(from_json(json.dumps(RECIPE))))


@pytest.mark.parametrize("steps", [[], [{"translator": "tiny-up", "options": {"crispness": 1}}]], ids=["as it is", "enlarged"])
def test_a_picture_from_outside_is_drawn_and_saved_with_what_it_was_made_of(studio: Studio, steps: list[Any]) -> None:
    tray = studio.engine.darkroom.tray
    recipe = {"source": tray.put(photograph(seed=len(steps)), "local")[0], "after": steps}
    drawn = to_png(studio.engine.draw(from_dict(recipe)))
    assert Path(studio.client.predict(recipe, api_name="/draw")).read_bytes() == drawn
    entry = studio.client.predict(recipe, api_name="/save")
    assert entry["generator"] == ("tiny-up" if steps else "picture")
    assert httpx.get(f"{studio.url}/gallery/{entry['id']}.png").content == drawn
    (source,) = tray._folder.rglob(recipe["source"])
    assert source.stat().st_mtime == KEPT
    _, told = fault_of(studio, {**recipe, "source": "0" * 32}, api_name="/save")
    assert told["code"] == "fault.no_source"


def test_remove_and_undo(studio: Studio, entry: dict[str, Any]) -> None:
    call = studio.client.predict
    total = call(api_name="/gallery")["total"]
    assert call([entry["id"]], api_name="/remove") == 1
    assert call(api_name="/gallery")["total"] == total - 1
    assert call([entry["id"]], api_name="/undo_remove") == 1
    assert call(api_name="/gallery")["total"] == total


def test_export_is_a_zip_of_pictures_and_recipes(studio: Studio, entry: dict[str, Any]) -> None:
    with zipfile.ZipFile(studio.client.predict([entry["id"]], api_name="/export")) as archive:
        names = archive.namelist()
        pictures = [name for name in names if name.endswith(".png")]
        assert len(pictures) == 1 and any(name.endswith(".json") for name in names)
        assert from_json(read_recipe(archive.read(pictures[0])) or "").seed == RECIPE["seed"]


def test_collections_notes_and_a_collection_s_zip(studio: Studio, entry: dict[str, Any]) -> None:
    call = studio.client.predict
    other = call({**RECIPE, "seed": 8}, api_name="/save")
    assert call(other["id"], "<i>a note</i>", api_name="/note")["note"] == "<i>a note</i>"
    assert other["id"] in [one["id"] for one in call("<i>a", api_name="/gallery")["entries"]]
    made = call("For print", [entry["id"]], api_name="/keep_collection")
    assert call(made["id"], [other["id"]], api_name="/collect")["pictures"] == [entry["id"], other["id"]]
    ordered = call(made["id"], [other["id"], entry["id"]], api_name="/arrange_collection")
    page = call("", "", False, "", 0, 60, "", False, made["id"], api_name="/gallery")
    assert [one["id"] for one in page["entries"]] == ordered["pictures"] == [other["id"], entry["id"]]
    assert call(made["id"], "Printed", api_name="/rename_collection")["name"] == "Printed"
    with zipfile.ZipFile(call([], made["id"], "zh", api_name="/export")) as archive:
        assert archive.namelist()[0] == f"{other['id']}.png" and "CC0-1.0" in archive.read("credits.txt").decode()
    assert call(made["id"], api_name="/remove_collection") is True
    assert made["id"] not in [one["id"] for one in call(api_name="/collections")]
    assert call(made["id"], api_name="/undo_remove_collection")["pictures"] == ordered["pictures"]
    assert fault_of(studio, "0" * 16, [], api_name="/collect")[1]["code"] == "fault.no_collection"


def test_files_are_imported_and_what_is_left_is_named(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "plain.png").write_bytes(photograph())
    (tmp_path / "ours.png").write_bytes(to_png(studio.engine.draw(Recipe("tiny-vae", seed=987))))
    done = studio.client.predict([handle_file(tmp_path / name) for name in ("plain.png", "ours.png")], api_name="/import_pictures")
    assert len(done["pictures"]) == 1 and [(one["name"], one["fault"]["code"]) for one in done["left"]] == [
        ("plain.png", "fault.no_recipe")
    ]
    found = studio.client.predict("987", api_name="/gallery")["entries"]
    assert [one["id"] for one in found] == done["pictures"]


def test_no_path_of_a_client_is_imported(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "private.png").write_bytes(to_png(studio.engine.draw(Recipe("tiny-vae"))))
    for marked in ({}, {"meta": {"_type": "gradio.FileData"}}):
        stream = post(studio, "import_pictures", {"files": [{"path": str(tmp_path / "private.png"), **marked}]})
        assert stream.startswith("event: error") and not list(studio.cache.rglob("private.png"))


def test_a_film_is_kept_served_in_parts_and_opened_again(studio: Studio) -> None:
    film = {"keys": [{"at": 0, "recipe": RECIPE}, {"at": 0.2, "recipe": {**RECIPE, "seed": 1}}], "seconds": 0.4, "rate": 12}
    entry = studio.client.predict(film, "webm", 0, api_name="/save_film")
    assert (entry["film"], entry["recipe"]["generator"]) == ("webm", "tiny-dcgan")
    address = f"{studio.url}/gallery/{entry['id']}"
    answer = httpx.get(f"{address}/film", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (206, b"\x1a\x45\xdf\xa3", "video/webm")
    assert httpx.get(f"{address}.png").content[:4] == b"\x89PNG" and httpx.get(f"{address}/thumb.webp").status_code == 200
    opened = json.loads(studio.client.predict(entry["id"], api_name="/open_film"))
    assert [key["recipe"]["seed"] for key in opened["keys"]] == [RECIPE["seed"], 1] and opened["seconds"] == 0.4
    with zipfile.ZipFile(io.BytesIO(httpx.post(f"{studio.url}/gallery.zip", data={"ids": entry["id"]}).content)) as archive:
        assert archive.read(f"{entry['id']}.webm")[:4] == b"\x1a\x45\xdf\xa3"
    assert httpx.post(f"{studio.url}/gallery.zip", data={"ids": "0" * 16}).json()["fault"]["code"] == "fault.no_picture"


@pytest.mark.parametrize("name", ["/favourite", "/lineage", "/export", "/note", "/open_film"])
@pytest.mark.parametrize("id", ["nothing", "../../card", "..%2f..%2fcard"])
def test_an_unknown_picture_is_a_fault(studio: Studio, name: str, id: str) -> None:
    argument = [id] if name == "/export" else id
    _, told = fault_of(studio, argument, api_name=name)
    assert told["code"] == "fault.no_picture"


def post(studio: Studio, name: str, arguments: dict[str, Any]) -> str:
    """The event stream of a call with named arguments, as curl makes it."""
    answer = httpx.post(f"{studio.url}/gradio_api/call/v2/{name}", json=arguments)
    return httpx.get(f"{studio.url}/gradio_api/call/{name}/{answer.json()['event_id']}").text


def test_bare_http_with_named_arguments(studio: Studio) -> None:
    stream = post(studio, "draw", {"recipe": RECIPE})
    assert stream.startswith("event: complete")
    [file] = json.loads(stream.partition("data: ")[2])
    assert httpx.get(file["url"]).content == to_png(studio.engine.draw(from_json(json.dumps(RECIPE))))


def test_a_sheet_over_bare_http_has_an_address_for_each(studio: Studio) -> None:
    stream = post(studio, "draw_sheet", {"recipe": RECIPE, "count": 2})
    [files] = json.loads(stream.partition("data: ")[2])
    seeds = [from_json(read_recipe(httpx.get(file["url"]).content) or "").seed for file in files]
    assert seeds == [4711, 4712]


def test_a_fault_over_bare_http_carries_its_code(studio: Studio) -> None:
    stream = post(studio, "draw", {"recipe": {"generator": "ukiyoe"}})
    assert stream.startswith("event: error")
    said = json.loads(stream.partition("data: ")[2])
    assert json.loads(said["title"])["code"] == "fault.no_generator" and "ukiyoe" in said["error"]


def test_a_surprise_is_logged_and_told_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    @endpoint
    def broken() -> int:
        raise RuntimeError("/home/someone/private")

    with pytest.raises(gr.Error) as raised:
        broken()
    assert "private" not in raised.value.message and json.loads(raised.value.title)["code"] == "fault.surprise"
    assert "private" in caplog.text


def test_a_full_disk_is_a_clear_fault(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(answers, "save_bytes_to_cache", full)
    _, told = fault_of(studio, RECIPE, api_name="/draw")
    assert told["code"] == "fault.gallery_full"


@pytest.mark.parametrize("marked", [True, False], ids=["as a file", "as an object"])
def test_no_path_of_a_client_is_opened(studio: Studio, tmp_path: Path, marked: bool) -> None:
    (tmp_path / "private.png").write_bytes(to_png(studio.engine.draw(Recipe("tiny-vae"))))
    for path in (tmp_path / "private.png", studio.cache / ".." / "pictures" / "gallery.sqlite", Path("/etc/passwd")):
        picture = {"path": str(path)} | ({"meta": {"_type": "gradio.FileData"}} if marked else {})
        stream = post(studio, "recipe", {"picture": picture})
        assert stream.startswith("event: error") and "tiny-vae" not in stream
        assert not list(studio.cache.rglob(path.name)), "Gradio copied it to where it is served from."


def test_the_same_endpoints_are_tools_for_language_models(studio: Studio) -> None:
    session_of = pytest.importorskip("mcp").ClientSession
    connect = pytest.importorskip("mcp.client.streamable_http").streamablehttp_client
    saved = base64.b64encode(to_png(studio.engine.draw(from_json(json.dumps(RECIPE))))).decode()

    async def converse() -> tuple[set[str], Any, Any, Any]:
        async with connect(f"{studio.url}/gradio_api/mcp/") as (read, write, _), session_of(read, write) as session:
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools if tool.description}
            drawn = await session.call_tool("draw", {"recipe": RECIPE})
            opened = await session.call_tool("recipe", {"picture": f"data:image/png;base64,{saved}"})
            refused = await session.call_tool("draw", {"recipe": {"generator": "ukiyoe"}})
            return tools, drawn.content, opened.content, refused

    with start_blocking_portal() as portal:  # Playwright's tests leave a loop running in this thread
        tools, drawn, opened, refused = portal.call(converse)
    assert tools >= {*DrawingEndpoints.NAMES, *DirectionEndpoints.NAMES, *GalleryEndpoints.NAMES}
    assert Image.open(io.BytesIO(base64.b64decode(drawn[0].data))).size == (16, 16)
    assert "'seed': 4711" in opened[0].text
    assert refused.isError and "ukiyoe" in refused.content[0].text and "tiny-vae" in refused.content[0].text
