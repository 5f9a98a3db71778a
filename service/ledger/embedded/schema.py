"""The tables of the embedded log: a connection goes in; a log of the present form, new or carried on, comes
out.

`entry` is the log itself, numbered from 0 without gaps; `tile` and `head` are its tree; `priv` and `asked`
hold what can be erased. Their rows are only put behind the last one, and what is erased is overwritten where
it stands: SQLite moves rows from page to page when some are removed or put in between, and can leave copies
of them behind, even with `secure_delete`. So their indexes hold the first bytes of a keyed hash, not all.
Triggers refuse to change or remove entries and tiles: a guard against accidents, not evidence.
A log of an older form is carried on: its leaves stay as they are, and the change is an entry of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import apsw

from service.errors import LogUnavailable
from service.ledger.embedded import entries, tree
from service.ledger.rows import Head
from service.ledger.sealing import Sealed

FORM: Final = 4
_WITH_TREE_AND_KEYS: Final = 3  #: the first such form
_META: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_ENTRY: Final = """
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
    k INTEGER PRIMARY KEY CHECK (k = 1),
    size INTEGER NOT NULL,
    last_us INTEGER NOT NULL
) STRICT;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the verdict log is never changed'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the verdict log is never removed'); END;
INSERT INTO head VALUES (1, 0, 0);
"""
_BODIES: Final = "SELECT seq, body FROM priv WHERE seq > ? ORDER BY seq LIMIT 1000"
#: What turns a log of the form before into one of this form.
STEPS: Final = {
    2: """
CREATE TABLE issued (
    version TEXT NOT NULL,
    digest BLOB NOT NULL,
    first_seq INTEGER NOT NULL,
    PRIMARY KEY (version, digest)
) STRICT, WITHOUT ROWID;
""",
    3: """
ALTER TABLE entry ADD COLUMN about INTEGER;
CREATE INDEX entry_decided ON entry (decided_us);
CREATE INDEX entry_policy ON entry (policy, seq);
CREATE INDEX entry_track ON entry (track, outcome, seq);
CREATE INDEX entry_kind ON entry (kind, seq) WHERE kind <> 'verdict';
CREATE INDEX entry_about ON entry (about, seq) WHERE about IS NOT NULL;
ALTER TABLE priv ADD COLUMN subj BLOB;
ALTER TABLE priv ADD COLUMN caller BLOB;
ALTER TABLE priv ADD COLUMN kid INTEGER;
CREATE INDEX priv_subj ON priv (subj, seq) WHERE subj IS NOT NULL;
CREATE TABLE tile (
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    root BLOB NOT NULL,
    hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, idx)
) STRICT;
CREATE TRIGGER tile_is_never_changed BEFORE UPDATE ON tile
    BEGIN SELECT RAISE(ABORT, 'a tile of the verdict log is never changed'); END;
CREATE TRIGGER tile_is_never_removed BEFORE DELETE ON tile
    BEGIN SELECT RAISE(ABORT, 'a tile of the verdict log is never removed'); END;
ALTER TABLE head ADD COLUMN frontier BLOB NOT NULL DEFAULT x'';
ALTER TABLE head ADD COLUMN erasures INTEGER NOT NULL DEFAULT 0;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
CREATE TABLE content (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE asked (key BLOB PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX asked_seq ON asked (seq);
""",
    4: """
DROP INDEX priv_subj;
CREATE INDEX priv_near_subj ON priv (substr(subj, 1, 2), seq) WHERE subj IS NOT NULL;
DROP INDEX asked_seq;
ALTER TABLE asked RENAME TO asked_in_form_3;
CREATE TABLE asked (key BLOB NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
INSERT INTO asked SELECT key, seq, body FROM asked_in_form_3 ORDER BY seq;
DROP TABLE asked_in_form_3;
CREATE INDEX asked_near_key ON asked (substr(key, 1, 3));
CREATE INDEX asked_seq ON asked (seq);
""",
}


def exists(connection: apsw.Connection) -> bool:
    """Whether the tables are there."""
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'head'").fetchone() is not None


def create(connection: apsw.Connection, log: str, fingerprint: str) -> None:
    """Make the tables of an empty log with this name and the keys of this fingerprint, all or none."""
    with connection:
        connection.execute(_META + _ENTRY + "".join(STEPS.values()))
        kept = {"log": log, "keys": fingerprint, "probed": "0"}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", kept.items())
        connection.pragma("user_version", FORM)


def is_older(connection: apsw.Connection) -> bool:
    """Whether a log is of an older form than the present one."""
    return _form(connection) < FORM


def knows_issued(connection: apsw.Connection) -> bool:
    """Whether a log says which versions have issued verdicts; in form 1 none did."""
    return _form(connection) > 1


def kept_name(connection: apsw.Connection) -> str:
    """The name that a log of any form was given when it was made."""
    return str(connection.execute("SELECT value FROM meta WHERE name = 'log'").get)


def bring_up_to_date(
    connection: apsw.Connection,
    now_us: int,
    entry_for: Callable[[dict[str, Any]], Sealed],
    subject_of: Callable[[bytes], bytes | None],
    fingerprint: str,
) -> None:
    """Carry an older log on, all or nothing; to be called in one's turn.

    Args:
        connection: A writer.
        now_us: The time of the entries that this adds, unless the last entry is later.
        entry_for: Seals the entry about one change of the form, given what it says.
        subject_of: The keyed hash of the person whom an open body is about.
        fingerprint: Of the keys that the log has from now on.
    """
    was = _form(connection)
    steps = {form: sql for form, sql in STEPS.items() if form > was}
    if not steps:
        return
    with connection:
        connection.execute("".join(steps.values()))
        connection.pragma("user_version", FORM)
        now_us = max(now_us, connection.execute("SELECT last_us FROM head").get)
        if was < _WITH_TREE_AND_KEYS:
            entries.write_head(connection, Head(tree.grown_from_nothing(connection), now_us))
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('keys', ?)", (fingerprint,))
            _name_subjects(connection, subject_of)
        told = [{"form": form, "sha256": sha256(sql.encode()).hexdigest()} for form, sql in steps.items()]
        entries.append(connection, entries.read_head(connection), [entry_for(each) for each in told], now_us)


def _name_subjects(connection: apsw.Connection, subject_of: Callable[[bytes], bytes | None]) -> None:
    """Note whose the private parts are that were written before anybody could be erased."""
    after = -1
    while page := list(connection.execute(_BODIES, (after,))):
        named = [(subject_of(body), seq) for seq, body in page]
        connection.executemany("UPDATE priv SET subj = ? WHERE seq = ?", named)
        after = page[-1][0]


def name_of(connection: apsw.Connection) -> str:
    """The name that the log was given when it was made.

    Raises:
        LogUnavailable: A newer Ladders wrote this log, or its head does not fit its entries.
    """
    form = _form(connection)
    if form > FORM:
        raise LogUnavailable(f"the verdict log has form {form}, this Ladders knows {FORM}; use the newer one")
    if form < FORM:
        raise LogUnavailable(
            f"the verdict log has the older form {form}; start the service with it once, which carries it on"
        )
    size, there = connection.execute("SELECT size, (SELECT max(seq) + 1 FROM entry) FROM head").get
    if size != (there or 0):
        raise LogUnavailable(f"the head of the verdict log counts {size} entries, but {there or 0} are there")
    return kept_name(connection)


def fingerprint_of(connection: apsw.Connection) -> str | None:
    """By what the log knows its keys."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'keys'").fetchone()
    return None if row is None else str(row[0])


def _form(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))
