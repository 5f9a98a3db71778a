"""What the service answers: documents go in; frozen values come out, each with its whole document beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, cast

Outcome = Literal["eligible", "not_eligible", "needs_information"]
Ruling = Literal["approved", "declined", "overridden"]
Reply = Literal["upheld", "rejected"]
Result = Literal["met", "unmet", "unknown", "waived", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one requirement."""

    id: str
    result: Result
    kind: Literal["required", "advisory"]
    text: str
    met_from: date | None  #: the day from which it would be met if only time passed
    to_meet: str | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MissingFact:
    """A fact that could still change the outcome."""

    fact: str
    question: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One of the changes that together would lead to `eligible`."""

    requirement: str
    change: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """Another level that is within reach from here."""

    to: str  #: `track/level`
    title: str
    outcome: Outcome
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, why, and what would change it. It advises; a person decides."""

    id: str
    outcome: Outcome
    summary: str
    findings: tuple[Finding, ...]
    missing_facts: tuple[MissingFact, ...]
    eligible_from: date | None
    what_would_change: tuple[Change, ...]
    open_to_you: tuple[Opening, ...]
    document: Mapping[str, Any]  #: everything, as it came
    receipt: str | None = field(
        default=None, compare=False, repr=False
    )  #: signed; None where it was read again

    @property
    def eligible(self) -> bool:
        """Whether everything that is required is met."""
        return self.outcome == "eligible"


@dataclass(frozen=True, slots=True)
class Option:
    """A level that somebody may ask for next, and what it still asks."""

    to: str  #: `track/level`
    title: str
    kind: Literal["craft", "people"]
    outcome: Outcome
    summary: str
    missing_facts: tuple[MissingFact, ...]
    eligible_from: date | None
    what_would_change: tuple[Change, ...]
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the verdict would be. Nothing of it was recorded."""

    outcome: Outcome
    summary: str
    findings: tuple[Finding, ...]
    missing_facts: tuple[MissingFact, ...]
    eligible_from: date | None
    what_would_change: tuple[Change, ...]
    as_asked: Outcome | None  #: the outcome of the request as it is, where something was changed
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FoundVerdict:
    """One line of a list of verdicts; `Ladders.verdict` reads all of it."""

    id: str
    request_id: str | None
    outcome: Outcome
    summary: str | None  #: None: it was erased
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person did after a verdict."""

    id: str
    decision: Ruling
    decided_on: date
    departs: bool  #: from what the verdict advised
    reason: str | None
    superseded_by: str | None  #: the id of the decision that stands in its place
    document: Mapping[str, Any]
    receipt: str | None = field(
        default=None, compare=False, repr=False
    )  #: signed; None where it was read again


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to an objection."""

    id: str
    reply: Reply
    text: str
    document: Mapping[str, Any]
    receipt: str | None = field(
        default=None, compare=False, repr=False
    )  #: signed; None where it was read again


@dataclass(frozen=True, slots=True)
class Objection:
    """What was said against a verdict or a decision."""

    id: str
    text: str
    answers: tuple[Answer, ...]
    document: Mapping[str, Any]
    receipt: str | None = field(
        default=None, compare=False, repr=False
    )  #: signed; None where it was read again


def verdict(document: Mapping[str, Any], receipt: str | None = None) -> Verdict:
    """A verdict, in whichever view it came: what a view leaves out is empty."""
    return Verdict(
        id=document["verdict_id"],
        outcome=document["outcome"],
        summary=document["summary"],
        findings=_findings(document),
        missing_facts=_missing(document),
        eligible_from=_day(document.get("eligible_from")),
        what_would_change=_changes(document),
        open_to_you=tuple(
            Opening(told["to"], told["title"], told["outcome"], told)
            for told in document.get("open_to_you", ())
        ),
        document=document,
        receipt=receipt,
    )


def option(document: Mapping[str, Any]) -> Option:
    """One of the options of a person."""
    return Option(
        to=document["to"],
        title=document["title"],
        kind=document["kind"],
        outcome=document["outcome"],
        summary=document["summary"],
        missing_facts=_missing(document),
        eligible_from=_day(document["eligible_from"]),
        what_would_change=_changes(document),
        document=document,
    )


def simulation(document: Mapping[str, Any]) -> Simulation:
    """A simulation, in whichever view it came."""
    as_asked = document.get("as_asked")
    return Simulation(
        outcome=document["outcome"],
        summary=document["summary"],
        findings=_findings(document),
        missing_facts=_missing(document),
        eligible_from=_day(document.get("eligible_from")),
        what_would_change=_changes(document),
        as_asked=None if as_asked is None else as_asked["outcome"],
        document=document,
    )


def found_verdict(document: Mapping[str, Any]) -> FoundVerdict:
    """One line of a list of verdicts."""
    return FoundVerdict(
        id=document["verdict_id"],
        request_id=document["request_id"],
        outcome=document["outcome"],
        summary=document["summary"],
        document=document,
    )


def decision(document: Mapping[str, Any], receipt: str | None = None) -> Decision:
    """A decision, as it is shown."""
    return Decision(
        id=document["decision_id"],
        decision=document["decision"],
        decided_on=date.fromisoformat(document["decided_on"]),
        departs=document["departs"],
        reason=document["reason"],
        superseded_by=document["superseded_by"],
        document=document,
        receipt=receipt,
    )


def objection(document: Mapping[str, Any], receipt: str | None = None) -> Objection:
    """An objection, as it is shown."""
    return Objection(
        id=document["objection_id"],
        text=document["text"],
        answers=tuple(answer(told) for told in document["answers"]),
        document=document,
        receipt=receipt,
    )


def answer(document: Mapping[str, Any], receipt: str | None = None) -> Answer:
    """An answer to an objection, as it is shown."""
    return Answer(
        id=document["answer_id"],
        reply=document["reply"],
        text=document["text"],
        document=document,
        receipt=receipt,
    )


def _findings(document: Mapping[str, Any]) -> tuple[Finding, ...]:
    return tuple(_finding(told) for told in document.get("findings", ()))


def _missing(document: Mapping[str, Any]) -> tuple[MissingFact, ...]:
    return tuple(
        MissingFact(told["fact"], told["question"], told) for told in document.get("missing_facts", ())
    )


def _changes(document: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(told["requirement"], told["change"], told) for told in document.get("what_would_change", ())
    )


def _finding(told: Mapping[str, Any]) -> Finding:
    return Finding(
        id=told["id"],
        result=cast(Result, told["result"]),
        kind=told["kind"],
        text=told["text"],
        met_from=_day(told.get("met_from")),
        to_meet=told.get("to_meet"),
        document=told,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
