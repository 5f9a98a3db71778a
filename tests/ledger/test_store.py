"""The embedded log: what was acknowledged is there, once, in its place; what was refused never will be."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import apsw
import pytest

from service.errors import LogUnavailable, RecordConflict, SettingsError
from service.ledger.embedded import entries as rows
from service.ledger.embedded.place import Turn
from service.ledger.log import Log, open_log
from tests.ledger.records import a_record, record_id

MORNING = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., Log]


@pytest.fixture
def opening(database: Path, clock: Clock) -> Iterator[Open]:
    """Opens the log, and closes it after the test."""
    opened: list[Log] = []

    def opening(**given: Any) -> Log:
        opened.append(open_log(database, **{"clock": clock, "random_bytes": os.urandom, **given}))
        return opened[-1]

    yield opening
    for log in opened:
        log.close()


@pytest.fixture
def log(opening: Open) -> Log:
    return opening()


def until_waiting(log: Log, callers: int) -> None:
    """Wait until so many callers wait for their turn."""
    give_up_at = time.monotonic() + 10
    while len(log._appender._waiting) < callers:  # type: ignore[attr-defined]  # not part of what a log shows
        assert time.monotonic() < give_up_at
        time.sleep(0.001)


def entries(database: Path) -> list[tuple[int, str]]:
    """Place and id of everything in the log, read past its own reader."""
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return list(connection.execute("SELECT seq, id FROM entry ORDER BY seq"))


@pytest.fixture
def locked_out(database: Path, log: Log) -> Iterator[Turn]:  # noqa: ARG001  (the log must be open before)
    """Another process has the turn to write."""
    turn = Turn(database.with_name("log.db.lock"))
    turn.take()
    yield turn
    turn.close()


def test_receipts_number_the_records_in_their_order(log: Log, clock: Clock) -> None:
    """The place in the log is part of the answer, and proofs will rest on it."""
    first = log.append([a_record(1), a_record(2)])
    clock.now += timedelta(seconds=1)
    [third] = log.append([a_record(3)])
    assert [receipt.index for receipt in (*first, third)] == [0, 1, 2]
    assert [receipt.committed_at for receipt in (*first, third)] == [MORNING, MORNING, clock.now]


def test_what_was_appended_is_found_by_its_id_byte_for_byte(log: Log) -> None:
    """The verdict is answered again as it was given."""
    record = a_record(1, says="noch nicht — ein Jahr fehlt")
    [receipt] = log.append([record])
    entry = log.get(record.id)
    assert entry is not None
    assert entry.receipt == receipt
    assert (entry.id, entry.kind) == (record.id, "verdict")
    assert entry.private == record.private
    assert log.name.encode() in entry.leaf
    assert log.get(record_id(2)) is None


def test_the_log_keeps_its_name_and_entries_when_it_is_opened_again(opening: Open) -> None:
    """Leaves carry the name, so that an entry of another log cannot be slipped in."""
    log = opening(name="example.org/ladders")
    receipts = log.append([a_record(1)])
    log.close()
    again = opening()
    assert again.name == "example.org/ladders"
    assert again.append([a_record(1)]) == receipts
    assert again.append([a_record(2)])[0].index == 1


def test_a_log_with_another_name_is_refused(opening: Open) -> None:
    """It is probably another company's, or a copy."""
    opening(name="one").close()
    with pytest.raises(LogUnavailable, match="is named `one`, not `two`"):
        opening(name="two")


def test_every_log_gets_a_name_of_its_own(tmp_path: Path, clock: Clock) -> None:
    """Two logs that nobody named must still be told apart."""
    names = set()
    for folder in ("a", "b"):
        log = open_log(tmp_path / folder / "log.db", clock=clock, random_bytes=os.urandom)
        names.add(log.name)
        log.close()
    assert len(names) == 2


def test_after_closing_the_database_is_one_whole_file(log: Log, database: Path) -> None:
    """Whoever copies that file alone must not leave the last verdicts behind."""
    log.append([a_record(1)])
    log.close()
    copy = database.with_name("copy.db")
    copy.write_bytes(database.read_bytes())
    assert entries(copy) == [(0, record_id(1))]


def test_many_records_do_not_pile_up_beside_the_database(log: Log, database: Path) -> None:
    """The write-ahead log is moved into the database as it grows, and then used again from its start."""
    for start in range(0, 4000, 200):
        log.append([a_record(number) for number in range(start, start + 200)])
    assert database.with_name("log.db-wal").stat().st_size < 10 * 2**20
    assert [seq for seq, _ in entries(database)] == list(range(4000))


def test_the_same_record_again_gets_the_receipt_that_it_got(log: Log, clock: Clock) -> None:
    """A caller whose answer was lost asks again, and must not be in the log twice."""
    receipts = log.append([a_record(1)])
    clock.now += timedelta(hours=1)
    assert list(log.append([a_record(1), a_record(2), a_record(1)]))[::2] == [*receipts, *receipts]


@pytest.mark.parametrize(
    "other",
    [
        a_record(1, says="eligible"),
        a_record(1, person="E-7"),
        replace(a_record(1), outcome="eligible"),
        replace(a_record(1), decided_at=MORNING),
        replace(a_record(1), private={}),
    ],
)
def test_other_content_under_the_same_id_is_a_conflict(log: Log, database: Path, other: Any) -> None:
    """What was answered under that id stays the answer; the difference may lie in any part."""
    log.append([a_record(1)])
    with pytest.raises(RecordConflict, match=record_id(1)):
        log.append([a_record(2), other])
    assert entries(database) == [(0, record_id(1))]


def test_a_conflict_within_one_call_appends_nothing(log: Log, database: Path) -> None:
    """One call is all or nothing."""
    with pytest.raises(RecordConflict):
        log.append([a_record(1), a_record(1, says="eligible")])
    assert entries(database) == []


def test_a_conflict_says_nothing_about_the_person(log: Log) -> None:
    """Messages reach logs and other people."""
    log.append([a_record(1, person="Ada Lovelace")])
    with pytest.raises(RecordConflict) as conflict:
        log.append([a_record(1, person="Grace Hopper")])
    assert str(conflict.value) == f"the verdict log already holds something else under `{record_id(1)}`"


def test_after_erasure_the_same_record_is_a_conflict(log: Log, database: Path) -> None:
    """Nobody can tell any more whether it is the same, and it must not come back."""
    log.append([a_record(1)])
    with apsw.Connection(str(database)) as connection:
        connection.execute("DELETE FROM priv")
    with pytest.raises(RecordConflict):
        log.append([a_record(1)])


def test_nothing_to_append_is_nothing(log: Log, database: Path) -> None:
    """An empty batch is no entry."""
    assert list(log.append([])) == []
    assert entries(database) == []


def test_a_record_that_cannot_be_sealed_is_refused_before_anything_is_written(
    log: Log, database: Path
) -> None:
    """One call is all or nothing."""
    with pytest.raises(ValueError, match="JSON pointer"):
        log.append([a_record(1), replace(a_record(2), private={"no pointer": b"1"})])
    assert entries(database) == []


def test_callers_at_the_same_time_each_get_their_own_answer(
    log: Log, locked_out: Turn, database: Path
) -> None:
    """They are written together, but one caller's conflict is not another's."""
    calls = [
        [a_record(1)],
        [a_record(2), a_record(3)],
        [a_record(4), a_record(1, says="other")],
        [a_record(5)],
        [a_record(1)],
    ]
    with ThreadPoolExecutor(len(calls)) as threads:
        answers: list[Future[Any]] = []
        for call in calls:
            answers.append(threads.submit(log.append, call))
            until_waiting(log, len(answers))
        locked_out.give_back()
        assert [receipt.index for answer in answers[:2] for receipt in answer.result()] == [0, 1, 2]
        with pytest.raises(RecordConflict):
            answers[2].result()
        assert [receipt.index for receipt in answers[3].result()] == [3]
        assert answers[4].result() == answers[0].result()
    assert [id_ for _, id_ in entries(database)] == [record_id(number) for number in (1, 2, 3, 5)]


def test_callers_who_wait_together_are_committed_together(
    opening: Open, database: Path, clock: Clock
) -> None:
    """One sync of the disk for all of them: that is what makes the log fast enough to wait for."""

    def later() -> datetime:
        clock.now += timedelta(seconds=1)
        return clock.now

    log = opening(clock=later)
    turn = Turn(database.with_name("log.db.lock"))
    turn.take()
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(log.append, [a_record(number)]) for number in range(8)]
        until_waiting(log, 8)
        turn.close()
        receipts = [answer.result()[0] for answer in answers]
    assert {receipt.committed_at for receipt in receipts} == {MORNING + timedelta(seconds=1)}
    assert {receipt.index for receipt in receipts} == set(range(8))


def test_a_clock_a_little_behind_is_held_at_the_last_entry(log: Log, clock: Clock) -> None:
    """Clocks are corrected by small steps; the order of the log must not show them."""
    log.append([a_record(1)])
    clock.now -= timedelta(seconds=1)
    assert log.append([a_record(2)])[0].committed_at == MORNING
    clock.now -= timedelta(seconds=4)
    assert log.append([a_record(3)])[0].committed_at == MORNING


def test_a_clock_far_behind_is_refused_until_it_is_right(log: Log, clock: Clock, database: Path) -> None:
    """Entries would carry a time at which they were not made."""
    log.append([a_record(1)])
    clock.now -= timedelta(hours=1)
    with pytest.raises(LogUnavailable, match="clock"):
        log.append([a_record(2)])
    with pytest.raises(LogUnavailable, match="clock"):
        log._appender.submit((), 5)  # type: ignore[attr-defined]  # what the check does once a second has passed
    clock.now = MORNING + timedelta(seconds=1)
    assert log.append([a_record(3)])[0].index == 1
    assert entries(database) == [(0, record_id(1)), (1, record_id(3))]


def test_whoever_waits_too_long_for_the_turn_is_refused_and_never_written(
    opening: Open, database: Path
) -> None:
    """A caller who was told that nothing was recorded judges again; the first must not appear afterwards."""
    log = opening(limit_s=0.1)
    turn = Turn(database.with_name("log.db.lock"))
    turn.take()
    with pytest.raises(LogUnavailable, match=r"could not be written within 0\.1 s"):
        log.append([a_record(1)])
    with pytest.raises(LogUnavailable, match=r"could not be written within 0\.1 s"):
        log.check_writable()
    turn.close()
    assert log.append([a_record(2)])[0].index == 0
    assert entries(database) == [(0, record_id(2))]


def test_whoever_is_being_written_is_not_told_otherwise(
    opening: Open, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the limit, a running transaction decides: its record is in the log, so its caller hears so."""
    log = opening(limit_s=0.05)
    begun, go_on = Event(), Event()
    insert = rows.insert

    def slow(*given: Any) -> None:
        begun.set()
        go_on.wait(10)
        insert(*given)

    monkeypatch.setattr(rows, "insert", slow)
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(log.append, [a_record(1)])
        begun.wait(10)
        with pytest.raises(LogUnavailable, match="within"):
            log.append([a_record(2)])
        assert not answer.done()
        go_on.set()
        assert answer.result()[0].index == 0
    assert entries(database) == [(0, record_id(1))]


def test_a_foreign_writer_is_waited_for_a_little_and_named(log: Log, database: Path) -> None:
    """Somebody at a database prompt blocks the log; that is no failure of the disk and passes."""
    with apsw.Connection(str(database)) as foreign:
        foreign.execute("UPDATE head SET size = size")
        with pytest.raises(LogUnavailable, match="another program is writing"):
            log.append([a_record(1)])
    assert log.append([a_record(2)])[0].index == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_unforeseen_failure_refuses_everyone_and_writes_nothing(
    log: Log, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever for a thread that is gone."""

    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(rows, "write_head", fail)
    for attempt in (lambda: log.append([a_record(1)]), lambda: log.append([a_record(2)]), log.check_writable):
        with pytest.raises(LogUnavailable, match="the verdict log has stopped; restart Ladders"):
            attempt()
    assert entries(database) == []


def test_the_check_proves_writing_without_adding_an_entry(log: Log, database: Path) -> None:
    """Readiness is asked every few seconds, and the log must not fill with it."""
    log.check_writable()
    log._appender._worked_at = None  # type: ignore[attr-defined]  # as if a second had passed
    log.check_writable()
    assert entries(database) == []
    assert log.append([a_record(1)])[0].index == 0


def test_the_check_fails_where_writing_would(log: Log, database: Path) -> None:
    """Also right after a commit: the stop sign may have been put up by another process."""
    log.append([a_record(1)])
    log.check_writable()
    database.with_name("log.db.failed").touch()
    with pytest.raises(LogUnavailable, match="stopped after a failure of the disk"):
        log.check_writable()


def test_under_the_stop_sign_reading_goes_on_and_writing_does_not(log: Log, database: Path) -> None:
    """Verdicts that were given can still be shown; once the sign is gone, writing goes on."""
    log.append([a_record(1)])
    sign = database.with_name("log.db.failed")
    sign.touch()
    with pytest.raises(LogUnavailable, match=r"remove `.*log\.db\.failed`"):
        log.append([a_record(2)])
    assert log.get(record_id(1)) is not None
    sign.unlink()
    assert log.append([a_record(3)])[0].index == 1


def test_a_database_that_was_moved_away_is_not_written_to(log: Log, database: Path) -> None:
    """Restoring a backup under a running service must not make verdicts vanish."""
    log.append([a_record(1)])
    database.rename(database.with_name("old.db"))
    with pytest.raises(LogUnavailable, match="moved or replaced"):
        log.append([a_record(2)])


def test_a_closed_log_refuses(log: Log) -> None:
    """Also to be closed twice does no harm: a worker that stops may be told so more than once."""
    log.close()
    log.close()
    for attempt in (lambda: log.append([a_record(1)]), lambda: log.get(record_id(1)), log.check_writable):
        with pytest.raises(LogUnavailable, match="the verdict log is closed"):
            attempt()


def test_closing_writes_what_is_waiting(log: Log, locked_out: Turn, database: Path) -> None:
    """Requests that were taken in are still answered when a worker is replaced."""
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(log.append, [a_record(1)])
        until_waiting(log, 1)
        closed = threads.submit(log.close)
        locked_out.give_back()
        closed.result()
        assert answer.result()[0].index == 0
    assert entries(database) == [(0, record_id(1))]


def test_a_file_that_is_no_log_is_refused(opening: Open, database: Path) -> None:
    """A wrong path must not damage what is there."""
    database.write_text("minutes of the board, not a database" * 40)
    with pytest.raises(LogUnavailable, match="cannot open the verdict log"):
        opening()
    assert database.read_text().startswith("minutes of the board")


def test_an_old_sqlite_is_refused_when_the_log_is_opened(
    opening: Open, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when the first verdict is lost."""
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.40.1")
    with pytest.raises(LogUnavailable, match="too old"):
        opening()
    assert not database.exists()


def test_a_store_that_does_not_exist_is_a_wrong_setting(clock: Clock) -> None:
    """Not a file with a strange name."""
    with pytest.raises(SettingsError, match="this is not an address as postgresql://"):
        open_log("mysql://db/ladders", clock=clock, random_bytes=os.urandom)


def test_two_logs_in_one_process_share_the_file(opening: Open) -> None:
    """As two workers do; each sees what the other wrote."""
    one, two = opening(), opening()
    for number, log in zip(range(20), itertools.cycle((one, two)), strict=False):
        assert log.append([a_record(number)])[0].index == number
    assert one.append([a_record(19)]) == two.append([a_record(19)])
    assert one.get(record_id(19)) == two.get(record_id(19))


def test_the_check_fails_where_a_verdict_would_not_find_room(
    log: Log, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page or two may still fit where a verdict does not; the service must not count as ready then."""
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((4096, 4096, 100, 9, 9, 9, 9, 9, 0, 255)))
    with pytest.raises(LogUnavailable, match="no room is left for the verdict log"):
        log.check_writable()
    monkeypatch.undo()
    log.check_writable()
    assert entries(database) == []
