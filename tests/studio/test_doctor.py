"""The doctor finds a healthy studio well, and names what ails a broken one with its remedy."""

import json
import shutil
import socket
import sys
from importlib import metadata
from pathlib import Path

import pytest

from studio import doctor
from studio.bench.server import free_port
from studio.doctor import Finding, examined, main
from studio.settings import PROJECT, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A whole studio with one small checkpoint and a free port."""
    root = tmp_path / "checkpoints"
    shutil.copytree(PROJECT / "checkpoints/digits-cgan", root / "digits-cgan")
    return Settings(folder=tmp_path / "gallery", checkpoints=root, port=free_port())


def one(settings: Settings, look: doctor.Look) -> Finding:
    (found,) = examined(settings, (look,))
    return found


def test_a_healthy_studio_can_run(settings, tmp_path, capsys):
    told = tmp_path / "told.json"
    argv = ["--folder", str(settings.folder), "--checkpoints", str(settings.checkpoints), "--port", str(settings.port), "--json", str(told)]
    assert main(argv) == 0
    found = {finding["part"]: finding for finding in json.loads(told.read_text())}
    assert list(found) == [look.__name__ for look in doctor.LOOKS]
    assert [part for part, finding in found.items() if finding["state"] == "ill"] == []
    assert found["checkpoints"]["said"] == "1 whole"
    assert "The studio can run." in capsys.readouterr().out


def test_it_writes_nothing_but_its_answer(settings):
    list(examined(settings))
    assert not settings.folder.exists()


@pytest.mark.parametrize(("version", "said"), [(None, "pillow is not installed"), ("0.1", "pillow is 0.1, not ")])
def test_a_package_that_is_missing_or_another(settings, monkeypatch, version, said):
    real = metadata.version

    def told(name: str) -> str:
        if name != "pillow":
            return real(name)
        if version is None:
            raise metadata.PackageNotFoundError
        return version

    monkeypatch.setattr(metadata, "version", told)
    found = one(settings, doctor.packages)
    assert (found.state, said in found.said) == ("ill", True)
    assert "pip install -r requirements.txt" in found.remedy


def test_what_another_system_needs_is_not_missed_here(settings, monkeypatch, tmp_path):
    elsewhere = 'pillow==0.1 ; sys_platform == "none"\nnot-there==1 ; python_version < "3"\n# nothing else\n'
    (tmp_path / "requirements.txt").write_text(elsewhere)
    monkeypatch.setattr(doctor, "PROJECT", tmp_path)
    found = one(settings, doctor.packages)
    assert (found.state, found.said) == ("well", "0 as pinned")


def test_nothing_was_installed_at_all(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    found = one(settings, doctor.packages)
    assert (found.state, found.said) == ("ill", "packaging is not installed")
    assert "pip install -r requirements.txt" in found.remedy


def test_a_library_that_is_broken(settings, monkeypatch):
    def broken(name: str) -> None:
        if name == "torch":
            raise ImportError("libtorch_cpu.so: cannot open shared object file\nand more")

    monkeypatch.setattr(doctor, "import_module", broken)
    found = one(settings, doctor.libraries)
    assert found.said == "torch can't be loaded (ImportError: libtorch_cpu.so: cannot open shared object file)"
    assert "--force-reinstall" in found.remedy


def test_a_device_that_is_not_here(settings, tmp_path):
    found = one(Settings(folder=tmp_path, device="cuda:7"), doctor.device)
    assert (found.state, "cuda:7" in found.said) == ("ill", True)
    assert "use cpu" in found.remedy


def test_a_damaged_checkpoint_beside_a_whole_one_and_alone(settings):
    weights = settings.checkpoints / "digits-cgan/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    alone = one(settings, doctor.checkpoints)
    assert (alone.state, "digits-cgan" in alone.said) == ("ill", True)
    shutil.copytree(PROJECT / "checkpoints/digits-vae", settings.checkpoints / "digits-vae")
    assert one(settings, doctor.checkpoints).state == "lacking"
    assert "git checkout checkpoints" in alone.remedy


def test_no_checkpoints_at_all(settings, tmp_path):
    assert one(Settings(checkpoints=tmp_path / "none"), doctor.checkpoints).said.startswith("There is no folder")
    (tmp_path / "empty").mkdir()
    assert one(Settings(checkpoints=tmp_path / "empty"), doctor.checkpoints).state == "ill"


def test_a_folder_that_is_a_file(settings):
    settings.folder.write_text("in the way")
    found = one(settings, doctor.folder)
    assert (found.state, "can't be written" in found.said, "--folder" in found.remedy) == ("ill", True, True)


@pytest.mark.parametrize(("free", "state"), [(1 << 20, "ill"), (1 << 30, "lacking"), (10 << 30, "well")])
def test_a_disk_that_is_nearly_full(settings, monkeypatch, free, state):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100 << 30, 0, free))  # type: ignore[attr-defined]
    assert one(settings, doctor.folder).state == state


def test_a_damaged_database(settings):
    settings.folder.mkdir()
    (settings.folder / "gallery.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    found = one(settings, doctor.folder)
    assert (found.state, "gallery.sqlite" in found.said) == ("ill", True)
    assert "holds its recipe" in found.remedy


def test_a_port_that_is_taken(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen()
        found = one(settings, doctor.port)
    assert (found.state, f"PORT={settings.port + 1}" in found.remedy) == ("ill", True)


def test_a_codec_that_is_missing(settings, monkeypatch):
    import av

    monkeypatch.setattr(av, "codecs_available", {"gif"})
    found = one(settings, doctor.codecs)
    assert (found.state, "libx264 (MP4)" in found.said) == ("lacking", True)


def test_no_browser(settings, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "apt install chromium" in one(settings, doctor.chromium).remedy


def test_a_look_that_fails_is_a_finding(settings):
    def fails(_: Settings) -> Finding:
        raise RuntimeError("boom")

    assert one(settings, fails) == Finding("fails", "ill", "RuntimeError: boom", "Mend what stands above first, then look again.")


def test_a_flag_that_is_wrong_is_said(capsys):
    assert main(["--port", "0"]) == 2
    assert "--port" in capsys.readouterr().err
