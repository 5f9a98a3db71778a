"""A policy test: a person, what is changed for this case, and the verdict that HR expects of it.

Built by `simulate.cases` from `policies/tests/*.yaml`; run by `simulate.run`. Every expectation keeps the
line on which it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from service.engine.evaluate import Outcome, Result
from service.errors import Problem
from service.facts.request import Request
from service.policy.condition import Place
from service.policy.selection import Selection

Named = Literal["unmet", "unknown", "waived"]
NAMED: tuple[Named, ...] = ("unmet", "unknown", "waived")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a case says must come out; None where it says nothing."""

    outcome: Outcome
    named: Mapping[Named, tuple[str, ...]]  #: all required requirements with that result, no more and no less
    findings: Mapping[str, Result]  #: the result of single requirements, advisory ones too
    missing: tuple[str, ...] | None = (
        None  #: facts that are asked for: `trainings`, `trainings.hours`, `from`
    )
    eligible_from: date | Literal["never"] | None = None
    open_to_you: tuple[str, ...] | None = None  #: the levels that are open now, and no others
    afterwards: tuple[str, ...] | None = None  #: the duties that follow the promotion, and no others
    at: Mapping[str, Place]  #: where each of these stands: `expect`, `unmet`, …, `findings.route`


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Why a case is not run, and the last day on which that may be so."""

    reason: str
    until: date
    overdue: Problem  #: what to say when that day has passed


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """One case, ready to be judged."""

    name: str
    person: str
    request: Request
    selection: Selection
    expected: Expected
    place: Place
    skip: Skip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that came out otherwise than expected, with the line of the test and that of the policy."""

    what: str  #: `outcome`, `missing`, …, or the id of a requirement
    text: str  #: the sentence of the requirement; empty for anything else
    expected: str
    found: str
    test: Place
    policy: Place | None  #: None where no single line of the policy decides it
    because: tuple[str, ...] = ()  #: what was found, condition by condition


State = Literal["passed", "failed", "skipped", "overdue"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One policy test, run."""

    test: PolicyTest
    state: State
    differences: tuple[Difference, ...] = ()
