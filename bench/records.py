"""Records for the bench of the log: nothing goes in; records of a real verdict, and what they cost, come out.

The brilliant coder's request, judged by the bundled policies, each time about another person and under a
`request_id` of its own.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from service.facts.json_text import read_json
from service.ledger.fields import fingerprint
from service.ledger.log import Asked, Record, open_log
from service.ledger.verdict_record import record_of
from service.policy.load import load
from service.verdict.judge import Judge
from service.verdict.model import Verdict
from service.web.ids import new_id

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "examples" / "requests" / "brilliant-coder.json").read_bytes()
REQUEST = read_json(TEXT)
KEPT_FINDINGS = 1  #: of a small verdict


@lru_cache(maxsize=1)
def verdict() -> Verdict:
    """The verdict on the request, judged once."""
    judge = Judge(load(ROOT / "policies"))
    try:
        return judge.verdict(REQUEST, verdict_id=new_id(), judged_at=datetime.now(UTC))
    finally:
        judge.close()


@lru_cache(maxsize=1)
def small_verdict() -> Verdict:
    """The same, with so few findings that its document has a third of the size."""
    document = {
        **verdict().document,
        "findings": verdict().document["findings"][:KEPT_FINDINGS],
        "open_to_you": [],
    }
    return replace(verdict(), document=document)


def record(of: Callable[[], Verdict] = verdict) -> Record:
    """The record of a verdict under a new id, about another person."""
    id_, person = new_id(), f"E-{os.urandom(4).hex()}"
    document = {**of().document, "verdict_id": id_, "candidate": {"id": person}}
    asked: dict[str, Any] = {"caller": "key:workday", "kind": "request_id", "body": fingerprint(REQUEST)}
    return record_of(
        replace(of(), id=id_, document=document),
        TEXT,
        judged_at=datetime.now(UTC),
        caller="key:workday",
        asked=(Asked(key=id_, **asked),),
        request=REQUEST,
    )


def costs(name: str, of: Callable[[], Verdict]) -> None:
    """Print what it costs to make and to seal the record of a verdict."""
    one = record(of)
    with tempfile.TemporaryDirectory() as folder:
        log = open_log(Path(folder) / "log.db", clock=lambda: datetime.now(UTC), random_bytes=os.urandom)
        made = each_us(lambda: record(of))
        sealed = each_us(lambda: log._sealer.sealed(one, None, 0))  # type: ignore[attr-defined]  # not part of what a log shows
        log.close()
    size, fields = len(one.private["/verdict"]), len(one.fields or ())
    print(
        f"{name}, {size:,} B, {fields} fields: making (ids, parts, fields) {made:.1f} us + sealing "
        f"(commitments, encryption) {sealed:.1f} us = {made + sealed:.0f} us CPU"
    )


def each_us(action: Callable[[], object]) -> float:
    """Microseconds of CPU of one call, the best of several runs."""
    runs = []
    for _ in range(10):
        started = time.process_time()
        for _ in range(500):
            action()
        runs.append((time.process_time() - started) / 500 * 1e6)
    return min(runs)
