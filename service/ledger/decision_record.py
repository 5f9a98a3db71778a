"""Decisions in the log: what a person did after a verdict goes in as a record about it; what happened to a
verdict comes out of the entries that are about it.

Objections, their answers, and verdicts that replace another on corrected facts are kept the same way. Who did
it and what they wrote is private, under the key of the candidate, so that erasing them erases it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from service.ledger.canonical import canonical
from service.ledger.fields import REQUEST
from service.ledger.record import Asked, Entry, Receipt, Record
from service.ledger.verdict_record import CALLER, document_in
from service.verdict.decisions import Answer, By, Decision, Objection, departs

DECISION: Final = "/decision"
OBJECTION: Final = "/objection"
ANSWER: Final = "/answer"
SUPERSEDES: Final = "supersedes"
PREDECESSOR: Final = "predecessor"  #: the kind of key under which at most one entry follows another
_OBJECTED: Final = "objection"
_VERDICT: Final = "verdict"
_FOLLOWING: Final = "what follows"  #: whose keys these are: at most one entry follows another


def decision_record(decision: Decision, verdict: Entry, document: Mapping[str, Any], **who: Any) -> Record:
    """What is remembered of a decision.

    Args:
        decision: As it was read.
        verdict: The entry of the verdict that it is about.
        document: Of that verdict.
        who: `id_`, `decided_at`, `engine`, `caller` and `asked` of the record.
    """
    told = {
        "decision": decision.ruling,
        "by": _by(decision.by),
        "decided_on": decision.decided_on.isoformat(),
        "reason": decision.reason,
    }
    return _about(
        verdict,
        document,
        "decision",
        {DECISION: canonical(told)},
        outcome=decision.ruling,
        detail={
            "departs": departs(decision.ruling, document["outcome"]),
            SUPERSEDES: decision.supersedes,
        },
        follows=decision.supersedes or verdict.id,
        **who,
    )


def objection_record(objection: Objection, verdict: Entry, document: Mapping[str, Any], **who: Any) -> Record:
    """What is remembered of an objection; as `decision_record`."""
    told = {"by": _by(objection.by), "text": objection.text}
    return _about(verdict, document, "objection", {OBJECTION: canonical(told)}, **who)


def answer_record(
    answer: Answer, objection: str, verdict: Entry, document: Mapping[str, Any], **who: Any
) -> Record:
    """What is remembered of an answer to the objection with this id; as `decision_record`."""
    told = {"reply": answer.reply, "by": _by(answer.by), "text": answer.text, "verdict": answer.verdict}
    detail = {_OBJECTED: objection}
    return _about(
        verdict, document, "answer", {ANSWER: canonical(told)}, outcome=answer.reply, detail=detail, **who
    )


@dataclass(frozen=True, slots=True)
class Replaced:
    """A verdict that a newer one is to replace."""

    entry: Entry
    latest: str  #: id of what stands there last: the decision on it, or else the verdict itself


def following(predecessor: str, body: bytes) -> Asked:
    """That an entry is the one that follows another: the log takes one, and the same again is the same."""
    return Asked(caller=_FOLLOWING, kind=PREDECESSOR, key=predecessor, body=sha256(body).digest())


def superseding(record: Record, old: Replaced) -> Record:
    """A verdict's record, as the one that replaces an older verdict, and what was decided on that."""
    return replace(
        record,
        about=old.entry.receipt.index,
        detail={**record.detail, SUPERSEDES: old.entry.id},
        asked=(*record.asked, following(old.latest, record.private[REQUEST])),
    )


def superseded_in(entry: Entry) -> str | None:
    """The id of the verdict that the verdict in an entry replaces."""
    found: str | None = _detail(entry).get(SUPERSEDES)
    return found


def happened(entries: Iterable[Entry]) -> dict[str, Any]:
    """What happened to a verdict after it was given.

    Args:
        entries: Those that are about it, oldest first.
    """
    decisions: list[dict[str, Any]] = []
    objections: list[dict[str, Any]] = []
    superseded_by = None
    for entry in entries:
        match entry.kind:
            case "decision":
                decisions.append(decision_in(entry))
            case "objection":
                objections.append(objection_in(entry))
            case "answer":
                objected = _detail(entry).get(_OBJECTED)
                for objection in objections:
                    if objection["objection_id"] == objected:
                        objection["answers"].append(answer_in(entry))
            case "verdict":
                superseded_by = entry.id
    replaced = {decision[SUPERSEDES]: decision["decision_id"] for decision in decisions}
    for decision in decisions:
        decision["superseded_by"] = replaced.get(decision["decision_id"])
    return {"decisions": decisions, "objections": objections, "superseded_by": superseded_by}


def candidate_of(entry: Entry, at: Callable[[int], Entry | None]) -> str | None:
    """The candidate whom an entry is about, because it is a verdict on them or about one; None: nobody, or
    they were erased.

    Args:
        entry: Any entry.
        at: Gives the entry at an index.
    """
    found: Entry | None = entry
    while found is not None and found.kind != _VERDICT:
        found = None if found.about is None else at(found.about)
    document = None if found is None else document_in(found)
    return None if document is None else document["candidate"]["id"]


def decision_in(entry: Entry) -> dict[str, Any]:
    """A decision, as it is shown."""
    detail = _detail(entry)
    told = _part(entry, DECISION)
    return {
        "decision_id": entry.id,
        **told,
        "departs": detail["departs"],
        SUPERSEDES: detail[SUPERSEDES],
        "superseded_by": None,
        **_recorded(entry.receipt),
    }


def verdict_of(entry: Entry) -> str:
    """The id of the verdict that a decision, an objection or an answer is about."""
    return str(_detail(entry)[_VERDICT])


def objection_in(entry: Entry) -> dict[str, Any]:
    """An objection, as it is shown."""
    return {"objection_id": entry.id, **_part(entry, OBJECTION), "answers": [], **_recorded(entry.receipt)}


def answer_in(entry: Entry) -> dict[str, Any]:
    """An answer to an objection, as it is shown."""
    return {"answer_id": entry.id, **_part(entry, ANSWER), **_recorded(entry.receipt)}


def _about(
    verdict: Entry,
    document: Mapping[str, Any],
    kind: str,
    private: Mapping[str, bytes],
    *,
    id_: str,
    decided_at: datetime,
    engine: str,
    caller: str,
    asked: tuple[Asked, ...],
    outcome: str | None = None,
    detail: Mapping[str, Any] | None = None,
    follows: str | None = None,
) -> Record:
    body = b"".join(private.values())
    return Record(
        id=id_,
        kind=kind,
        decided_at=decided_at,
        engine=engine,
        private={**private, CALLER: canonical(caller)},
        track=document["to"]["track"],
        level=document["to"]["level"],
        outcome=outcome,
        about=verdict.receipt.index,
        detail={**(detail or {}), _VERDICT: verdict.id},
        person=document["candidate"]["id"],
        caller=caller,
        asked=asked if follows is None else (*asked, following(follows, body)),
    )


def _by(by: By) -> dict[str, str]:
    return {"id": by.id, "role": by.role}


def _part(entry: Entry, pointer: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(entry.private[pointer]) if pointer in entry.private else {}
    return found


def _detail(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(entry.leaf).get("detail", {})
    return found


def _recorded(receipt: Receipt) -> dict[str, Any]:
    at = receipt.committed_at.isoformat().replace("+00:00", "Z")
    return {"recorded_at": at, "log": {"index": receipt.index, "leaf": receipt.leaf_hash}}
