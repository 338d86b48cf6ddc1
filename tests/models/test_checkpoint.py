"""Nothing but a whole, honest checkpoint is ever loaded, and what is refused is named with its remedy."""

import json
import os
import pickle
import struct
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as write_tensors

from models.checkpoint import Card, CheckpointError, find, load, load_card, save, save_card
from models.registry import GENERATORS

CONFIG = {"size": 8, "channels": 1, "z_dim": 4, "width": 4, "classes": ["a", "b"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = GENERATORS.get("dcgan").build(CONFIG)
    card = Card("tiny", "dcgan", {"en": "Tiny"}, CONFIG, "smooth", "made here", "none")
    save(tmp_path / "tiny", generator, card, {"slant": torch.ones(68)})
    return tmp_path / "tiny"


def replace_weights(folder: Path, data: bytes) -> None:
    """Put other bytes in the place of the weights, with the hash they really have: only the content is at fault."""
    import hashlib

    (folder / "weights.safetensors").write_bytes(data)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"weights_sha256": hashlib.sha256(data).hexdigest()}))


def test_a_checkpoint_comes_back_as_it_was_saved(folder: Path) -> None:
    checkpoint = load(folder)
    assert checkpoint.card.config == CONFIG
    assert checkpoint.directions["slant"].tolist() == [1.0] * 68
    assert not checkpoint.generator.training
    assert len(checkpoint.short_hash) == 12
    assert find(folder.parent) == [folder]


def test_saving_again_gives_the_same_hash(folder: Path, tmp_path: Path) -> None:
    checkpoint = load(folder)
    again = save(tmp_path / "again", checkpoint.generator, checkpoint.card, checkpoint.directions)
    assert again.weights_sha256 == checkpoint.card.weights_sha256


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[: len(data) // 2], "hash differs|cut short"),
        (lambda data: data[:4], "cut short"),
        (lambda data: b"", "cut short"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "hash differs"),
        (lambda data: struct.pack("<Q", 2**60) + data[8:], "not a safetensors file"),
    ],
)
def test_spoiled_weights_are_refused(folder: Path, spoil, words: str) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CheckpointError, match=words):
        load(folder)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_a_pickle_named_safetensors_is_never_run(folder: Path, tmp_path: Path) -> None:
    replace_weights(folder, pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(CheckpointError, match="Nothing in it was run"):
        load(folder)
    assert not (tmp_path / "exploded").exists()


def test_a_header_that_claims_more_than_the_file_holds_is_refused(folder: Path) -> None:
    header = json.dumps({"w": {"dtype": "F16", "shape": [2**30, 2**30], "data_offsets": [0, 2**61]}}).encode()
    replace_weights(folder, struct.pack("<Q", len(header)) + header)
    with pytest.raises(CheckpointError, match="does not fit its card"):
        load(folder)


@pytest.mark.parametrize("header", [b"[]", b"{", b'{"w": 3}', b'{"w": {"shape": [-1]}}', b"[" * 5000])
def test_a_header_that_is_no_header_is_refused(folder: Path, header: bytes) -> None:
    replace_weights(folder, struct.pack("<Q", len(header)) + header)
    with pytest.raises(CheckpointError, match="weights.safetensors"):
        load(folder)


def test_nan_weights_are_refused_by_name(folder: Path) -> None:
    state = load(folder).generator.state_dict() | {"direction.slant": torch.ones(68)}
    state["first.weight"][0, 0] = float("nan")
    replace_weights(folder, write_tensors(state))
    with pytest.raises(CheckpointError, match=r"first\.weight"):
        load(folder)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    replace_weights(folder, write_tensors({"other": torch.ones(3)}))
    with pytest.raises(CheckpointError, match="does not fit its card"):
        load(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"id": "tiny"}', "[" * 100_000, '{"id": "../x", "family": "dcgan"}', "x" * (2 << 20)]
)
def test_a_damaged_card_is_refused(folder: Path, text: str) -> None:
    (folder / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match="card.json"):
        load(folder)


@pytest.mark.parametrize("change", [{"family": "unheard"}, {"config": {"size": 2**20}}, {"config": {"size": 8, "x": 1}}, {"config": 3}])
def test_a_card_that_describes_no_network_is_refused(folder: Path, change: dict) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | change))
    with pytest.raises(CheckpointError):
        load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"weights\.safetensors cannot be read"):
        load(folder)
    with pytest.raises(CheckpointError, match=r"card\.json cannot be read"):
        load_card(folder.parent / "absent")


def test_a_full_disk_leaves_the_old_card(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (folder / "card.json").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_card(folder, load_card(folder))
    assert (folder / "card.json").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "weights.safetensors"]


@pytest.mark.parametrize("after", range(4), ids=["nothing", "the new card", "the weights", "all"])
def test_a_save_that_is_killed_leaves_the_old_checkpoint_or_the_new(folder: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    old, other = load(folder), GENERATORS.get("dcgan").build(CONFIG)
    replace, done = os.replace, 0

    def killed(source: str, target: str) -> None:
        nonlocal done
        if done == after:
            raise KeyboardInterrupt
        done += 1
        replace(source, target)

    monkeypatch.setattr("os.replace", killed)
    with suppress(KeyboardInterrupt):
        save(folder, other, old.card)
    monkeypatch.undo()
    new = load(folder)
    assert (new.card.weights_sha256 == old.card.weights_sha256) == (after < 2)
    assert (new.directions == {}) == (after >= 2)
    save_card(folder, new.card)
    assert load(folder).card == new.card
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "weights.safetensors"]
