"""Policies in the log: the files of a policy set go in as a record with their content; the same files come
out, whatever has become of the folder meanwhile.

Each set is kept once, before the first verdict by it, under an id that is made of the digest of its files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

import orjson

from service.ledger.log import Log, Record
from service.ledger.record import Entry, id_made_of
from service.policy.model import PolicySet

KIND: Final = "policy"


def policy_id(log: str, files_digest: str) -> str:
    """The id of the record that keeps the files with this digest: a UUID of version 8, made of it.

    >>> policy_id("ladders/test", "sha256:00")
    'b817a3e6-a3f9-8c55-9173-a875d324e206'
    """
    return id_made_of(sha256(f"{KIND}\n{log}\n{files_digest}".encode()).digest())


def policy_record(
    policies: PolicySet, files: Mapping[str, bytes], *, log: str, engine: str, decided_at: datetime
) -> Record:
    """What is remembered of a policy set.

    Args:
        policies: The set.
        files: Its files, as `policy.load.files_in` gives them.
        log: The name of the log.
        engine: What judges by it.
        decided_at: When it began to judge.
    """
    told = {name: files[name].decode("utf-8") for name in files}
    return Record(
        id=policy_id(log, policies.files_digest),
        kind=KIND,
        decided_at=decided_at,
        engine=engine,
        private={},
        policy_set=policies.digest,
        detail={"files": policies.files_digest},
        content=orjson.dumps(told, option=orjson.OPT_SORT_KEYS),
    )


def files_kept(log: Log, files_digest: str) -> dict[str, bytes] | None:
    """The files with this digest; None where the log does not keep them."""
    entry = log.get(policy_id(log.name, files_digest))
    if entry is None or entry.kind != KIND:
        return None
    return files_of(log, entry)


def files_of(log: Log, entry: Entry) -> dict[str, bytes] | None:
    """The files that an entry keeps."""
    digest = orjson.loads(entry.leaf)["content"]
    content = None if digest is None else log.content(digest)
    if content is None:
        return None
    told: dict[str, str] = orjson.loads(content)
    return {name: text.encode() for name, text in told.items()}
