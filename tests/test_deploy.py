"""What is written for Docker holds: no engine builds it here, so every line is checked against what it speaks of."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from studio.bench.server import Server
from studio.settings import from_args
from studio.visitors import COOKIE

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))
CADDY = (ROOT / "deploy/Caddyfile").read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """Those of the Dockerfile in their order, lines that are continued joined, remarks left out."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(name, rest) for name, rest in found]


def all_of(name: str) -> list[str]:
    return [rest for one, rest in instructions() if one == name]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in all_of("ENV") for pair in shlex.split(line))


def in_this_place(command: list[str], folder: Path) -> list[str]:
    """A command of the container for this machine: its folder is another, its Python the one that runs."""
    return [sys.executable if part == "python" else part.replace("/data", str(folder)) for part in command]


def settings_of(command: list[str], folder: Path):
    assert command[:2] == ["python", "app.py"]
    return from_args(in_this_place(command, folder)[2:], environment())


def test_the_instructions_are_known_and_in_order() -> None:
    names = [name for name, _ in instructions()]
    assert names[0] == "FROM"
    assert set(names) <= {"FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert names.count("CMD") == names.count("HEALTHCHECK") == 1
    assert names.index("ARG") < names.index("RUN"), "an argument is known below its line alone"


def test_every_source_that_is_copied_is_there_and_sent_to_the_builder() -> None:
    sources = [source for line in all_of("COPY") for source in line.split()[:-1]]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == set(sources)


def test_what_is_copied_is_all_that_the_studio_needs(tmp_path: Path) -> None:
    for line in all_of("COPY"):
        *sources, place = line.split()
        for source in sources:
            (tmp_path / (source if place == "./" else place)).symlink_to(ROOT / source)
    (name, value), *_ = [("PYTHONSAFEPATH", "1")]
    code = "import sys; sys.path.insert(0, '.'); import app, studio.ui.page, studio.web, studio.engine; print(studio.ui.page.STATIC)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {name: value}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"requirements.txt", "app.py", "models", "studio", "checkpoints"}


def test_it_does_not_run_as_root_and_owns_its_folder_alone() -> None:
    names = [name for name, _ in instructions()]
    (user,) = all_of("USER")
    assert user not in ("root", "0")
    made = next(rest for name, rest in instructions() if name == "RUN" and "useradd" in rest)
    assert re.search(rf"useradd [^&]*\b{user}\b", made) and f"chown {user} /data" in made
    assert max(i for i, name in enumerate(names) if name in ("RUN", "COPY")) < names.index("USER") < names.index("CMD")


def test_the_wheels_are_chosen_and_nothing_is_cached() -> None:
    install = next(rest for rest in all_of("RUN") if "pip install" in rest)
    assert "--no-cache-dir" in install and "${WHEELS}" in install
    assert all_of("ARG") == ["WHEELS=cpu"]
    # What pip is given is understood: the same words, and nothing is fetched.
    words = shlex.split(install.replace("${WHEELS}", "cpu"))
    ended = subprocess.run([sys.executable, "-m", *words, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0


def test_the_command_is_understood_and_writes_to_the_volume(tmp_path: Path) -> None:
    (command,) = all_of("CMD")
    settings = settings_of(json.loads(command), tmp_path)
    assert settings.hosted
    assert settings.folder.is_relative_to(tmp_path)
    assert all_of("VOLUME") == ["/data"]
    assert (settings.host, [str(settings.port)]) == ("0.0.0.0", all_of("EXPOSE"))


def test_the_health_check_knows_a_studio_from_none(server: Server) -> None:
    (line,) = all_of("HEALTHCHECK")
    command = in_this_place(json.loads(line[line.index("CMD") + 3 :]), Path())
    port = server.url.rsplit(":", 1)[1].strip("/")
    for given, healthy in ((port, True), ("1", False)):
        ended = subprocess.run(command, env=os.environ | {"PORT": given}, capture_output=True)
        assert (ended.returncode == 0) == healthy


def test_compose_starts_the_studio_behind_a_proxy_that_it_believes(tmp_path: Path) -> None:
    studio, proxy = COMPOSE["services"]["studio"], COMPOSE["services"]["proxy"]
    settings = settings_of(studio["command"], tmp_path)
    assert settings.hosted
    address = proxy["networks"]["inside"]["ipv4_address"]
    assert settings.proxies == (address,), "nobody else is believed"
    (config,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    assert ipaddress.ip_address(address) in ipaddress.ip_network(config["subnet"])
    assert studio["volumes"] == ["pictures:/data"]
    assert set(COMPOSE["volumes"]) == {"pictures", "certificates"}
    assert studio["expose"] == [str(settings.port)] == all_of("EXPOSE")
    assert "ports" not in studio, "who would reach the studio past the proxy could say to be anybody"
    assert (ROOT / "deploy" / studio["build"]["context"]).resolve() == ROOT
    assert set(studio["build"]["args"]) == {line.partition("=")[0] for line in all_of("ARG")}
    assert studio["read_only"] is True and studio["tmpfs"] == ["/tmp"]
    assert proxy["volumes"][0] == "./Caddyfile:/etc/caddy/Caddyfile:ro"


def test_the_proxy_leads_to_the_studio() -> None:
    assert "reverse_proxy studio:7860" in CADDY
    assert CADDY.count("{") == CADDY.count("}")
    assert "{$ADDRESS::80}" in CADDY
    assert COOKIE not in CADDY


@pytest.mark.parametrize("flag", ["--folder", "--proxies", "--keep-days"])
def test_the_page_on_hosting_speaks_of_flags_that_are_there(flag: str) -> None:
    assert flag in (ROOT / "docs/hosting.md").read_text("utf-8")
