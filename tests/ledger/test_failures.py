"""Failures of processes and disks, made for real: nothing acknowledged is lost, nothing refused appears."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from service.ledger.embedded import schema
from service.ledger.embedded.database import connect_reader
from service.ledger.embedded.place import Turn
from tests.ledger.attacking import opened
from tests.ledger.processes import compiled, start
from tests.ledger.records import record_id
from tests.ledger.whole import whole_log


class Writer:
    """Another process that appends when it is told."""

    def __init__(self, database: object, **variables: str) -> None:
        self.process = start(database, "obey", **variables)
        self.hears()

    def asked(self, command: str) -> str:
        self.tell(command)
        return self.hears()

    def tell(self, command: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def hears(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self) -> int:
        self.process.communicate(timeout=20)
        return self.process.returncode


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def is_free(database: Path) -> bool:
    """Whether nobody has the turn to write just now."""
    turn = Turn(database.with_name("log.db.lock"))
    try:
        return turn.take_within(0)
    finally:
        turn.close()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture(scope="session")
def failing_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes a disk fail, compiled."""
    return compiled(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    """The folder in which a file orders a failure."""
    folder = tmp_path / "faults"
    folder.mkdir()
    return folder


@pytest.fixture
def on_failing_disk(database: Path, failing_disk: Path, faults: Path) -> Iterator[Writer]:
    writer = Writer(database, LD_PRELOAD=str(failing_disk), LADDERS_FAULTS=str(faults))
    yield writer
    writer.end()


@pytest.mark.parametrize("rounds", [4, pytest.param(30, marks=pytest.mark.soak)])
def test_kill_at_any_moment_loses_no_acknowledged_record(database: Path, tmp_path: Path, rounds: int) -> None:
    """Four workers under load are killed without warning, again and again; the log goes on where it was."""
    moments = random.Random(rounds)
    notes = [tmp_path / f"acknowledged-{worker}" for worker in range(4)]
    sizes = dict.fromkeys(notes, 0)
    for round_ in range(rounds):
        workers = [
            start(database, "load", 4, (round_ * 4 + worker) * 1_000_000, notes[worker])
            for worker in range(4)
        ]
        give_up_at = time.monotonic() + 30
        while any(size_of(note) == before for note, before in sizes.items()):
            assert time.monotonic() < give_up_at, "a worker cannot append"
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 0.4))
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        for worker in workers:
            worker.communicate()
        sizes = {note: size_of(note) for note in notes}
        acknowledged = [line.split() for note in notes for line in note.read_text().splitlines()]
        there = whole_log(database)
        lost = [number for number, index in acknowledged if there.get(record_id(int(number))) != int(index)]
        assert lost == []
        assert len(there) >= len(acknowledged) > 0
    print(f"{rounds} rounds, {len(acknowledged)} acknowledged, 0 lost")


def test_many_threads_in_many_processes_agree_on_one_place_for_each_record(database: Path) -> None:
    """The same record may come by several ways at once: everyone gets the same receipt."""
    writers = [start(database, "same", 4, 40) for _ in range(3)]
    answers = [line.split() for writer in writers for line in writer.communicate(timeout=60)[0].splitlines()]
    assert len(answers) == 3 * 4 * 40
    receipts = {number: tuple(receipt) for number, *receipt in answers}
    assert all(receipts[number] == tuple(receipt) for number, *receipt in answers)
    assert whole_log(database) == {record_id(int(number)): int(receipts[number][0]) for number in receipts}
    assert len(receipts) == 40


def test_an_answer_that_was_lost_is_given_again(database: Path) -> None:
    """The process dies between commit and answer; whoever asks again gets the place that the record has."""
    first = Writer(database)
    first.asked("append 1")
    first.asked("append 2")
    first.process.kill()
    first.end()
    second = Writer(database)
    assert second.asked("append 2") == "receipt 1"
    assert second.asked("append 3") == "receipt 2"
    assert second.end() == 0


@pytest.mark.parametrize("order", ["reopen", "check"])
def test_a_full_disk_refuses_until_there_is_room_again(
    on_failing_disk: Writer, database: Path, faults: Path, order: str
) -> None:
    """Nothing is half written, and nobody has to restart anything once there is room."""
    assert on_failing_disk.asked("append 1") == "receipt 0"
    (faults / "room").touch()
    for number in (2, 3):
        refusal = on_failing_disk.asked(f"append {number}")
        assert refusal == "LogUnavailable no room is left for the verdict log; make room on its disk"
    (faults / "room").unlink()
    assert on_failing_disk.asked(order) in ("ready", "writable")
    assert on_failing_disk.asked("append 4") == "receipt 1"
    assert on_failing_disk.end() == 0
    assert whole_log(database) == {record_id(1): 0, record_id(4): 1}


def test_a_limit_on_the_size_of_files_is_want_of_room(database: Path) -> None:
    """Quotas and limits fail with other codes than a full disk, and pass as it does."""
    writer = Writer(database)
    assert writer.asked("append 1") == "receipt 0"
    assert writer.asked(f"limit {database.with_name('log.db-wal').stat().st_size}") == "limited"
    assert writer.asked("append 2").startswith("LogUnavailable no room is left")
    assert writer.asked("limit") == "limited"
    assert writer.asked("append 3") == "receipt 1"
    assert writer.end() == 0
    assert whole_log(database) == {record_id(1): 0, record_id(3): 1}


def test_a_failed_sync_stops_every_process_until_somebody_has_looked(
    on_failing_disk: Writer, database: Path, faults: Path
) -> None:
    """After it nobody knows what the disk holds, and the system may have dropped what it could not write.

    It also shows that no receipt is given before the sync: with a weaker setting this append would succeed.
    """
    neighbour = Writer(database)
    assert neighbour.asked("append 1") == "receipt 0"
    assert on_failing_disk.asked("append 2") == "receipt 1"
    (faults / "sync-wal").touch()
    assert on_failing_disk.asked("append 3").startswith("LogUnavailable the disk of the verdict log failed")
    (faults / "sync-wal").unlink()
    assert on_failing_disk.asked("append 4").startswith("LogUnavailable the disk of the verdict log failed")
    assert on_failing_disk.asked("check").startswith("LogUnavailable")
    assert neighbour.asked("append 5").startswith("LogUnavailable writing to the verdict log was stopped")
    assert on_failing_disk.asked("reopen") == "ready"
    assert on_failing_disk.asked("append 6").startswith(
        "LogUnavailable writing to the verdict log was stopped"
    )
    sign = database.with_name("log.db.failed")
    assert "disk I/O error" in sign.read_text()
    sign.unlink()
    assert neighbour.asked("append 7").startswith("receipt ")
    assert neighbour.end() == 0
    there = whole_log(database)
    assert [there[record_id(1)], there[record_id(2)]] == [0, 1]
    assert there.keys().isdisjoint({record_id(4), record_id(5), record_id(6)})


def test_a_disk_that_fails_behind_the_answer_stops_writing_too(
    on_failing_disk: Writer, database: Path, faults: Path
) -> None:
    """Entries are moved into the database after their callers were answered; a failure there is no secret."""
    (faults / "sync-db").touch()
    answers = [on_failing_disk.asked(f"append {number}") for number in range(1500)]
    refused = [answer for answer in answers if not answer.startswith("receipt ")]
    assert refused
    assert answers[len(answers) - len(refused) :] == refused
    assert database.with_name("log.db.failed").exists()
    assert len(whole_log(database)) == len(answers) - len(refused)


def test_a_child_that_was_forked_after_the_opening_is_refused(database: Path) -> None:
    """SQLite's locks do not survive a fork, not even for a new connection: only refusing is safe."""
    writer = Writer(database)
    assert writer.asked("append 1") == "receipt 0"
    assert writer.asked("fork") == "child ended with 4"
    assert writer.asked("append 2") == "receipt 1"
    assert writer.end() == 0
    assert whole_log(database) == {record_id(1): 0, record_id(2): 1}


def test_a_writer_that_stands_still_holds_the_others_up_only_while_it_does(database: Path) -> None:
    """A process that is stopped while it has the turn: the others refuse in time, and go on when it does."""
    holder, neighbour = Writer(database), Writer(database, LADDERS_TEST_LIMIT_S="0.2")
    with closing(apsw.Connection(str(database))) as foreign:
        foreign.execute("BEGIN IMMEDIATE")  # keeps the holder in its turn
        holder.tell("append 1")
        while is_free(database):
            time.sleep(0.01)
        holder.process.send_signal(signal.SIGSTOP)
    assert neighbour.asked("append 2").startswith(
        "LogUnavailable the verdict log could not be written within 0.2 s"
    )
    holder.process.send_signal(signal.SIGCONT)
    assert holder.hears() == "receipt 0"
    assert neighbour.asked("append 3") == "receipt 1"
    assert (holder.end(), neighbour.end()) == (0, 0)
    assert whole_log(database) == {record_id(1): 0, record_id(3): 1}


HALF_MADE = """
import os, sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (x BLOB)")
for _ in range(200):
    connection.execute("INSERT INTO half VALUES (randomblob(4000))")
os._exit(0)
"""


def test_a_log_whose_maker_was_killed_half_way_is_made_by_the_next_one(tmp_path: Path) -> None:
    """The file waits to be put right by somebody who may write; who only reads cannot even look into it."""
    database = tmp_path / "verdicts.db"
    subprocess.run([sys.executable, "-c", HALF_MADE, str(database)], check=True)
    assert database.with_name("verdicts.db-journal").stat().st_size > 0
    with pytest.raises(apsw.ReadOnlyError), closing(connect_reader(database)) as reader:
        schema.exists(reader)
    with closing(opened(database)) as log:
        assert log.size() == 0
