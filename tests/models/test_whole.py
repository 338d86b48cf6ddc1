"""A file is there whole or not at all, and what it replaces stays until then; each step is on the disk before the next."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from models.whole import move, sweep, write_whole, writing

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither these modes nor folders that are synced")


def entries(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was synced and moved, in order."""
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def noted(handle: int) -> None:
        done.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name.partition(".")[0])
        sync(handle)

    def moved(fresh: Path, path: Path) -> None:
        done.append("moved")
        replace(fresh, path)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "replace", moved)
    return done


def test_it_is_new_or_in_anothers_place(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "a.bin"
    for data in (b"one", b"two", b""):
        write_whole(path, data)
        assert entries(tmp_path) == {"deep/down/a.bin": data}


def test_nobody_sees_it_by_its_name_before_it_is_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    with writing(tmp_path / "a") as file:
        file.write(b"ne")
        file.flush()
        assert (tmp_path / "a").read_bytes() == b"old"
        file.write(b"w")
    assert entries(tmp_path) == {"a": b"new"}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="tells what a handle is")
def test_bytes_then_name_then_folder_are_on_the_disk(tmp_path: Path, synced: list[str]) -> None:
    write_whole(tmp_path / "outer" / "inner" / "a.bin", b"x")
    assert synced == [tmp_path.name, "outer", "a", "moved", "inner"]


@pytest.mark.parametrize("old", [None, b"old"], ids=["new", "in another's place"])
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_step_that_fails_leaves_what_was(tmp_path: Path, old: bytes | None, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if old is not None:
        write_whole(tmp_path / "a", old)
    before = entries(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(OSError, match="No space left"):
            write_whole(tmp_path / "a", b"new")
    assert entries(tmp_path) == before


def test_who_writes_may_give_up(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "a") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert entries(tmp_path) == {"a": b"old"}


@posix
@pytest.mark.parametrize("old", [None, b"old"], ids=["new", "in another's place"])
def test_a_folder_that_can_not_be_synced(tmp_path: Path, old: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new name is taken back. In another's place the old bytes are gone, and the new ones are whole: they stay."""
    if old is not None:
        write_whole(tmp_path / "a", old)
    sync = os.fsync

    def failing(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        write_whole(tmp_path / "a", b"new")
    assert entries(tmp_path) == ({} if old is None else {"a": b"new"})


@posix
@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_syncs_no_folders_is_written_to_all_the_same(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def files_alone(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", files_alone)
    write_whole(tmp_path / "folder" / "a", b"x")
    assert entries(tmp_path) == {"folder/a": b"x"}


@posix
def test_a_secret_is_its_owners_from_its_first_byte(tmp_path: Path) -> None:
    with writing(tmp_path / "key", 0o600) as file:
        (fresh,) = tmp_path.iterdir()
        assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
        file.write(b"x")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_file_takes_anothers_place(tmp_path: Path) -> None:
    write_whole(tmp_path / "next", b"new")
    write_whole(tmp_path / "a", b"old")
    move(tmp_path / "next", tmp_path / "a")
    assert entries(tmp_path) == {"a": b"new"}


def test_what_a_killed_writing_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"whole")
    (tmp_path / "a.0123abcd.new").write_bytes(b"ha")
    (tmp_path / "news.new").write_bytes(b"a visitor's")
    sweep(tmp_path)
    assert entries(tmp_path) == {"a": b"whole", "news.new": b"a visitor's"}
    sweep(tmp_path / "nowhere")
