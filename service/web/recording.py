"""Recording: requests as they came go in; for each its verdict, which is on the log, or what is wrong comes
out. Nothing that is wrong with one of them is felt by the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from service.errors import AnotherMeaning, KeyReused, LogUnavailable
from service.ledger.decision_record import SUPERSEDES, superseded_in, superseding
from service.ledger.record import Asked, Receipt, Record
from service.ledger.verdict_record import document_in, record_of
from service.verdict.model import Verdict
from service.web.access import caller
from service.web.body import Body
from service.web.errors import Trouble, trouble
from service.web.judges import Judging
from service.web.keeping import MEANING
from service.web.parts import parts
from service.web.repeats import asked_under, recorded_before
from service.web.visible import replaced


@dataclass(frozen=True, slots=True)
class Recorded:
    """A verdict, and where it stands in the log; perhaps since the same was asked before."""

    document: Mapping[str, Any]
    receipt: Receipt
    supersedes: str | None  #: the verdict that it replaces
    before: bool = False  #: recorded when the same was asked before


_TRIES: Final = 10  #: each of them fails because a version has got another meaning, which few ever do

Judged = tuple[Verdict, Record, float]  #: what is to be recorded of a verdict, and the seconds that it took


def judged(body: Body, judge: Judging, key: str | None = None) -> Judged | Recorded | Trouble:
    """One request's verdict, which is not recorded yet, unless the same was asked before; `key` is its
    `Idempotency-Key`.
    """
    if isinstance(body.value, Exception):
        return trouble(body.value)
    now, began = parts().now(), perf_counter()
    asked = asked_under(body.asked, caller().owner, key)
    try:
        parts().keeper.keep(judge.policies)
        verdict = judge.verdict(body.value, verdict_id=parts().new_id(), judged_at=now)
        record = record_of(
            verdict,
            body.text,
            judged_at=now,
            caller=caller().owner,
            asked=asked,
            request=body.value,
        )
        old = replaced(body.value, verdict.document["candidate"]["id"])
        return verdict, record if old is None else superseding(record, old), perf_counter() - began
    except Exception as error:  # what could be judged then stays answered, whatever the policies say now
        return _before(asked) or trouble(error)


def recorded(found: Iterable[Judged | Recorded | Trouble]) -> list[Recorded | Trouble]:
    """Make all verdicts durable, together."""
    found = list(found)
    began = perf_counter()
    receipts = iter(_appended([each[1] for each in found if isinstance(each, tuple)]))
    took_s = perf_counter() - began
    answers: list[Recorded | Trouble] = []
    for each in found:
        if not isinstance(each, tuple):
            answers.append(each)
            continue
        verdict, record, evaluation_s = each
        receipt = next(receipts)
        if isinstance(receipt, AnotherMeaning):
            answers.append(_before(record.asked) or trouble(receipt))
        elif isinstance(receipt, Exception):
            answers.append(trouble(receipt))
        elif receipt.id != verdict.id and (before := _before(record.asked)):
            answers.append(before)
        else:
            parts().metrics.count_verdict(verdict, evaluation_s, took_s)
            answers.append(Recorded(verdict.document, receipt, record.detail.get(SUPERSEDES)))
    return answers


def _before(asked: Sequence[Asked]) -> Recorded | None:
    """What was recorded when the same was asked before."""
    entry = recorded_before(asked)
    if entry is None:
        return None
    return Recorded(document_in(entry) or {}, entry.receipt, superseded_in(entry), before=True)


def _appended(records: Sequence[Record]) -> Sequence[Receipt | Exception]:
    try:
        return _written(records)
    except LogUnavailable as unavailable:
        return [unavailable] * len(records)
    except Exception as refused:
        if len(records) == 1:
            return [refused]
        return [_appended([record])[0] for record in records]  # one of them is refused; find out which


def _written(records: Sequence[Record]) -> Sequence[Receipt | Exception]:
    """Write what may be written, together. What may be the first by a version is written alone before: were
    it in the log already, the others would be written without it.
    """
    done: dict[str, Receipt | Exception] = {}
    for _ in range(len(records) + _TRIES):
        left = [record for record in records if record.id not in done]
        found = parts().keeper.first(left, parts().judge.digests)
        if all(each is record for each, record in zip(found, left, strict=True)):
            done |= zip((record.id for record in left), parts().log.append(left), strict=True)
            return [done[record.id] for record in records]
        for each, record in zip(found, left, strict=True):
            if isinstance(each, AnotherMeaning):
                done[record.id] = each
            elif each is not record:
                try:
                    [done[record.id]] = parts().log.append([each])
                except KeyReused as reused:
                    if reused.kind != MEANING:  # else somebody was faster; look again
                        raise
    raise LogUnavailable("other services were the first by the same versions again and again; try again")
