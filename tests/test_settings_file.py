"""The settings file: the environment wins over it, and what is wrong in it is shown with its line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import SettingsError
from service.settings import Setting, effective, read_settings
from service.settings_values import masked, path
from tests.web.running import environment


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the settings file of a test is."""
    return tmp_path / "ladders.toml"


def complaints(config: Path, text: str, **more: str) -> list[str]:
    """Everything that is wrong with a settings file of this text, without the path before it."""
    config.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings({"LADDERS_CONFIG": str(config), **more})
    return [line.replace(f"{config.parent}/", "") for line in refused.value.lines]


def test_a_file_sets_what_the_environment_leaves_open(config: Path) -> None:
    """One file for a fleet, and a variable for what differs on one machine."""
    config.write_text('policies = "/etc/ladders"\nport = 9000\nfreeze = false\nlog_timeout_s = 2.5\n')
    settings = read_settings({"LADDERS_CONFIG": str(config), "LADDERS_PORT": "9001"})
    assert settings.policies == Path("/etc/ladders")
    assert (settings.port, settings.freeze, settings.log_timeout_s) == (9001, False, 2.5)
    assert settings.threads == 8


def test_each_value_is_shown_with_its_place(config: Path) -> None:
    """Whoever wonders at a value must find the line that says so."""
    config.write_text('# ours\n\nport = 9000\nthreads = 4\npolicies = "p"\n')
    told = effective({"LADDERS_CONFIG": str(config), "LADDERS_THREADS": "2"})
    rows = {row.field: (value, origin) for row, value, origin in told}
    assert rows["port"] == ("9000", f"{config}:3")
    assert rows["threads"] == ("2", "environment")
    assert rows["policies"] == ("p", f"{config}:5")
    assert rows["workers"] == ("2", "default")


def test_everything_wrong_in_file_and_environment_is_said_at_once(config: Path) -> None:
    """A file is corrected once, not line by line."""
    text = 'prot = 1\n\nworkers = 0\nthreads = "many"\nreload_s = 2026-01-01\n[log]\nfile = "x"\n'
    assert complaints(config, text, LADDERS_PORT="-1", LADDERS_THREAD="3") == [
        "ladders.toml:1: there is no setting `prot`; did you mean `port`?",
        "ladders.toml:5: reload_s: write a text, a number, true or false, or a list of texts",
        "ladders.toml:6: settings stand at the top of the file; remove `[log]`",
        "LADDERS_THREAD: there is no such setting; did you mean `LADDERS_THREADS`?",
        "LADDERS_PORT: `-1` is not a whole number from 0 to 65535",
        "ladders.toml:3: workers: `0` is not a whole number from 1 to 64",
        "ladders.toml:4: threads: `many` is not a whole number from 1 to 128",
    ]


def test_settings_that_do_not_fit_together_are_shown_where_they_stand(config: Path) -> None:
    """Each is right by itself, so the line is what one looks for."""
    (line,) = complaints(config, '# all of us\nhost = "0.0.0.0"\n')
    assert line.startswith("ladders.toml:2: host: `0.0.0.0` can be reached by others")


def test_a_name_as_the_environment_has_it_is_led_to_its_name_in_the_file(config: Path) -> None:
    """Who moves settings from the environment to a file copies them first."""
    (line,) = complaints(config, "LADDERS_PORT = 1\n")
    assert line == "ladders.toml:1: there is no setting `LADDERS_PORT`; did you mean `port`?"


@pytest.mark.parametrize(
    ("text", "where"), [("port = \n", "1:8"), ("port = 1\nport = 2\n", "2:9"), ("a = 1\nport: 8080\n", "2:5")]
)
def test_a_file_that_is_not_toml_is_refused_with_the_place(text: str, where: str, config: Path) -> None:
    """A parser's own words help nobody who does not know the parser."""
    (line,) = complaints(config, text)
    assert line.startswith(f"ladders.toml:{where}: this is not TOML; write one setting a line")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, config: Path) -> None:
    """Whoever names a file means it: without it, the service would run with other settings."""
    with pytest.raises(SettingsError, match=r"cannot read `.*nowhere\.toml`: No such file"):
        read_settings({"LADDERS_CONFIG": str(tmp_path / "nowhere.toml")})
    config.write_bytes(b"policies = '\xff'")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_settings({"LADDERS_CONFIG": str(config)})


def test_what_may_be_secret_can_be_given_by_a_file_of_its_own(tmp_path: Path, config: Path) -> None:
    """Secrets are mounted as files; in an environment every process of the user can read them."""
    secret = tmp_path / "log"
    secret.write_text("elsewhere.db\n")
    assert read_settings({"LADDERS_LOG_FILE": str(secret)}).log == Path("elsewhere.db")
    config.write_text(f'log_file = "{secret}"\n')
    told = effective({"LADDERS_CONFIG": str(config)})
    rows = {row.field: (value, origin) for row, value, origin in told}
    assert rows["log"] == ("elsewhere.db", f"{config}:1, in {secret}")
    own = read_settings({"LADDERS_CONFIG": str(config), "LADDERS_LOG": "mine.db"})
    assert own.log == Path("mine.db")


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    """Of two, the one that is not used would be changed in vain."""
    secret = tmp_path / "log"
    secret.write_text("elsewhere.db")
    with pytest.raises(SettingsError, match="LADDERS_LOG_FILE: `log` is given too; give one of the two"):
        read_settings({"LADDERS_LOG_FILE": str(secret), "LADDERS_LOG": "here.db"})
    with pytest.raises(SettingsError, match="LADDERS_LOG_FILE: cannot read `nowhere`"):
        read_settings({"LADDERS_LOG_FILE": "nowhere"})
    with pytest.raises(SettingsError, match="LADDERS_PORT_FILE: there is no such setting"):
        read_settings({"LADDERS_PORT_FILE": str(secret)})


def test_a_secret_is_neither_shown_nor_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `ladders config` prints is pasted into tickets."""

    def refuse(text: str) -> str:
        if text.startswith("bad"):
            raise ValueError("a good secret")
        return text

    row = Setting("runtime", "/dev/shm", "to try", refuse, secret=True)
    monkeypatch.setattr("service.settings.SETTINGS", (row,))
    monkeypatch.setattr("service.settings.Settings", lambda **values: type("S", (), values))
    assert effective({"LADDERS_RUNTIME": "hunter2"})[0][1] == "(hidden)"
    with pytest.raises(SettingsError) as refused:
        read_settings({"LADDERS_RUNTIME": "bad hunter2"})
    assert str(refused.value) == "LADDERS_RUNTIME: the value is not a good secret"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ladders:hunter2@db:5432/log?sslmode=require",
        "postgresql://ladders:hun@ter/hunter2@db/log",
        "postgresql://:hunter2@db/log",
        "postgresql://ladders:or hunter2@db/log",
        "postgresql://the ladders:hunter2@db/log",
        "host=db password=hunter2 user=x",
        "host=db password = 'x hunter2'",
        "postgresql://db/log?user=x&password=hunter2",
    ],
)
def test_a_password_in_an_address_is_masked(text: str) -> None:
    """An address is worth showing; the password in it is not."""
    assert "hunter2" not in masked(text)
    assert "db" in masked(text)


def test_a_path_is_shown_as_it_is() -> None:
    """Masking must not spoil what has no password."""
    assert masked("/srv/a@b:c/verdicts.db") == str(path("/srv/a@b:c/verdicts.db"))


@pytest.mark.parametrize("way", ["option", "variable"])
def test_the_command_line_takes_the_file(way: str, config: Path) -> None:
    """`--config` for people, the variable for what starts the service."""
    config.write_text("port = 9000\n")
    told = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "config", "--json"]
        + (["--config", str(config)] if way == "option" else []),
        env=environment(**({"config": config} if way == "variable" else {})),
        capture_output=True,
        text=True,
        check=True,
    )
    shown = json.loads(told.stdout)["LADDERS_PORT"]
    assert (shown["value"], shown["from"]) == ("9000", f"{config}:1")
