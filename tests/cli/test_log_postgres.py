"""`ladders log init`, `migrate` and `copy` with a database, as operators type them."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.ledger.canonical import canonical
from service.ledger.log import open_log, read_log
from tests.ledger.postgres import Cluster
from tests.ledger.records import a_record

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICIES = str(Path(__file__).parents[1] / "web" / "policies")


@pytest.fixture
def url(cluster: Cluster) -> str:
    """An empty database, as an administrator reaches it."""
    return cluster.url(cluster.new_database())


def run(keys: Path, *words: str, **settings: str) -> Result:
    return CliRunner().invoke(commands, words, env={"LADDERS_KEYS": str(keys), **settings})


def test_init_makes_a_log_once(url: str, tmp_path: Path, cluster: Cluster) -> None:
    """What it made, and what is there already, is said in one sentence."""
    if not cluster.execute("SELECT 1 FROM pg_roles WHERE rolname = 'operated'"):
        cluster.execute("CREATE ROLE operated LOGIN")
    keys = tmp_path / "keys"
    first = run(keys, "log", "init", url, "--name", "acme/ladders", "--service", "operated")
    assert first.output == f"made the verdict log `acme/ladders` at `{url}`, of form 1\n"
    again = run(keys, "log", "init", LADDERS_LOG=url)
    assert again.output == f"the verdict log `acme/ladders` at `{url}` is there and up to date\n"
    migrated = run(keys, "log", "migrate", url)
    assert migrated.output == f"the verdict log `acme/ladders` at `{url}` is up to date\n"
    used = url.replace("admin@", "operated@")
    with closing(open_log(used, keys=keys, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        log.append([a_record(1)])


def test_init_makes_a_log_in_a_file_too(tmp_path: Path) -> None:
    """One command for both; but a file has no users."""
    place = str(tmp_path / "log.db")
    made = run(tmp_path / "keys", "log", "init", place, "--name", "here")
    assert made.output.startswith(f"made the verdict log `here` at `{place}`, of form ")
    refused = run(tmp_path / "keys", "log", "init", place, "--service", "somebody")
    assert (refused.exit_code, "is a file, which has no users" in refused.output) == (2, True)


def test_what_is_not_there_is_not_migrated(url: str, tmp_path: Path) -> None:
    """A typing error in the address must not make a second log."""
    for place in (url, str(tmp_path / "none.db")):
        refused = run(tmp_path / "keys", "log", "migrate", place)
        assert (refused.exit_code, "there is no verdict log at" in refused.output) == (2, True)
    assert not (tmp_path / "keys").exists()


def test_copy_moves_a_log_and_says_what_is_left_to_do(url: str, tmp_path: Path) -> None:
    """The root is shown, so that anybody can hold it against what was published of the file."""
    source, keys = tmp_path / "log.db", tmp_path / "keys"
    with closing(
        open_log(source, keys=keys, clock=lambda: NOON, random_bytes=os.urandom, name="acme")
    ) as log:
        log.append([a_record(number) for number in range(20)])
        root = log.head().root.hex()
    copied = run(keys, "log", "copy", str(source), url)
    assert copied.output.startswith("copied the verdict log `acme`: 20 entries and ")
    assert f"with the same root {root}\n" in copied.output
    assert f"`{source}` stays closed: have LADDERS_LOG name `{url}`." in copied.output
    with closing(read_log(url, keys)) as log:
        assert log.size() == 21
    again = run(keys, "log", "copy", str(source), url)
    assert (again.exit_code, "another verdict log in this database already" in again.output) == (2, True)


def test_copy_goes_to_a_database_alone(tmp_path: Path) -> None:
    """A file is copied with the tools for files."""
    source = tmp_path / "log.db"
    source.touch()
    refused = run(tmp_path / "keys", "log", "copy", str(source), str(tmp_path / "other.db"))
    assert (refused.exit_code, "from a file to an address as postgresql://" in refused.output) == (2, True)


def test_commands_that_read_the_log_take_an_address(url: str, tmp_path: Path) -> None:
    """Frozen versions and past requests are the same wherever the log lies."""
    keys = tmp_path / "keys"
    run(keys, "log", "init", url)
    digest = "sha256:" + "ab" * 32
    with closing(open_log(url, keys=keys, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        asked = canonical(json.dumps({"candidate": {"id": "E-1042"}}))
        log.append([replace(a_record(1), policy_digest=digest, private={"/request": asked})])
    checked = run(keys, "check", POLICIES, "--log", url)
    assert (checked.exit_code, "has issued verdicts and is frozen" in checked.output) == (1, True)
    compared = run(keys, "diff", POLICIES, POLICIES, "--against", url)
    assert compared.exit_code == 0, compared.output
    assert "1 request; 0 would be judged differently" in compared.output


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:hunter2@localhost:1/x",
        "postgresql://me:hun@ter2@localhost/x",
        "mysql://me:hunter2@x/y",
    ],
)
def test_no_password_is_shown(address: str, tmp_path: Path) -> None:
    """Neither in what goes well nor in what does not; terminals and logs are read by others."""
    for words in (
        ["log", "init", address],
        ["check", POLICIES, "--log", address],
        ["log", "migrate", address],
    ):
        said = run(tmp_path / "keys", *words).output
        assert said
        assert "hunter2" not in said
        assert "ter2" not in said
    shown = run(tmp_path / "keys", "config", LADDERS_LOG=address).output
    assert "ter2" not in shown
