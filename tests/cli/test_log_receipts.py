"""`ladders log check-receipt`, as whoever keeps receipts types it: offline with the trust file, against an
export, or against the log itself.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.ledger.log import Log, open_log
from service.ledger.signed_receipt import in_one_line
from tests.ledger.attacking import Row, copied, edit, other, rewrite
from tests.ledger.records import a_record, record_id


def opened(database: Path) -> Log:
    return open_log(database, clock=lambda: datetime.now(UTC), random_bytes=os.urandom, name="ladders/test")


def run(place: Path, *words: str | Path, code: int = 0) -> Result:
    """What a command says; it must end with this code."""
    there = {"LADDERS_LOG": str(place), "LADDERS_ANCHOR": str(place.parent / "anchor")}
    done = CliRunner().invoke(commands, ["log", *map(str, words)], env=there)
    assert done.exit_code == code, done.output
    return done


def check(place: Path, *words: str | Path, code: int = 0) -> str:
    """What `check-receipt` says of the receipt that lies beside the log."""
    beside = place.parent
    return run(
        place, "check-receipt", beside / "receipt", "--trust", beside / "trust", *words, code=code
    ).output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of more than one tile, a receipt for its entry 300, a trust file, an export, and an older one."""
    database = tmp_path_factory.mktemp("made") / "log.db"
    with closing(opened(database)) as log:
        log.append([a_record(number) for number in range(290)])
        run(database, "publish")
        run(database, "export", database.parent / "older")
        receipts = log.append([a_record(number) for number in range(290, 320)])
        text = log.signed(receipts[10])
        database.with_name("receipt").write_bytes(text)
        database.with_name("line").write_text(f"{in_one_line(text)}\n")
        log.append([a_record(number) for number in range(400, 700)])
        run(database, "publish")
    database.with_name("trust").write_text(run(database, "trust").stdout)
    run(database, "export", database.parent / "export")
    return database


def _another_at_51(rows: list[Row]) -> list[Row]:
    return [*rows[:51], other(rows[51], record_id(9_999)), *rows[52:]]


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    return copied(made, tmp_path / "log")


def test_a_receipt_is_checked_with_the_trust_file_alone(place: Path) -> None:
    """On any machine, by whoever kept it, in either of its two forms."""
    beside = place.parent
    said = check(place)
    assert said.startswith("promised: entry 300 of `ladders/test`, sha256:")
    line = run(place, "check-receipt", beside / "line", "--trust", beside / "trust").output
    assert line == said


def test_a_promise_that_was_kept_is_found_in_an_export_and_in_the_log(place: Path) -> None:
    """The usual answer of a nightly job."""
    for where in ("--here", place.parent / "export"):
        assert "kept: entry 300 stands where it was promised, in a log that only grew" in check(place, where)
    told = json.loads(check(place, "--here", "--json"))
    assert (told["promised"]["log"], told["promised"]["index"], told["found"]) == (
        "ladders/test",
        300,
        "kept",
    )
    assert json.loads(check(place, "--json"))["found"] is None


def test_every_entry_of_an_export_is_found_where_its_receipt_says(place: Path, tmp_path: Path) -> None:
    """An auditor draws receipts as they like: also those of the last entries, whose tile is not full."""
    with closing(opened(place)) as log:
        lines = [in_one_line(log.signed(each.receipt)) for each in log.entries() if each.kind == "verdict"]
    many = tmp_path / "many"
    many.write_text("\n".join(lines))
    words = ("check-receipt", many, place.parent / "export", "--trust", place.with_name("trust"))
    assert run(place, *words).output == f"{len(lines)} receipts checked\n"
    assert len(lines) == 620


def test_a_file_of_many_receipts_is_checked_line_by_line(place: Path, tmp_path: Path) -> None:
    """A year of a workflow system in one file: only what needs a look is shown, and the worst decides."""
    with closing(opened(place)) as log:
        receipts = [log.signed(entry.receipt) for entry in log.entries(50, 60)]
    many = tmp_path / "many"
    lines = [in_one_line(receipt) for receipt in receipts]
    words: list[str | Path] = ["check-receipt", many, "--trust", place.with_name("trust"), "--here"]
    many.write_text("\n".join([*lines, "", ""]))
    assert run(place, *words).output == "10 receipts checked\n"
    many.write_text("\n".join([*lines[:3], "spoilt", *lines[3:]]))
    said = run(place, *words, code=4).output.splitlines()
    assert (said[0][:34], said[1:]) == ("line 4: this is not a signed recei", ["11 receipts checked"])
    rewrite(place, _another_at_51)
    text = run(place, *words, code=1).output
    assert "line 2: suppressed: another entry stands at index 51" in text
    assert "line 1: suppressed: entry 50 stands where it was promised, but the first" in text
    told = [json.loads(line) for line in run(place, *words, "--json", code=1).output.splitlines()]
    assert [each["code"] for each in told] == [1, 1, 1, 4, *[1] * 7]
    many.write_text("\n")
    assert "there is no receipt in" in run(place, *words, code=4).output


def test_an_export_from_before_says_that_it_cannot_tell(place: Path) -> None:
    """What is not there yet was not suppressed."""
    said = check(place, place.parent / "older", code=3)
    assert "unknown: the export ends at 290 entries, before entry 300; have a newer one" in said


def test_a_promise_without_its_entry_is_suppression(place: Path) -> None:
    """The log was made anew around another entry, signed and exported by the operator's own key."""
    shutil.rmtree(place.parent / "export")
    place.with_name("anchor").unlink()

    rewrite(
        place,
        lambda rows: [
            {**row, "leaf": row["leaf"].replace(b'"not_eligible"', b'"eligible"')}
            if row["seq"] == 300
            else row
            for row in rows
        ],
    )
    assert "another entry stands at index 300" in check(place, "--here", code=1)
    run(place, "publish")
    run(place, "export", place.parent / "export")
    run(place, "verify", place.parent / "export", "--trust", place.with_name("trust"))
    said = check(place, place.parent / "export", code=1)
    assert "promised: entry 300" in said
    assert "suppressed: another entry stands at index 300 than the one that was promised" in said


def test_a_log_that_is_shorter_than_it_was_is_suppression(place: Path) -> None:
    """An older copy was put in its place; the anchor is the operator's, the receipt is not."""
    rewrite(place, lambda rows: rows[:310])
    assert "promised in a log of 321 entries, and the log has 310" in check(place, "--here", code=2)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda place: place.with_name("receipt").write_bytes(b"nothing"), "this is not a signed receipt"),
        (
            lambda place: place.with_name("receipt").write_bytes(
                place.with_name("receipt").read_bytes().replace(b"index 300", b"index 301")
            ),
            "does not promise the entry 301 with this hash",
        ),
        (
            lambda place: place.with_name("trust").write_text(
                place.with_name("trust").read_text().replace("\n#! receipts ", "\n# receipts ")
            ),
            "the trust file has no key of receipts; have a newer one",
        ),
        (lambda place: place.with_name("trust").write_text("nothing"), "line 1 of the trust file"),
        (lambda place: (place.parent / "export/checkpoint").unlink(), "it has no `checkpoint`"),
        (
            lambda place: (place.parent / "export/tile/0/001").write_bytes(b"\0" * 8192),
            "the tiles do not fit together; have them verified",
        ),
    ],
    ids=["no receipt", "another index", "no key", "no trust file", "no export", "damaged export"],
)
def test_what_cannot_be_checked_ends_with_4(place: Path, damage: object, said: str) -> None:
    """1 is an accusation, and neither a slip nor a damaged file may look like one."""
    assert callable(damage)
    trust = place.with_name("trust")
    trust.write_text("\n".join(line for line in trust.read_text().split("\n") if "#! sizes" not in line))
    damage(place)
    assert said in check(place, place.parent / "export", code=4)


def test_a_receipt_of_another_log_is_no_accusation(place: Path, tmp_path: Path) -> None:
    """Whoever works with two logs may take the wrong one."""
    other = tmp_path / "other" / "log.db"
    open_log(other, clock=lambda: datetime.now(UTC), random_bytes=os.urandom, name="ladders/else").close()
    for name in ("receipt", "trust"):
        shutil.copy(place.with_name(name), other.with_name(name))
    assert "the receipt is of the log `ladders/test`, and this is `ladders/else`" in check(
        other, "--here", code=4
    )
    assert "either EXPORT or --here" in check(place, place.parent / "export", "--here", code=4)


def test_a_leaf_edited_under_its_hash_is_for_verify_to_find(place: Path) -> None:
    """A receipt speaks of hashes; that they are those of the entries, verifying shows."""
    edit(place, 300)
    assert "kept" in check(place, "--here")
    assert "entry 300 is not the one whose hash is stored" in run(place, "verify", code=1).output
