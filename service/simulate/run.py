"""Running: a policy test in; whether the verdict is the one expected, and each difference, out.

The engine that decides in the service decides here. Only what a case expects is worked out: days and openings
take time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from service.engine.evaluate import PASSED, Judgement, Outcome, Result
from service.policy.model import Requirement
from service.simulate.coverage import Coverage
from service.simulate.expectations import NEVER
from service.simulate.model import NAMED, Checked, Difference, Named, PolicyTest
from service.verdict.case import Case
from service.verdict.days import met_from
from service.verdict.explanation import Explainer, still_asked
from service.verdict.judge import Judge
from service.verdict.later import eligible_from
from service.verdict.openings import open_to_you

_OPEN: tuple[Named, ...] = ("unmet", "unknown")  #: what no requirement may be when `eligible` is expected
_WANTED: Mapping[Outcome, str] = {"not_eligible": "unmet", "needs_information": "unknown", "eligible": "met"}


def run(test: PolicyTest, judge: Judge, coverage: Coverage, today: date) -> Checked:
    """Judge one policy test.

    Raises:
        EngineError: the engine could not decide with certainty.
    """
    if test.skip is not None:
        return Checked(test, "overdue" if today > test.skip.until else "skipped")
    case = judge.case(test.request, test.selection)
    coverage.look(case.judgement)
    differences = tuple(_differences(test, case))
    return Checked(test, "failed" if differences else "passed", differences)


def _differences(test: PolicyTest, case: Case) -> Iterator[Difference]:
    expected, found = test.expected, case.judgement
    if found.outcome != expected.outcome:
        yield _other(test, "outcome", "expect", expected.outcome, found.outcome)
    unlike = list(_unlike(test, found))
    if unlike:
        explained = Explainer(found.level, case.policies.vocabulary).findings(found, {})
        because = {finding["id"]: tuple(_because(finding["because"])) for finding in explained}
        for waiver, reason in case.scope.waivers.refused:
            said = f"the waiver by {waiver.by} does not count: {reason}"
            because[waiver.requirement] = (*because.get(waiver.requirement, ()), said)
    for requirement, wanted, result, line in unlike:
        yield Difference(
            what=requirement.id, text=requirement.text, expected=wanted, found=result.replace("_", " "),
            test=expected.at[line], policy=requirement.place, because=because[requirement.id],
        )  # fmt: skip
    if expected.missing is not None:
        yield from _missing(test, found)
    if expected.eligible_from is not None:
        day = _eligible_from(case)
        if day != expected.eligible_from:
            yield _other(test, "eligible_from", "eligible_from", str(expected.eligible_from), str(day))
    if expected.open_to_you is not None:
        open_now = sorted(
            each.level.name for each in open_to_you(case) if each.judgement.outcome == "eligible"
        )
        if open_now != sorted(expected.open_to_you):
            yield _other(test, "open_to_you", "open_to_you", _listed(expected.open_to_you), _listed(open_now))
    if expected.afterwards is not None:
        duties = [duty.id for duty in found.level.afterwards]
        if sorted(duties) != sorted(set(expected.afterwards)):
            told = _other(test, "afterwards", "afterwards", _listed(expected.afterwards), _listed(duties))
            yield replace(told, policy=found.level.place)


def _other(test: PolicyTest, what: str, line: str, expected: str, found: str) -> Difference:
    return Difference(
        what=what, text="", expected=expected, found=found, test=test.expected.at[line],
        policy=test.selection.level.place if what == "outcome" else None,
    )  # fmt: skip


def _unlike(test: PolicyTest, found: Judgement) -> Iterator[tuple[Requirement, str, Result, str]]:
    """The requirements that came out otherwise: with what was expected, what was found, and whose line says
    so."""
    expected = test.expected
    all_like = True
    for requirement, result in found.results:
        wanted = _wanted(test, requirement)
        if wanted is not None and result not in wanted[0]:
            all_like = False
            yield requirement, wanted[1], result, wanted[2]
    if found.outcome == expected.outcome or not all_like:
        return
    # no line says which requirement should have come out otherwise: it would have to be one of these
    surplus = expected.outcome == "needs_information" and found.outcome == "not_eligible"
    wanted_of_one = "not unmet" if surplus else f"one of these {_WANTED[expected.outcome]}"
    for requirement, result in found.results:
        if requirement.kind == "required" and (result == "unmet" or not surplus):
            yield requirement, wanted_of_one, result, "expect"


def _wanted(test: PolicyTest, requirement: Requirement) -> tuple[frozenset[Result], str, str] | None:
    """What a requirement may be, that in words, and the line that says so; None when nothing is said."""
    expected, name = test.expected, requirement.id
    if name in expected.findings:
        result = expected.findings[name]
        return frozenset({result}), result.replace("_", " "), f"findings.{name}"
    if requirement.kind != "required":
        return None
    for word in NAMED:
        if name in expected.named.get(word, ()):
            return frozenset({word}), word, word
    barred: dict[Named, str] = {word: word for word in NAMED if word in expected.named}
    if expected.outcome == "eligible":
        barred |= dict.fromkeys(_OPEN, "expect")
    if not barred:
        return None
    may: frozenset[Result] = PASSED | {"unmet", "unknown"}
    may -= set(barred)
    said = "met" if may <= PASSED else " and ".join(f"not {word}" for word in barred)
    return may, said, next(iter(barred.values()))


def _missing(test: PolicyTest, found: Judgement) -> Iterator[Difference]:
    """Facts that are asked for although not expected, and the other way round."""
    wanted = test.expected.missing or ()
    asked = dict.fromkeys(_names(pointer) for pointer in still_asked(found))
    surplus = [names[-1] for names in asked if not set(names) & set(wanted)]
    lacking = [name for name in wanted if not any(name in names for names in asked)]
    if surplus or lacking:
        said = dict.fromkeys(next((name for name in names if name in wanted), names[-1]) for names in asked)
        yield _other(test, "missing", "missing", _listed(wanted), _listed(said))


def _names(pointer: str) -> tuple[str, ...]:
    """What a case may call a fact that is asked for: `trainings`, or `trainings.hours` for a field.

    >>> _names("/facts/trainings/0/hours"), _names("/from")
    (('trainings', 'trainings.hours'), ('from',))
    """
    parts = pointer.split("/")[1:]
    if parts[0] != "facts":
        return (parts[0],)
    return (parts[1],) if len(parts) < 4 else (parts[1], f"{parts[1]}.{parts[3]}")


def _eligible_from(case: Case) -> date | str:
    if case.judgement.outcome == "eligible":
        return "eligible already"
    met = {
        requirement.id: day
        for requirement, result in case.judgement.results
        if result in ("unmet", "unknown") and (day := met_from(case, requirement)) is not None
    }
    return eligible_from(case, met) or NEVER


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _because(nodes: list[Mapping[str, Any]], depth: int = 0) -> Iterator[str]:
    """The conditions of a finding, one a line, each with its result and what was found."""
    for node in nodes:
        role = {"applies_when": "applies when: ", "unless": "unless: "}.get(node.get("role", ""), "")
        found = node.get("found") or {}
        value = found.get("value")
        said = "" if value is None or isinstance(value, list | dict) else f", found {_said(value)}"
        yield f"{'  ' * depth}{role}{node['text']}: {node['result']}{said}"
        yield from _because(node["of"], depth + 1)


def _said(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
