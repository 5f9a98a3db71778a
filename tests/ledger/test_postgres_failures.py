"""Failures of servers, clients and networks, made for real: nothing acknowledged is lost, whatever dies."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from service.errors import LogRolledBack, LogUnavailable
from service.ledger.address import Address
from service.ledger.anchor import Anchor
from service.ledger.frontier import Frontier
from service.ledger.log import Log, read_log
from service.ledger.merkle import tree_root
from service.ledger.postgres import writer as writing
from service.ledger.postgres.connections import Connection
from service.ledger.publisher import Publisher, refuse_unanchored
from service.ledger.rows import Answer
from service.ledger.sealing import Sealed
from service.ledger.stored_log import StoredLog
from tests.ledger.postgres import LOG, Cluster, new_log
from tests.ledger.processes import ROOT, start
from tests.ledger.records import a_record, record_id
from tests.ledger.signing import log_signer
from tests.ledger.test_every_store import a_log
from tests.ledger.test_failures import Writer, size_of

#: Takes the lock to write, as a client might that opens a transaction, and keeps it until it is told.
_HOLDS = """
import sys, psycopg
connection = psycopg.connect(sys.argv[1])
kinds = "int bytea bytea bytea bigint text bytea bigint int bytea bytea bytea".split()
given = ", ".join(f"'{{}}'::{kind}[]" for kind in kinds)
connection.execute(f"SELECT ladders.ladders_append({given}, NULL, NULL)")
print("holds", flush=True)
sys.stdin.read()
connection.commit()
"""
_OURS = "SELECT pid FROM pg_stat_activity WHERE usename = 'service' AND pid <> pg_backend_pid()"


@pytest.fixture
def mine() -> Iterator[Callable[..., Cluster]]:
    """Makes servers for one test, which may harm them."""
    made: list[Cluster] = []

    def make(**settings: str) -> Cluster:
        made.append(Cluster(**settings).create())
        return made[-1]

    yield make
    for cluster in made:
        cluster.remove()


def standby_of(primary: Cluster) -> Cluster:
    """A server that follows another one."""
    standby = primary.copied()
    shutil.copytree(primary.keys, standby.keys)
    return standby


@contextmanager
def opened(cluster: Cluster, database: str, limit_s: float = 5) -> Iterator[Log]:
    """The log in a database, open to be written."""
    with closing(a_log(Address(cluster.url(database, "service")), cluster.keys, limit_s=limit_s)) as log:
        yield log


def whole_log(cluster: Cluster, database: str) -> dict[str, int]:
    """Place by id of every entry, after checking that the log is whole."""
    with opened(cluster, database) as log:
        head = log.head()
        leaves = [leaf for leaf, _ in log.leaves(0, head.size)]
        assert len(leaves) == head.size
        assert head.root == tree_root(leaves)
        entries = list(log.entries())  # each is held against its leaf
    assert [entry.receipt.index for entry in entries] == list(range(head.size))
    return {entry.id: entry.receipt.index for entry in entries}


def acknowledged(notes: list[Path]) -> dict[str, int]:
    """Place by id of everything that a caller was told is in the log."""
    lines = [line.split() for note in notes for line in note.read_text().splitlines()]
    return {record_id(int(number)): int(index) for number, index in lines}


def load(place: str, keys: Path, notes: list[Path]) -> list[subprocess.Popen[str]]:
    """Processes that write until they are killed, each with four threads."""
    return [
        start(
            place, "load", 4, worker * 1_000_000, note, LADDERS_TEST_KEYS=str(keys), LADDERS_TEST_LIMIT_S="5"
        )
        for worker, note in enumerate(notes)
    ]


def until_more(notes: list[Path]) -> None:
    """Wait until every writer was told of another record."""
    before = [size_of(note) for note in notes]
    give_up_at = time.monotonic() + 60
    while any(size_of(note) <= was for note, was in zip(notes, before, strict=True)):
        assert time.monotonic() < give_up_at, "a writer cannot append"
        time.sleep(0.01)


def end(writers: list[subprocess.Popen[str]]) -> None:
    for writer in writers:
        writer.kill()
    for writer in writers:
        writer.communicate()


def killed_backend(cluster: Cluster) -> None:
    """Kill the process of the server that serves a writer; the server then ends all others and recovers."""
    while not (found := cluster.execute(_OURS)):
        time.sleep(0.01)
    os.kill(found[0][0], signal.SIGKILL)


def killed_postmaster(cluster: Cluster) -> None:
    """Kill the server's first process; its children end by themselves, and somebody starts it again."""
    cluster.end(signal.SIGKILL)
    cluster.start()


def stopped_at_once(cluster: Cluster) -> None:
    """As `pg_ctl stop -m immediate`, and started again."""
    cluster.end(signal.SIGQUIT)
    cluster.start()


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.soak)])
def test_a_server_that_dies_under_load_loses_nothing_acknowledged(
    mine: Callable[..., Cluster], tmp_path: Path, rounds: int
) -> None:
    """The writers stay, connect again, send again what was not answered, and go on."""
    cluster = mine()
    database = new_log(cluster)
    notes = [tmp_path / f"acknowledged-{worker}" for worker in range(2)]
    writers = load(cluster.url(database, "service"), cluster.keys, notes)
    moments = random.Random(rounds)
    crashes = 0
    try:
        for _ in range(rounds):
            for crash in (killed_backend, killed_postmaster, stopped_at_once):
                until_more(notes)
                time.sleep(moments.uniform(0, 0.2))
                crash(cluster)
                crashes += 1
        until_more(notes)
    finally:
        end(writers)
    there, told = whole_log(cluster, database), acknowledged(notes)
    lost = [id_ for id_, index in told.items() if there.get(id_) != index]
    print(f"{len(told)} acknowledged, {len(lost)} lost, {crashes} crashes")
    assert lost == []
    assert len(told) > 0


def test_a_client_that_is_stopped_with_the_lock_loses_it(cluster: Cluster, database: str) -> None:
    """A process that stands still inside a transaction must not keep everybody else from writing."""
    url = cluster.url(database, "service")
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "holds\n"
        holder.send_signal(signal.SIGSTOP)
        with opened(cluster, database) as log:
            assert len(log.append([a_record(1)])) == 1
        holder.send_signal(signal.SIGCONT)
        _, said = holder.communicate()
        assert "idle-in-transaction timeout" in said or "server closed the connection" in said


def test_a_server_that_does_not_answer_is_given_up_in_time(cluster: Cluster, database: str) -> None:
    """Its process is stopped, so nothing comes and nothing breaks: the caller hears so, and may ask again."""
    address = Address(cluster.url(database, "service"))
    with (
        closing(a_log(address, cluster.keys)) as log,
        closing(psycopg.connect(cluster.url(database))) as other,
    ):
        log.append([a_record(1)])
        log.get(record_id(1))
        assert isinstance(log, StoredLog)
        log._writer._limit_s = 0.5  # type: ignore[union-attr]  # as an operator who waits less would set it
        other.autocommit = True
        stopped = [pid for (pid,) in other.execute(f"{_OURS} AND datname = %s", (database,))]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(LogUnavailable, match=r"no answer within"):
                log.append([a_record(2)])
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        [receipt] = log.append([a_record(2)])
        assert log.entry(receipt.index) is not None
    there = whole_log(cluster, database)
    assert there[record_id(2)] == receipt.index


def test_an_answer_that_was_lost_is_found_by_sending_the_same_again(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after the commit and before the answer: the caller gets the place that it has."""
    real = writing.appended
    broken: list[tuple[list[Answer], Frontier | None]] = []

    def breaking(
        connection: Connection, calls: Sequence[Sequence[Sealed]]
    ) -> tuple[list[Answer], Frontier | None]:
        answers = real(connection, calls)
        if not broken:
            broken.append(answers)
            connection.close()
            raise psycopg.OperationalError("the connection is gone")
        return answers

    monkeypatch.setattr(writing, "appended", breaking)
    with opened(cluster, database) as log:
        [receipt] = log.append([a_record(1)])
        assert broken
        assert log.size() == receipt.index + 1


def test_readers_find_the_server_again(mine: Callable[..., Cluster]) -> None:
    """Connections that lay idle while the server was started anew are of no use; others are made."""
    cluster = mine()
    with opened(cluster, new_log(cluster), limit_s=1) as log:
        log.append([a_record(1)])
        assert log.get(record_id(1)) is not None
        stopped_at_once(cluster)
        assert log.get(record_id(1)) is not None
        log.check_writable()
        cluster.end()
        for attempt in (lambda: log.get(record_id(1)), lambda: log.append([a_record(2)])):
            with pytest.raises(LogUnavailable, match="connection"):
                attempt()
        cluster.start()
        log.append([a_record(2)])


def test_many_processes_agree_on_one_place_for_each_record(cluster: Cluster, database: str) -> None:
    """Two services on one log: what comes by several ways at once gets the same receipt everywhere."""
    url = cluster.url(database, "service")
    writers = [start(url, "same", 4, 40, LADDERS_TEST_KEYS=str(cluster.keys)) for _ in range(2)]
    answers = [line.split() for writer in writers for line in writer.communicate(timeout=60)[0].splitlines()]
    assert len(answers) == 2 * 4 * 40
    receipts = {number: tuple(receipt) for number, *receipt in answers}
    assert all(receipts[number] == tuple(receipt) for number, *receipt in answers)
    there = whole_log(cluster, database)
    assert {number: there[record_id(int(number))] for number in receipts} == {
        number: int(index) for number, (index, *_) in receipts.items()
    }


def test_a_forked_child_leaves_the_log_of_its_parent_alone(cluster: Cluster, database: str) -> None:
    """It would talk on the same connection."""
    writer = Writer(cluster.url(database, "service"), LADDERS_TEST_KEYS=str(cluster.keys))
    first = writer.asked("append 1")
    assert first.startswith("receipt")
    assert writer.asked("fork") == "child ended with 3"
    assert writer.asked("append 2").startswith("receipt")
    assert writer.end() == 0


def test_a_failover_that_lost_the_end_is_refused_at_the_start(
    mine: Callable[..., Cluster], tmp_path: Path
) -> None:
    """An asynchronous standby takes over without the last entries: the anchor, which is elsewhere, knows."""
    primary = mine()
    database = new_log(primary)
    standby = standby_of(primary)
    anchor = Anchor(tmp_path / "anchor")
    try:
        with opened(primary, database) as log:
            publisher = Publisher(log, anchor, lambda _origin: [log_signer(origin=LOG)])
            log.append([a_record(number) for number in range(10)])
            publisher.publish()
            wait_for_copy(standby, database, log.size())
            readable = Address(standby.url(database, "auditor", target_session_attrs="any"))
            with closing(read_log(readable, primary.keys)) as copy:
                assert copy.head() == log.head()
            standby.end(signal.SIGQUIT)
            refuse_unanchored(log, anchor)
            log.append([a_record(number) for number in range(10, 15)])
            publisher.publish()
        primary.end(signal.SIGKILL)
        standby.start()
        standby.promote()
        with (
            opened(standby, database) as log,
            pytest.raises(LogRolledBack, match="an older copy stands in its place"),
        ):
            refuse_unanchored(log, anchor)
    finally:
        standby.remove()


def test_with_a_synchronous_standby_a_failover_loses_nothing_acknowledged(
    mine: Callable[..., Cluster], tmp_path: Path
) -> None:
    """A commit waits for the standby, and the writers go on there: the address names both."""
    primary = mine()
    database = new_log(primary)
    standby = standby_of(primary)
    notes = [tmp_path / f"acknowledged-{worker}" for worker in range(2)]
    url = primary.url(database, "service").replace("host=", f"host={standby.folder},")
    try:
        in_sync(primary)
        writers = load(url, primary.keys, notes)
        try:
            until_more(notes)
            until_more(notes)
            primary.end(signal.SIGKILL)
            standby.promote()
            before = acknowledged(notes)
            until_more(notes)
        finally:
            end(writers)
        there, told = whole_log(standby, database), acknowledged(notes)
        lost = [id_ for id_, index in told.items() if there.get(id_) != index]
        print(f"{len(told)} acknowledged, {len(before)} before the failover, {len(lost)} lost, 1 crash")
        assert lost == []
    finally:
        standby.remove()


def test_what_no_standby_has_is_not_acknowledged(mine: Callable[..., Cluster]) -> None:
    """The standby is gone and an administrator ends the waiting: committed here is not enough."""
    primary = mine()
    database = new_log(primary)
    standby = standby_of(primary)
    try:
        in_sync(primary)
        with opened(primary, database) as log:
            log.append([a_record(1)])
            writer = Writer(
                primary.url(database, "service"),
                LADDERS_TEST_KEYS=str(primary.keys),
                LADDERS_TEST_LIMIT_S="20",
            )
            assert writer.asked("append 3").startswith("receipt")  # and keys for the next ones are there
            standby.end(signal.SIGQUIT)
            writer.tell("append 2")
            waiting = f"{_OURS} AND wait_event = 'SyncRep'"
            while not (found := primary.execute(waiting)):
                time.sleep(0.01)
            primary.execute("SELECT pg_cancel_backend(%s)", found[0][0])
            assert writer.hears().startswith("LogUnavailable the verdict log could not be written for sure")
            standby.start()
            assert writer.asked("append 2") == f"receipt {log.size() - 1}"
            assert writer.end() == 0
    finally:
        standby.remove()


def wait_for_copy(standby: Cluster, database: str, size: int) -> None:
    """Wait until a standby has so many entries."""
    give_up_at = time.monotonic() + 30
    while standby.execute("SELECT size FROM ladders.head", database=database) != [(size,)]:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def in_sync(primary: Cluster) -> None:
    """Have commits wait for a standby, once there is one."""
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
    primary.execute("SELECT pg_reload_conf()")
    give_up_at = time.monotonic() + 30
    states = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
    while primary.execute(states) != [("quorum",)]:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
