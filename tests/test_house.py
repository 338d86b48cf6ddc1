"""app.py: short, quick to say what is wrong, and clean when it comes and goes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from studio.bench.server import Server, free_port

ROOT = Path(__file__).parents[1]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "app.py", *flags], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_app_fits_on_a_page() -> None:
    assert len((ROOT / "app.py").read_text("utf-8").splitlines()) <= 60


def test_a_port_in_use_is_named_with_the_remedy(taken: int, tmp_path: Path) -> None:
    begin = time.monotonic()
    ended = run("--port", str(taken), "--folder", str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr == f"Port {taken} on 127.0.0.1 is in use. Stop what uses it, or choose another: make run PORT={taken + 1}.\n"
    assert time.monotonic() - begin < 5, "said before the libraries and the weights are loaded"


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    ended = run("--host", "192.0.2.1", "--port", str(free_port()), "--folder", str(tmp_path))
    assert ended.returncode == 1
    assert "cannot listen on 192.0.2.1" in ended.stderr
    assert "HOST=127.0.0.1" in ended.stderr


def test_an_unknown_flag_is_named_with_the_one_meant(tmp_path: Path) -> None:
    ended = run("--prot", "8000", "--folder", str(tmp_path))
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == ["app.py: Unknown flag '--prot'. Did you mean --port? All flags: --help."]


def test_a_missing_folder_of_checkpoints_is_named(tmp_path: Path) -> None:
    ended = run("--checkpoints", str(tmp_path / "nowhere"), "--folder", str(tmp_path))
    assert ended.returncode == 2
    assert f"There is no folder {tmp_path / 'nowhere'}" in ended.stderr
    assert "--checkpoints" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    if os.geteuid() == 0:  # whom no permission stops
        blocked.write_text("a file where the folder should be")
    else:
        blocked.mkdir(mode=0o500)
    ended = run("--folder", str(blocked / "gallery"))
    assert ended.returncode == 2
    assert f"Cannot write in the folder {blocked / 'gallery'}" in ended.stderr
    assert "--folder" in ended.stderr


def test_an_empty_folder_of_checkpoints_ends_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "checkpoints").mkdir()
    flags = ["--checkpoints", str(tmp_path / "checkpoints"), "--folder", str(tmp_path / "gallery"), "--port", str(free_port())]
    assert app.main(flags) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "checkpoints") in said
    assert len(said.splitlines()) == 1


def test_a_folder_of_damaged_checkpoints_ends_with_the_fault(
    tiny_checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "checkpoints" / "tiny-dcgan"
    shutil.copytree(tiny_checkpoints / "tiny-dcgan", folder)
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    flags = ["--checkpoints", str(folder.parent), "--folder", str(tmp_path / "gallery"), "--port", str(free_port())]
    assert app.main(flags) == 1
    said = capsys.readouterr()
    assert "weights.safetensors" in said.out + said.err
    assert "Traceback" not in said.out + said.err


def test_it_prints_its_progress_and_address_serves_and_stops_when_asked(tiny_checkpoints: Path, tmp_path: Path) -> None:
    port = free_port()
    flags = ["--port", str(port), "--checkpoints", str(tiny_checkpoints), "--folder", str(tmp_path / "gallery")]
    process = subprocess.Popen([sys.executable, "app.py", *flags], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if "http://" in line:
            break
    try:
        assert [line for line in lines if "tiny-" in line], "a line a checkpoint"
        assert lines[-1] == f"Latent Atelier is at http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGINT)  # as Ctrl-C does
        _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (0, "")


def test_ready_means_warm(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}healthz") as answer:
        assert json.load(answer)
