"""Two promotion systems that exist, in YAML alone: every case comes out as its rules say, for that reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from service.facts.json_text import read_json
from service.policy.load import load
from service.verdict.judge import Judge
from tests.real_rules.adapter import HERE, Json, Names, cases, read_names, request

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = {"general_schedule": "general-schedule", "gitlab": "gitlab"}
CASES = [(system, case) for system in FOLDERS for case in cases(system)]
DECIDING = read_json((HERE / "deciding.json").read_bytes())
NAMED = [pytest.param(system, case, id=case["id"]) for system, case in CASES]


@cache
def judge(system: str) -> Judge:
    return Judge(load(EXAMPLES / FOLDERS[system]))


@cache
def names(system: str) -> Names:
    return read_names(system)


def verdict(system: str, case: Json) -> Json:
    raw = request(case, names(system))
    judged_at = datetime(2026, 11, 20, tzinfo=UTC)
    return dict(judge(system).verdict(raw, verdict_id=case["id"], judged_at=judged_at).document)


@pytest.mark.parametrize(("system", "case"), NAMED)
def test_a_real_case_comes_out_as_its_rules_say(system: str, case: Json) -> None:
    """The outcome was worked out by hand from the published rules, before the policy was written."""
    found = verdict(system, case)
    assert found["outcome"] == case["expected"]
    assert found["warnings"] == []  # every fact of the case has its place in the vocabulary


@pytest.mark.parametrize(("system", "case"), NAMED)
def test_a_real_case_names_the_rule_that_decides_it(system: str, case: Json) -> None:
    """A right outcome for a wrong reason would be luck: the rule's own finding has the deciding result."""
    document = verdict(system, case)
    findings = {finding["id"]: finding for finding in document["findings"]}
    for decided in DECIDING[case["id"]]:
        finding = findings[decided["finding"]]
        assert finding["result"] == decided["result"], decided
        if "found" in decided:
            assert finding["found"]["value"] == decided["found"], decided
        if "part" in decided:
            parts = (node for node in _nodes(finding["because"]) if node["text"].endswith(decided["part"]))
            assert next(parts)["result"] == decided["part_result"], decided


@pytest.mark.parametrize(("system", "case"), NAMED)
def test_nothing_but_the_named_rules_stands_in_the_way(system: str, case: Json) -> None:
    """Of everything that a level asks for, just the rules that a case names are unmet, or open."""
    document, named = verdict(system, case), DECIDING[case["id"]]
    wanted = {"eligible": "", "not_eligible": "unmet", "needs_information": "unknown"}[case["expected"]]
    in_the_way = {each["finding"] for each in named if each["result"] == wanted}
    assert set(document["unmet"] or document["unknown"]) == in_the_way


def test_every_rule_that_a_case_names_is_looked_at() -> None:
    """The table of deciding findings leaves none of the reasons out that a case gives."""
    for _, case in CASES:
        given = [reason.split(":")[0].removesuffix(" does not apply") for reason in case["because"]]
        told = [decided["rule"] for decided in DECIDING[case["id"]]]
        assert [rule for reason in given for rule in reason.split("/")] == list(dict.fromkeys(told)), case[
            "id"
        ]


@pytest.mark.parametrize(
    ("system", "case", "day"),
    [
        ("general_schedule", "GS-03", "2025-02-27"),  # the 364th day
        ("general_schedule", "GS-09", "2026-09-07"),  # 52 weeks after the later appointment, as in GS-10
        ("general_schedule", "GS-23", "2026-01-26"),  # two weeks without pay too many
        ("gitlab", "CO-08", "2026-03-10"),  # twelve months in the role
        ("gitlab", "CO-17", "2026-02-04"),  # thirty days after the hire, as in CO-18
        ("gitlab", "CO-01", "2026-05-01"),  # the next fiscal quarter
    ],
)
def test_the_day_from_which_time_alone_is_enough_is_told(system: str, case: str, day: str) -> None:
    """These days are given in the reasons of the cases, or follow from them."""
    told = next(each for _, each in CASES if each["id"] == case)
    assert verdict(system, told)["eligible_from"] == day


def test_a_repeal_that_was_withdrawn_before_it_began_never_judged() -> None:
    """Time in grade was to end on 16 August 2009, and did not: a request of that autumn is judged by it."""
    case = next(each for _, each in CASES if each["id"] == "GS-03")
    raw = {**request(case, names("general_schedule")), "submitted_on": "2009-10-01"}
    judged_at = datetime(2026, 11, 20, tzinfo=UTC)
    found = judge("general_schedule").verdict(raw, verdict_id="GS-03", judged_at=judged_at).document
    assert found["policy"]["version"] == "general-schedule/2000-01-01"
    assert found["unmet"] == ["g1-time-in-grade"]
    withdrawn = [version.name for version in judge("general_schedule").policies.withdrawn]
    assert withdrawn == ["general-schedule/2009-08-16"]


def test_the_adapter_renames_and_does_not_calculate() -> None:
    """Every number, day and word that it sends stands in the case; nothing is added to it."""
    for system, case in CASES:
        raw = request(case, names(system))
        told = {*map(str, _values(case["facts"])), *map(str, _keys(case["facts"]))}
        assert set(map(str, _values(raw["facts"]))) <= told, case["id"]


def _nodes(nodes: list[Json]) -> Iterator[Json]:
    for node in nodes:
        yield node
        yield from _nodes(node["of"])


def _values(told: object) -> Iterator[object]:
    match told:
        case dict():
            for inner in told.values():
                yield from _values(inner)
        case list():
            for inner in told:
                yield from _values(inner)
        case _:
            yield told


def _keys(told: object) -> Iterator[object]:
    match told:
        case dict():
            for key, inner in told.items():
                yield key
                yield from _keys(inner)
        case list():
            for inner in told:
                yield from _keys(inner)
