"""Index and files never disagree, visitors never meet, and nothing is lost that can be kept."""

import builtins
import errno
import os
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import whole
from studio import gallery_files
from studio.errors import Fault
from studio.frames import Picture, to_png
from studio.gallery import MAX_CHOSEN, Gallery
from studio.gallery_entry import Lineage
from studio.gallery_index import filters
from studio.gallery_reading import MAX_PAGE
from studio.recipe import Recipe
from studio.recipe_steps import Step
from studio.recipe_text import to_json
from tests.studio.given import bomb

ME, YOU = "local", "0123456789abcdef" * 2
RECIPE = Recipe("letters", seed=4711, classes=(("A", 1.0),), styles=(("手写", 1.0),))


def png_of(recipe: Recipe, size: int = 8) -> bytes:
    return to_png(Picture(np.full((size, size * 2, 3), recipe.seed % 256, np.uint8), recipe))


PNG = png_of(RECIPE)


@pytest.fixture
def gallery(tmp_path):
    with Gallery(tmp_path) as opened:
        yield opened


def keep(gallery: Gallery, recipe: Recipe = RECIPE, visitor: str = ME, parents=()):
    return gallery.save(png_of(recipe), recipe, visitor=visitor, parents=parents)


def keep_file(gallery: Gallery, data: bytes = PNG):
    """As a large picture is kept: from a file, beside which a WebP shows it small."""
    path = gallery.index.path.parent.parent / "large.png"
    path.write_bytes(data)
    Image.new("RGB", (512, 256), "red").save(path.with_suffix(".webp"))
    return gallery.save_file(path, Recipe(source="0" * 32, after=(Step("up"),)), visitor=ME)


def keep_film(gallery: Gallery):
    path = gallery.index.path.parent.parent / "made.film"
    path.write_bytes(b"a film")
    return gallery.save_film(path, PNG, RECIPE, format="mp4", visitor=ME)


def files_in(folder: Path) -> list[str]:
    """Every file but the index."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.startswith("gallery.sqlite"))


def rows_in(folder: Path) -> int:
    with sqlite3.connect(folder / "gallery.sqlite") as db:
        return db.execute("SELECT count(*) FROM pictures").fetchone()[0]


def code_of(call, *args, **options) -> str:
    """The code of the fault that a call ends in, its sentence complete."""
    with pytest.raises(Fault) as caught:
        call(*args, **options)
    assert "{" not in str(caught.value)
    return caught.value.code


def code_or_none(call, *args) -> str | None:
    try:
        call(*args)
    except Fault as fault:
        return fault.code
    return None


def test_a_saved_picture_is_found_again_as_it_was(gallery, tmp_path):
    entry = keep(gallery)
    assert (entry.recipe, entry.generator, entry.visitor, entry.parents) == (RECIPE, "letters", ME, ())
    assert (entry.width, entry.height, entry.bytes, entry.favourite, entry.labels) == (16, 8, len(PNG), False, ())
    assert gallery.get(entry.id, ME) == entry
    assert gallery.png(entry.id, ME).read_bytes() == PNG
    with Gallery(tmp_path) as later:
        assert later.find(ME).entries == (entry,)


def test_a_page_shows_the_newest_first(gallery):
    ids = [keep(gallery, Recipe("a", seed=seed)).id for seed in range(5)]
    pages = [gallery.find(ME, offset=offset, limit=2) for offset in (0, 2, 4, 6)]
    assert [entry.id for page in pages for entry in page.entries] == ids[::-1]
    assert {page.total for page in pages} == {5}
    assert len(gallery.find(ME, offset=-1, limit=0).entries) == 1
    assert gallery.find(ME, offset=10**30, limit=10**30).entries == ()


def test_pictures_are_found_by_generator_favourite_label_and_words(gallery):
    letter, digit = keep(gallery), keep(gallery, Recipe("digits", seed=12))
    gallery.favourite(letter.id, ME, True)
    gallery.label(digit.id, ME, ["Blue", "für später", " Blue ", ""])
    assert gallery.get(letter.id, ME).favourite
    assert gallery.get(digit.id, ME).labels == ("Blue", "für später")
    found = {
        case: [entry.id for entry in gallery.find(ME, **query).entries]
        for case, query in {
            "generator": {"generator": "letters"},
            "favourite": {"favourite": True},
            "label": {"label": "für später"},
            "seed": {"text": "4711"},
            "style": {"text": "手写"},
            "label's word": {"text": "blue digits"},
            "words of two": {"text": "blue letters"},
            "id": {"text": letter.id},
            "wildcard": {"text": "%"},
            "not text": {"text": "\ud800", "label": "\ud800"},
        }.items()
    }
    assert found == {
        "generator": [letter.id],
        "favourite": [letter.id],
        "label": [digit.id],
        "seed": [letter.id],
        "style": [letter.id],
        "label's word": [digit.id],
        "words of two": [],
        "id": [letter.id],
        "wildcard": [],
        "not text": [],
    }
    everything = gallery.find(ME)
    assert (everything.labels, everything.generators) == (("Blue", "für später"), ("digits", "letters"))
    assert not gallery.favourite(letter.id, ME, False).favourite
    assert gallery.label(digit.id, ME, []).labels == ()


@pytest.mark.parametrize("labels", [["x" * 41], ["a\nb"], ["\ud800"], [str(i) for i in range(17)]])
def test_labels_are_bounded(gallery, labels):
    assert code_of(gallery.label, keep(gallery).id, ME, labels) == "fault.gallery_labels"


def test_a_note_is_found_by_its_words_in_whatever_case(gallery):
    noted, other = keep(gallery), keep(gallery)
    gallery.note(noted.id, ME, "  Für ÄPFEL\r\nund <b>Birnen</b> 给展览  ")
    assert gallery.get(noted.id, ME).note == "Für ÄPFEL\nund <b>Birnen</b> 给展览"
    for text, found in (("äpfel", 1), ("<b>birnen", 1), ("展览 4711", 1), ("nund", 0), ("letters", 2), ("äpfel other", 0), ("\ud800", 0)):
        assert gallery.find(ME, text=text).total == found, text
    assert gallery.note(noted.id, ME, "").note == "" == gallery.get(other.id, ME).note


@pytest.mark.parametrize("text", ["x" * 2001, "a\0b", "\ud800", "\x1b[2J"])
def test_notes_are_bounded(gallery, text):
    assert code_of(gallery.note, keep(gallery).id, ME, text) == "fault.gallery_note"


def test_a_film_stands_beside_the_pictures_and_counts_whole(tmp_path):
    with Gallery(tmp_path / "gallery", quota=len(PNG) * 2 + 6) as gallery:
        picture, film = keep(gallery), keep_film(gallery)
        assert (film.film, film.recipe, film.bytes, film.width) == ("mp4", RECIPE, len(PNG) + 6, 16)
        assert gallery.film(film.id, ME).read_bytes() == b"a film"
        assert gallery.find(ME).entries == (film, picture)
        assert code_of(gallery.film, picture.id, ME) == "fault.no_film"
        assert code_of(keep, gallery) == "fault.gallery_quota"
        gallery.remove([film.id], ME)
        gallery.purge(timedelta(0))
        assert files_in(tmp_path / "gallery") == [f"{picture.id}.png"]
    lost = tmp_path / "gallery" / "films" / "00" / "0000000000000000.film"
    lost.parent.mkdir(parents=True, exist_ok=True)
    lost.write_bytes(b"")
    Gallery(tmp_path / "gallery").close()
    assert not lost.exists(), "a crash's is swept"


def test_removing_can_be_undone(gallery):
    one, two = keep(gallery), keep(gallery)
    assert gallery.remove([one.id, one.id, "no such"], ME) == 1
    assert gallery.find(ME).entries == (two,)
    assert code_of(gallery.get, one.id, ME) == code_of(gallery.png, one.id, ME) == "fault.no_picture"
    assert gallery.remove([one.id], ME) == 0
    assert gallery.restore([one.id, two.id], ME) == 1
    assert gallery.find(ME).entries == (two, one)
    assert gallery.png(one.id, ME).read_bytes() == PNG


def test_purging_deletes_for_good_what_was_removed_long_enough_ago(gallery, tmp_path):
    gone, kept = keep(gallery), keep(gallery)
    gallery.thumb(gone.id, ME)
    gallery.remove([gone.id], ME)
    assert gallery.purge(timedelta(days=1)) == 0
    assert gallery.purge(timedelta(0)) == 1
    assert files_in(tmp_path) == [f"{kept.id}.png"]
    assert gallery.restore([gone.id], ME) == 0
    assert rows_in(tmp_path) == 1


def test_what_a_picture_came_from_and_what_came_from_it(gallery):
    first = keep(gallery)
    second = keep(gallery, parents=(first.id,))
    third, sibling = keep(gallery, parents=(second.id,)), keep(gallery, parents=(second.id,))
    assert gallery.lineage(third.id, ME).ancestors == ((second,), (first,))
    assert gallery.lineage(second.id, ME).children == (sibling, third)
    assert gallery.lineage(first.id, ME).ancestors == ()
    gallery.remove([second.id], ME)
    assert gallery.lineage(third.id, ME).ancestors == ((first,),)
    assert code_of(keep, gallery, parents=(second.id,)) == "fault.no_picture"
    assert code_of(keep, gallery, parents=("0" * 16,)) == "fault.no_picture"


def test_a_child_has_several_parents_saved_or_not(gallery, tmp_path):
    first, other = keep(gallery), keep(gallery, Recipe("a", seed=2))
    unsaved = Recipe("a", seed=3, weights="0123456789ab")
    child = keep(gallery, Recipe("a", seed=4), parents=(other.id, unsaved, first.id))
    assert child.parents == (other.id, first.id)
    grandchild = keep(gallery, Recipe("a", seed=5), parents=(child.id, first.id))
    assert gallery.lineage(child.id, ME).ancestors == ((other, unsaved, first),)
    assert gallery.lineage(grandchild.id, ME).ancestors == ((child, first), (other, unsaved)), "each comes once, where it is nearest"
    assert gallery.lineage(first.id, ME).children == (grandchild, child)
    later = keep(gallery, unsaved)
    assert gallery.lineage(child.id, ME).ancestors == ((other, later, first),), "saved since"
    assert gallery.lineage(later.id, ME).children == (child,)
    keep(gallery, unsaved, visitor=YOU)
    assert gallery.lineage(child.id, ME).ancestors == ((other, later, first),), "another visitor's is nobody's parent here"
    itself = keep(gallery, Recipe("a", seed=6), parents=(Recipe("a", seed=6),))
    assert gallery.lineage(itself.id, ME) == Lineage((), ())
    assert code_of(keep, gallery, parents=(first.id,) * 9) == "fault.gallery_parents"
    gallery.remove([child.id], ME)
    gallery.purge(timedelta(0))
    with sqlite3.connect(tmp_path / "gallery.sqlite") as db:
        assert db.execute("SELECT count(*) FROM kin WHERE child = ?", (child.id,)).fetchone() == (0,)


def test_another_visitors_pictures_are_refused_at_every_door(gallery):
    mine = keep(gallery, visitor=ME)
    for look in (gallery.get, gallery.png, gallery.thumb, gallery.lineage):
        assert code_of(look, mine.id, YOU) == "fault.no_picture"
    assert code_of(gallery.favourite, mine.id, YOU, True) == "fault.no_picture"
    assert code_of(gallery.label, mine.id, YOU, ["x"]) == "fault.no_picture"
    assert code_of(gallery.film, mine.id, YOU) == code_of(gallery.note, mine.id, YOU, "x") == "fault.no_picture"
    assert code_of(keep, gallery, visitor=YOU, parents=(mine.id,)) == "fault.no_picture"
    assert gallery.remove([mine.id], YOU) == 0
    gallery.remove([mine.id], ME)
    assert gallery.restore([mine.id], YOU) == 0
    gallery.restore([mine.id], ME)
    assert gallery.purge(timedelta(0), YOU) == 0
    assert gallery.find(YOU) == gallery.find(YOU, text=mine.id)
    assert (gallery.find(YOU).total, gallery.find(YOU).generators) == (0, ())
    assert gallery.get(mine.id, ME) == mine


@pytest.mark.parametrize("id", ["..", "../../secret", "%2e%2e", "/etc/passwd", "", "A" * 16, "\0", "\ud800", "' OR 1 --", "0" * 16])
def test_an_id_that_is_none_never_becomes_a_path(gallery, tmp_path, id):
    (tmp_path / "secret.png").write_bytes(PNG)
    for look in (gallery.get, gallery.png, gallery.thumb, gallery.lineage):
        assert code_of(look, id, ME) == "fault.no_picture"
    assert code_of(gallery.film, id, ME) == code_of(gallery.note, id, ME, "x") == "fault.no_picture"
    assert gallery.remove([id], ME) == gallery.restore([id], ME) == 0


def test_even_a_row_with_such_an_id_is_refused():
    files = gallery_files.GalleryFiles(Path("folder"))
    for id in ("..", "../" * 5 + "a", "a" * 15 + "\n"):
        assert code_of(files.picture, id) == code_of(files.thumb, id) == "fault.no_picture"


def test_thumbs_are_made_lazily_small_and_once(gallery, tmp_path):
    recipe = Recipe("a")
    entry = gallery.save(png_of(recipe, 512), recipe, visitor=ME)
    assert not (tmp_path / "thumbs").exists()
    thumb = gallery.thumb(entry.id, ME)
    with Image.open(thumb) as image:
        assert (image.format, image.size) == ("WEBP", (256, 128))
    made = thumb.stat().st_mtime_ns
    assert gallery.thumb(entry.id, ME).stat().st_mtime_ns == made


def test_a_picture_whose_file_was_taken_away_says_so(gallery):
    entry = keep(gallery)
    gallery.png(entry.id, ME).unlink()
    assert code_of(gallery.png, entry.id, ME) == code_of(gallery.thumb, entry.id, ME) == "fault.picture_lost"
    assert gallery.get(entry.id, ME).recipe == RECIPE


def test_a_choice_of_too_many_is_refused(gallery):
    ids = [f"{i:016x}" for i in range(MAX_CHOSEN + 1)]
    for act in (gallery.remove, gallery.restore):
        assert code_of(act, ids, ME) == "fault.gallery_many"


@pytest.mark.parametrize("data", [b"", b"not a picture", PNG[:10]])
def test_what_is_no_png_is_not_kept(gallery, tmp_path, data):
    assert code_of(gallery.save, data, RECIPE, visitor=ME) == "fault.not_picture"
    assert (files_in(tmp_path), rows_in(tmp_path)) == ([], 0)


class FullDisk:
    """Lets so many steps of writing succeed and then has no room left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
        self.left = steps
        for name in ("mkdir", "fsync", "replace"):
            monkeypatch.setattr(os, name, self._limited(getattr(os, name)))
        monkeypatch.setattr(whole, "open", self._open, raising=False)

    @property
    def was_full(self) -> bool:
        return self.left < 0

    def _limited(self, call):
        def limited(*args, **options):
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*args, **options)

        return limited

    def _open(self, *args, **options):
        file = self._limited(builtins.open)(*args, **options)
        whole_write = file.write

        class HalfWritten:
            def write(_self, data):
                whole_write(data[: len(data) // 2])
                self._limited(whole_write)(data[len(data) // 2 :])

            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def __getattr__(self, name):
                return getattr(file, name)

        return HalfWritten()


ACTS = {
    "save": lambda gallery, _: keep(gallery),
    "save a file": lambda gallery, _: keep_file(gallery),
    "thumb": lambda gallery, id: gallery.thumb(id, ME),
    "save a film": lambda gallery, _: keep_film(gallery),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_full_disk_at_any_step_leaves_neither_row_nor_file(tmp_path, act):
    steps = 0
    while True:
        folder = tmp_path / str(steps)
        with Gallery(folder) as gallery, pytest.MonkeyPatch.context() as monkeypatch:
            entry = keep(gallery)
            before = files_in(folder)
            disk = FullDisk(monkeypatch, steps)
            code = code_or_none(act, gallery, entry.id)
            assert (code == "fault.gallery_full") == disk.was_full
            if code:
                assert files_in(folder) == before
                assert gallery.find(ME).entries == (entry,)
            monkeypatch.undo()
            act(gallery, entry.id)  # with room again all is well
            if not disk.was_full:
                break
        steps += 1
    assert steps >= 5  # a folder, the file, its bytes, its name, its folder's


def test_a_picture_larger_than_pillow_opens_is_kept_and_shown_small(tmp_path):
    with Gallery(tmp_path / "gallery") as gallery:
        entry = keep_file(gallery, bomb(20_000, 10_000))
        assert (entry.generator, entry.width, entry.height) == ("up", 20_000, 10_000)
        assert gallery.png(entry.id, ME).read_bytes() == bomb(20_000, 10_000)
        with Image.open(gallery.thumb(entry.id, ME)) as thumb:
            assert thumb.size == (256, 128)
        gallery.thumb(entry.id, ME).unlink()
        assert code_of(gallery.thumb, entry.id, ME) == "fault.no_preview"
        (tmp_path / "large.webp").unlink()
        before = files_in(tmp_path / "gallery")
        assert code_of(gallery.save_file, tmp_path / "large.png", RECIPE, visitor=ME) == "fault.gallery_write"
        assert files_in(tmp_path / "gallery") == before


def test_what_saved_pictures_are_made_of_is_known(gallery):
    made = Recipe(source="a" * 32, after=(Step("painter", beside=(("style", ("b" * 32, "c" * 32)),)),))
    entry, other = keep(gallery, made), keep(gallery, Recipe("source"))
    keep(gallery, Recipe("letters", after=(Step("painter", beside=(("style", ("c" * 32,)),)),)))
    keep(gallery, Recipe(source="d" * 32), YOU)
    assert gallery.ingredients(ME) == {"a" * 32, "b" * 32, "c" * 32}
    gallery.remove([entry.id, other.id], ME)
    assert gallery.ingredients(ME) == {"c" * 32}
    assert (gallery.ingredients(YOU), gallery.find(YOU).generators) == ({"d" * 32}, ("picture",))


def test_an_index_without_room_leaves_no_file(gallery, tmp_path):
    keep(gallery)
    before = files_in(tmp_path)
    (pages,) = gallery.index.db.execute("PRAGMA page_count").fetchone()
    gallery.index.db.execute(f"PRAGMA max_page_count = {pages}")
    long = Recipe("a", directions=tuple((f"{i:064}", 1.0) for i in range(128)))
    assert code_of(keep, gallery, long) == "fault.gallery_full"
    assert files_in(tmp_path) == before
    assert rows_in(tmp_path) == 1
    gallery.index.db.execute("PRAGMA max_page_count = 1000000")
    assert keep(gallery, long).recipe == long


def test_a_failing_commit_leaves_no_file(gallery, tmp_path, monkeypatch):
    class NoCommit:
        in_transaction = property(lambda _: real.in_transaction)

        def execute(self, statement, *args):
            if statement == "COMMIT":
                raise OSError(errno.ENOSPC, "full")
            return real.execute(statement, *args)

    real = gallery.index.db
    monkeypatch.setattr(gallery.index, "db", NoCommit())
    assert code_of(keep, gallery) == "fault.gallery_full"
    monkeypatch.undo()
    assert (files_in(tmp_path), rows_in(tmp_path)) == ([], 0)
    assert keep(gallery).recipe == RECIPE


def test_a_crash_before_the_row_leaves_an_orphan_that_the_next_opening_sweeps(tmp_path, monkeypatch):
    with Gallery(tmp_path) as gallery:
        kept = keep(gallery)
        gallery.thumb(kept.id, ME)
        folder = gallery.png(kept.id, ME).parent
        (folder / "0123456789abcdef.png").write_bytes(PNG)
        (folder / f"{kept.id}.png.0a0a0a0a.new").write_bytes(PNG[:50])
        orphan = tmp_path / "thumbs" / "00" / "0000000000000000.webp"
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_bytes(b"")
    with Gallery(tmp_path) as gallery:
        assert files_in(tmp_path) == [f"{kept.id}.png", f"{kept.id}.webp"]
        assert gallery.find(ME).entries == (kept,)


def test_what_was_removed_can_be_restored_after_another_start(tmp_path):
    with Gallery(tmp_path) as gallery:
        entry = keep(gallery)
        gallery.remove([entry.id], ME)
    with Gallery(tmp_path) as gallery:
        assert gallery.restore([entry.id], ME) == 1
        assert gallery.png(entry.id, ME).read_bytes() == PNG


def test_two_galleries_on_one_folder_see_each_other_and_never_sweep_what_is_just_coming(tmp_path):
    faults: list[BaseException] = []

    def save_ten(gallery: Gallery) -> None:
        try:
            for _ in range(10):
                keep(gallery)
        except BaseException as fault:
            faults.append(fault)

    with Gallery(tmp_path) as one, Gallery(tmp_path) as two:
        threads = [threading.Thread(target=save_ten, args=(gallery,)) for gallery in (one, two, one, two)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            Gallery(tmp_path).close()  # each opening sweeps
        assert faults == []
        found = one.find(ME, limit=MAX_PAGE)
        assert found == two.find(ME, limit=MAX_PAGE)
        assert found.total == 40
        assert files_in(tmp_path) == sorted(f"{entry.id}.png" for entry in found.entries)


def test_ten_thousand_pictures_are_paged_by_an_index_and_without_sorting(gallery):
    row = "INSERT INTO pictures (id, visitor, created, generator, recipe, width, height, bytes) VALUES (?, ?, '', ?, ?, 1, 1, 1)"
    with gallery.index.writing() as db:
        db.executemany(row, ((f"{i:016x}", (ME, YOU)[i % 2], "abc"[i % 3], to_json(Recipe("abc"[i % 3], seed=i))) for i in range(20_000)))
    asked = [filters(ME), filters(ME, generator="a"), filters(ME, favourite=True), filters(ME, label="x"), filters(ME, text="4711")]
    for where, values in asked:
        plan = gallery.index.db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM pictures WHERE {where} ORDER BY number DESC LIMIT 60", values)
        steps = " / ".join(step["detail"] for step in plan)
        assert "SEARCH pictures USING INDEX" in steps
        assert "SCAN pictures" not in steps
        assert "TEMP B-TREE" not in steps
    page = gallery.find(ME, offset=9_990)
    assert (page.total, [entry.recipe.seed for entry in page.entries]) == (10_000, list(range(18, -1, -2)))
    assert gallery.find(ME, text="14712").total == 1


def test_a_visitors_quota_counts_and_what_was_removed_makes_room(tmp_path):
    with Gallery(tmp_path, quota=len(PNG) * 2) as gallery:
        one, _ = keep(gallery), keep(gallery)
        assert code_of(keep, gallery) == "fault.gallery_quota"
        assert keep(gallery, visitor=YOU).visitor == YOU
        gallery.remove([one.id], ME)
        keep(gallery)
        assert gallery.restore([one.id], ME) == 0
        assert gallery.find(ME).total == 2
        assert len(files_in(tmp_path)) == 3


def test_a_folder_that_cannot_be_written_to_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert code_of(Gallery, tmp_path / "file" / "gallery") == "fault.gallery_write"
    with Gallery(tmp_path) as gallery:
        (tmp_path / "pictures").write_text("in the way")
        assert code_of(keep, gallery) == "fault.gallery_write"
        assert gallery.find(ME).total == 0


def test_a_damaged_index_names_itself_and_is_left_alone(tmp_path):
    path = tmp_path / "gallery.sqlite"
    path.write_bytes(b"this is no index" * 100)
    assert code_of(Gallery, tmp_path) == "fault.gallery_damaged"
    assert path.read_bytes() == b"this is no index" * 100


def test_an_index_from_a_newer_version_is_left_alone(tmp_path):
    with Gallery(tmp_path) as gallery:
        keep(gallery)
        gallery.index.db.execute("PRAGMA user_version = 99")
    assert code_of(Gallery, tmp_path) == "fault.gallery_newer"
    assert rows_in(tmp_path) == 1
