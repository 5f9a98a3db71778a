"""What the service answers: documents go in; frozen values come out, each with its whole document beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

Outcome = Literal["eligible", "not_eligible", "needs_information"]
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

    @property
    def eligible(self) -> bool:
        """Whether everything that is required is met."""
        return self.outcome == "eligible"


def verdict(document: Mapping[str, Any]) -> Verdict:
    """A verdict, in whichever view it came: what a view leaves out is empty."""
    return Verdict(
        id=document["verdict_id"],
        outcome=document["outcome"],
        summary=document["summary"],
        findings=tuple(_finding(told) for told in document.get("findings", ())),
        missing_facts=tuple(
            MissingFact(told["fact"], told["question"], told) for told in document.get("missing_facts", ())
        ),
        eligible_from=_day(document.get("eligible_from")),
        what_would_change=tuple(
            Change(told["requirement"], told["change"], told)
            for told in document.get("what_would_change", ())
        ),
        open_to_you=tuple(
            Opening(told["to"], told["title"], told["outcome"], told)
            for told in document.get("open_to_you", ())
        ),
        document=document,
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
