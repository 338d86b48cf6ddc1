"""Folders of pictures as sets: whatever lies in them, what can be read becomes squares and the rest is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.training.datasets import PictureSetError, load
from models.training.datasets.__main__ import main
from models.training.datasets.folder import Original, crops_for, found, held_out, prepare
from models.training.datasets.pictures import PICTURES
from models.training.datasets.reading import read
from models.training.datasets.squares import Crops

BLUE, WHITE = (0, 0, 255), (255, 255, 255)


def flat(path: Path, colour: tuple[int, int, int] = BLUE, size: tuple[int, int] = (64, 48)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def test_a_policy_is_found_where_none_is_given() -> None:
    assert crops_for(91, 128, None, None) == Crops(128, 66, 0.6)
    assert crops_for(50_000, 64, None, None) == Crops(64, 1, 1.0)
    assert crops_for(10, 64, 1, 0.5) == Crops(64, 1, 0.5)


# Held out


def test_a_tenth_of_each_label_is_held_out_whole() -> None:
    originals = [Original(Path(), f"{label}{k}", label) for label, n in (("many", 40), ("five", 5), ("four", 4)) for k in range(n)]
    apart = held_out(originals)
    counts = {label: sum(apart[k] for k, one in enumerate(originals) if one.label == label) for label in ("many", "five", "four")}
    assert counts == {"many": 4, "five": 1, "four": 0}
    assert held_out(originals[::-1]).tolist() == apart[::-1].tolist(), "whatever the order"


# Sets


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    zoo = tmp_path / "zoo"
    for k in range(5):
        flat(zoo / "cats" / f"{k}.png", (40 * k, 0, 0))
        flat(zoo / "dogs" / "young" / f"{k}.jpg", (0, 40 * k, 0))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    noise.save(zoo / "cats" / "half.png")
    (zoo / "cats" / "half.png").write_bytes((zoo / "cats" / "half.png").read_bytes()[:4000])
    (zoo / "cats" / "letter.jpg").write_text("Dear Sir")
    (zoo / "cats" / "notes.txt").write_text("no picture, and none expected")
    flat(zoo / "dogs" / "dot.png", size=(1, 1))
    flat(zoo / "dogs" / "._0.jpg")
    return zoo


def test_a_folder_becomes_a_set(zoo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    assert main(["folder", str(zoo), "--size", "16", "--crops", "3", "--licence", "mine", "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "13 pictures, 3 squares of each: 60 to 100 % of the shorter side, 16 px."
    assert [line.split(":")[0] for line in said[1:-1]] == [
        f"Left out {name}" for name in ("cats/half.png", "cats/letter.jpg", "dogs/dot.png")
    ]
    assert said[-1] == f"{out}: 24 pictures to train on, 6 held out. mine"
    made = load(out)
    assert made.pictures.shape == (30, 16, 16, 3)
    assert sorted(path.name for path in out.iterdir()) == ["attributes.jsonl", "labels.npz", "pictures.npy", "set.json"]
    assert (made.classes, made.styles, made.licence) == (("cats", "dogs"), (), "mine")
    assert made.class_labels is not None
    assert made.attributes is not None
    for square, label, row in zip(made.pictures, made.class_labels, made.attributes, strict=True):
        k = int(Path(row["file"]).stem)
        meant = (0, 40 * k, 0) if label else (40 * k, 0, 0)
        assert np.abs(square[8, 8].astype(int) - meant).max() <= 3, "the square is of the file it names"
        left, top, right, bottom = row["box"]
        assert 0 <= left < right <= 64
        assert right - left == bottom - top <= 48
    files = np.array([row["file"] for row in made.attributes])
    assert not set(files[made.train()]) & set(files[made.test()]), "no picture on both sides"
    assert len(set(files[made.test()])) == 2


def test_the_same_folder_makes_the_same_set(zoo: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        main(["folder", str(zoo), "--size", "16", "--out", str(tmp_path / out)])
    assert (tmp_path / "one" / PICTURES).read_bytes() == (tmp_path / "two" / PICTURES).read_bytes()


def test_subfolders_may_be_styles(zoo: Path, tmp_path: Path) -> None:
    assert main(["folder", str(zoo), "--size", "16", "--crops", "1", "--styles", "--out", str(tmp_path / "made")]) == 0
    made = load(tmp_path / "made")
    assert (made.classes, made.styles, made.class_labels) == ((), ("cats", "dogs"), None)


def test_pictures_of_no_subfolder_have_no_class(tmp_path: Path) -> None:
    flat(tmp_path / "own" / "a.png")
    assert main(["folder", str(tmp_path / "own"), "--out", str(tmp_path / "made"), "--size", "16"]) == 0
    assert load(tmp_path / "made").class_labels is None


def test_pictures_beside_subfolders_are_refused(zoo: Path) -> None:
    flat(zoo / "loose.png")
    with pytest.raises(PictureSetError, match=r"1 pictures beside its subfolders, such as loose\.png.*Move them"):
        found(zoo)


def test_a_folder_without_pictures_says_what_would_do(tmp_path: Path) -> None:
    with pytest.raises(PictureSetError, match="No pictures in .* Name a folder of .*jpg"):
        found(tmp_path)


def test_a_folder_where_nothing_can_be_read_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.jpg").write_text("no picture")
    with pytest.raises(PictureSetError, match="None of 1 pictures could be used"):
        prepare(tmp_path / "made", found(tmp_path / "own"), Crops(16), "class", "a test", "CC0")
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    assert "Left out a.jpg: no picture." in capsys.readouterr().out


def test_originals_are_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = flat(tmp_path / "own" / "a.png")
    for out in (picture.parent, tmp_path, picture):
        assert main(["folder", str(picture.parent), "--size", "16", "--out", str(out)]) == 1
        assert "nothing is written over it. Name another folder with --out" in capsys.readouterr().err
    assert read(picture).size == (64, 48)


def test_a_training_on_plain_pictures_is_told_how_to_make_a_set(tmp_path: Path) -> None:
    flat(tmp_path / "my cats" / "a.png")
    with pytest.raises(PictureSetError) as fault:
        load(tmp_path / "my cats")
    assert f"python -m models.training.datasets folder '{tmp_path}/my cats' makes a set of them, data/my cats." in str(fault.value)


# Prints, photographs and paintings


@pytest.mark.parametrize(("name", "origin"), [("ukiyoe", "tokaido_orai"), ("landscapes", "endless-sky-data"), ("paintings", "ArtWall")])
def test_a_collection_without_its_originals_says_where_they_are(
    name: str, origin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for source in ([], ["--source", str(tmp_path / "none")]):
        assert main([name, "--out", str(tmp_path / "made"), *source]) == 1
        said = capsys.readouterr().err
        assert "--source" in said
        assert origin in said


def test_prints_lose_their_margins_and_keep_their_artist(tmp_path: Path) -> None:
    for artist, name in (("hokusai", "a.png"), ("hiroshige", "13_hara.jpg"), ("someone", "b.png")):
        picture = Image.new("RGB", (400, 300), WHITE)
        cut = 34 if name == "13_hara.jpg" else 19
        picture.paste(BLUE, (cut - 2, cut - 2, 402 - cut, 302 - cut))
        (tmp_path / "prints" / artist).mkdir(parents=True)
        picture.save(tmp_path / "prints" / artist / name, quality=100)
    assert main(["ukiyoe", "--source", str(tmp_path / "prints"), "--out", str(tmp_path / "ukiyoe")]) == 0
    made = load(tmp_path / "ukiyoe")
    assert made.styles == ("hiroshige", "hokusai")
    assert made.pictures.shape == (128, 128, 128, 3)
    assert made.pictures[..., 0].max() < 40, "no paper"


def test_photographs_are_of_the_kind_they_are_named(tmp_path: Path) -> None:
    for name in ("badlands0", "fields10-sfiera", "forest5", "dune2", "water0", "nasa1", "earthrise", "Sea"):
        flat(tmp_path / "photographs" / f"{name}.jpg", size=(256, 140))
    assert main(["landscapes", "--source", str(tmp_path / "photographs"), "--out", str(tmp_path / "made")]) == 0
    made = load(tmp_path / "made")
    assert made.class_labels is not None
    assert [made.classes[k] for k in made.class_labels[::32]] == ["canyon", "desert", "fields", "fog", "sea"]


def test_paintings_are_of_the_period_in_their_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "paintings"
    periods = {
        "1": "Golden Age: 1860s",
        "2": "🏛️ Medieval/Early Renaissance",
        "3": "🎨 Renaissance/Baroque",
        "4": "Modern",
        "80526": "1890s",
    }
    for name in periods:
        flat(source / f"{name}.jpg", size=(140, 140))
    command = ["paintings", "--source", str(source), "--out", str(tmp_path / "made")]
    assert main(command) == 1
    assert "No readable index.json" in capsys.readouterr().err
    (source / "index.json").write_text(json.dumps([{"file": f"{name}.jpg", "period": period} for name, period in periods.items()]))
    assert main(command) == 0
    assert load(tmp_path / "made").classes == ("medieval", "baroque", "1850s-60s")
