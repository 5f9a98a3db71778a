"""Attacks on a log in its file, by somebody who may do anything there: drop the triggers, rewrite rows,
make the whole tree again. What they cannot do is reach the anchor.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from service.ledger.anchor import Anchor
from service.ledger.embedded import entries, tree
from service.ledger.log import Log, open_log
from service.ledger.log_keys import LogKeys
from service.ledger.merkle import entry_hash
from service.ledger.publisher import Publisher
from service.ledger.rows import Head
from tests.ledger.records import a_record

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAME = "ladders/test"

Row = dict[str, Any]


def opened(database: Path) -> Log:
    """The log in this file, with its keys beside it; always under the same name and with the same bytes."""
    turns = itertools.count()  # no two keys are the same
    return open_log(
        database, clock=lambda: NOON, random_bytes=lambda count: bytes([next(turns) % 256]) * count, name=NAME
    )


def publisher(log: Log, folder: Path) -> Publisher:
    """Who publishes it, into the anchor of this folder."""
    return Publisher(log, Anchor(folder / "anchor"), LogKeys(folder / "keys").signers)


def grown(folder: Path, sizes: Sequence[int]) -> Path:
    """A log with so many entries that was published at each of these sizes."""
    database = folder / "verdicts.db"
    with closing(opened(database)) as log:
        for size in sizes:
            log.append([a_record(number, person=f"E-{number % 5}") for number in range(log.size(), size)])
            publisher(log, folder).publish()
    return database


def copied(database: Path, folder: Path) -> Path:
    """The log with all that lies beside it, anchor and keys too, in another folder."""
    shutil.copytree(database.parent, folder, dirs_exist_ok=True)
    return folder / database.name


def rewrite(database: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    """Change the entries in any way, and make everything that is stored of the tree fit them."""
    with closing(apsw.Connection(str(database))) as connection:
        for trigger in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger[0]}")
        cursor = connection.execute("SELECT * FROM entry ORDER BY seq")
        names = [column[0] for column in cursor.get_description()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
        last = entries.read_head(connection)
        with connection:
            for table in ("entry", "tile", "checkpoint"):
                connection.execute(f"DELETE FROM {table}")
            for seq, row in enumerate(change(rows)):
                columns = {**row, "seq": seq, "leaf_hash": entry_hash(row["leaf"])}
                marks = ", ".join("?" * len(columns))
                insert = f"INSERT INTO entry ({', '.join(columns)}) VALUES ({marks})"
                connection.execute(insert, tuple(columns.values()))
            frontier = tree.grown_from_nothing(connection)
            entries.write_head(connection, Head(frontier, last.last_us, last.erasures))


def other(row: Row, id_: str) -> Row:
    """An entry like another one, under another id."""
    return {**row, "id": id_, "leaf": row["leaf"].replace(row["id"].encode(), id_.encode())}


def edit(database: Path, index: int) -> None:
    """Change one leaf and nothing else."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("DROP TRIGGER entry_is_never_changed")
        leaf: bytes = connection.execute("SELECT leaf FROM entry WHERE seq = ?", (index,)).get
        changed = leaf.replace(b'"not_eligible"', b'"eligible"')
        connection.execute("UPDATE entry SET leaf = ? WHERE seq = ?", (changed, index))
