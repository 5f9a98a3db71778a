"""`ladders log …`, as operators type it."""

from __future__ import annotations

import os
import pwd
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.ledger.log import open_log, read_log
from tests.ledger.records import a_record, record_id

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A log in which Ann stands twice and Ben once."""
    place = tmp_path / "verdicts.db"
    with closing(open_log(place, keys=tmp_path / "safe", clock=lambda: NOON, random_bytes=os.urandom)) as log:
        log.append([a_record(number, person=person) for number, person in enumerate(("Ann", "Ben", "Ann"))])
    return place


def run(place: Path, *words: str, input: str | bytes | None = None) -> Result:  # noqa: A002 - click calls it so
    settings = {"LADDERS_LOG": str(place), "LADDERS_KEYS": str(place.parent / "safe")}
    return CliRunner().invoke(commands, ["log", *words], input=input, env=settings)


def erased(place: Path) -> list[int]:
    """The places in the log where something was erased."""
    with closing(read_log(place, place.parent / "safe")) as log:
        return [entry.receipt.index for entry in log.entries() if entry.erased]


def test_erase_asks_first_and_then_says_where_it_stands(place: Path) -> None:
    """It cannot be undone."""
    refused = run(place, "erase", "--person", "Ann", input="n\n")
    assert (refused.exit_code, erased(place)) == (1, [])
    done = run(place, "erase", "--person", "Ann", input="y\n")
    assert done.exit_code == 0
    assert "erased; entry 3 of the verdict log says so" in done.output
    assert erased(place) == [0, 2]


def test_erase_reads_the_person_from_the_standard_input(place: Path) -> None:
    """So that the name stays out of the history of a shell and out of the list of processes."""
    done = run(place, "erase", "--person", "-", input="Ben\n")
    assert (done.exit_code, done.output) == (0, "erased; entry 3 of the verdict log says so\n")
    assert erased(place) == [1]


@pytest.mark.parametrize("typed", ["Ann\r\n", " Ann \n", "Ann"])
def test_what_another_system_leaves_around_an_id_is_passed_over(place: Path, typed: str) -> None:
    """A file of Windows ends its lines otherwise; nobody would be found, and nobody erased."""
    assert "2 verdict" in run(place, "person", "-", input=typed).output
    assert len(run(place, "find", "--person", "-", "--json", input=typed).output.splitlines()) == 2
    assert run(place, "erase", "--person", "-", input=typed).exit_code == 0
    assert erased(place) == [0, 2]


@pytest.mark.parametrize(
    ("typed", "said"),
    [(b"", "no id of a person came"), (b"\n", "no id"), (b"\xe9\n", "did not come as UTF-8")],
)
def test_no_id_is_nobody(place: Path, typed: bytes, said: str) -> None:
    """That nothing is held of them would be no answer."""
    for words in (("erase", "--person", "-"), ("person", "-"), ("find", "--person", "-")):
        refused = run(place, *words, input=typed)
        assert (refused.exit_code, said in refused.output) == (2, True), refused.output


def test_whoever_erases_is_recorded(place: Path) -> None:
    """Auditors ask who destroyed what was there; everybody else learns that it happened."""
    run(place, "erase", "--person", "Ben", "--yes")
    with closing(read_log(place, place.parent / "safe")) as log:
        [erasure] = log.entries(3)
    name = pwd.getpwuid(os.getuid()).pw_name
    assert (erasure.kind, erasure.private) == ("erasure", {"/caller": f'"cli:{name}"'.encode()})
    assert b"cli:" not in erasure.leaf


def test_erase_of_somebody_who_is_not_there_ends_with_1(place: Path) -> None:
    """A name that was mistyped must not pass for an erasure."""
    done = run(place, "erase", "--person", "Anne", "--yes")
    assert (done.exit_code, done.output) == (1, "the verdict log holds nothing of that person\n")
    assert erased(place) == []


def test_rotate_keys_leaves_everything_readable(place: Path) -> None:
    """Only the old wrapping key, which backups hold, is of no use any more."""
    done = run(place, "rotate-keys")
    assert done.exit_code == 0
    assert "keys of people are wrapped anew" in done.output
    assert [path.name for path in (place.parent / "safe").glob("kek-*")] == ["kek-2.key"]
    with closing(read_log(place, place.parent / "safe")) as log:
        assert log.get(record_id(1)).private == a_record(1, person="Ben").private  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize("words", [("erase", "--person", "Ann", "--yes"), ("rotate-keys",)])
def test_a_log_that_is_not_there_is_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A wrong path must not look as if all were done."""
    done = run(tmp_path / "nowhere.db", *words)
    assert done.exit_code == 2
    assert "there is no verdict log at" in done.output
    assert list(tmp_path.iterdir()) == []
