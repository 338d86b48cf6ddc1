"""What is taken along: every picture whole, a sheet to print, and whose work it rests on; nothing held whole on the way."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import pdf
from studio.credits import credits_of
from studio.engine import Engine
from studio.frames import read_recipe, to_png
from studio.gallery import MAX_CHOSEN, Gallery
from studio.gallery_export import GalleryExport
from studio.packing import PART, zipped
from studio.recipe import Recipe
from studio.recipe_steps import Step
from studio.recipe_text import from_json
from tests.studio.test_gallery import ME, PNG, YOU, FullDisk, code_of, code_or_none, files_in, keep, keep_film


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery(tmp_path / "gallery") as gallery:
        yield gallery


@pytest.fixture
def export(gallery: Gallery, engine: Engine) -> GalleryExport:
    return GalleryExport(gallery, credits_of(engine))


def opened(parts: Iterator[bytes]) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert archive.testzip() is None
    return archive


def test_a_zip_holds_pictures_recipes_films_a_manifest_credits_and_a_sheet(gallery: Gallery, export: GalleryExport, engine: Engine) -> None:
    drawn = engine.draw(Recipe("tiny-dcgan", seed=7))
    parent = gallery.save(to_png(drawn), drawn.recipe, visitor=ME)
    child = keep(gallery, Recipe("../digits", seed=1, after=(Step("tiny-up"),)), parents=(parent.id,))
    outside, film = keep(gallery, Recipe(source="a" * 32)), keep_film(gallery)
    gallery.label(child.id, ME, ["蓝"])
    gallery.note(child.id, ME, "a note")
    chosen = export.choose([child.id, parent.id, child.id, outside.id, film.id], ME)
    with opened(export.parts(chosen, "en")) as archive:
        names = [f"{one.id}{ending}" for one in chosen.entries for ending in ((".png", ".json", ".mp4") if one.film else (".png", ".json"))]
        assert archive.namelist() == [*names, "manifest.json", "credits.txt", "contact-sheet.pdf"]
        assert from_json(archive.read(names[1])) == from_json(read_recipe(archive.read(names[0])) or "") == child.recipe
        assert archive.read(f"{film.id}.mp4") == b"a film"
        manifest, credits = json.loads(archive.read("manifest.json")), archive.read("credits.txt").decode()
    assert [(row["parents"], row["labels"], row["note"]) for row in manifest[:2]] == [([parent.id], ["蓝"], "a note"), ([], [], "")]
    assert [row["film"] for row in manifest] == ["", "", "", "mp4"] and "visitor" not in manifest[0]
    blocks = credits.split("\n\n")
    assert "tiny-dcgan" in blocks[3] and "Licence of what it learned from: CC0-1.0" in blocks[3] and f"{parent.id}.png" in blocks[3]
    assert "../digits" in blocks[1] and "card is not in this studio" in blocks[1]
    assert "tiny-up" in blocks[2] and f"Files: {child.id}.png" in blocks[2]
    assert "pictures from outside" in blocks[4] and f"{outside.id}.png" in blocks[4]


def words(document: bytes) -> list[str]:
    """Every line of words in a PDF of ours, in their order."""
    said: list[str] = []
    for line in re.findall(rb"BT .*? ET", document):
        runs = re.findall(rb"/F(\d) [\d.]+ Tf <([0-9a-f]*)> Tj", line)
        said.append("".join(bytes.fromhex(text.decode()).decode("cp1252" if font == b"3" else "utf-16-be") for font, text in runs))
    return said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sheet_names_every_picture_its_seed_and_its_licence(
    gallery: Gallery, export: GalleryExport, engine: Engine, language: str
) -> None:
    drawn = [engine.draw(Recipe("tiny-vae", seed=seed)) for seed in range(18)]
    ids = [gallery.save(to_png(one), one.recipe, visitor=ME).id for one in drawn]
    collection = gallery.collections.keep("给展览", ids[::-1], ME)
    with opened(export.parts(export.choose([], ME, collection.id), language)) as archive:
        document = archive.read("contact-sheet.pdf")
    said = words(document)
    assert said[0] == "给展览" and {f"{id}.png" for id in ids} <= set(said)
    assert ("种子 17" if language == "zh" else "seed 17") in said
    assert any("CC0-1.0" in line for line in said) and any("none: untrained weights" in line for line in said)
    assert document.count(b"/Subtype /Image") == 18 and document.count(b"/Type /Page ") == 3  # sixteen, two, the credits
    starts = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", document)]
    assert all(re.match(rb"%d 0 obj" % number, document[place:]) for number, place in enumerate(starts, 1)), "the table tells where all lie"
    assert document[int(document.rsplit(b"startxref\n")[-1].split()[0]) :].startswith(b"xref")


def test_lines_are_broken_within_their_width() -> None:
    for text in ("a few words that go on for a while", "没有空格的很长很长的一句话", "x" * 100):
        broken = pdf.lines(text, 8, 60)
        assert len(broken) > 1 and all(pdf.width(line, 8) <= 60 for line in broken)
        assert "".join(broken).replace(" ", "") == text.replace(" ", "")


def test_only_what_is_there_and_ones_own_is_packed(gallery: Gallery, export: GalleryExport) -> None:
    mine, theirs = keep(gallery), keep(gallery, visitor=YOU)
    empty = gallery.collections.keep("x", [], ME)
    assert code_of(export.choose, [mine.id, theirs.id], ME) == code_of(export.choose, ["../x"], ME) == "fault.no_picture"
    assert code_of(export.choose, [], YOU, empty.id) == "fault.no_collection"
    assert code_of(export.choose, [], ME, empty.id) == code_of(export.choose, [], ME) == "fault.export_empty"
    assert code_of(export.choose, [f"{i:016x}" for i in range(MAX_CHOSEN + 1)], ME) == "fault.gallery_many"
    gallery.png(mine.id, ME).unlink()
    assert code_of(export.choose, [mine.id], ME) == "fault.picture_lost"


def test_a_picture_without_a_look_leaves_its_place_on_the_sheet_empty(gallery: Gallery, export: GalleryExport) -> None:
    entry = keep(gallery)
    gallery.png(entry.id, ME).write_bytes(PNG[:40])
    with opened(export.parts(export.choose([entry.id], ME), "en")) as archive:
        assert b"/Subtype /Image" not in archive.read("contact-sheet.pdf")


def test_a_file_is_read_a_part_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (3 * PART + 1))
    sizes = [len(part) for part in zipped([("large", tmp_path / "large"), ("蓝/parts", iter([b"a", b"b"]))])]
    assert max(sizes) <= PART + 200
    with opened(zipped([("large", tmp_path / "large"), ("蓝/parts", iter([b"a", b"b"]))])) as archive:
        assert archive.namelist() == ["large", "蓝/parts"] and archive.read("蓝/parts") == b"ab"


def test_a_full_disk_at_any_step_says_so_and_leaves_no_half_of_a_file(gallery: Gallery, export: GalleryExport, tmp_path: Path) -> None:
    entry = keep(gallery)
    gallery.thumb(entry.id, ME)
    chosen = export.choose([entry.id], ME)
    steps = 0
    while True:
        path = tmp_path / str(steps) / "a.zip"
        with pytest.MonkeyPatch.context() as monkeypatch:
            disk = FullDisk(monkeypatch, steps)
            code = code_or_none(export.write, path, chosen, "en")
        assert (code == "fault.gallery_full") == disk.was_full
        assert files_in(tmp_path / str(steps)) == ([] if code else ["a.zip"])
        if not code:
            return
        steps += 1
