"""The reference against the naive model: what it says holds in every world that is still possible.

Random levels and candidates as in the differential runs, and small cases in which every world is tried, so
that a verdict is never given too early, and never held back while no missing fact could change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

import pytest

from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.reference import truth
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.calendar import Duration
from service.facts.known import Known
from service.facts.types import (
    NOTHING,
    Choice,
    Date,
    Fact,
    FactType,
    ListOf,
    Number,
    Records,
    Text,
    Time,
    YesNo,
)
from service.policy.condition import (
    Comparison,
    Condition,
    Constant,
    Count,
    Entries,
    Expression,
    FactRef,
    FieldRef,
    Group,
    Sum,
)
from service.policy.mentions import Mentions, conditions_of
from service.policy.model import Level
from tests.engine import naive
from tests.engine.naive import Length, World
from tests.engine.random_candidates import Candidates
from tests.engine.random_policies import FACTS, Writer


def drawn(seeds: range, missing: float, each: int) -> Iterator[tuple[Level, Candidates, Scope]]:
    for seed in seeds:
        chance = Random(seed)
        writer = Writer(chance, simple_knowing=True)
        level = writer.level(4)
        candidates = Candidates(chance, writer.pool, level)
        for _ in range(each):
            yield level, candidates, candidates.candidate(missing)


def comparisons(condition: Condition) -> Iterator[Comparison]:
    if isinstance(condition, Comparison):
        yield condition
        return
    for part in condition.of:
        yield from comparisons(part)


def holds_value(known: Known, value: Any) -> bool:
    """Whether a value lies in what is known of it."""
    low, high = naive.plain(known.low), naive.plain(known.high)
    if isinstance(value, Length):
        after = low is None or (low.months <= value.months and low.days <= value.days)
        return after and (high is None or (value.months <= high.months and value.days <= high.days))
    if known.certain:
        return bool(low == value)
    if value is NOTHING or isinstance(value, str | bool | tuple):
        return low is None and high is None
    return (low is None or low <= value) and (high is None or value <= high)


def check(level: Level, scope: Scope, world: World, *, everything_told: bool) -> int:
    """Hold every condition and every amount of a level against one world; how many answers were certain."""
    certain = 0
    for condition in (each for asked in level.requires for each in conditions_of(asked)):
        for part in (condition, *comparisons(condition)):
            letter = truth(part, scope)[0]
            if letter == UNKNOWN:
                assert not everything_told, part
                continue
            certain += 1
            assert (letter == MET) == naive.holds(part, world), (part, scope.as_of)
        for comparison in comparisons(condition):
            if comparison.op != "is_known":
                for expression in (comparison.left, *comparison.right):
                    known, value = amount(expression, scope), naive.value(expression, world)
                    assert holds_value(known, value), (expression, known, value)
                    assert known.certain or not everything_told
    return certain


@pytest.mark.parametrize("chunk", range(4))
def test_for_whom_everything_is_told_the_reference_is_the_naive_model(chunk: int) -> None:
    """Nothing is unknown then, and every answer and every amount is the same."""
    certain = 0
    for level, candidates, scope in drawn(range(chunk * 100, chunk * 100 + 100), 0.0, 5):
        told = scope if scope.facts["from.place"] is not None else None
        if told is not None:
            certain += check(level, told, candidates.completed(told), everything_told=True)
    assert certain > 4_000


@pytest.mark.parametrize("chunk", range(4))
@pytest.mark.parametrize("missing", [0.15, 0.5])
def test_what_is_met_or_unmet_is_so_in_every_world_tried(chunk: int, missing: float) -> None:
    """Missing is not false: whatever is told later cannot overturn a certain answer or leave a range."""
    certain = 0
    for level, candidates, scope in drawn(range(1_000 + chunk * 80, 1_080 + chunk * 80), missing, 4):
        for _ in range(4):
            certain += check(level, scope, candidates.completed(scope), everything_told=False)
    assert certain > 4_000


# ── every world of small cases ──────────────────────────────────────────────────────────────────────────────

AS_OF = date(2026, 3, 31)
HOURS = Number(minimum=0, maximum=3)


def fact(name: str, kind: FactType, absent_means: Any = None) -> Fact:
    return Fact(name=name, type=kind, label=name, absent_means=absent_means)


ENTRIES = Records(
    {
        "skill": fact("skill", Choice(("coaching", "delegating"))),
        "hours": fact("hours", HOURS),
        "on": fact("on", Date()),
    },
    dated_by="on",
)
SKILLS = ("coaching", "delegating")
DAYS = (AS_OF, AS_OF + timedelta(days=1))
WORLDS = {"skill": SKILLS, "hours": (0, 1, 2, 3), "on": DAYS}


def scope_of(**facts: Any) -> Scope:
    return Scope(facts=facts, as_of=AS_OF, truth=truth)


def number(value: Any) -> Constant:
    return Constant(value, Number())


def small_records(chance: Random) -> tuple[dict[str, Any], ...]:
    """Entries with holes."""
    return tuple(
        {name: None if chance.random() < 0.35 else chance.choice(values) for name, values in WORLDS.items()}
        for _ in range(chance.choice((0, 1, 2, 3)))
    )


def filled(told: tuple[dict[str, Any], ...]) -> Iterator[tuple[dict[str, Any], ...]]:
    """Every way in which the holes could be filled."""
    holes = [(index, name) for index, entry in enumerate(told) for name in entry if entry[name] is None]
    for values in product(*(WORLDS[name] for _, name in holes)):
        entries = [dict(entry) for entry in told]
        for (index, name), value in zip(holes, values, strict=True):
            entries[index][name] = value
        yield tuple(entries)


EVIDENCE = FactRef("evidence", ENTRIES, "evidence")
IS_COACHING = Comparison(
    FieldRef(0, "skill", ENTRIES.fields["skill"].type, "skill"), "is", (Constant("coaching", Text()),)
)
COUNTED = Count(Entries(EVIDENCE, 0, IS_COACHING))
SUMMED = Sum(Entries(EVIDENCE, 0, IS_COACHING), FieldRef(0, "hours", HOURS, "hours"))


@pytest.mark.parametrize("left", [COUNTED, SUMMED], ids=["count", "sum"])
@pytest.mark.parametrize("op", ["at_least", "more_than", "at_most", "less_than", "between"])
def test_a_total_is_unknown_only_while_two_worlds_differ(left: Expression, op: Any) -> None:
    """An unknown inside a sum or count makes a range; the answer waits only while the range straddles the
    threshold."""
    chance = Random(f"{left} {op}")
    letters = set()
    for _ in range(250):
        told = small_records(chance)
        bounds = sorted(chance.sample(range(-1, 6), 2 if op == "between" else 1))
        condition = Comparison(left, op, tuple(map(number, bounds)))
        letter = truth(condition, scope_of(evidence=told))[0]
        answers = {
            naive.holds(condition, World({"evidence": world}, {"evidence": told}, AS_OF))
            for world in filled(told)
        }
        if op == "between" and letter == UNKNOWN and answers == {False}:
            continue  # the range reaches over both ends, and its worlds leap over what lies between
        assert {MET: {True}, UNMET: {False}, UNKNOWN: {True, False}}[letter] == answers, (told, condition)
        letters.add(letter)
    assert letters == {MET, UNMET, UNKNOWN}


def test_an_untold_list_may_be_anything() -> None:
    """No count is below 0, which is all that is known of a list that nobody told."""
    scope = scope_of(evidence=None)
    assert truth(Comparison(COUNTED, "at_least", (number(0),)), scope) == (MET, ())
    assert truth(Comparison(COUNTED, "at_least", (number(1),)), scope) == (UNKNOWN, ("/facts/evidence",))
    assert truth(Comparison(COUNTED, "less_than", (number(0),)), scope) == (UNMET, ())


LEAVES: tuple[Condition, ...] = tuple(
    Comparison(FactRef(name, YesNo(), name), "is", (Constant(True, YesNo()),)) for name in "abc"
)


@pytest.mark.parametrize("kind", ["all_of", "any_of", "none_of", "at_least"])
@pytest.mark.parametrize("needed", [1, 2, 3])
def test_groups_are_kleene_in_every_combination(kind: Any, needed: int) -> None:
    """One met part of `any_of` is enough whatever else is unknown, and so on: exactly where no world
    differs."""
    group = Group(kind, {"all_of": 3, "at_least": needed}.get(kind, 1), LEAVES)
    for told in product((True, False, None), repeat=3):
        answers = {
            naive.holds(group, World(dict(zip("abc", world, strict=True)), {}, AS_OF))
            for world in product(*((True, False) if one is None else (one,) for one in told))
        }
        letter, missing = truth(group, scope_of(**dict(zip("abc", told, strict=True))))
        assert {MET: {True}, UNMET: {False}, UNKNOWN: {True, False}}[letter] == answers
        unknown = tuple(f"/facts/{name}" for name, one in zip("abc", told, strict=True) if one is None)
        assert missing == (unknown if letter == UNKNOWN else ())


# ── the days people argue about ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("op", "since", "length", "letter"),
    [
        ("for_at_least", date(2025, 4, 1), Duration(days=364), MET),
        ("for_at_least", date(2025, 4, 2), Duration(days=364), UNMET),
        ("for_at_least", date(2025, 9, 30), Duration(months=6), MET),
        ("for_at_least", date(2025, 10, 1), Duration(months=6), UNMET),
        ("for_at_least", AS_OF, Duration(), MET),
        ("within_last", date(2025, 3, 31), Duration(months=12), MET),
        ("within_last", date(2025, 3, 30), Duration(months=12), UNMET),
        ("within_last", date(2025, 9, 30), Duration(months=6), UNMET),
        ("within_last", date(2025, 10, 1), Duration(months=6), MET),
        ("within_last", AS_OF, Duration(days=1), MET),
        ("within_last", AS_OF + timedelta(days=1), Duration(days=1), UNMET),
    ],
)
def test_a_window_is_open_on_this_day(op: Any, since: date, length: Duration, letter: str) -> None:
    """31 March 2026: 52 weeks since D hold from D + 364; windows include both ends; months are clamped."""
    condition = Comparison(FactRef("since", Date(), "since"), op, (Constant(length, Time()),))
    assert truth(condition, scope_of(since=since)) == (letter, ())
    assert truth(condition, scope_of(since=None)) == (UNKNOWN, ("/facts/since",))
    assert truth(condition, scope_of(since=NOTHING)) == (UNMET, ())


TOWN = FactRef("town", Text(), "town")
TOWNS = FactRef("towns", ListOf(Text()), "towns")


def text(value: str) -> Constant:
    return Constant(value, Text())


@pytest.mark.parametrize(
    ("condition", "letter"),
    [
        (Comparison(TOWN, "is", (text("York"),)), UNMET),
        (Comparison(TOWN, "is_not", (text("York"),)), MET),
        (Comparison(TOWN, "one_of", (text("York"), text("Leeds"))), UNMET),
        (Comparison(TOWN, "none_of", (text("York"),)), MET),
        (Comparison(TOWN, "is", (TOWN,)), UNMET),
        (Comparison(TOWN, "is_known", ()), UNMET),
        (Comparison(FactRef("points", Number(), "points"), "at_most", (number(3),)), UNMET),
        (Comparison(TOWNS, "includes", (TOWN,)), UNMET),
        (Comparison(TOWNS, "includes_any", (TOWN, text("York"))), MET),
        (Comparison(TOWNS, "includes_all", (TOWN, text("York"))), UNMET),
    ],
)
def test_no_comparison_with_nothing_holds(condition: Comparison, letter: str) -> None:
    """Known to be absent is an answer: it equals nothing, not even itself, and so it is not York either."""
    assert truth(condition, scope_of(town=NOTHING, points=NOTHING, towns=("York",))) == (letter, ())


def test_an_untold_number_still_lies_within_its_bounds() -> None:
    """What no caller could send cannot be what is missing."""
    points = FactRef("points", Number(minimum=0, maximum=5), "points")
    letters = [
        truth(Comparison(points, op, (number(bound),)), scope_of(points=None))[0]  # type: ignore[arg-type]  # operators of the language
        for op, bound in (("at_least", 0), ("at_least", 1), ("more_than", 5), ("is", 6), ("is", 5))
    ]
    assert letters == [MET, UNKNOWN, UNMET, UNMET, UNKNOWN]


def test_decimals_are_compared_exactly() -> None:
    """0.7 + 0.2 + 0.1 is 1; nothing passes through binary floats."""
    entries = tuple({"hours": hours} for hours in map(Decimal, ("0.7", "0.2", "0.1")))
    kind = Records({"hours": fact("hours", Number())})
    total = Sum(Entries(FactRef("work", kind, "work"), 0), FieldRef(0, "hours", Number(), "hours"))
    assert truth(Comparison(total, "is", (number(1),)), scope_of(work=entries)) == (MET, ())


def test_every_fact_of_the_random_vocabulary_is_used_by_some_level() -> None:
    """A type that no level asks about is a type that nothing was shown for."""
    used: set[str] = set()
    for seed in range(60):
        used |= Mentions().of_level(Writer(Random(seed)).level(4))
    assert used >= set(FACTS)
