"""A log in its file after something happened to it: its path goes in; where its records stand comes out.

Whatever is half there, in the wrong place or does not fit the rest fails the test that asked.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from service.ledger.embedded import schema
from service.ledger.embedded.database import connect_reader
from service.ledger.log import read_log
from service.ledger.merkle import tree_root
from service.ledger.verified import verify_log


def whole_log(database: Path) -> dict[str, int]:
    """Place by id of every entry, after checking that the log is whole."""
    with closing(connect_reader(database)) as connection:
        schema.name_of(connection)  # the head counts the entries
        assert connection.pragma("integrity_check") == "ok"
    with closing(read_log(database)) as log:
        entries = list(log.entries())  # each is held against its leaf
        head, leaves = log.head(), list(log.leaves(0, log.size()))
        assert verify_log(log).findings == []  # every tile, too
    assert [entry.receipt.index for entry in entries] == list(range(len(entries)))
    assert not [entry.id for entry in entries if entry.erased or not entry.private]
    assert head.root == tree_root([leaf for leaf, _ in leaves])
    return {entry.id: entry.receipt.index for entry in entries}
