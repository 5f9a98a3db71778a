"""Reading the log: by place, in order, by what is looked for, and what stands beside the entries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.errors import LogUnavailable
from service.ledger.commitments import in_base64
from service.ledger.log import Log, Record, Wanted, open_log, read_log
from service.ledger.merkle import root_over
from service.ledger.record import digest_bytes
from tests.ledger.records import JUDGED_AT, a_record, record_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(place: Path) -> Iterator[Log]:
    with closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as opened:
        yield opened


def a_decision(number: int, about: int, outcome: str = "overridden") -> Record:
    """What a person did about the entry at an index."""
    return replace(a_record(number), kind="decision", about=about, outcome=outcome, rules=())


def found(log: Log, **wanted: Any) -> list[int]:
    """The places of what is found."""
    return [entry.receipt.index for entry in log.find(Wanted(**wanted))]


def test_entries_come_by_place_and_in_their_order(log: Log) -> None:
    """Webhooks and auditors read the log from where they left off; a page more or less changes nothing."""
    receipts = log.append([a_record(number) for number in range(600)])
    assert [entry.receipt for entry in log.entries()] == receipts
    assert [entry.id for entry in log.entries(254, 258)] == [record_id(number) for number in range(254, 258)]
    assert list(log.entries(600)) == []
    assert log.entry(599) == log.get(record_id(599))
    assert log.entry(600) is None


def test_leaves_come_with_the_hashes_that_the_tree_stands_on(log: Log) -> None:
    """Whoever verifies ten million of them opens no body."""
    log.append([a_record(number) for number in range(520)])
    leaves = list(log.leaves(0, 520))
    assert all(sha256(b"\0" + leaf).digest() == hash_ for leaf, hash_ in leaves)
    assert len(list(log.leaves(511, 9999))) == 9
    head = log.head()
    assert (head.size, head.root) == (520, root_over([hash_ for _, hash_ in leaves]))
    assert log.hashes.leaf_hashes(0, 520) == [hash_ for _, hash_ in leaves]
    assert log.hashes.tile(0, 1) == b"".join(hash_ for _, hash_ in leaves[256:512])
    assert log.hashes.tile_roots(0, 0, 9) == [
        root_over([h for _, h in leaves[:256]]),
        root_over([h for _, h in leaves[256:512]]),
    ]


def test_an_entry_is_bound_to_the_one_that_it_is_about(log: Log) -> None:
    """A decision names place and leaf of its verdict, so that neither can be swapped later."""
    [verdict, decision] = [*log.append([a_record(1)]), *log.append([a_decision(2, about=0)])]
    entry = log.entry(decision.index)
    assert entry is not None
    assert entry.about == 0
    about = {"index": 0, "leaf": in_base64(digest_bytes(verdict.leaf_hash))}
    assert orjson.loads(entry.leaf)["about"] == about
    assert log.append([a_decision(2, about=0)]) == [decision]
    with pytest.raises(ValueError, match="about an entry that is in the log"):
        log.append([a_decision(3, about=17)])


def test_what_is_looked_for_is_found_and_nothing_else(log: Log) -> None:
    """Every condition narrows the answer, alone and together with others."""
    craft = replace(a_record(1), track="stone-craft", level="mason", outcome="eligible")
    later = replace(a_record(2), decided_at=JUDGED_AT + timedelta(days=1), policy_set="sha256:" + "ef" * 32)
    met = replace(a_record(3), rules=(("route", "unmet"), ("manager-training", "met")))
    log.append([a_record(0), craft, later, met])
    log.append([a_decision(4, about=0), a_decision(5, about=3, outcome="approved")])
    assert found(log) == [0, 1, 2, 3, 4, 5]
    assert found(log, kind="decision") == [4, 5]
    assert found(log, track="stone-craft") == found(log, level="mason") == [1]
    assert found(log, outcome="not_eligible") == [0, 2, 3]
    assert found(log, policy_set="sha256:" + "ef" * 32) == [2]
    assert found(log, since=JUDGED_AT + timedelta(hours=1)) == [2]
    assert found(log, until=JUDGED_AT, kind="verdict") == []
    assert found(log, requirement="manager-training") == [0, 1, 2]
    assert found(log, requirement="manager-training", result="met") == [3]
    assert found(log, result="unmet") == [0, 1, 2, 3]
    assert found(log, about=3) == [5]
    assert found(log, overridden=True) == [0]
    assert found(log, overridden=False, kind="verdict", track="people-lead") == [2, 3]


def test_a_page_begins_behind_the_one_before(log: Log) -> None:
    """Entries that come meanwhile move no page."""
    log.append([a_record(number) for number in range(7)])
    pages, after = [], None
    while page := log.find(Wanted(outcome="not_eligible"), after, 3):
        pages.append([entry.receipt.index for entry in page])
        after = pages[-1][-1]
    assert pages == [[0, 1, 2], [3, 4, 5], [6]]


def test_content_is_kept_by_its_digest_and_named_in_the_leaf(log: Log) -> None:
    """A policy set that judged is there for every replay, once, however often it is recorded."""
    policies = b"a policy set, packed"
    digest = f"sha256:{sha256(policies).hexdigest()}"
    kept = replace(a_record(1), kind="policy", private={}, content=policies, detail={"files": 3})
    receipts = log.append([kept, replace(kept, id=record_id(2))])
    assert log.content(digest) == policies
    assert log.content("sha256:" + "00" * 32) is None
    entry = log.entry(0)
    assert entry is not None
    leaf = orjson.loads(entry.leaf)
    assert (leaf["content"], leaf["detail"], entry.private) == (digest, {"files": 3}, {})
    assert log.append([kept]) == receipts[:1]


def test_checkpoints_are_kept_by_size_and_may_gain_signatures(log: Log) -> None:
    """A witness signs later; the note of the same tree then takes the place of the first."""
    assert log.last_checkpoint() is None
    for size, note in ((3, b"three"), (9, b"nine"), (5, b"five"), (3, b"three, witnessed")):
        log.add_checkpoint(size, note)
    assert log.last_checkpoint() == b"nine"
    assert log.checkpoints(0, 2) == [b"three, witnessed", b"five"]
    assert log.checkpoints(5, 2) == [b"nine"]
    assert log.append([a_record(1)])[0].index == 0


def test_a_log_that_is_only_read_sees_what_is_written_and_writes_nothing(log: Log, place: Path) -> None:
    """Auditors look while the service runs."""
    log.append([a_record(1)])
    with closing(read_log(place)) as reader:
        assert reader.name == log.name
        assert reader.get(record_id(1)) == log.get(record_id(1))
        log.append([a_record(2)])
        assert reader.size() == 2
        for attempt in (
            lambda: reader.append([a_record(3)]),
            reader.check_writable,
            lambda: reader.add_checkpoint(1, b""),
        ):
            with pytest.raises(LogUnavailable, match="opened to be read"):
                attempt()
