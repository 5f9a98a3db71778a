"""Logs of older forms, made as the releases of then made them: records go in, a database file comes out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw
import orjson

from service.ledger.canonical import canonical
from service.ledger.commitments import committed
from service.ledger.merkle import entry_hash
from service.ledger.record import Record, digest_bytes, microseconds

NAME = "ladders/older"
KEY = bytes(range(32))
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    committed_us INTEGER NOT NULL,
    decided_us INTEGER NOT NULL,
    track TEXT,
    level TEXT,
    outcome TEXT,
    policy BLOB,
    leaf_hash BLOB NOT NULL,
    leaf BLOB NOT NULL
) STRICT;
CREATE TABLE priv (seq INTEGER PRIMARY KEY, form TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE head (
    k INTEGER PRIMARY KEY CHECK (k = 1), size INTEGER NOT NULL, last_us INTEGER NOT NULL
) STRICT;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the verdict log is never changed'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the verdict log is never removed'); END;
INSERT INTO head VALUES (1, 0, 0);
"""
_ISSUED = """
CREATE TABLE issued (
    version TEXT NOT NULL, digest BLOB NOT NULL, first_seq INTEGER NOT NULL, PRIMARY KEY (version, digest)
) STRICT, WITHOUT ROWID;
"""


def leaf_of_form_1(record: Record) -> bytes:
    """The leaf that the first releases gave a record."""
    return canonical(
        {
            "v": 1,
            "kind": record.kind,
            "log": NAME,
            "id": record.id,
            "decided_at": record.decided_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "track": record.track,
            "level": record.level,
            "outcome": record.outcome,
            "policy": {
                "set": record.policy_set,
                "version": record.policy_version,
                "digest": record.policy_digest,
            },
            "engine": record.engine,
            "rules": record.rules,
            "overrides": None,
            "private": committed(record.private, KEY, 1),
        }
    )


def write_older_log(database: Path, form: int, records: Sequence[Record], committed_us: int) -> None:
    """Write a log of form 1 or 2 with these records."""
    with closing(apsw.Connection(str(database))) as connection, connection:
        connection.execute(_TABLES + (_ISSUED if form == 2 else ""))
        connection.executemany("INSERT INTO meta VALUES (?, ?)", [("log", NAME), ("probed", "0")])
        connection.pragma("user_version", form)
        for seq, record in enumerate(records):
            leaf = leaf_of_form_1(record)
            columns = (
                *(seq, record.id, record.kind, committed_us, microseconds(record.decided_at)),
                *(record.track, record.level, record.outcome, digest_bytes(record.policy_set or "")),
                *(entry_hash(leaf), leaf),
            )
            connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", columns)
            parts = {pointer: orjson.loads(part) for pointer, part in record.private.items()}
            connection.execute("INSERT INTO priv VALUES (?, 'plain', ?)", (seq, KEY + canonical(parts)))
            if form == 2 and record.policy_version and record.policy_digest:
                issued = (record.policy_version, digest_bytes(record.policy_digest), seq)
                connection.execute("INSERT OR IGNORE INTO issued VALUES (?, ?, ?)", issued)
        connection.execute("UPDATE head SET size = ?, last_us = ?", (len(records), committed_us))
