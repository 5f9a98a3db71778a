"""`ladders keys`: a key is shown once, its hash is kept, and two commands at a time lose nothing."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from service.access.api_keys import ApiKeys, read_keys
from service.access.callers import Scope
from service.access.watched import Watched
from service.cli import keys as command
from service.errors import NotKnown
from tests.web.running import environment


def ladders(*words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """One run of `ladders keys`."""
    return subprocess.run(
        [sys.executable, "-m", "service.cli.main", "keys", *words],
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the file of a test is."""
    return tmp_path / "inside" / "keys.json"


def test_a_new_key_is_known_to_the_service_until_it_is_revoked(place: Path) -> None:
    """The whole life of a key, by the commands that an operator has."""
    made = ladders("new", "workday", "--scope", "submit", "--scope", "decide", api_keys=place)
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    known = ApiKeys(Watched(place, read_keys, (), pytest.fail), lambda: datetime.now(UTC))
    assert known.caller_of(text).scopes == {"submit", "decide"}
    assert text not in made.stderr
    assert stat.S_IMODE(place.stat().st_mode) == 0o600

    listed = ladders("list", api_keys=place)
    id_ = text.split("_")[1]
    assert id_ in listed.stdout
    assert "good" in listed.stdout
    told = json.loads(ladders("list", "--json", "--file", str(place)).stdout)["keys"]
    assert [(key["id"], key["name"], key["state"]) for key in told] == [(id_, "workday", "good")]
    for seen in (listed.stdout, json.dumps(told), place.read_text()):
        assert text.rpartition("_")[2] not in seen

    assert ladders("revoke", id_, api_keys=place).returncode == 0
    with pytest.raises(NotKnown, match="revoked"):
        known.caller_of(text)
    assert "revoked" in ladders("list", api_keys=place).stdout
    assert ladders("revoke", "aaaaaaaa", api_keys=place).returncode == 1


def test_keys_made_at_the_same_time_are_all_kept(place: Path) -> None:
    """A script makes one for each system, and does not wait."""
    with ThreadPoolExecutor(4) as pool:
        made = [
            pool.submit(ladders, "new", f"s{number}", "--scope", "submit", "--file", str(place))
            for number in range(4)
        ]
    assert [run.result().returncode for run in made] == [0] * 4
    assert {key.name for key in read_keys(place.read_bytes())} == {"s0", "s1", "s2", "s3"}


def test_a_file_that_others_may_read_stays_so(place: Path) -> None:
    """The service may run as another user than the operator."""
    ladders("new", "a", "--scope", "submit", "--file", str(place))
    place.chmod(0o640)
    assert ladders("new", "b", "--scope", "submit", "--days", "0", "--file", str(place)).returncode == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert [key.expires_at is None for key in read_keys(place.read_bytes())] == [False, True]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("new", "Work Day", "--scope", "submit"), "a name has up to 64"),
        (("new", "workday"), "Missing option '--scope'"),
        (("new", "workday", "--scope", "sumbit"), "is not one of 'submit'"),
        (("list",), "`ladders keys new` makes it"),
        (("revoke", "aaaaaaaa"), "there is no key `aaaaaaaa`"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_remedy(
    words: tuple[str, ...], complaint: str, place: Path
) -> None:
    """And nothing is made in passing."""
    run = ladders(*words, api_keys=place)
    assert run.returncode != 0
    assert complaint in " ".join(run.stderr.split())
    assert not place.exists()


def test_without_a_file_nothing_is_guessed(tmp_path: Path) -> None:
    """A key in a file that the service does not read would look good and be none."""
    run = ladders("new", "workday", "--scope", "submit")
    assert run.returncode == 2
    assert "LADDERS_API_KEYS: it names no file" in run.stderr
    broken = tmp_path / "keys.json"
    broken.write_text("[]")
    run = ladders("new", "workday", "--scope", "submit", "--file", str(broken))
    assert run.returncode == 2
    assert "this is no file of API keys" in run.stderr
    assert broken.read_text() == "[]"


def test_the_command_knows_every_scope() -> None:
    """It has a list of its own, so that `ladders --help` need not load what knows tokens."""
    assert get_args(Scope) == command.SCOPES
