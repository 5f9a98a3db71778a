"""Events: entries of the log go in; signed CloudEvents come out.

An event says which verdict or decision there is, what came out and where to read all of it; the findings stay
where they are. Signed as Standard Webhooks asks, so that receivers find a library for it.

Sources: CloudEvents 1.0.2, JSON event format; Standard Webhooks 1.0.0.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from service.ledger.decision_record import SUPERSEDES, decision_in, superseded_in, verdict_of
from service.ledger.log import Entry
from service.ledger.verdict_record import answer, document_in

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
_TOLD: Final = ("verdict_id", "request_id", "outcome", "summary", "candidate", "from", "to", "dates")
_LISTS: Final = ("unmet", "unknown", "waived", "eligible_from", SUPERSEDES, "log", "links")


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as it is sent."""

    id: str
    body: bytes


def event_of(entry: Entry, log: str) -> Event | None:
    """The event of an entry; None where nothing is to be told of it: another kind, or erased since.

    Args:
        entry: Of the log.
        log: The name of the log.
    """
    data = _data(entry)
    if data is None:
        return None
    id_ = f"{log}/{entry.receipt.index}"
    told = {
        "specversion": "1.0",
        "id": id_,
        "source": f"urn:ladders:{log}",
        "type": f"ladders.{entry.kind}.recorded",
        "subject": entry.id,
        "time": entry.receipt.committed_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Event(id_, orjson.dumps(told))


def signed(event: Event, secrets: Iterable[bytes], at_s: int) -> dict[str, str]:
    """The headers that prove where an event comes from, and when.

    Args:
        event: What is sent.
        secrets: Of the receiver; while one replaces another, both sign.
        at_s: Seconds from 1970, now; a receiver refuses what is too old.
    """
    content = b"%b.%d.%b" % (event.id.encode(), at_s, event.body)
    signatures = (b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": event.id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _data(entry: Entry) -> Mapping[str, Any] | None:
    if entry.erased:
        return None
    if entry.kind == "decision":
        verdict_id = verdict_of(entry)
        return {
            "verdict_id": verdict_id,
            **decision_in(entry),
            "links": {"verdict": f"/v1/verdicts/{verdict_id}"},
        }
    document = document_in(entry)
    if document is None:
        return None
    whole = answer(document, entry.receipt, supersedes=superseded_in(entry))
    return {name: whole[name] for name in (*_TOLD, *_LISTS)}
