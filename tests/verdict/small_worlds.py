"""Worlds small enough to try everything: a vocabulary with few values, random levels, and every candidate.

Levels and candidates are drawn by hypothesis. Nothing here knows how advice is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any, get_args

from hypothesis import strategies as st

from service.engine.evaluate import judge, scope_for
from service.facts.calendar import Duration
from service.facts.request import Request, Standing
from service.facts.types import Choice, Date, Fact, Number, Time, YesNo
from service.facts.vocabulary import Vocabulary
from service.policy.condition import (
    Comparison,
    Condition,
    Constant,
    Expression,
    FactRef,
    Group,
    GroupKind,
    PeriodStart,
    Place,
)
from service.policy.mentions import Mentions
from service.policy.model import Level, PolicySet, Requirement, TrackVersion
from service.policy.selection import Selection
from service.policy.ways import Ways
from service.verdict.case import Case

PLACE = Place("tracks/small/2026-01-01.yaml", 1, 1)
AS_OF = date(2026, 6, 15)
HORIZON = 70  #: days that are tried, one by one

SCORE = Fact(name="score", type=Number(decimals=0, minimum=0, maximum=3), label="score")
RATING = Fact(name="rating", type=Choice(("low", "middle", "high"), ordered=True), label="rating")
WISH = Fact(name="wish", type=YesNo(), label="wish")
LICENCE = Fact(name="licence", type=YesNo(), label="licence")
BORN_TO_IT = Fact(name="born_to_it", type=YesNo(), label="born to it", can_change=False)
SINCE = Fact(name="since", type=Date(), label="start", can_change=False)
RENEWED = Fact(name="renewed", type=Date(), label="renewal", can_change=False)
VOCABULARY = Vocabulary(
    {fact.name: fact for fact in (SCORE, RATING, WISH, LICENCE, BORN_TO_IT, SINCE, RENEWED)}
)

#: What each fact that can change may become.
CHANGEABLE: dict[str, tuple[Any, ...]] = {
    "score": (0, 1, 2, 3),
    "rating": ("low", "middle", "high"),
    "wish": (True, False),
    "licence": (True, False),
}


def ref(fact: Fact) -> FactRef:
    return FactRef(fact.name, fact.type, fact.label)


def compare(fact: Fact, op: Any, *values: Any) -> Comparison:
    kind = Time() if values and isinstance(values[0], Duration) else fact.type
    right: tuple[Expression, ...] = tuple(Constant(value, kind) for value in values)
    return Comparison(ref(fact), op, right, place=PLACE)


def yes_no(fact: Fact) -> st.SearchStrategy[Comparison]:
    return st.builds(
        lambda op, value: compare(fact, op, value), st.sampled_from(["is", "is_not"]), st.booleans()
    )


ORDERING = ["at_least", "more_than", "at_most", "less_than", "is", "is_not"]
SCORES = st.builds(lambda op, n: compare(SCORE, op, n), st.sampled_from(ORDERING), st.integers(0, 3))
RATINGS = st.builds(
    lambda op, r: compare(RATING, op, r), st.sampled_from(ORDERING), st.sampled_from(CHANGEABLE["rating"])
)
LENGTHS = st.sampled_from([Duration(days=7), Duration(days=30), Duration(months=1), Duration(months=2)])
TIMED = st.builds(
    lambda fact, op, length: compare(fact, op, length),
    st.sampled_from([SINCE, RENEWED]),
    st.sampled_from(["for_at_least", "within_last"]),
    LENGTHS,
)
TODAY = FactRef("as_of", Date(), "the day")
#: Pay periods, cycles and anniversaries: what turns again and again.
PERIODIC: st.SearchStrategy[Condition] = st.builds(
    lambda left, op, of, length, begin, following: Comparison(
        left, op, (PeriodStart(of, length, begin, following),), place=PLACE
    ),
    st.sampled_from([TODAY, TODAY, ref(RENEWED)]),
    st.sampled_from(["is", "is", "is_not", "before", "on_or_before", "after", "on_or_after"]),
    st.sampled_from([TODAY, TODAY, ref(SINCE)]),
    st.sampled_from([Duration(days=7), Duration(days=14), Duration(days=30), Duration(months=1)]),
    st.sampled_from([Constant(date(2026, 1, 31), Date()), Constant(AS_OF, Date()), ref(SINCE)]),
    st.booleans(),
)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    SCORES, RATINGS, yes_no(WISH), yes_no(LICENCE), yes_no(BORN_TO_IT)
)


@st.composite
def groups(draw: st.DrawFn, parts: st.SearchStrategy[Condition]) -> Condition:
    of = tuple(draw(st.lists(parts, min_size=1, max_size=3)))
    kind = draw(st.sampled_from(get_args(GroupKind)))
    needed = {"all_of": len(of), "any_of": 1, "none_of": 1}.get(kind) or draw(st.integers(1, len(of)))
    return Group(kind, needed, of, PLACE)


def conditions(leaves: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.recursive(leaves, groups, max_leaves=4)


@st.composite
def levels(draw: st.DrawFn, leaves: st.SearchStrategy[Condition] = LEAVES) -> Level:
    """A level with one to four requirements; some with `applies_when` or `unless`."""
    some = st.none() | st.none() | conditions(leaves)
    requires = tuple(
        Requirement(
            id=f"r{number}",
            text=f"Requirement {number}",
            place=PLACE,
            condition=draw(conditions(leaves)),
            applies_when=draw(some),
            unless=draw(some),
            kind=draw(st.sampled_from(["required", "required", "required", "advisory"])),
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    )
    return Level(
        track="small",
        level="next",
        title="Next",
        grade=2,
        place=PLACE,
        enter_from=("small/first",),
        requires=requires,
    )


@st.composite
def told(draw: st.DrawFn) -> dict[str, Any]:
    """Facts of a candidate; some are not known."""
    near = st.integers(-75, 40).map(lambda days: AS_OF + timedelta(days=days))
    yes = st.none() | st.booleans()
    return {
        "score": draw(st.none() | st.integers(0, 3)),
        "rating": draw(st.none() | st.sampled_from(CHANGEABLE["rating"])),
        "wish": draw(yes),
        "licence": draw(yes),
        "born_to_it": draw(yes),
        "since": draw(near),
        "renewed": draw(near),
    }


def case_of(level: Level, facts: dict[str, Any], as_of: date = AS_OF) -> Case:
    """A case as the judge makes it, but judged by the reference alone."""
    first = Level(
        track="small", level="first", title="First", grade=1, place=PLACE, enter_from=None, requires=(),
    )  # fmt: skip
    version = TrackVersion(
        track="small",
        title="Small",
        kind="craft",
        start=date(2026, 1, 1),
        end=None,
        levels=(first, level),
        place=PLACE,
    )
    policies = PolicySet(
        vocabulary=VOCABULARY,
        derived={},
        tracks={"small": (version,)},
        digest="sha256:0",
        files_digest="sha256:0",
    )
    request = Request(
        candidate="E-1", standing=Standing(track="small", level="first"), to_track="small", to_level="next",
        submitted_on=date(2026, 6, 1), as_of=as_of, facts=facts,
    )  # fmt: skip
    mentions = Mentions()
    mentions.of_level(level)
    judgement = judge(level, scope_for(request, level, first))
    selection = Selection(version=version, level=level, standing=first)
    return Case(
        request=request, selection=selection, policies=policies, mentions=mentions, ways=Ways(policies),
        judgement=judgement,
    )  # fmt: skip


def eligible(case: Case, changes: dict[str, Any]) -> bool:
    """Whether somebody is eligible with some facts told differently, nothing reused."""
    selection, day = case.selection, changes.get("as_of", case.request.as_of)
    scope = scope_for(case.request, selection.level, selection.standing, as_of=day)
    told = replace(scope, facts={**scope.facts, **changes})
    return judge(selection.level, told).outcome == "eligible"


def every_change(facts: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every way to tell the facts that can change, with the number of facts that are told differently."""
    for values in product(*CHANGEABLE.values()):
        as_told = dict(zip(CHANGEABLE, values, strict=True))
        yield sum(facts[name] != value for name, value in as_told.items()), as_told
    # what is not known may also stay so: leave out each set of unknown facts
    untold = [name for name in CHANGEABLE if facts[name] is None]
    for values in product(
        *([None, *CHANGEABLE[name]] if name in untold else CHANGEABLE[name] for name in CHANGEABLE)
    ):
        as_told = dict(zip(CHANGEABLE, values, strict=True))
        yield sum(facts[name] != value for name, value in as_told.items()), as_told
