"""Batches: requests as they came go in; the answer to each, in their order, comes out, chunk by chunk.

A chunk is judged, made durable in one transaction and answered before the next one is read, so that a batch
takes as much memory as a chunk does, however long it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count, islice
from time import perf_counter
from typing import Any, Final

from service.facts.strict import LONGEST_NAME
from service.ledger.verdict_record import answer
from service.verdict.views import ViewName, view
from service.web import observe
from service.web.body import Body
from service.web.errors import Trouble
from service.web.journal import journal
from service.web.judges import Judging
from service.web.receipts import as_member
from service.web.recording import Recorded, judged, recorded

MOST_ITEMS: Final = 1_000  #: in a batch that is sent as one JSON text
CHUNK: Final = 250  #: requests that are made durable together


def answers(
    bodies: Iterator[Body],
    seen: ViewName,
    judging: Callable[[], AbstractContextManager[Judging]],
    key: str | None,
) -> Iterator[dict[str, Any]]:
    """The answer to each request.

    Args:
        bodies: The requests as they came.
        seen: The view in which verdicts are answered.
        judging: Gives the judge of the next chunk.
        key: The `Idempotency-Key` of the whole; each request is known again by it and its place.
    """
    began, verdicts, problems = perf_counter(), 0, 0
    keys = (None if key is None else f"{key}/{place}" for place in count())
    try:
        while chunk := list(islice(bodies, CHUNK)):
            with judging() as judge:
                given = recorded(judged(body, judge, next(keys)) for body in chunk)
            for body, each in zip(chunk, given, strict=True):
                told = _item(verdicts + problems, body, each, seen)
                if isinstance(each, Trouble):
                    problems += 1
                else:
                    verdicts += 1
                yield told
    finally:
        took_ms = round((perf_counter() - began) * 1e3, 2)
        journal().info(
            "batch", request_id=observe.request_id(), verdicts=verdicts, problems=problems, ms=took_ms
        )


def _item(index: int, body: Body, given: Recorded | Trouble, seen: ViewName) -> dict[str, Any]:
    told = {"index": index, "request_id": _request_id(body.value)}
    if isinstance(given, Recorded):
        whole = answer(given.document, given.receipt, supersedes=given.supersedes)
        return {**told, "status": 201, "verdict": view(whole, seen), **as_member(given.receipt)}
    if given.kind.status >= 500:
        journal().error(
            "batch-item",
            request_id=observe.request_id(),
            index=index,
            problem=given.kind.name,
            **given.noted,
        )
    return {**told, "status": given.kind.status, "problem": given.document(observe.request_id())}


def _request_id(value: Any) -> str | None:
    """The caller's own id of a request, also of one that cannot be judged."""
    told = value.get("request_id") if isinstance(value, dict) else None
    return told if isinstance(told, str) and len(told) <= LONGEST_NAME else None
