"""A log of ten million entries: proofs, searches, size, memory and verifying; run it with `python -m
bench.tree`.

The log is built synthetically, straight into its tables and without syncing; private bodies are a few
bytes, so the size is that of entries, indexes and tree. Proofs are made from a connection that was just
opened, for random entries and sizes. `python -m bench.tree 100000 FOLDER` builds a smaller one, and keeps
it.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import apsw

from bench.machine import described
from service.ledger.anchor import Anchor
from service.ledger.embedded import entries as tables
from service.ledger.embedded import tree
from service.ledger.keys import open_keys
from service.ledger.log import Log, Record, Wanted, open_log, read_log
from service.ledger.log_keys import LogKeys
from service.ledger.merkle import entry_hash
from service.ledger.proofs import check_inclusion, consistency, inclusion
from service.ledger.publisher import Publisher
from service.ledger.rows import Head
from service.ledger.sealing import seal

ENTRIES: Final = 10_000_000
_AT_ONCE: Final = 20_000
_PEOPLE: Final = 200_000
_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)
_OUTCOMES: Final = ("eligible", "not_eligible", "needs_information")
_TRACKS: Final = tuple(f"track-{number}" for number in range(20))
_ENTRY: Final = """
INSERT INTO entry (seq, id, kind, committed_us, decided_us, track, level, outcome, policy, leaf_hash, leaf)
VALUES (?, ?, 'verdict', ?, ?, ?, 'level-3', ?, ?, ?, ?)
"""
_BODY: Final = "INSERT INTO priv (seq, subj, form, body) VALUES (?, ?, 'plain', ?)"
_QUESTIONS: Final = 1_000
_DAYS: Final[dict[int, str]] = {}


def templates(log: str) -> list[tuple[bytes, bytes]]:
    """Some leaves of the usual size, with places for what differs, each with its private body."""
    found = []
    for number in range(64):
        record = Record(
            id=_id(0),
            kind="verdict",
            decided_at=_FROM,
            engine="ladders 0.1.0 / durable-rules 2.0.28",
            private={"/note": b'"%d"' % number},
            track="TRACK",
            level="level-3",
            outcome="OUTCOME",
            policy_set="sha256:" + "ab" * 32,
            policy_version="people-lead/2026-01-01",
            policy_digest="sha256:" + "cd" * 32,
            rules=tuple((f"requirement-{each}", "met") for each in range(8)),
        )
        sealed = seal(record, log=log, record_key=bytes([number]) * 32)
        leaf = sealed.leaf
        for known in (b"2026-01-01T00:00:00.000000Z", _id(0).encode(), b"OUTCOME", b"TRACK"):
            leaf = leaf.replace(known, b"%b")  # in this order they stand in a leaf
        found.append((leaf, sealed.body))
    return found


def rows_from(start: int, stop: int, leaves: list[tuple[bytes, bytes]]) -> Iterator[tuple[Any, ...]]:
    """The rows of some entries, one every two seconds; the body is the last column."""
    policy, from_us = bytes.fromhex("ab" * 32), int(_FROM.timestamp()) * 1_000_000
    for seq in range(start, stop):
        day, second = divmod(2 * seq, 86_400)
        date = _DAYS.get(day) or _DAYS.setdefault(day, (_FROM + timedelta(days=day)).strftime("%Y-%m-%d"))
        us = from_us + 2_000_000 * seq
        at = f"{date}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000Z"
        id_, track, outcome = _id(seq), _TRACKS[seq % 20], _OUTCOMES[seq % 3]
        template, body = leaves[seq % len(leaves)]
        leaf = template % (at.encode(), id_.encode(), outcome.encode(), track.encode())
        yield seq, id_, us, us, track, outcome, policy, entry_hash(leaf), leaf, body


def _id(seq: int) -> str:
    """An id that grows with time, as those of verdicts do."""
    return f"{seq >> 16:08x}-{seq & 0xFFFF:04x}-7000-8000-{seq:012x}"


def build(place: Path, count: int) -> None:
    """Make the log."""
    log = open_log(place, clock=lambda: _FROM, random_bytes=os.urandom, name="ladders/bench")
    log.close()
    keys = open_keys(place.with_name("keys"), os.urandom)
    people = [keys.subject(f"E-{number}") for number in range(_PEOPLE)]
    with closing(apsw.Connection(str(place))) as connection:
        connection.pragma("journal_mode", "off")
        connection.pragma("synchronous", "off")
        query = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        indexes = connection.execute(query).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.pragma("cache_size", -200_000)
        leaves = templates("ladders/bench")
        frontier = tables.read_head(connection).frontier
        for start in range(0, count, _AT_ONCE):
            with connection:
                rows = list(rows_from(start, min(start + _AT_ONCE, count), leaves))
                connection.executemany(_ENTRY, (row[:-1] for row in rows))
                connection.executemany(
                    _BODY, ((row[0], people[row[0] * 7919 % _PEOPLE], row[-1]) for row in rows)
                )
                frontier = tree.grow(connection, frontier, [row[7] for row in rows])
                tables.write_head(connection, Head(frontier, rows[-1][2]))
        for _, statement in indexes:
            connection.execute(str(statement))
        connection.pragma("journal_mode", "wal")
    log = open_log(place, clock=lambda: datetime(2050, 1, 1, tzinfo=UTC), random_bytes=os.urandom)
    with closing(log):
        Publisher(log, Anchor(place.with_name("anchor")), LogKeys(keys.folder).signers).publish()


def asked(what: str, ask: Callable[[], object], times: int = _QUESTIONS) -> None:
    """Ask a question again and again, and print how long the answers took: CPU, and by the clock."""
    used, took = [], []
    for _ in range(times):
        begun, begun_cpu = time.perf_counter(), time.thread_time()
        ask()
        used.append((time.thread_time() - begun_cpu) * 1e3)
        took.append((time.perf_counter() - begun) * 1e3)
    cells = "".join(f"{_at(each, 0.5):9.2f} {_at(each, 0.99):9.2f}" for each in (used, took))
    print(f"{what:46}{cells}", flush=True)


def _at(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def proofs(log: Log, chance: random.Random) -> None:
    """Inclusion and consistency, each checked."""
    head, hashes = log.head(), log.hashes
    print(f"{'':46}{'CPU ms p50':>9}{'p99':>9}{'ms p50':>10}{'p99':>9}")

    def one() -> None:
        index = chance.randrange(head.size)
        [leaf_hash] = hashes.leaf_hashes(index, index + 1)
        check_inclusion(leaf_hash, index, head.size, inclusion(hashes, index, head.size), head.root)

    def past() -> None:
        size = chance.randrange(1, head.size)
        inclusion(hashes, chance.randrange(size), size)

    def growth() -> None:
        consistency(hashes, chance.randrange(1, head.size), head.size)

    asked("inclusion in the log as it is, and checked", one)
    asked("inclusion in the log of an earlier size", past)
    asked("consistency from an earlier size", growth)


def searches(log: Log, chance: random.Random) -> None:
    """What auditors ask."""
    size = log.size()
    span = timedelta(seconds=2 * size)

    def since() -> datetime:
        return _FROM + span * chance.random()

    asked("find: one person", lambda: log.find(Wanted(person=f"E-{chance.randrange(_PEOPLE)}")))
    asked("find: track and outcome, first 100", lambda: log.find(Wanted(track="track-3", outcome="eligible")))
    asked(
        "find: track and outcome, from the middle",
        lambda: log.find(Wanted(track="track-3", outcome="eligible"), chance.randrange(size)),
        300,
    )
    asked("find: one day", lambda: log.find(Wanted(since=(at := since()), until=at + timedelta(days=1))), 100)
    asked("find: policy set, first 100", lambda: log.find(Wanted(policy_set="sha256:" + "ab" * 32)), 100)
    never, track = Wanted(requirement="requirement-7", result="unmet"), "track-3"
    asked("find: requirement, one answer over HTTP", lambda: log.search(never, chance.randrange(size)), 20)
    asked("find: requirement, the whole log", lambda: log.find(never), 1)
    asked("find: requirement, one track", lambda: log.find(replace(never, track=track)), 3)
    asked("find: level, the whole log", lambda: log.find(Wanted(level="none")), 1)
    asked("get: one verdict by id", lambda: log.get(_id(chance.randrange(size))))


VERIFY: Final = """
import re, resource, sys, time
from pathlib import Path
from service.ledger.log import read_log
from service.ledger.trust import read_trust
from service.ledger.verified import verify_export, verify_log
place, begun = Path(sys.argv[1]), time.perf_counter()
if place.is_dir():
    report = verify_export(place, read_trust(Path(sys.argv[2]).read_text()))
else:
    report = verify_log(read_log(place))
used = resource.getrusage(resource.RUSAGE_SELF)
cpu, wall = used.ru_utime + used.ru_stime, time.perf_counter() - begun
assert report.outcome == 0, report
peak = int(re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1]) // 1024
each = cpu / report.size * 1e6
print(f"{cpu:9.1f} s CPU {wall:9.1f} s wall, {each:.2f} µs CPU an entry, {peak} MiB")
"""


def verified(what: str, *arguments: Path) -> None:
    """Verify in a process of its own, and print what it took."""
    print(f"{what:46}", end="", flush=True)
    subprocess.run([sys.executable, "-c", VERIFY, *map(str, arguments)], check=True)


def exported(place: Path, folder: Path) -> None:
    """Export in a process of its own, and print what it took."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "LADDERS_LOG": str(place)}
    command = [sys.executable, "-m", "service.cli.main", "log"]
    subprocess.run([*command, "export", str(folder)], env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{'export as tiles':46}{cpu:9.1f} s CPU {time.perf_counter() - begun:9.1f} s wall", flush=True)
    trust = subprocess.run([*command, "trust"], env=environment, check=True, stdout=subprocess.PIPE)
    folder.with_name("trust").write_bytes(trust.stdout)


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    print(described(), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        folder.mkdir(exist_ok=True)
        place = folder / "verdicts.db"
        if not place.exists():
            begun = time.process_time()
            build(place, count)
            cpu_us = (time.process_time() - begun) / count * 1e6
            print(f"{'build, without syncing':46}{cpu_us:9.2f} µs CPU an entry", flush=True)
        size = place.stat().st_size
        leaf = len(next(rows_from(0, 1, templates("ladders/bench")))[-2])
        print(f"{f'{count:,} entries, leaves of {leaf} bytes':46}{size / 2**20:9.0f} MiB", flush=True)
        with closing(read_log(place)) as log:
            chance = random.Random(7)
            proofs(log, chance)
            searches(log, chance)
        verified("verify the log", place)
        exported(place, folder / "export")
        verified("verify its export, offline", folder / "export", folder / "trust")


if __name__ == "__main__":
    main()
