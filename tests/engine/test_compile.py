"""Compiling a level: each condition once, any number of them, and nothing for the other tracks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest

from service.engine.compile import compile_level
from service.engine.durable import DurableEngine
from service.engine.evaluate import evaluate, judge, scope_for
from service.engine.network import MET, UNMET, AtLeast, Within, settle
from service.engine.reference import truth
from service.engine.scope import Scope
from service.facts.calendar import Duration
from service.facts.request import GrantedWaiver, Request, Standing
from service.facts.types import Date, Number, Text, Time, YesNo
from service.policy.condition import Comparison, Condition, Constant, FactRef, Group, Place, negated
from service.policy.model import Level, Requirement, Waiver
from tests.engine.random_candidates import Candidates
from tests.engine.random_policies import Writer

HERE = Place("tracks/craft/2020-01-01.yaml", 1, 1)
AS_OF = date(2026, 3, 31)


def at_least(name: str, bound: int) -> Comparison:
    """A new tree at every call, as the loader may build one for each file."""
    return Comparison(FactRef(name, Number(), name), "at_least", (Constant(bound, Number()),), place=HERE)


def asked(condition: Condition, name: str = "asked", **more: Any) -> Requirement:
    return Requirement(id=name, text=name, condition=condition, place=HERE, **more)


def level_of(*requires: Requirement, track: str = "craft") -> Level:
    return Level(
        track=track, level="senior", title="Senior", grade=6, place=HERE, enter_from=None, requires=requires
    )


def scope(**facts: Any) -> Scope:
    return Scope(facts=facts, as_of=AS_OF, truth=truth)


def kinds(level: Level) -> tuple[int, int]:
    """How many leaves and groups a level has."""
    nodes = compile_level(level).network.nodes
    return sum(isinstance(node, Within) for node in nodes), sum(isinstance(node, AtLeast) for node in nodes)


def test_equal_conditions_are_decided_once() -> None:
    """Two requirements that ask the same, in the same words or with other places and forms, cost one leaf."""
    again = replace(at_least("points", 3), place=None, form="sum")
    assert kinds(level_of(asked(at_least("points", 3), "a"), asked(again, "b"))) == (1, 1)
    assert kinds(level_of(asked(at_least("points", 3), "a"), asked(at_least("points", 4), "b"))) == (2, 1)


def test_equal_groups_are_decided_once() -> None:
    """Also when they stand in other requirements."""
    group = [Group("any_of", 1, (at_least("points", 3), at_least("grade", 5))) for _ in range(2)]
    assert kinds(level_of(asked(group[0], "a"), asked(group[1], "b"))) == (2, 2)


def test_what_denies_a_condition_is_the_condition_turned_round() -> None:
    """`none_of` one, `is_not` and `none_of: […]` need no rules of their own."""
    town = FactRef("town", Text(), "town")
    york = (Constant("York", Text()),)
    level = level_of(
        asked(negated(at_least("points", 3)), "a"),
        asked(at_least("points", 3), "b"),
        asked(Comparison(town, "is", york), "c"),
        asked(Comparison(town, "is_not", york), "d"),
    )
    plan = compile_level(level)
    assert plan.passings[0].passed == ~plan.passings[1].passed
    letters = settle(plan.network, plan.measured(scope(points=3, town="York")))
    assert [letters[p.passed] if p.passed >= 0 else letters[~p.passed] for p in plan.passings[:2]] == [
        MET,
        MET,
    ]
    assert evaluate(plan, DurableEngine(plan.network), scope(points=3, town="York")).outcome == "not_eligible"


def test_a_group_of_one_is_its_part() -> None:
    """`all_of: [x]` asks nothing beyond x."""
    for kind in ("all_of", "any_of", "at_least"):
        group = Group(kind, 1, (at_least("points", 3),))
        assert kinds(level_of(asked(group))) == (1, 0)


@pytest.mark.parametrize("count", [1, 24, 25, 300])
def test_a_level_with_many_conditions_is_decided(count: int) -> None:
    """Split over as many rulesets as durable-rules needs: met where all hold, unmet where one of them does
    not."""
    level = level_of(*(asked(at_least(f"fact_{n}", n), f"asked-{n}") for n in range(count)))
    plan = compile_level(level)
    assert len(plan.network.leaves) == count
    engine = DurableEngine(plan.network)
    enough = {f"fact_{n}": n for n in range(count)}
    assert evaluate(plan, engine, scope(**enough)).outcome == "eligible"
    for n in {0, count // 2, count - 1}:
        assert evaluate(plan, engine, scope(**enough | {f"fact_{n}": n - 1})).outcome == "not_eligible"
        assert evaluate(plan, engine, scope(**enough | {f"fact_{n}": None})).outcome == "needs_information"


def test_a_level_with_many_groups_is_decided() -> None:
    """300 conditions in groups inside groups, all of them confirmed by the reference."""
    groups = [
        Group("at_least", 2, tuple(at_least(f"fact_{n}_{part}", part) for part in range(3)))
        for n in range(100)
    ]
    halves = [Group("any_of", 1, tuple(groups[start : start + 10])) for start in range(0, 100, 10)]
    level = level_of(asked(Group("all_of", 10, tuple(halves))))
    plan = compile_level(level)
    assert len(plan.network.leaves) == 300
    engine, chance = DurableEngine(plan.network), Random(1)
    outcomes = set()
    for share in (0.2, 0.5, 0.9):
        for _ in range(3):
            facts = {
                f"fact_{n}_{part}": None if chance.random() < 0.2 else part - (chance.random() > share)
                for n in range(100)
                for part in range(3)
            }
            outcomes.add(evaluate(plan, engine, scope(**facts)).outcome)
    assert outcomes == {"eligible", "not_eligible", "needs_information"}


def test_a_level_costs_nothing_for_other_tracks() -> None:
    """Every level has a network of its own, the same whatever else is loaded."""
    writers = [Writer(Random(seed)) for seed in range(5)]
    levels = [writer.level(4) for writer in writers]
    alone = compile_level(levels[0]).network
    together = [compile_level(level).network for level in (*levels[1:], levels[0])]
    assert together[-1] == alone
    assert compile_level(Writer(Random(0)).level(4)).network == alone


def test_an_advisory_requirement_is_decided_and_decides_nothing() -> None:
    """It has its finding; the outcome does not hear of it."""
    level = level_of(asked(at_least("points", 3)), asked(at_least("grade", 9), "advice", kind="advisory"))
    plan = compile_level(level)
    judgement = evaluate(plan, DurableEngine(plan.network), scope(points=3, grade=1))
    assert [result for _, result in judgement.results] == ["met", "unmet"]
    assert judgement.outcome == "eligible"


WHEN = Comparison(FactRef("when", YesNo(), "when"), "is", (Constant(True, YesNo()),))
LIFTED = Comparison(FactRef("lifted", YesNo(), "lifted"), "is", (Constant(True, YesNo()),))


@pytest.mark.parametrize(
    ("when", "lifted", "points", "waived", "result"),
    [
        (True, False, 3, False, "met"),
        (True, False, 2, False, "unmet"),
        (True, False, None, False, "unknown"),
        (True, False, 2, True, "waived"),
        (True, False, None, True, "waived"),
        (True, False, 3, True, "met"),
        (False, False, 2, False, "not_applicable"),
        (False, False, 3, False, "not_applicable"),
        (False, None, None, True, "not_applicable"),
        (True, True, 2, False, "not_applicable"),
        (True, True, 3, False, "met"),
        (True, True, 2, True, "not_applicable"),
        (None, False, 3, False, "met"),
        (None, False, 2, False, "unknown"),
        (None, False, 2, True, "waived"),
        (True, None, 2, False, "unknown"),
        (True, None, 3, False, "met"),
        (None, True, None, False, "not_applicable"),
    ],
)
def test_when_a_requirement_applies_and_what_lifts_it(
    when: bool | None, lifted: bool | None, points: int | None, waived: bool, result: str
) -> None:
    """Outside `applies_when` there is nothing to meet; an exception or a waiver lifts what is not met, and
    says so."""
    condition = asked(
        at_least("points", 3),
        applies_when=WHEN,
        unless=LIFTED,
        waiver=Waiver(by=("director",), at_most=Duration(days=90)),
    )
    level = level_of(condition)
    waiver = GrantedWaiver(
        requirement="asked",
        by="director",
        granted_on=AS_OF,
        until=date(2026, 6, 29),
        reason="course cancelled",
    )
    request = Request(
        candidate="E-1", standing=None, to_track="craft", to_level="senior", submitted_on=AS_OF, as_of=AS_OF,
        facts={"when": when, "lifted": lifted, "points": points}, waivers=(waiver,) if waived else (),
    )  # fmt: skip
    plan = compile_level(level)
    judgement = evaluate(plan, DurableEngine(plan.network), scope_for(request, level, None))
    assert [found for _, found in judgement.results] == [result]
    passed = {"unmet": "not_eligible", "unknown": "needs_information"}.get(result, "eligible")
    assert judgement.outcome == passed


def test_a_between_that_no_leaf_holds_is_two_leaves() -> None:
    """Where a bound is a fact, a length of time, or too large to be counted in steps."""
    points, length = FactRef("points", Number(), "points"), FactRef("length", Time(), "length")
    ends = (Constant(Duration(1), Time()), Constant(Duration(2), Time()))
    level = level_of(
        asked(Comparison(points, "between", (Constant(0, Number()), FactRef("most", Number(), "most"))), "a"),
        asked(Comparison(points, "between", (Constant(0, Number()), Constant(10**20, Number()))), "b"),
        asked(Comparison(length, "between", ends), "c"),
        asked(Comparison(points, "between", (Constant(0, Number()), Constant(9, Number()))), "d"),
    )
    plan = compile_level(level)
    engine = DurableEngine(plan.network)
    for points_told, results in (
        (5, "met met met met"),
        (10, "unmet met met unmet"),
        (-1, "unmet unmet met unmet"),
    ):
        told = scope(points=points_told, most=7, length=Duration(days=40))
        assert " ".join(found for _, found in evaluate(plan, engine, told).results) == results
    assert len(plan.network.leaves) == 6  # `at least 0` is asked twice


def test_every_condition_has_its_node() -> None:
    """What is not in the plan is not confirmed."""
    for seed in range(30):
        writer = Writer(Random(seed))
        level = writer.level(4)
        plan = compile_level(level)
        scopes = Candidates(Random(seed), writer.pool, level)
        letters = {id(condition): node for condition, node in plan.conditions}
        told = scopes.candidate(0.2)
        settled = settle(plan.network, plan.measured(told))
        judgement = judge(level, told)
        for requirement in level.requires:
            node = letters[id(requirement.condition)]
            letter = settled[node] if node >= 0 else {"M": "N", "N": "M", "U": "U"}[settled[~node]]
            assert letter == judgement.letter(requirement.condition)


def test_where_a_candidate_stands_is_told_as_facts() -> None:
    """On a level, on no ladder, or not told: three different things."""
    place = Comparison(FactRef("from.place", Text(), ""), "one_of", (Constant("craft/senior", Text()),))
    none = Comparison(FactRef("from.grade", Number(), ""), "is_not", (Constant(6, Number()),))
    level, standing = level_of(asked(place, "a"), asked(none, "b")), level_of()
    told = Request(
        candidate="E-1", standing=Standing(track="craft", level="senior"), facts={},
        to_track="craft", to_level="senior", submitted_on=AS_OF, as_of=AS_OF,
    )  # fmt: skip
    nowhere = replace(told, standing=Standing(track=None, level=None))
    untold = replace(told, standing=None)
    results = [
        [found for _, found in judge(level, scope_for(request, level, at)).results]
        for request, at in ((told, standing), (nowhere, None), (untold, None))
    ]
    assert results == [["met", "unmet"], ["unmet", "met"], ["unknown", "unknown"]]


def test_another_day_is_another_judgement() -> None:
    """`as_of` may be moved, to look for the day on which time alone makes somebody eligible."""
    since = Comparison(FactRef("since", Date(), ""), "for_at_least", (Constant(Duration(months=12), Time()),))
    level = level_of(asked(since))
    request = Request(
        candidate="E-1", standing=None, to_track="craft", to_level="senior", submitted_on=AS_OF, as_of=AS_OF,
        facts={"since": date(2025, 4, 1)},
    )  # fmt: skip
    assert truth(since, scope_for(request, level, None))[0] == UNMET
    assert truth(since, scope_for(request, level, None, as_of=date(2026, 4, 1)))[0] == MET
