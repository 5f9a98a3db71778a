"""The entries of the embedded log: a connection and sealed records go in; rows, written or found, come out.

Knows nothing of threads, of who may write when, and of what is encrypted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import Any, Final

import apsw
import orjson

from service.ledger.embedded import tree
from service.ledger.frontier import Frontier, frontier_of
from service.ledger.record import digest_bytes, microseconds
from service.ledger.rows import Head
from service.ledger.sealing import Removal, Sealed

_ENTRY: Final = (
    "entry (seq, id, kind, committed_us, decided_us, track, level, outcome, policy, about, leaf_hash, leaf)"
)
_BODY: Final = "priv (seq, subj, caller, kid, form, body)"
_ASKED: Final = "asked (key, seq, body)"
_ROWS: Final = 32  #: that one statement inserts: the fewer statements, the less often other threads cut in
_INSERT_CONTENT: Final = "INSERT OR IGNORE INTO content (digest, bytes) VALUES (?, ?)"
_INSERT_ISSUED: Final = "INSERT OR IGNORE INTO issued (version, digest, first_seq) VALUES (?, ?, ?)"
_HELD: Final = """
SELECT id, seq FROM entry WHERE id IN (SELECT value FROM json_each(?))
UNION ALL SELECT a.key, a.seq FROM json_each(?) k JOIN asked a
ON substr(a.key, 1, 3) = substr(unhex(k.value), 1, 3) AND a.key = unhex(k.value)
"""
_ERASE_BODY: Final = """
UPDATE priv SET form = substr('-----', 1, length(form)), body = zeroblob(length(body)),
subj = iif(subj IS NULL, NULL, zeroblob(length(subj))),
caller = iif(caller IS NULL, NULL, zeroblob(length(caller))) WHERE seq = ?
"""  # as long as before, so that the row stays where it is
_ERASE_ASKED: Final = (
    "UPDATE asked SET key = zeroblob(length(key)), body = zeroblob(length(body)) WHERE seq = ?"
)
NOT_ERASED: Final = {"priv": "form NOT LIKE '-%'", "asked": "key <> zeroblob(length(key))"}
ASKED: Final = "SELECT seq, body FROM asked WHERE substr(key, 1, 3) = substr(?1, 1, 3) AND key = ?1"
OF_PERSON: Final = "substr(subj, 1, 2) = substr(?1, 1, 2) AND subj = ?1"
STORED: Final = f"""
SELECT e.seq, e.id, e.kind, e.committed_us, e.about, e.leaf_hash, e.leaf, p.kid, p.form, p.body
FROM entry e LEFT JOIN priv p ON p.seq = e.seq AND p.{NOT_ERASED["priv"]}
"""  # noqa: S608 - our own text


def read_head(connection: apsw.Connection) -> Head:
    """How far the log has come.

    Raises:
        LogUnavailable: The head does not fit together.
    """
    size, frontier, last_us, erasures = connection.execute(
        "SELECT size, frontier, last_us, erasures FROM head"
    ).get
    return Head(frontier_of(size, frontier), last_us, erasures)


def highest_kid(connection: apsw.Connection) -> int:
    """The highest number of a key of a person among the newest entries; 0 where there is none."""
    newest = "SELECT kid FROM priv ORDER BY seq DESC LIMIT 1000"
    return int(connection.execute(f"SELECT ifnull(max(kid), 0) FROM ({newest})").get)  # noqa: S608 - our own text


def write_head(connection: apsw.Connection, head: Head) -> None:
    """Say how far the log has come."""
    connection.execute(
        "UPDATE head SET size = ?, frontier = ?, last_us = ?, erasures = ?",
        (head.size, head.frontier.written(), head.last_us, head.erasures),
    )


def append(connection: apsw.Connection, head: Head, sealed: Sequence[Sealed], now_us: int) -> Frontier:
    """Put records behind the last entry, and carry tree and head on; `head` was read in this transaction."""
    insert(connection, head.size, sealed, now_us)
    frontier = tree.grow(connection, head.frontier, [each.leaf_hash for each in sealed])
    erasures = head.erasures + sum(each.removes is not None for each in sealed)
    write_head(connection, Head(frontier, now_us, erasures))
    return frontier


def insert(connection: apsw.Connection, first: int, sealed: Sequence[Sealed], now_us: int) -> None:
    """Write the rows of records that stand from `first` on, and remove what they say."""
    placed = list(enumerate(sealed, start=first))
    _insert(connection, _ENTRY, [_entry_columns(seq, each, now_us) for seq, each in placed])
    _insert(connection, _BODY, [_body_columns(seq, each) for seq, each in placed if each.form])
    _insert(connection, _ASKED, [(key, seq, body) for seq, each in placed for key, body in each.asked])
    for each in sealed:
        if each.record.content is not None:
            content = each.record.content
            connection.execute(_INSERT_CONTENT, (sha256(content).digest(), content))
        if each.removes is not None:
            remove(connection, each.removes.indexes)
    connection.executemany(_INSERT_ISSUED, _issuing(placed))


def remove(connection: apsw.Connection, indexes: Iterable[int]) -> None:
    """Overwrite what is private in some entries."""
    rows = [(index,) for index in indexes]
    connection.executemany(_ERASE_BODY, rows)
    connection.executemany(_ERASE_ASKED, rows)


def held(connection: apsw.Connection, sealed: Iterable[Sealed]) -> dict[str | bytes, int]:
    """Which ids, and which keys of what was asked, the log has already, each with its entry."""
    ids, keys = [], []
    for each in sealed:
        ids.append(each.record.id)
        keys += [key for key, _ in each.asked]
    wanted = (orjson.dumps(ids).decode(), orjson.dumps([key.hex() for key in keys]).decode())
    return dict(connection.execute(_HELD, wanted))


def is_whole(connection: apsw.Connection, removal: Removal) -> bool:
    """Whether an erasure names every entry with private parts of its person."""
    rows = connection.execute(f"SELECT seq FROM priv WHERE {OF_PERSON}", (removal.subj,))  # noqa: S608 - our own text
    return {seq for (seq,) in rows} <= set(removal.indexes)


def _insert(connection: apsw.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, many with one statement."""
    for at in range(0, len(rows), _ROWS):
        some = rows[at : at + _ROWS]
        connection.execute(_inserting(into, len(some), len(some[0])), tuple(chain.from_iterable(some)))


@cache
def _inserting(into: str, rows: int, columns: int) -> str:
    marks = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([marks] * rows)}"  # noqa: S608 - our own text; values are bound


def _issuing(placed: Sequence[tuple[int, Sealed]]) -> Iterator[tuple[str, bytes, int]]:
    """The versions that issue verdicts in some rows, each with the first of them."""
    found: dict[tuple[str, str], int] = {}
    for seq, sealed in placed:
        record = sealed.record
        if record.policy_version is not None and record.policy_digest is not None:
            found.setdefault((record.policy_version, record.policy_digest), seq)
    return ((version, digest_bytes(digest), seq) for (version, digest), seq in found.items())


def _body_columns(seq: int, sealed: Sealed) -> tuple[int | str | bytes | None, ...]:
    return seq, sealed.subj, sealed.caller, sealed.kid, sealed.form, sealed.body


def _entry_columns(seq: int, sealed: Sealed, now_us: int) -> tuple[int | str | bytes | None, ...]:
    record = sealed.record
    return (
        seq,
        record.id,
        record.kind,
        now_us,
        microseconds(record.decided_at),
        record.track,
        record.level,
        record.outcome,
        record.policy_set and digest_bytes(record.policy_set),
        record.about,
        sealed.leaf_hash,
        sealed.leaf,
    )
