"""Recording: requests as they came go in; for each its verdict, which is on the log, or what is wrong comes
out. Nothing that is wrong with one of them is felt by the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

from service.errors import LogUnavailable
from service.ledger.record import Receipt, Record
from service.ledger.verdict_record import record_of
from service.verdict.model import Verdict
from service.web.access import caller
from service.web.body import Body
from service.web.errors import Trouble, trouble
from service.web.judges import Judging
from service.web.parts import parts


@dataclass(frozen=True, slots=True)
class Recorded:
    """A verdict, and where it stands in the log."""

    verdict: Verdict
    receipt: Receipt


def judged(body: Body, judge: Judging) -> tuple[Verdict, Record, float] | Trouble:
    """One request's verdict, what is to be recorded of it, and the seconds that it took; nothing is recorded
    yet."""
    if isinstance(body.value, Exception):
        return trouble(body.value)
    now, began = parts().now(), perf_counter()
    try:
        verdict = judge.verdict(body.value, verdict_id=parts().new_id(), judged_at=now)
        return (
            verdict,
            record_of(verdict, body.text, judged_at=now, caller=caller().owner),
            perf_counter() - began,
        )
    except Exception as error:
        return trouble(error)


def recorded(found: Iterable[tuple[Verdict, Record, float] | Trouble]) -> list[Recorded | Trouble]:
    """Make all verdicts durable, together."""
    found = list(found)
    began = perf_counter()
    receipts = iter(_appended([each[1] for each in found if not isinstance(each, Trouble)]))
    took_s = perf_counter() - began
    answers: list[Recorded | Trouble] = []
    for each in found:
        if isinstance(each, Trouble):
            answers.append(each)
            continue
        verdict, _, evaluation_s = each
        receipt = next(receipts)
        if isinstance(receipt, Exception):
            answers.append(trouble(receipt))
        else:
            parts().metrics.count_verdict(verdict, evaluation_s, took_s)
            answers.append(Recorded(verdict, receipt))
    return answers


def _appended(records: Sequence[Record]) -> Sequence[Receipt | Exception]:
    try:
        return parts().log.append(records)
    except LogUnavailable as unavailable:
        return [unavailable] * len(records)
    except Exception as refused:
        if len(records) == 1:
            return [refused]
        return [_appended([record])[0] for record in records]  # one of them is refused; find out which
