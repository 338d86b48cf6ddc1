"""The picture-set format, and what is drawn into it, without network and without Node."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from models.training.datasets import PictureSet, PictureSetError, digits, fashion, load, node, portraits, save, stacked
from models.training.datasets.__main__ import main
from models.training.datasets.pictures import ATTRIBUTES, LABELS, PICTURES, drafting


def tiny(n: int = 6) -> PictureSet:
    rng = np.random.default_rng(0)
    return PictureSet(
        pictures=rng.integers(0, 256, (n, 4, 5, 3), dtype=np.uint8),
        held_out=np.arange(n) >= n - 2,
        class_labels=np.arange(n) % 2,
        style_labels=None,
        classes=("cat", "dog"),
        styles=(),
        source="a test",
        licence="CC0 1.0",
        attributes=[{"name": f"Zoë {i}"} for i in range(n)],
    )


# The format


def test_a_set_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    made = tiny()
    save(made, tmp_path / "pets")
    found = load(tmp_path / "pets")
    np.testing.assert_array_equal(found.pictures, made.pictures)
    np.testing.assert_array_equal(found.class_labels, made.class_labels)
    np.testing.assert_array_equal(found.held_out, made.held_out)
    assert found.style_labels is None
    assert (found.classes, found.styles, found.source, found.licence) == (("cat", "dog"), (), "a test", "CC0 1.0")
    assert found.attributes is not None
    assert made.attributes is not None
    assert list(found.attributes) == made.attributes
    assert found.attributes[1:3] == made.attributes[1:3]


def test_pictures_stay_on_disk_and_cannot_be_written(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "pets")
    pictures = load(tmp_path / "pets").pictures
    assert isinstance(pictures, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        pictures[0] = 0


def test_attributes_are_read_only_when_asked_for(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "pets")
    (tmp_path / "pets" / ATTRIBUTES).write_text("no JSON\n")
    attributes = load(tmp_path / "pets").attributes
    assert attributes is not None
    with pytest.raises(json.JSONDecodeError):
        attributes[0]


def test_train_and_test_share_no_picture() -> None:
    pets = tiny()
    assert pets.train().tolist() == [0, 1, 2, 3]
    assert pets.test().tolist() == [4, 5]


def test_a_set_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        tiny().licence = "mine"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pictures": np.zeros((6, 4, 5), np.uint8)}, r"pictures must be uint8 of shape \(n, h, w, 1 or 3\)"),
        ({"pictures": np.zeros((6, 4, 5, 3), np.float32)}, "not float32"),
        ({"held_out": np.zeros(5, bool)}, r"held_out must be bool of shape \(6,\)"),
        ({"class_labels": np.zeros(6, np.int32)}, "class_labels must be int64"),
        ({"class_labels": np.full(6, 2)}, "run from 2 to 2, but 2 names"),
        ({"class_labels": None}, "Give both or neither"),
        ({"style_labels": np.zeros(6, np.int64)}, "style_labels run from 0 to 0, but 0 names"),
    ],
)
def test_a_contradiction_is_named_at_birth(change: dict[str, object], words: str) -> None:
    with pytest.raises(PictureSetError, match=words):
        replace(tiny(), **change)


def test_a_missing_set_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(PictureSetError) as fault:
        load(tmp_path / "portraits")
    assert str(fault.value) == (f"No picture set in {tmp_path / 'portraits'}. Make it with: python -m models.training.datasets portraits")
    with pytest.raises(PictureSetError, match="datasets landscapes --size 256 --out data/landscapes256$"):
        load(tmp_path / "landscapes256")


@pytest.mark.parametrize("name", [PICTURES, LABELS])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    save(tiny(), tmp_path / "pets")
    (tmp_path / "pets" / name).unlink()
    with pytest.raises(PictureSetError, match=f"lacks {name}. Make it with"):
        load(tmp_path / "pets")


def test_files_that_disagree_are_refused(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "pets")
    np.save(tmp_path / "pets" / PICTURES, np.zeros((3, 4, 5, 3), np.uint8))
    with pytest.raises(PictureSetError, match="is broken: held_out must be bool of shape .* Make it with"):
        load(tmp_path / "pets")


def test_pickled_arrays_are_never_opened(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "pets")
    np.save(tmp_path / "pets" / PICTURES, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(PictureSetError, match="is broken"):
        load(tmp_path / "pets")


# Writing


def test_a_failed_draft_leaves_the_old_set_and_no_trace(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "pets")
    with pytest.raises(PictureSetError, match="2 attributes were given for 6"):
        save(replace(tiny(), licence="new", attributes=[{}, {}]), tmp_path / "pets")
    assert load(tmp_path / "pets").licence == "CC0 1.0"
    assert [path.name for path in tmp_path.iterdir()] == ["pets"]


def test_nothing_is_seen_until_the_draft_is_whole(tmp_path: Path) -> None:
    with drafting(tmp_path / "pets") as draft:
        (draft / "half").touch()
        assert not (tmp_path / "pets").exists()
    assert (tmp_path / "pets" / "half").exists()


def test_a_new_set_replaces_the_old(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "pets")
    save(replace(tiny(4), attributes=None), tmp_path / "pets")
    found = load(tmp_path / "pets")
    assert len(found) == 4
    assert found.attributes is None
    assert [path.name for path in tmp_path.iterdir()] == ["pets"]


def test_what_is_no_set_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "pets").mkdir()
    save(tiny(), tmp_path / "pets")
    (tmp_path / "diary").mkdir()
    (tmp_path / "diary" / "monday.txt").write_text("rain")
    with pytest.raises(PictureSetError, match="holds no picture set; nothing is written over it"):
        save(tiny(), tmp_path / "diary")
    assert (tmp_path / "diary" / "monday.txt").read_text() == "rain"


# Digits


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    x, y = np.arange(5 * 28 * 28).reshape(5, 28, 28).astype(np.uint8), np.array([3, 1, 4, 1, 5], np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    return tmp_path / "mnist.npz"


def test_digits_keep_their_pixels_and_their_split(tmp_path: Path, mnist: Path) -> None:
    digits.prepare(tmp_path / "digits", source=mnist)
    found = load(tmp_path / "digits")
    assert found.pictures.shape == (7, 28, 28, 1)
    assert found.class_labels is not None
    assert found.class_labels.tolist() == [3, 1, 4, 1, 5, 3, 1]
    assert found.test().tolist() == [5, 6]
    np.testing.assert_array_equal(found.pictures[0, ..., 0], np.load(mnist)["x_train"][0])


def test_digits_without_an_array_say_which(tmp_path: Path) -> None:
    np.savez(tmp_path / "odd.npz", x_train=np.zeros(1))
    with pytest.raises(PictureSetError, match="lacks y_train, x_test, y_test"):
        digits.read(tmp_path / "odd.npz")


def test_the_command_prepares_and_reports(
    tmp_path: Path, mnist: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    monkeypatch.setattr("sys.argv", ["datasets", "digits", "--source", str(mnist), "--n", "1", "--out", str(out)])
    assert main() == 0
    assert "1 pictures to train on, 1 held out. CC BY-SA 3.0" in capsys.readouterr().out


def test_the_command_shows_a_fault_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["datasets", "digits", "--source", str(tmp_path / "none.npz")])
    assert main() == 1
    assert capsys.readouterr().err.startswith("No file ")


def test_stacked_digits_are_three_digits_of_their_own_split(tmp_path: Path, mnist: Path) -> None:
    stacked.prepare(tmp_path / "stacked", n=60, source=mnist)
    found = load(tmp_path / "stacked")
    assert found.pictures.shape == (70, 28, 28, 3)
    assert found.test().tolist() == list(range(60, 70))
    assert (found.classes, found.class_labels) == ((), None)
    assert found.attributes is not None
    with np.load(mnist) as arrays:
        train = {str(y): {x.tobytes() for x in arrays["x_train"][arrays["y_train"] == y]} for y in (1, 3, 4, 5)}
        test = {str(y): arrays["x_test"][arrays["y_test"] == y][0].tobytes() for y in (1, 3)}
    for k, (picture, row) in enumerate(zip(found.pictures, found.attributes, strict=True)):
        for channel, digit in zip(np.moveaxis(picture, -1, 0), row["digits"], strict=True):
            assert channel.tobytes() in train[digit] if k < 60 else channel.tobytes() == test[digit]


def test_stacked_digits_are_the_same_every_time(tmp_path: Path, mnist: Path) -> None:
    one, two = (stacked.prepare(tmp_path / name, n=20, source=mnist) for name in ("one", "two"))
    np.testing.assert_array_equal(one.pictures, two.pictures)
    assert len(np.unique(one.pictures.reshape(len(one), -1), axis=0)) > 1


# Garments


def idx(array: np.ndarray) -> bytes:
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes())


def test_garments_keep_their_pixels_and_their_split(tmp_path: Path) -> None:
    x, y = np.arange(5 * 28 * 28).reshape(5, 28, 28).astype(np.uint8), np.array([9, 0, 4, 0, 5], np.uint8)
    for name, array in zip(fashion.FILES, (x, y, x[:2], y[:2]), strict=True):
        (tmp_path / name).write_bytes(idx(array))
    assert main(["fashion", "--source", str(tmp_path), "--out", str(tmp_path / "made")]) == 0
    found = load(tmp_path / "made")
    np.testing.assert_array_equal(found.pictures[:5, ..., 0], x)
    assert found.class_labels is not None
    assert found.classes[found.class_labels[0]] == "ankle boot"
    assert found.test().tolist() == [5, 6]


def test_garments_that_are_missing_or_broken_are_named(tmp_path: Path) -> None:
    with pytest.raises(PictureSetError, match="lacks train-images-idx3-ubyte.gz, train-labels"):
        fashion.read(tmp_path)
    for name in fashion.FILES:
        (tmp_path / name).write_bytes(idx(np.zeros((2, 28, 28), np.uint8))[:-9])
    with pytest.raises(PictureSetError, match="broken"):
        fashion.read(tmp_path)


# Portraits


def test_a_stream_of_portraits_is_cut_into_frames() -> None:
    pixels = bytes(range(12))
    stream = io.BytesIO(b'{"style": "lorelei"}\n' + pixels + b'{"style": "notionists"}\n' + pixels[:5])
    rows = list(portraits.frames(stream, size=2))
    assert [row for row, _ in rows] == [{"style": "lorelei"}]  # the second was cut off
    assert rows[0][1].shape == (2, 2, 3)
    assert rows[0][1].tobytes() == pixels


def test_portraits_of_no_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureSetError, match="Ask for n 1 or more, size 16 or more"):
        portraits.prepare(tmp_path / "portraits", n=10, size=8)


def test_the_portrait_packages_are_pinned_without_an_address() -> None:
    lock = json.loads((portraits.HERE / "package-lock.json").read_text())
    wanted = json.loads((portraits.HERE / "package.json").read_text())["dependencies"]
    assert lock["packages"][""]["dependencies"] == wanted
    assert not any("resolved" in package for package in lock["packages"].values())


def test_packages_without_node_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PictureSetError, match="No program 'npm'. Install Node.js"):
        node.install(tmp_path / "packages", "{}")
