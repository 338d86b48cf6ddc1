"""Flags and environment become one Settings, and a bad one ends in a line that says what to do."""

from dataclasses import fields
from pathlib import Path

import pytest

from studio.settings import KEY_FILE, SPACES_DAYS, SPACES_PROXIES, SPACES_QUOTA, Settings, from_args


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "gallery")


def test_without_flags_the_studio_is_local(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = from_args([], {})
    assert (settings.profile, settings.host, settings.port, settings.folder) == ("local", "127.0.0.1", 7860, Path("gallery"))
    assert (settings.hosted, settings.quota, settings.mcp, settings.language, settings.device) == (False, None, False, None, None)
    assert list((tmp_path / "gallery").iterdir()) == []


def test_flags_win_over_the_environment(folder):
    settings = from_args(["--port", "8001", "--folder", folder], {"HOST": "0.0.0.0", "PORT": "9000"})
    assert (settings.host, settings.port) == ("0.0.0.0", 8001)
    assert from_args(["--folder", folder], {"PORT": "9000"}).port == 9000


def test_every_flag_is_read(folder, tmp_path):
    argv = ["--profile=kiosk", "--host=::1", "--port=8080", f"--folder={folder}", f"--checkpoints={tmp_path}", "--origin=https://a.org"]
    argv += ["--log=json", "--osc=9000", "--osc-host=::", "--osc-out=[::1]:9001", "--proxies=127.0.0.1, 10.0.0.0/8"]
    settings = from_args([*argv, "--origin", "http://b:1", "--mcp", "--device=cuda:1", "--language=zh", "--quota=5"], {})
    told = ("kiosk", "::1", 8080, Path(folder), tmp_path, ("https://a.org", "http://b:1"), True, "cuda:1", "zh", 5)
    assert settings == Settings(*told, "json", 9000, "::", ("::1", 9001), None, ("127.0.0.1", "10.0.0.0/8"), settings.secret)
    assert from_args(["--folder", folder], {"OSC": "9002"}).osc == 9002


def test_who_may_frame_the_page_is_the_page_itself_and_whom_a_flag_or_the_profile_names(folder):
    plain = ["--folder", folder]
    assert from_args(plain, {}).frames == ("'self'",)
    assert from_args([*plain, "--frame=https://a.org", "--frame=https://*.b.org:8443"], {}).frames[1:] == (
        "https://a.org",
        "https://*.b.org:8443",
    )
    assert from_args([*plain, "--profile=spaces"], {}).frames == ("'self'", "https://huggingface.co", "https://*.hf.space")
    for wrong in ("*", "a.org", "https://a.org; script-src *", "https://a.org/path", "javascript:x"):
        with pytest.raises(SystemExit):
            from_args([*plain, "--frame", wrong], {})


def test_spaces_is_found_by_itself_and_can_be_overruled(folder):
    settings = from_args(["--folder", folder], {"SPACE_ID": "someone/atelier"})
    assert (settings.profile, settings.hosted, settings.host, settings.quota) == ("spaces", True, "0.0.0.0", SPACES_QUOTA)
    assert from_args(["--folder", folder, "--profile", "local"], {"SPACE_ID": "someone/atelier"}).hosted is False


def test_a_space_keeps_for_a_month_and_believes_its_own_proxies(folder):
    on_spaces = from_args(["--folder", folder], {"SPACE_ID": "someone/atelier"})
    assert (on_spaces.keep_days, on_spaces.proxies) == (SPACES_DAYS, SPACES_PROXIES)
    elsewhere = from_args(["--folder", folder, "--profile", "spaces", "--keep-days", "0"], {})
    assert (elsewhere.keep_days, elsewhere.proxies) == (None, ())
    assert from_args(["--folder", folder, "--proxies", ""], {"SPACE_ID": "someone/atelier"}).proxies == ()
    assert from_args(["--folder", folder, "--profile", "spaces", "--keep-days", "7"], {}).keep_days == 7


def test_a_hosted_studio_keeps_its_secret_over_a_restart_and_to_itself(folder):
    argv = ["--folder", folder, "--profile", "spaces"]
    first = from_args(argv, {})
    key = Path(folder) / KEY_FILE
    assert from_args(argv, {}).secret == first.secret == key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    assert repr(first.secret) not in repr(first)
    key.write_bytes(b"short")
    assert len(from_args(argv, {}).secret) == 32


def test_secrets_that_are_not_kept_are_never_the_same():
    assert Settings().secret != Settings().secret


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--prot", "80"], "Unknown flag '--prot'. Did you mean --port?"),
        (["--xyzzy"], "Unknown flag '--xyzzy'. Known: --help, --profile"),
        (["run"], "Unknown flag 'run'."),
        (["--por", "80"], "Did you mean --port?"),
        (["--port", "http"], "--port (or PORT) is a whole number, not 'http'."),
        (["--port", "0"], "--port (or PORT) is a number from 1 to 65535, not 0."),
        (["--port", "70000"], "from 1 to 65535, not 70000."),
        (["--port", "-1"], "from 1 to 65535, not -1."),
        (["--port", "9" * 5000], "--port (or PORT) is a whole number"),
        (["--port"], "--port: expected one argument"),
        (["--profile", "cloud"], "--profile is one of local, spaces, kiosk, not 'cloud'."),
        (["--device", "gpu"], "--device is cpu, mps, cuda, cuda:N or zero, not 'gpu'."),
        (["--language", "fr"], "--language is one of en, zh, not 'fr'."),
        (["--origin", "example.org"], "--origin is a scheme and a host such as https://example.org"),
        (["--origin", "https://example.org/page"], "--origin is a scheme and a host"),
        (["--quota", "0"], "--quota is a number of bytes from 1, not 0."),
        (["--quota", "1GB"], "--quota is a whole number, not '1GB'."),
        (["--checkpoints", "/nowhere/at/all"], "There is no folder /nowhere/at/all with generators."),
        (["--folder", "a\0b"], "null byte"),
        (["--keep-days", "30"], "from 0 (for ever) to 3650, and belongs to --profile spaces."),
        (["--keep-days", "4000", "--profile", "spaces"], "from 0 (for ever) to 3650"),
        (["--keep-days", "week"], "--keep-days is a whole number, not 'week'."),
        (["--proxies", "10.0.0.1/8"], "--proxies are addresses and networks such as 127.0.0.1,10.0.0.0/8, not '10.0.0.1/8'."),
        (["--osc", "0"], "--osc (or OSC) is a number from 1 to 65535, not 0."),
        (["--osc", "port"], "--osc (or OSC) is a whole number, not 'port'."),
        (["--osc-out", "9001"], "--osc-out is HOST:PORT such as 127.0.0.1:9001, not '9001'."),
        (["--osc-out", "host:99999"], "--osc-out's port is a number from 1 to 65535, not 99999."),
        (["--osc", "9000", "--profile", "spaces"], "strangers share this studio. Use --profile local or kiosk."),
    ],
)
def test_a_bad_flag_is_one_line_and_exit_status_2(argv, message, folder, capsys):
    with pytest.raises(SystemExit) as caught:
        from_args(["--folder", folder, *argv], {})
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert message in said
    assert said.count("\n") == 1


def test_a_bad_port_in_the_environment_is_told_likewise(folder, capsys):
    with pytest.raises(SystemExit):
        from_args(["--folder", folder], {"PORT": "eighty"})
    assert "--port (or PORT) is a whole number, not 'eighty'." in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_names_the_remedy(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit) as caught:
        from_args(["--folder", str(tmp_path / "file" / "gallery")], {})
    assert caught.value.code == 2
    assert "Allow it, or choose another with --folder." in capsys.readouterr().err


def test_help_names_every_flag(capsys):
    with pytest.raises(SystemExit) as caught:
        from_args(["--help"], {})
    assert caught.value.code == 0
    said = capsys.readouterr().out
    settings = {field.name.removesuffix("s").replace("_", "-") for field in fields(Settings)}
    settings -= {"secret", "pin"}  # which no list of processes is to show
    assert {name for name in settings if f"--{name}" not in said} == set()
