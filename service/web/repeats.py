"""Requests that come again: a request and its `Idempotency-Key` go in; what it is known again by comes out.

A caller names a request in two ways: by the header, for one retry, and by its own `request_id`, for good.
Either is enough. The same request under the same name is answered with the verdict that was recorded, and
another request under it is refused. What is said about a verdict is named by the header, or else by what it
says. The log sees to it, across workers, restarts and replicas.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from flask import request

from service.errors import KeyReused, LogUnavailable
from service.ledger.fields import fingerprint
from service.ledger.record import Asked, Entry
from service.ledger.verdict_record import document_in
from service.web.errors import Refused
from service.web.parts import parts
from service.web.receipts import IN_ANSWER

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = {"Idempotent-Replayed": "true"}  #: tells a verdict that was recorded before from a new one
PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "description": "a name for this request of at most 255 characters, such as a new UUID. Sent again with"
    " it, the same request gets the same answer and is recorded once; another request is refused with 422",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
CREATED: Final = {
    "Location": {"description": "where to read it again", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true`: this was recorded when the same was sent before",
        "schema": {"type": "string", "enum": ["true"]},
    },
    **IN_ANSWER,
}
_BY_HEADER: Final = "idempotency key"
_KEY: Final = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")


def idempotency_key() -> str | None:
    """The key that the present request is sent with, quoted or not.

    Raises:
        Refused: There is one that cannot be used.
    """
    sent = request.headers.get(HEADER)
    if sent is None:
        return None
    key = sent[1:-1] if len(sent) > 1 and sent[0] == sent[-1] == '"' else sent
    if not _KEY.fullmatch(key):
        raise Refused("bad-request", f"`{HEADER}` is not 1 to 255 plain characters; send a UUID, for example")
    return key


def asked_under(value: Any, caller: str, key: str | None = None) -> tuple[Asked, ...]:
    """What a request is known again by.

    Args:
        value: The request as it was read.
        caller: Whose request it is.
        key: Its `Idempotency-Key`.
    """
    own = value.get("request_id") if isinstance(value, dict) else None
    names = [(_BY_HEADER, key), ("request_id", own if isinstance(own, str) else None)]
    named = [(kind, name) for kind, name in names if name is not None]
    if not named:
        return ()
    body = fingerprint(value)
    return tuple(Asked(caller=caller, kind=kind, key=name, body=body) for kind, name in named)


def said_under(value: Any, asker: str, kind: str | None) -> tuple[Asked, ...]:
    """What the present request, which says something about a verdict, is known again by: its
    `Idempotency-Key`, or else what it says of what.

    Args:
        value: What is said, as it was read.
        asker: Who says it.
        kind: What it is, such as an objection; None: what it says does not name it.

    Raises:
        Refused: Its key cannot be used.
    """
    key, body = idempotency_key(), fingerprint({"place": request.path, "said": value})
    if key is not None:
        return (Asked(caller=asker, kind=_BY_HEADER, key=key, body=body),)
    return () if kind is None else (Asked(caller=asker, kind=kind, key=body.hex(), body=body),)


def recorded_before(asked: Sequence[Asked]) -> Entry | None:
    """The verdict that was recorded when the same was asked before; None when none can be told."""
    try:
        entry = parts().log.asked(asked) if asked else None
    except (KeyReused, LogUnavailable):
        return None
    return None if entry is None or document_in(entry) is None else entry
