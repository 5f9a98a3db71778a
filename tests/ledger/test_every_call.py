"""A fault at every single call that changes a file of the log or of its keys: the process is killed there,
the disk fails, or it is full. What was acknowledged is there, or gone if it was erased, and the log goes on.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import apsw
import pytest

from service.ledger.log import Asked, Wanted, read_log
from service.ledger.verified import verify_log
from tests.ledger.processes import compiled, start
from tests.ledger.records import a_record, record_id
from tests.ledger.whole import whole_log
from tests.ledger.writer import opened

FAULTS: Final = ("KILL", "EIO", "ENOSPC")
KINDS: Final = ("write", "sync", "truncate", "rename", "unlink")
ANN, BEN = "Ann Example", "Ben Other"


class Lives:
    """Processes that do something with a log, each with an order for `faults.c`.

    Args:
        folder: An empty one.
        what: As `writer.py` knows it.
        before: The folder with the log as it is before; without it, there is none.
    """

    def __init__(self, folder: Path, what: str, before: Path | None = None) -> None:
        self.database = folder / "one" / "log.db"
        self._before = before
        self._process = start(folder, "each", what, LD_PRELOAD=str(compiled(folder)))

    def live(self, order: str) -> list[list[str]]:
        """What one of them says until it ends, word by word."""
        shutil.rmtree(self.database.parent, ignore_errors=True)
        if self._before:
            shutil.copytree(self._before, self.database.parent)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"one {order}\n")
        self._process.stdin.flush()
        said: list[list[str]] = []
        while not said or said[-1][0] != "ended":
            said.append(self._process.stdout.readline().strip().split(" ", 2))
        return said

    def orders(self, step: int) -> list[str]:
        """No fault at all, then one of each kind for every call, or for every so many-th."""
        none = "write 0 KILL"
        [calls] = [line[1:] for line in self.live(none) if line[0] == "calls"]
        counts = zip(KINDS, map(int, " ".join(calls).split()), strict=True)
        sites = [f"{kind} {call}" for kind, count in counts for call in range(1, count + 1)]
        print(f"{len(sites)} sites")
        return [none, *(f"{site} {fault}" for site in sites[::step] for fault in FAULTS)]

    def end(self) -> None:
        """Let go of them."""
        self._process.communicate(timeout=20)


@contextmanager
def lives(folder: Path, what: str, before: Path | None = None) -> Iterator[Lives]:
    started = Lives(folder, what, before)
    try:
        yield started
    finally:
        started.end()


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.soak)])
def test_a_fault_at_any_call_loses_no_acknowledged_record(tmp_path: Path, step: int) -> None:
    """Every place where a process can die and a disk can fail, each by itself."""
    met: Counter[str] = Counter()
    with lives(tmp_path, "appending") as each:
        for order in each.orders(step):
            met.update(survived(each.database, order, each.live(order)))
    print(f"{dict(met)}, 0 lost")
    assert min(met["killed"], met["acknowledged"], met["refused"], met["stopped"]) > 0


def survived(database: Path, order: str, said: list[list[str]]) -> Counter[str]:
    """What became of a log, after checking that it is whole and goes on."""
    acknowledged = {record_id(int(line[1])): int(line[2]) for line in said if line[0] == "receipt"}
    refused = [line for line in said if line[0] == "refused"]
    assert said[-1][1] in ("0", "-9"), order  # nothing but refusals came of it
    sign = database.with_name("log.db.failed")
    stopped = sign.exists()
    sign.unlink(missing_ok=True)
    with closing(opened(database)) as log:
        [receipt] = log.append([a_record(9)])
    there = whole_log(database)
    assert receipt.index == there[record_id(9)] == len(there) - 1, order
    assert all(there.get(id_) == index for id_, index in acknowledged.items()), order
    for _, record, why in refused:
        assert not (record != "-" and "no room" in why and record_id(int(record)) in there), order
    return Counter(
        killed=said[-1][1] == "-9", acknowledged=len(acknowledged), refused=len(refused), stopped=stopped
    )


# ── erasing, and wrapping keys anew ──


@dataclass(frozen=True)
class Before:
    """A log with entries about two people, as it lies on the disk."""

    folder: Path
    traces: tuple[bytes, ...]  #: of Ann: whatever only her entries and keys hold
    wrapping_key: bytes


@pytest.fixture
def before(tmp_path: Path) -> Before:
    folder = tmp_path / "before"
    with closing(opened(folder / "log.db")) as log:
        for number, person in enumerate((ANN, BEN, ANN, BEN), start=1):
            asked = Asked(caller="key:workday", kind="request_id", key=f"{person} {number}", body=b"digest")
            log.append([replace(a_record(number, person=person), asked=(asked,))])
        keys = log._sealer.keys  # type: ignore[attr-defined]  # not part of what a log shows
    slots = (folder / "keys/subjects.keys").read_bytes()
    with closing(apsw.Connection(str(folder / "log.db"))) as connection:
        rows = list(
            connection.execute("SELECT subj, body, kid FROM priv WHERE subj = ?", (keys.subject(ANN),))
        )
    traces = {part for subj, body, kid in rows for part in (subj, body[:64], slots[kid * 64 :][:64])}
    traces |= {keys.asked(("key:workday", "request_id", f"{ANN} {number}")) for number in (1, 3)}
    assert all(any(trace in file for file in files_in(folder)) for trace in traces)
    return Before(folder, tuple(traces), (folder / "keys/kek-1.key").read_bytes())


def files_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def remaining(folder: Path, *traces: bytes) -> list[bytes]:
    """Those of some traces that are in any file."""
    files = files_in(folder)
    return [trace for trace in traces if any(trace in file for file in files)]


def readable(database: Path) -> dict[str, bool]:
    """By id, whether an entry about somebody can be read, after checking that the log is whole."""
    with closing(read_log(database)) as log:
        assert verify_log(log).findings == []
        return {entry.id: not entry.erased for entry in log.entries() if entry.kind == "verdict"}


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.soak)])
def test_a_fault_at_any_call_leaves_nobody_erased_by_half(tmp_path: Path, before: Before, step: int) -> None:
    """Once it is acknowledged nothing is left in any file; once it is in the log, opening it finishes it; and
    nobody else loses anything.
    """
    met: Counter[str] = Counter()
    with lives(tmp_path, "erasing", before.folder) as each:
        for order in each.orders(step):
            said, folder = each.live(order), each.database.parent
            assert said[-1][1] in ("0", "-9"), order
            acknowledged = any(line[0] == "receipt" for line in said)
            if acknowledged:
                assert remaining(folder, *before.traces) == [], order
            each.database.with_name("log.db.failed").unlink(missing_ok=True)
            with closing(opened(each.database)) as log:
                erased = bool(log.find(Wanted(kind="erasure")))
                if erased:
                    assert remaining(folder, *before.traces) == [], order
                log.append([a_record(9, person=BEN)])
            there = readable(each.database)
            assert there == {record_id(n): n not in (1, 3) or not erased for n in (1, 2, 3, 4, 9)}, order
            assert erased or not acknowledged, order
            met.update(
                killed=said[-1][1] == "-9", acknowledged=acknowledged, erased=erased, not_erased=not erased
            )
    print(dict(met))
    assert min(met["killed"], met["acknowledged"], met["not_erased"], met["erased"] - met["acknowledged"]) > 0


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_a_fault_at_any_call_of_a_rotation_loses_no_key(tmp_path: Path, before: Before, step: int) -> None:
    """Cut off anywhere, everybody can be read, new people get keys, and the next rotation goes through."""
    met: Counter[str] = Counter()
    with lives(tmp_path, "rotating", before.folder) as each:
        for order in each.orders(step):
            said, folder = each.live(order), each.database.parent
            assert said[-1][1] in ("0", "-9"), order
            acknowledged = any(line[0] == "receipt" for line in said)
            if acknowledged:
                assert remaining(folder, before.wrapping_key) == [], order
            each.database.with_name("log.db.failed").unlink(missing_ok=True)
            with closing(opened(each.database)) as log:
                log.append([a_record(9, person="Cem Third")])
            everybody = {record_id(number): True for number in (1, 2, 3, 4, 9)}
            assert readable(each.database) == everybody, order
            with closing(opened(each.database)) as log:
                assert log.rotate_keys() >= 3, order
                log.append([a_record(10, person="Dora Fourth")])
            assert readable(each.database) == {**everybody, record_id(10): True}, order
            assert remaining(folder, before.wrapping_key) == [], order
            assert len(list((folder / "keys").glob("kek-*"))) == 1, order
            met.update(killed=said[-1][1] == "-9", acknowledged=acknowledged, cut_off=not acknowledged)
    print(dict(met))
    assert min(met["killed"], met["acknowledged"], met["cut_off"]) > 0
