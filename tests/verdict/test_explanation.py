"""Findings, summaries and questions: whole explanations that somebody has read, and laws for all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.engine.evaluate import Judgement, Outcome, Result, judge
from service.ledger.canonical import canonical
from service.policy.condition import Place
from service.policy.model import Level, Requirement
from service.verdict.explanation import Explainer, still_asked, summary_of
from tests.verdict.golden_policies import REQUESTS, assert_golden, judged, policies
from tests.verdict.small_worlds import CHANGEABLE, SCORE, VOCABULARY, case_of, compare, levels
from tests.verdict.small_worlds import told as candidates

KEYS = (
    "id", "result", "kind", "text", "why", "source", "where", "about", "found", "needed", "shortfall",
    "met_from", "to_meet", "because", "waiver", "exception", "left_out",
)  # fmt: skip
MET_FROM = {"much-unmet": {"time": date(2027, 2, 1)}}  #: what advice found


def _explainer(judgement: Judgement) -> Explainer:
    return Explainer(judgement.level, policies().vocabulary)


def _explained(name: str) -> dict[str, dict[str, Any]]:
    judgement = judged(name)
    findings = _explainer(judgement).findings(judgement, MET_FROM.get(name, {}))
    return {told["id"]: told for told in findings}


# ── whole explanations ──────────────────────────────────────────────────────────────────────────────────────


def _short(told: dict[str, Any] | None) -> str:
    if told is None:
        return "—"
    shown = {key: value for key, value in told.items() if key not in ("from", "label", "entries", "steps")}
    return ", ".join(f"{key} {value}" for key, value in shown.items())


def _lines(node: dict[str, Any], depth: int) -> Iterator[str]:
    role = {"applies_when": "applies when ", "unless": "unless "}.get(node.get("role", ""), "")
    lacking = f"; short of it by {_short(node['shortfall'])}" if node["shortfall"] else ""
    yield f"{'    ' * depth}{node['result']}: {role}{node['text']}"
    label, found = node["found"]["label"], _short(node["found"])
    yield f"{'    ' * depth}    found {found} ({label}); needed {_short(node['needed'])}{lacking}"
    for step in node["found"].get("steps", ()):
        yield f"{'    ' * depth}        {step['label']}: {step['value']}"
    for heading, names in node["found"].get("entries", {}).items():
        if names:
            yield f"{'    ' * depth}        {heading}: {', '.join(names)}"
    for part in node["of"]:
        yield from _lines(part, depth + 1)


def _as_text(name: str) -> str:
    judgement = judged(name)
    explainer = _explainer(judgement)
    lines = [explainer.summary(judgement), ""]
    for told in _explained(name).values():
        advisory = "" if told["kind"] == "required" else " (advisory)"
        lines.append(f"{told['result'].upper()}{advisory}: {told['text']}")
        for node in told["because"]:
            lines.extend(_lines(node, 1))
        lines += [f"    met from {told['met_from']}"] if told["met_from"] else []
        lines += [f"    {told['exception']}"] if told["exception"] else []
        lines += (
            [f"    waived by {told['waiver']['by']}: {told['waiver']['reason']}"] if told["waiver"] else []
        )
        lines += [f"    {each['text']}" for each in told["left_out"]]
    for asked in explainer.questions(judgement):
        lines.append(f"? {asked['question']} [{asked['pointer']}, for {', '.join(asked['requirements'])}]")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", REQUESTS)
def test_a_whole_explanation_reads_well(name: str) -> None:
    """Met, unmet, unknown, waived, lifted, left out, derived, nested: each was read by a person."""
    assert_golden(f"{name}.txt", _as_text(name))


def test_a_finding_has_the_published_shape() -> None:
    """Programs rely on every key; this is one finding to the last of them."""
    finding = _explained("much-unmet")["tests"]
    assert_golden("finding.json", json.dumps(finding, indent=2, ensure_ascii=False) + "\n")


def test_the_golden_explanations_show_every_result() -> None:
    """Otherwise a result could be explained in a way that nobody has ever read."""
    shown = {result for name in REQUESTS for _, result in judged(name).results}
    assert shown == set(get_args(Result))


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_from_which_it_is_met_is_an_iso_day() -> None:
    """It was worked out elsewhere; here it only stands where it belongs."""
    findings = _explained("much-unmet")
    assert findings["time"]["met_from"] == "2027-02-01"
    assert findings["tests"]["met_from"] is None


def test_a_waiver_is_shown_only_where_it_lifts_something() -> None:
    """Whoever reads it must see who took the responsibility, and until when."""
    findings = _explained("waived-and-lifted")
    assert findings["training"]["waiver"] == {
        "by": "head-of-craft",
        "granted_on": "2026-11-01",
        "until": "2027-01-15",
        "reason": "The course of November was called off.",
    }
    assert [told["id"] for told in findings.values() if told["waiver"]] == ["training"]


def test_of_several_exceptions_the_ones_that_hold_are_named() -> None:
    """The site of work lifts it; that agency workers would be lifted too does not matter here."""
    exception = _explained("waived-and-lifted")["height"]["exception"]
    assert exception == "An exception lifts this requirement: the site of work is Ground Works."


def test_what_does_not_apply_is_not_said_to_be_lifted() -> None:
    """The exception may hold as well, but it is not the reason."""
    requirement = Requirement(
        id="r", text="R", place=Place("f", 1, 1), condition=compare(SCORE, "at_least", 9),
        applies_when=compare(SCORE, "at_least", 3), unless=compare(SCORE, "at_least", 0),
    )  # fmt: skip
    explained = {}
    for score in (1, 3):
        judgement = _judged(requirement, {"score": score})
        explained[score] = Explainer(judgement.level, VOCABULARY).findings(judgement, {})[0]
    assert [told["result"] for told in explained.values()] == ["not_applicable", "not_applicable"]
    assert explained[1]["exception"] is None
    assert explained[3]["exception"] == "An exception lifts this requirement: the score is at least 0."


def test_entries_that_lie_ahead_are_counted_and_explained() -> None:
    """Who booked a course for February must see why it does not count in January."""
    assert _explained("much-unmet")["training"]["left_out"] == [
        {
            "fact": "trainings",
            "count": 1,
            "text": "1 entry of finished trainings is dated after 1 January 2027 and does not count yet.",
        }
    ]


def test_whatever_a_sensitive_fact_has_a_part_in_is_marked() -> None:
    """The views take the values out by this mark; without it they would show them."""
    findings = _explained("much-unmet")
    marked = {name for name, told in findings.items() if told["found"].get("sensitive")}
    assert marked == {"warnings", "height"}


def test_a_needed_value_that_is_not_fixed_says_what_it_is() -> None:
    """`needed 6` alone does not say why 6."""
    condition = next(r.condition for r in _level_of_sentences().requires if r.id == "right-amount")
    requirement = Requirement(id="r", text="R", place=Place("f", 1, 1), condition=condition)
    judgement = _judged(requirement, {"from.grade": 2, "to.grade": 6})
    told = Explainer(judgement.level, policies().vocabulary).findings(judgement, {})[0]
    assert told["needed"] == {"at_least": 5, "label": "the grade asked for minus 1"}
    assert told["shortfall"] == {"value": 3, "unit": None}


def _level_of_sentences() -> Level:
    found = policies().tracks["craft"][0].level("sentences")
    assert found is not None
    return found


def _judged(requirement: Requirement, facts: dict[str, Any]) -> Judgement:
    level = Level(
        track="small", level="next", title="Next", grade=2, place=Place("f", 1, 1), enter_from=None,
        requires=(requirement,),
    )  # fmt: skip
    scope = case_of(level, {}).scope
    scope.facts = {**scope.facts, **facts}
    scope.memo.clear()
    scope.truths.clear()
    return judge(level, scope)


@given(levels(), candidates())
def test_every_finding_is_complete_and_plain_json(level: Level, facts: dict[str, Any]) -> None:
    """All keys, always, in one order, in the policy's order; and nothing that the log could not write."""
    judgement = case_of(level, facts).judgement
    findings = Explainer(level, VOCABULARY).findings(judgement, {})
    assert [(told["id"], told["result"]) for told in findings] == [
        (requirement.id, result) for requirement, result in judgement.results
    ]
    assert all(tuple(told) == KEYS for told in findings)
    canonical(findings)


@given(levels(), candidates(), candidates())
def test_an_explanation_does_not_depend_on_earlier_ones(
    level: Level, facts: dict[str, Any], others: dict[str, Any]
) -> None:
    """What is made ready once must not remember a candidate."""
    explainer = Explainer(level, VOCABULARY)
    judgement, other = case_of(level, facts).judgement, case_of(level, others).judgement
    first = canonical(explainer.findings(judgement, {}))
    explainer.findings(other, {})
    assert canonical(explainer.findings(judgement, {})) == first


@given(levels(), candidates())
def test_every_node_has_the_result_of_its_condition(level: Level, facts: dict[str, Any]) -> None:
    """The tree is shown as the reason; it must be the reason."""
    judgement = case_of(level, facts).judgement
    for requirement, finding in zip(
        level.requires, Explainer(level, VOCABULARY).findings(judgement, {}), strict=True
    ):
        results = {node["role"]: node["result"] for node in finding["because"]}
        letters = {"M": "met", "N": "unmet", "U": "unknown"}
        assert results["condition"] == letters[judgement.letter(requirement.condition)]
        assert list(results) == [
            role
            for role, there in (
                ("applies_when", requirement.applies_when),
                ("condition", True),
                ("unless", requirement.unless),
            )
            if there
        ]
        for node in finding["because"]:
            _check(node)


def _check(node: dict[str, Any]) -> None:
    assert bool(node["missing"]) == (node["result"] == "unknown")
    assert node["result"] == "unmet" or node["shortfall"] is None
    for part in node["of"]:
        _check(part)


# ── summaries ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("outcome", "results", "subjects", "summary"),
    [
        ("eligible", ["met"] * 7, [], "Eligible for Team lead: all 7 requirements are met."),
        ("eligible", ["met"], [], "Eligible for Team lead: the one requirement is met."),
        ("eligible", ["met", "not_applicable"], [], "Eligible for Team lead: the one requirement is met."),
        ("eligible", ["not_applicable"], [], "Eligible for Team lead: no requirement applies."),
        ("eligible", ["waived"], [], "Eligible for Team lead: the one requirement is waived."),
        ("eligible", ["met", "met", "waived"], [],
         "Eligible for Team lead: 2 of 3 requirements are met and 1 is waived."),
        ("not_eligible", ["met"] * 6 + ["unmet"], [],
         "Not eligible for Team lead yet: 1 of 7 requirements is not met."),
        ("not_eligible", ["unmet", "unmet", "met"], [],
         "Not eligible for Team lead yet: 2 of 3 requirements are not met."),
        ("not_eligible", ["unmet", "unmet"], [],
         "Not eligible for Team lead yet: none of the 2 requirements is met."),
        ("not_eligible", ["unmet", "unknown", "unknown", "waived", "met"], [],
         "Not eligible for Team lead yet: 1 of 5 requirements is not met, 2 are waiting for more information"
         " and 1 is waived."),
        ("needs_information", ["unknown", "met"], ["finished trainings"],
         "More information is needed for Team lead: 1 of 2 requirements is waiting for an answer about"
         " finished trainings."),
        ("needs_information", ["unknown", "unknown", "met"], ["trainings", "reviews"],
         "More information is needed for Team lead: 2 of 3 requirements are waiting for answers about"
         " trainings and reviews."),
        ("needs_information", ["unknown"], ["a", "b", "c"],
         "More information is needed for Team lead: the one requirement is waiting for more information."),
    ],
)  # fmt: skip
def test_the_summary_says_the_outcome_and_why(
    outcome: Outcome, results: Sequence[Result], subjects: list[str], summary: str
) -> None:
    """One sentence with the right numbers; a waiver is always said, what does not apply is not counted."""
    assert summary_of(outcome, "Team lead", _results(results), subjects) == summary


def test_advisory_requirements_are_not_counted() -> None:
    """They are shown and never decide, so `1 of 2 is not met` would be a wrong reason."""
    advisory = _results(["unmet", "unknown"], kind="advisory")
    summary = summary_of("eligible", "Team lead", (*_results(["met", "met"]), *advisory))
    assert summary == "Eligible for Team lead: all 2 requirements are met."


def _results(results: Sequence[Result], kind: Any = "required") -> tuple[tuple[Requirement, Result], ...]:
    asked = Requirement(
        id="r", text="R", place=Place("f", 1, 1), condition=compare(SCORE, "at_least", 1), kind=kind
    )
    return tuple((asked, result) for result in results)


# ── questions ───────────────────────────────────────────────────────────────────────────────────────────────


@given(levels(), candidates())
def test_questions_are_asked_only_while_the_outcome_is_open(level: Level, facts: dict[str, Any]) -> None:
    """A settled verdict asks nothing, however much is not known; an open one always asks something."""
    judgement = case_of(level, facts).judgement
    asked = Explainer(level, VOCABULARY).questions(judgement)
    assert bool(asked) == (judgement.outcome == "needs_information")
    assert len({each["pointer"] for each in asked}) == len(asked)


@given(levels(), candidates(), st.data())
def test_what_is_not_asked_cannot_change_the_outcome(
    level: Level, facts: dict[str, Any], data: st.DataObject
) -> None:
    """The promise of a question is that the others need not be answered."""
    judgement = case_of(level, facts).judgement
    assume(judgement.outcome == "needs_information")
    asked = {pointer.removeprefix("/facts/") for pointer in still_asked(judgement)}
    untold = [name for name in CHANGEABLE if facts[name] is None and name not in asked]
    answered = {name: data.draw(st.sampled_from(CHANGEABLE[name])) for name in untold}
    assert case_of(level, {**facts, **answered}).judgement.outcome == "needs_information"


@given(levels(), candidates(), st.data())
def test_answering_what_is_asked_settles_the_outcome(
    level: Level, facts: dict[str, Any], data: st.DataObject
) -> None:
    """Nobody is asked again and again."""
    judgement = case_of(level, facts).judgement
    values = {**CHANGEABLE, "born_to_it": (True, False)}
    asked = [pointer.removeprefix("/facts/") for pointer in still_asked(judgement)]
    answered = {name: data.draw(st.sampled_from(values[name])) for name in asked}
    assert case_of(level, {**facts, **answered}).judgement.outcome != "needs_information"


def test_a_question_names_every_requirement_that_waits_for_it() -> None:
    """One answer may settle several of them."""
    judgement = judged("open-questions")
    asked = {each["pointer"]: each["requirements"] for each in _explainer(judgement).questions(judgement)}
    assert asked["/from"] == ["route", "time"]
    assert "/facts/wants_it" not in asked, "an advisory requirement decides nothing"
    assert not [pointer for pointer in asked if pointer.startswith("/facts/trainings")], (
        "one training is enough"
    )
