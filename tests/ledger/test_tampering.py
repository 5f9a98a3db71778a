"""Whoever owns the machine can rewrite the log so that everything in it fits; what left the machine shows
it.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import orjson
import pytest

from service.errors import LogRolledBack, LogTampered, LogUnavailable, WitnessFailed
from service.ledger.anchor import Anchor
from service.ledger.checkpoint import read_checkpoint
from service.ledger.log import Log, read_log
from service.ledger.log_keys import LogKeys
from service.ledger.publisher import refuse_unanchored
from service.ledger.verified import verify_log
from service.ledger.verify import OK, ROLLED_BACK, TAMPERED
from service.ledger.witness import Submission
from tests.ledger.attacking import NAME, Row, copied, edit, grown, opened, other, publisher, rewrite
from tests.ledger.records import a_record, record_id
from tests.ledger.signing import checkpoint
from tests.ledger.witnessing import witness_of

SIZES = (100, 300, 560)
AT = 400  #: what is attacked lies between the last two checkpoints


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that was published three times."""
    return grown(tmp_path_factory.mktemp("honest"), SIZES)


@pytest.fixture
def database(honest: Path, tmp_path: Path) -> Path:
    """One that may be attacked."""
    return copied(honest, tmp_path)


def anchor(database: Path) -> Anchor:
    return Anchor(database.parent / "anchor")


def starts(log: Log, database: Path) -> None:
    """What every start does first."""
    refuse_unanchored(log, anchor(database))


def test_an_honest_log_is_right_while_it_is_open(database: Path) -> None:
    """Verifying reads beside a running service, up to the head."""
    with closing(opened(database)) as log:
        starts(log, database)
        log.append([a_record(number) for number in range(560, 600)])
        with closing(read_log(database)) as reader:
            report = verify_log(reader, None, [anchor(database).path])
    assert (report.outcome, report.findings) == (OK, [])
    assert (report.size, report.entries, report.checkpoints) == (600, 600, 2 * len(SIZES))


def test_a_log_that_grows_while_it_is_verified_is_right(database: Path) -> None:
    """Verifying takes minutes beside a running service, and what is published meanwhile is no rollback."""
    with closing(opened(database)) as log, closing(read_log(database)) as reader:

        def each(count: int) -> None:
            log.append([a_record(number) for number in range(1_000 + count, 1_010 + count)])
            publisher(log, database.parent).publish()

        report = verify_log(reader, None, [anchor(database).path], each)
        assert (report.outcome, report.size, log.size()) == (OK, 560, 590)
        note = anchor(database).last()
        assert note is not None
        other_root = bytes(checkpoint(600, bytes(32), *LogKeys(database.parent / "keys").signers(NAME)))
        with anchor(database).path.open("ab") as file:
            file.write(orjson.dumps(other_root.decode()) + b"\n")

        def grow(count: int) -> None:
            log.append([a_record(number) for number in range(2_000 + count, 2_010 + count)])

        assert verify_log(reader, None, [anchor(database).path], grow).outcome == TAMPERED


REWRITTEN: dict[str, Callable[[list[Row]], list[Row]]] = {
    "edited": lambda rows: [*rows[:AT], _eligible(rows[AT]), *rows[AT + 1 :]],
    "inserted": lambda rows: [*rows[:AT], other(rows[0], record_id(9_999)), *rows[AT:]],
    "deleted": lambda rows: [*rows[:AT], *rows[AT + 1 :], other(rows[0], record_id(9_999))],
    "reordered": lambda rows: [*rows[:AT], rows[AT + 1], rows[AT], *rows[AT + 2 :]],
    "truncated": lambda rows: rows[:AT],
}


def _eligible(row: Row) -> Row:
    return {**row, "outcome": "eligible", "leaf": row["leaf"].replace(b'"not_eligible"', b'"eligible"')}


@pytest.mark.parametrize("how", REWRITTEN)
def test_a_rewritten_log_passes_every_check_inside_and_none_against_the_anchor(
    database: Path, how: str
) -> None:
    """Edited, inserted, deleted, reordered or cut off, and the whole tree made again."""
    rewrite(database, REWRITTEN[how])
    with closing(read_log(database)) as log:
        assert verify_log(log).outcome == OK
        report = verify_log(log, None, [anchor(database).path])
        refused = LogRolledBack if how == "truncated" else LogTampered
        with pytest.raises(refused, match="accept-rollback"):
            starts(log, database)
    assert report.outcome == (ROLLED_BACK if how == "truncated" else TAMPERED)
    assert report.findings[0].index == (AT if how == "truncated" else 300)
    with closing(opened(database)) as log, pytest.raises(refused):
        publisher(log, database.parent).publish()


def test_a_plain_edit_passes_the_start_and_is_found_by_verifying(database: Path) -> None:
    """The start looks at hashes, for it must be quick; a nightly `ladders log verify` looks at every byte."""
    edit(database, AT)
    with closing(read_log(database)) as log:
        starts(log, database)
        report = verify_log(log)
    assert report.outcome == TAMPERED
    assert [(each.index, each.message) for each in report.findings] == [
        (AT, f"entry {AT} is not the one whose hash is stored")
    ]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (f"DELETE FROM entry WHERE seq = {AT}", "the first of them is 400"),
        ("DELETE FROM entry WHERE seq = 550", "of the entries 512 to 559 are missing"),
        (
            "UPDATE tile SET hashes = zeroblob(8192) WHERE idx = 1",
            "entry 256 is not the one whose hash is stored",
        ),
        ("UPDATE tile SET root = zeroblob(32) WHERE idx = 1", "tile 0 of level 1 is not the one"),
    ],
)
def test_what_is_missing_or_broken_in_the_store_is_named(database: Path, statement: str, why: str) -> None:
    """One row, by hand or by a failing disk."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("DROP TRIGGER entry_is_never_removed")
        for trigger in connection.execute(
            "SELECT name FROM sqlite_schema WHERE tbl_name = 'tile' AND type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger[0]}")
        connection.execute(statement)
    with closing(read_log(database)) as log:
        report = verify_log(log)
    assert report.outcome != OK
    assert any(why in finding.message for finding in report.findings)


def backed_up(database: Path, to: Path) -> None:
    """A backup as SQLite makes it."""
    with (
        closing(apsw.Connection(str(to))) as target,
        closing(apsw.Connection(str(database))) as source,
        target.backup("main", source, "main") as backup,
    ):
        backup.step()


@pytest.mark.parametrize("grows", [False, True])
def test_a_restored_backup_is_refused_at_the_start(database: Path, tmp_path: Path, grows: bool) -> None:
    """An old copy is whole and right in itself, whether it has grown on since or not."""
    backup = tmp_path / "backup.db"
    backed_up(database, backup)
    with closing(opened(database)) as log:
        log.append([a_record(number) for number in range(560, 600)])
        publisher(log, database.parent).publish()
    shutil.copy(backup, database)
    with closing(opened(database)) as log:
        if grows:
            log.append([a_record(number) for number in range(1_000, 1_100)])
        assert verify_log(log).outcome == OK
        with pytest.raises(LogTampered if grows else LogRolledBack):
            starts(log, database)


def test_without_the_anchor_check_a_restored_backup_would_be_served(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant that the test above must catch."""
    monkeypatch.setattr("service.ledger.publisher.refuse_other", lambda *_: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_a_restored_backup_is_refused_at_the_start(database, tmp_path, grows=False)


def damaged(wal: bytes, at: int, cuts: bool) -> bytes:
    return wal[:at] if cuts else wal[:at] + bytes([wal[at] ^ 0x40]) + wal[at + 1 :]


def after_damage(database: Path, folder: Path, chance: random.Random, cuts: bool) -> tuple[bool, int]:
    """Damage the end of the write-ahead log, and say whether the start refuses it, and what is left."""
    copied(database, folder)
    there = folder / database.name
    wal = there.with_name(f"{there.name}-wal")
    content = wal.read_bytes()
    wal.write_bytes(damaged(content, chance.randrange(len(content) // 2, len(content)), cuts))
    there.with_name(f"{there.name}-shm").unlink(missing_ok=True)
    with closing(opened(there)) as log:
        report = verify_log(log)
        assert report.outcome == OK  # whatever is left is a log: a prefix of the one that was there
        try:
            starts(log, there)
        except LogUnavailable:
            return True, report.size
        return False, report.size


def torn_tails(tmp_path: Path) -> tuple[int, int]:
    """Of 25 damaged ends of a write-ahead log: how many lost entries, and how many of those were refused."""
    chance = random.Random(7)
    database = tmp_path / "log" / "verdicts.db"
    database.parent.mkdir()
    log = opened(database)  # left open, so that what it wrote stays in the write-ahead log
    for number in range(25):
        log.append([a_record(number)])
    publisher(log, database.parent).publish()
    outcomes = [
        after_damage(database, tmp_path / f"copy-{number}", chance, cuts=number % 2 == 0)
        for number in range(25)
    ]
    log.close()
    lost = [refused for refused, size in outcomes if size < 25]
    assert all(not refused for refused, size in outcomes if size == 25)
    return len(lost), sum(lost)


def test_a_torn_end_of_the_write_ahead_log_is_a_prefix_and_is_refused(tmp_path: Path) -> None:
    """SQLite drops what is damaged in silence; only the anchor knows that there was more."""
    lost, refused = torn_tails(tmp_path)
    assert lost > 15
    assert refused == lost


def test_without_the_anchor_check_a_torn_end_would_be_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: every one of the damaged logs would go on without what it lost."""
    monkeypatch.setattr("service.ledger.publisher.refuse_other", lambda *_: None)
    lost, refused = torn_tails(tmp_path)
    assert (lost > 15, refused) == (True, 0)


def test_a_copy_that_goes_on_elsewhere_is_found_out_by_a_witness(database: Path, tmp_path: Path) -> None:
    """Two machines with the same key and their own anchors: no file on either could tell."""
    twin = copied(database, tmp_path / "twin")
    keys = LogKeys(database.parent / "keys").signers(NAME)
    with witness_of(keys[0].key) as server:
        for place, first, outcome in ((database, 600, 200), (twin, 700, 422)):
            with closing(opened(place)) as log, closing(Submission(server.witness, 10)) as submission:
                log.append([a_record(number) for number in range(first, first + 50)])
                signed = publisher(log, place.parent).publish()
                assert signed is not None
                if outcome == 200:
                    submission.submit(signed, log.hashes)
                else:
                    with pytest.raises(WitnessFailed, match="has seen"):
                        submission.submit(signed, log.hashes)
        assert server.answers[0] == 200
        assert server.answers[-1] in (409, 422)


@pytest.mark.parametrize("when", ["signing", "before", "after"])
def test_a_publisher_that_is_killed_on_the_way_is_gone_on_from(database: Path, when: str) -> None:
    """Before it signs, before the anchor has it, and before the log has it: then as if nothing had been."""
    with closing(opened(database)) as log:
        log.append([a_record(number) for number in range(560, 600)])
    killed = subprocess.run(
        [sys.executable, "-m", "tests.ledger.publishing", str(database), when], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with closing(opened(database)) as log:
        starts(log, database)
        log.append([a_record(600)])
        signed = publisher(log, database.parent).publish()
        assert signed is not None
        assert signed.checkpoint.size == 601
        assert verify_log(log, None, [anchor(database).path]).outcome == OK
    sizes = [read_checkpoint(note).checkpoint.size for note in anchor(database).notes()]
    assert sizes == [*SIZES, *([600] if when == "after" else []), 601]


def test_publishers_that_race_leave_one_line_of_checkpoints(database: Path) -> None:
    """Two that both believe that they lead: each checkpoint in the anchor is larger than the one before."""
    command = [sys.executable, "-m", "tests.ledger.publishing", str(database), "again"]
    racing = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(2)]
    with closing(opened(database)) as log:
        deadline = time.monotonic() + 30
        while len(list(anchor(database).notes())) < 20 and time.monotonic() < deadline:
            log.append([a_record(number) for number in range(log.size() + 1_000, log.size() + 1_003)])
        for each in racing:
            each.communicate()
        assert [each.returncode for each in racing] == [0, 0]
        sizes = [read_checkpoint(note).checkpoint.size for note in anchor(database).notes()]
        assert len(sizes) >= 20
        assert sizes == sorted(set(sizes))
        starts(log, database)
        assert verify_log(log, None, [anchor(database).path]).outcome == OK
