"""Verdicts in the log: a verdict and the request it answers go in as a record; the same answer comes out of
the entry.

The envelope says nothing of a person: level, outcome, policy, results by requirement. The request is kept
as the very text that was sent, so that a number with decimals, and the order in which things were said,
survive for a replay. Knows nothing of HTTP or of how records are stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

import orjson

from service.ledger.canonical import canonical, seems_canonical
from service.ledger.fields import REQUEST, VERDICT, document_of, fields_of, members_of, written
from service.ledger.record import Asked, Entry, Receipt, Record
from service.verdict.model import Verdict

CALLER: Final = "/caller"


def record_of(
    verdict: Verdict,
    request_text: bytes,
    *,
    judged_at: datetime,
    caller: str,
    asked: tuple[Asked, ...] = (),
    request: Any = None,
) -> Record:
    """What is remembered of one verdict.

    Args:
        verdict: As judged; its document is kept whole.
        request_text: The JSON text of the request, in UTF-8, byte for byte as it came.
        judged_at: When it was judged, with a time zone.
        caller: Whose request it was; only they and auditors may read the verdict again.
        asked: What the request is known again by.
        request: What `read_json` makes of the text, where that is at hand.

    Raises:
        ValueError: The document is outside the canonical profile, or the text is not UTF-8.
    """
    members = members_of(verdict.document)
    document, text = document_of(members), written(request_text.decode("utf-8"))
    if not seems_canonical(document):
        canonical(dict(verdict.document))  # says what is wrong, and where
    private = {REQUEST: text, VERDICT: document, CALLER: written(caller)}
    return Record(
        id=verdict.id,
        kind="verdict",
        decided_at=judged_at,
        engine=verdict.engine,
        private=private,
        fields=fields_of(private, request=request, members=members),
        track=verdict.track,
        level=verdict.level,
        outcome=verdict.outcome,
        policy_set=verdict.policy_set,
        policy_version=verdict.version,
        policy_digest=verdict.version_digest,
        rules=verdict.results,
        person=verdict.document["candidate"]["id"],
        caller=caller,
        asked=asked,
    )


def answer(document: Mapping[str, Any], receipt: Receipt, *, supersedes: str | None = None) -> dict[str, Any]:
    """The whole verdict as it is first answered: the document as judged, its place in the log, where to go
    from here, and that nothing has happened to it since.

    Args:
        document: As judged.
        receipt: Of its record.
        supersedes: The id of the verdict that it replaces.
    """
    log = {"index": receipt.index, "leaf": receipt.leaf_hash}
    submitted_on, track = document["dates"]["submitted_on"], document["to"]["track"]
    links = {
        "self": f"/v1/verdicts/{document['verdict_id']}",
        "track": f"/v1/tracks/{track}?on={submitted_on}",
        "decisions": f"/v1/verdicts/{document['verdict_id']}/decisions",
    }
    happened: dict[str, Any] = {"decisions": [], "objections": [], "superseded_by": None}
    return {**document, "supersedes": supersedes, **happened, "log": log, "links": links}


def document_in(entry: Entry) -> dict[str, Any] | None:
    """The document of the verdict in an entry; None once it was erased."""
    part = entry.private.get(VERDICT)
    return None if part is None else cast("dict[str, Any]", orjson.loads(part))


def request_in(entry: Entry) -> bytes | None:
    """The text of the request in an entry, as it came; None once it was erased."""
    part = entry.private.get(REQUEST)
    return None if part is None else cast("str", orjson.loads(part)).encode()


def caller_in(entry: Entry) -> str | None:
    """Whose request the verdict in an entry answers; None once it was erased."""
    part = entry.private.get(CALLER)
    return None if part is None else cast("str", orjson.loads(part))
