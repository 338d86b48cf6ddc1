"""Pictures come back whole, with what they came from; whatever is bad is named, and nothing of it reaches the disk."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from studio import archives, gallery_import
from studio.errors import Fault
from studio.frames import KEY
from studio.gallery import Gallery
from studio.gallery_export import GalleryExport
from studio.gallery_import import Imported, import_pictures
from studio.recipe import Recipe
from tests.studio.given import bomb, photograph, written
from tests.studio.test_gallery import ME, YOU, files_in, keep, keep_film, png_of

WHOLE = png_of(Recipe("a", seed=1))


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery(tmp_path / "gallery") as gallery:
        yield gallery


def brought(gallery: Gallery, folder: Path, files: Mapping[str, bytes], visitor: str = ME) -> Imported:
    """Files as they are uploaded: each somewhere, under the name that it came with."""
    folder.mkdir(exist_ok=True)
    given = []
    for number, (name, data) in enumerate(files.items()):
        (folder / str(number)).write_bytes(data)
        given.append((name, folder / str(number)))
    return import_pictures(gallery, given, visitor)


def packed(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def reasons(done: Imported) -> dict[str, str]:
    for one in done.left:
        assert "{" not in str(one.fault)
    return {one.name: one.fault.code for one in done.left}


def test_what_was_exported_comes_back_with_its_family_and_its_words(gallery: Gallery, tmp_path: Path) -> None:
    first = keep(gallery, Recipe("a", seed=1))
    second = keep(gallery, Recipe("a", seed=2), parents=(first.id,))
    third = keep(gallery, Recipe("a", seed=3), parents=(second.id, first.id))
    film = keep_film(gallery)
    gallery.label(second.id, ME, ["蓝", "old"])
    gallery.note(second.id, ME, "a note\nof two lines")
    gallery.favourite(third.id, ME, True)
    export = GalleryExport(gallery, lambda recipe: ())
    data = b"".join(export.parts(export.choose([third.id, film.id, first.id, second.id], ME), "en"))
    done = brought(gallery, tmp_path / "up", {"taken along.zip": data}, YOU)
    assert (len(done.pictures), done.known, reasons(done)) == (3, [], {f"{film.id}.png": "fault.import_film"})
    one, two, three = (gallery.get(id, YOU) for id in done.pictures)
    assert [entry.recipe.seed for entry in (one, two, three)] == [1, 2, 3]
    assert (two.parents, three.parents) == ((one.id,), (two.id, one.id))
    assert (two.labels, two.note, three.favourite, one.favourite) == (("old", "蓝"), "a note\nof two lines", True, False)
    assert gallery.png(two.id, YOU).read_bytes() == gallery.png(second.id, ME).read_bytes()
    again = brought(gallery, tmp_path / "up", {"taken along.zip": data}, YOU)
    assert (again.pictures, len(again.known)) == ([], 3)
    gallery.remove([two.id], YOU)
    back = brought(gallery, tmp_path / "up", {"taken along.zip": data}, YOU)
    assert gallery.get(back.pictures[0], YOU).parents == (one.id,), "a parent that is here already is one"


def test_duplicates_are_known_by_their_recipe_and_each_visitor_has_their_own(gallery: Gallery, tmp_path: Path) -> None:
    keep(gallery, Recipe("a", seed=1))
    done = brought(gallery, tmp_path / "up", {"x.png": WHOLE, "y.png": png_of(Recipe("a", seed=2)), "z.PNG": png_of(Recipe("a", seed=2))})
    assert ([gallery.get(id, ME).recipe.seed for id in done.pictures], done.known) == ([2], ["x.png", "z.PNG"])
    assert len(brought(gallery, tmp_path / "up", {"x.png": WHOLE}, YOU).pictures) == 1


def test_every_bad_file_is_named_and_the_rest_comes_in(gallery: Gallery, tmp_path: Path) -> None:
    bad = {
        "plain.png": (photograph(), "fault.no_recipe"),
        "cut off.png": (WHOLE[:-30], "fault.picture_damaged"),
        "cut short.png": (WHOLE[:20], None),
        "empty.png": (b"", "fault.import_kind"),
        "text.png": (b"hello", "fault.import_kind"),
        "huge.png": (bomb(60_000, 60_000), "fault.picture_pixels"),
        "bomb.png": (b"\0" * (gallery_import.MAX_FILE + 10), "fault.too_large"),
    }
    odd = {"../../out.png": "fault.import_name", "/etc/out.png": "fault.import_name", "C:\\out.png": "fault.import_name"}
    files = {name: data for name, (data, _) in bad.items()} | dict.fromkeys(odd, WHOLE)
    expected = {name: code for name, (_, code) in bad.items()} | odd
    done = brought(gallery, tmp_path / "up", {"all.zip": packed({**files, "readme.txt": b"", "deep/good.png": WHOLE})})
    found = reasons(done)
    assert found.keys() == {archives.named(name) for name in expected}
    for name, code in expected.items():
        assert code in (None, found[archives.named(name)]), name
    assert (len(done.pictures), done.others) == (1, 1)
    assert files_in(tmp_path / "gallery") == [f"{done.pictures[0]}.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gallery", "up"]


@pytest.mark.parametrize("said", ['{"generator":"a","seed":-1}', '{"generator":"a"', "[" * 60_000])
def test_a_damaged_recipe_is_named(gallery: Gallery, tmp_path: Path, said: str) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, said)
    done = brought(gallery, tmp_path / "up", {"x.png": written(Image.new("RGB", (4, 4)), pnginfo=info)})
    assert next(iter(reasons(done).values())) in ("fault.recipe_whole", "fault.recipe_text")
    assert gallery.find(ME).total == 0


def test_a_zip_that_is_none_is_named_and_the_others_come_in(gallery: Gallery, tmp_path: Path) -> None:
    good = packed({"x.png": WHOLE})
    many = packed({f"{i}.txt": b"" for i in range(20)})
    end = good.rfind(b"PK\5\6")
    larger = good[:end] + b"PK\6\7" + b"\0" * 16 + good[end:]
    locked = bytearray(packed({"locked.png": WHOLE}))
    for head, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = locked.find(head) + place
        locked[at : at + 2] = struct.pack("<H", 1)
    archives_of = {"cut.zip": good[: end - 10], "larger.zip": larger, "locked.zip": bytes(locked), "good.zip": good, "many.zip": many}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archives, "MAX_MEMBERS", 10)
        done = brought(gallery, tmp_path / "up", {**archives_of, "lzma.zip": packed({"l.png": WHOLE}, zipfile.ZIP_LZMA)})
    assert reasons(done) == {
        "cut.zip": "fault.import_archive",
        "larger.zip": "fault.import_members",
        "many.zip": "fault.import_members",
        "locked.png": "fault.import_packed",
        "l.png": "fault.import_packed",
    }
    assert len(done.pictures) == 1


def test_count_and_bytes_are_bounded(gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{seed}.png": png_of(Recipe("a", seed=seed)) for seed in range(5)}
    monkeypatch.setattr(gallery_import, "MAX_IMPORTED", 2)
    done = brought(gallery, tmp_path / "up", files)
    assert (len(done.pictures), reasons(done)) == (2, {"2.png": "fault.import_many"})
    assert done.left[0].fault.params["count"] == 3
    monkeypatch.setattr(gallery_import, "MAX_IMPORTED", 9)
    monkeypatch.setattr(gallery_import, "Budget", lambda: archives.Budget(sum(map(len, list(files.values())[:4]))))
    done = brought(gallery, tmp_path / "up", files, YOU)
    assert (len(done.pictures), reasons(done)) == (4, {"4.png": "fault.import_bytes"})


def test_a_full_gallery_takes_what_fits_and_says_so(tmp_path: Path) -> None:
    with Gallery(tmp_path / "gallery", quota=len(WHOLE) + 100) as gallery:
        done = brought(gallery, tmp_path / "up", {"1.png": WHOLE, "2.png": png_of(Recipe("a", seed=2))})
    assert (len(done.pictures), reasons(done)) == (1, {"2.png": "fault.gallery_quota"})


ODD = json.dumps([{"id": "x", "labels": "y", "note": 3, "parents": [{}, "../x"]}]).encode()


@pytest.mark.parametrize("told", [b"no json", b"{}", b"[" * 100_000, b'[{"id": 1}, 7]', ODD])
def test_a_damaged_list_is_no_reason_to_leave_a_picture(gallery: Gallery, tmp_path: Path, told: bytes) -> None:
    done = brought(gallery, tmp_path / "up", {"manifest.json": told, "x.png": WHOLE})
    entry = gallery.get(done.pictures[0], ME)
    assert (entry.labels, entry.note, entry.parents, done.others) == ((), "", (), 1)


def test_a_member_larger_than_it_says_is_read_no_further() -> None:
    budget = archives.Budget(100)
    with pytest.raises(Fault, match="at most 10"):
        budget.read(io.BytesIO(b"x" * 50), 5, 10)
    assert budget.left == 89
