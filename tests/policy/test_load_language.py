"""The language, construct by construct: what HR writes in, the model that the engine judges out."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal

import pytest

from service.errors import PolicyError
from service.facts.calendar import STILL_RUNNING, Duration
from service.facts.types import (
    NOTHING,
    Choice,
    Date,
    Fact,
    ListOf,
    Number,
    Records,
    Text,
    Time,
    YesNo,
)
from service.policy.condition import (
    Arithmetic,
    Average,
    Ceiling,
    Choose,
    Comparison,
    Condition,
    Constant,
    Count,
    Derived,
    DerivedField,
    Entries,
    Expression,
    Extreme,
    FactRef,
    FieldRef,
    FiscalQuarter,
    Group,
    Lookup,
    PeriodStart,
    Sum,
    TimeIn,
    YearOf,
    negated,
)
from service.policy.model import Duty, Pay, Waiver, WayBack
from tests.policy.folders import (
    BASE,
    CRAFT,
    FACTS,
    LEAD,
    SHARED,
    asking,
    changed,
    condition,
    loaded,
    requirement,
    with_derived,
    with_facts,
    with_tables,
)

RATING = Choice(("below", "meets", "exceeds"), ordered=True)


def fact(name: str) -> FactRef:
    """A reference to a fact; its type and label are not compared."""
    return FactRef(name, Text(), "")


def field(name: str, slot: int = 0) -> FieldRef:
    return FieldRef(slot, name, Text(), "")


def number(value: int | Decimal) -> Constant:
    return Constant(value, Number())


def text(value: str) -> Constant:
    return Constant(value, Text())


def length(months: int = 0, days: int = 0) -> Constant:
    return Constant(Duration(months, days), Time())


def derived(lines: str, *changes: tuple[str, str, str]) -> Expression:
    """What the derived fact `it_is` of these lines is calculated from."""
    return loaded(changed(with_derived(f"it_is: {lines}"), *changes)).derived["it_is"].of


# ── one fact, every operator ────────────────────────────────────────────────────────────────────────────────

POINTS = Number(unit="points")


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("fact: wish\nis: no", Comparison(fact("wish"), "is", (Constant(False, YesNo()),))),
        ("fact: wish\nis: false", Comparison(fact("wish"), "is", (Constant(False, YesNo()),))),
        ("fact: city\nis_not: no", Comparison(fact("city"), "is_not", (text("no"),))),
        ("fact: city\nis: 1.10", Comparison(fact("city"), "is", (text("1.10"),))),
        ("fact: city\nis: 010", Comparison(fact("city"), "is", (text("010"),))),
        ("fact: points\nis: 1.10", Comparison(fact("points"), "is", (Constant(Decimal("1.1"), POINTS),))),
        ("fact: points\nmore_than: 3.0", Comparison(fact("points"), "more_than", (Constant(3, POINTS),))),
        ("fact: points\nat_most: -3", Comparison(fact("points"), "at_most", (Constant(-3, POINTS),))),
        (
            "fact: points\nless_than: 0.5",
            Comparison(fact("points"), "less_than", (Constant(Decimal("0.5"), POINTS),)),
        ),
        (
            "fact: points\nbetween: [1, 5]",
            Comparison(fact("points"), "between", (Constant(1, POINTS), Constant(5, POINTS))),
        ),
        (
            "fact: rating\nat_least: meets",
            Comparison(fact("rating"), "at_least", (Constant("meets", RATING),)),
        ),
        (
            "fact: city\none_of: [London, on]",
            Comparison(fact("city"), "one_of", (text("London"), text("on"))),
        ),
        ("fact: city\nnone_of: [York]", Comparison(fact("city"), "none_of", (text("York"),))),
        ("fact: languages\nincludes: French", Comparison(fact("languages"), "includes", (text("French"),))),
        (
            "fact: languages\nincludes_all: [French, no]",
            Comparison(fact("languages"), "includes_all", (text("French"), text("no"))),
        ),
        (
            "fact: languages\nincludes_any: [Welsh, Gaelic]",
            Comparison(fact("languages"), "includes_any", (text("Welsh"), text("Gaelic"))),
        ),
        (
            "fact: level_since\nbefore: 2026-01-31",
            Comparison(fact("level_since"), "before", (Constant(date(2026, 1, 31), Date()),)),
        ),
        (
            "fact: level_since\non_or_before: {fact: as_of}",
            Comparison(fact("level_since"), "on_or_before", (fact("as_of"),)),
        ),
        (
            "fact: level_since\nafter: {fact: submitted_on}",
            Comparison(fact("level_since"), "after", (fact("submitted_on"),)),
        ),
        (
            "fact: level_since\non_or_after: {fact: as_of, minus: 12 months}",
            Comparison(fact("level_since"), "on_or_after", (Arithmetic("minus", fact("as_of"), length(12)),)),
        ),
        (
            "fact: level_since\nfor_at_least: 1 year",
            Comparison(fact("level_since"), "for_at_least", (length(12),)),
        ),
        (
            "fact: level_since\nwithin_last: 52 weeks",
            Comparison(fact("level_since"), "within_last", (length(0, 364),)),
        ),
        ("fact: level_since\nis_known: yes", Comparison(fact("level_since"), "is_known", ())),
        ("fact: level_since\nis_known: no", negated(Comparison(fact("level_since"), "is_known", ()))),
        (
            "fact: to.grade\nat_least: {fact: from.grade, plus: 1}",
            Comparison(fact("to.grade"), "at_least", (Arithmetic("plus", fact("from.grade"), number(1)),)),
        ),
        ("fact: to.level\nis: team-lead", Comparison(fact("to.level"), "is", (text("team-lead"),))),
    ],
)
def test_one_fact_and_one_operator(lines: str, wanted: Condition) -> None:
    """A word means what it looks like in its place: `no` is an answer or a text, as its fact is."""
    assert condition(lines) == wanted


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────

TRAININGS = fact("trainings")
LONG_ONES = Comparison(field("hours"), "at_least", (number(8),))
FOUNDATIONS = Comparison(field("course"), "is", (text("foundations"),))


def some(entries: Entries, has: Condition | None = None) -> Count:
    return Count(entries, has)


@pytest.mark.parametrize(
    ("lines", "wanted", "form"),
    [
        ("some: trainings", Comparison(some(Entries(TRAININGS, 0)), "at_least", (number(1),)), "some"),
        (
            "some: trainings\nwhere: [{fact: course, is: foundations}, {fact: hours, at_least: 8}]",
            Comparison(
                some(Entries(TRAININGS, 0, Group("all_of", 2, (FOUNDATIONS, LONG_ONES)))),
                "at_least",
                (number(1),),
            ),
            "some",
        ),
        (
            "no: trainings\nwhere: {fact: hours, at_least: 8}",
            Comparison(some(Entries(TRAININGS, 0, LONG_ONES)), "at_most", (number(0),)),
            "no",
        ),
        (
            "every: trainings\nwhere: [{fact: course, is: foundations}]\nhas: [{fact: hours, at_least: 8}]",
            Comparison(some(Entries(TRAININGS, 0, FOUNDATIONS), negated(LONG_ONES)), "at_most", (number(0),)),
            "every",
        ),
        (
            "every: trainings\nwhere: [{fact: hours, at_least: 8}]",
            Comparison(some(Entries(TRAININGS, 0), negated(LONG_ONES)), "at_most", (number(0),)),
            "every",
        ),
        (
            "latest: trainings\nby: completed_on\nlast: 2\nhas: [{fact: hours, at_least: 8}]",
            Comparison(
                some(Entries(TRAININGS, 0, None, 2, field("completed_on")), LONG_ONES),
                "at_least",
                (number(2),),
            ),
            "latest",
        ),
        (
            "latest: trainings\nby: completed_on\nwhere: {fact: course, is: foundations}\nfact: "
            "hours\nat_least: 8",
            Comparison(
                some(Entries(TRAININGS, 0, FOUNDATIONS, 1, field("completed_on")), LONG_ONES),
                "at_least",
                (number(1),),
            ),
            "latest",
        ),
        (
            "for_each: languages\nas: language\nsome: trainings\nwhere: {fact: course, is: {fact: language}}",
            Comparison(
                some(
                    Entries(fact("languages"), 0),
                    negated(
                        Comparison(
                            some(
                                Entries(TRAININGS, 1, Comparison(field("course", 1), "is", (field("", 0),)))
                            ),
                            "at_least",
                            (number(1),),
                        )
                    ),
                ),
                "at_most",
                (number(0),),
            ),
            "for_each",
        ),
        (
            "for_each: [1, 2]\nas: step\nhas: [{fact: points, at_least: {fact: step}}]",
            Comparison(
                some(
                    Entries(Constant((1, 2), ListOf(Number())), 0),
                    negated(Comparison(fact("points"), "at_least", (field(""),))),
                ),
                "at_most",
                (number(0),),
            ),
            "for_each",
        ),
        (
            "for_each: trainings\nas: one\nhas: [{fact: one.hours, at_least: 8}]",
            Comparison(some(Entries(TRAININGS, 0), negated(LONG_ONES)), "at_most", (number(0),)),
            "for_each",
        ),
        (
            "count: trainings\nwhere: {fact: course, is: foundations}\nhas: {fact: hours, at_least: "
            "8}\nat_least: 2",
            Comparison(Count(Entries(TRAININGS, 0, FOUNDATIONS), LONG_ONES), "at_least", (number(2),)),
            "count",
        ),
        (
            "count: languages\nwhere: {fact: it, is_not: English}\nat_least: 2",
            Comparison(
                Count(Entries(fact("languages"), 0, Comparison(field(""), "is_not", (text("English"),)))),
                "at_least",
                (number(2),),
            ),
            "count",
        ),
        (
            "sum: trainings.hours\nwhere: {fact: course, is: foundations}\nat_least: 8",
            Comparison(Sum(Entries(TRAININGS, 0, FOUNDATIONS), field("hours")), "at_least", (number(8),)),
            "sum",
        ),
        (
            "sum: hours\nof: trainings\nat_least: 8",
            Comparison(Sum(Entries(TRAININGS, 0), field("hours")), "at_least", (number(8),)),
            "sum",
        ),
        (
            "time_in: jobs\nwhere: {fact: grade, at_least: {fact: to.grade, minus: 1}}\nat_least: 52 weeks",
            Comparison(
                TimeIn(
                    Entries(
                        fact("jobs"),
                        0,
                        Comparison(
                            field("grade"), "at_least", (Arithmetic("minus", fact("to.grade"), number(1)),)
                        ),
                    ),
                    field("from"),
                    field("to"),
                ),
                "at_least",
                (length(0, 364),),
            ),
            "time_in",
        ),
        (
            "latest: trainings.completed_on\nwithin_last: 24 months",
            Comparison(
                Extreme(True, Entries(TRAININGS, 0), field("completed_on")), "within_last", (length(24),)
            ),
            "fact",
        ),
    ],
)
def test_conditions_over_entries(lines: str, wanted: Comparison, form: str) -> None:
    """Quantifiers are counts, as `policy.condition` says; the way they were written is kept for sentences."""
    found = condition(lines)
    assert found == wanted
    assert isinstance(found, Comparison)
    assert found.form == form


# ── groups and requirements ─────────────────────────────────────────────────────────────────────────────────

WISH = Comparison(fact("wish"), "is", (Constant(True, YesNo()),))
THREE = Comparison(fact("points"), "at_least", (Constant(3, POINTS),))
BOTH = "[{fact: wish, is: yes}, {fact: points, at_least: 3}]"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (f"all_of: {BOTH}", Group("all_of", 2, (WISH, THREE))),
        (f"any_of: {BOTH}", Group("any_of", 1, (WISH, THREE))),
        (f"none_of: {BOTH}", Group("none_of", 1, (WISH, THREE))),
        (f"at_least: 2\nof: {BOTH}", Group("at_least", 2, (WISH, THREE))),
        (f"condition: {BOTH}", Group("all_of", 2, (WISH, THREE))),
        ("condition: [{fact: wish, is: yes}]", WISH),
        ("any_of: [{fact: wish, is: yes}]", Group("any_of", 1, (WISH,))),
        (
            "any_of: [{fact: wish, is: yes}, {use: good-standing}]",
            Group("any_of", 1, (WISH, Comparison(fact("rating"), "at_least", (Constant("meets", RATING),)))),
        ),
    ],
)
def test_groups(lines: str, wanted: Condition) -> None:
    """A bare list always means all; a group of one stays a group, since its author may add to it."""
    assert condition(lines) == wanted


def test_a_requirement_carries_everything_that_stands_beside_its_condition() -> None:
    """Candidates read these lines in the verdict, so none may be lost."""
    found = asking(
        "about: [wish, leading]\nwhy: Nobody leads against their will.\nsource: People handbook "
        "4.1\nkind: advisory\n"
        "to_meet: Ask for the role.\nfact: wish\nis: yes\napplies_when: {fact: from.grade, at_least: 5}\n"
        "unless: {fact: points, at_least: 3}\nwaiver: {by: people-director}"
    )
    assert (found.text, found.about) == ("The person has asked for the role", ("wish", "leading"))
    assert (found.why, found.source) == ("Nobody leads against their will.", "People handbook 4.1")
    assert (found.kind, found.to_meet) == ("advisory", "Ask for the role.")
    assert found.applies_when == Comparison(fact("from.grade"), "at_least", (number(5),))
    assert found.unless == THREE
    assert found.waiver == Waiver(by=("people-director",))
    assert (found.place.file, found.place.line, found.place.column) == (LEAD, 14, 9)


def test_a_shared_requirement_is_filled_in_and_overridden_where_it_is_used() -> None:
    """The level's own words come before those of the shared requirement, and values reach both."""
    use = (
        "        with: {months: 6 months}\n        id: settled\n        kind: advisory\n        "
        "why: Here {months} are enough.\n"
    )
    files = changed((CRAFT, "        with: {months: 6 months}\n", use))
    found = requirement(loaded(files).tracks["craft"][0].levels[1].requires, "settled")
    assert found.text == "At least 6 months in the present level"
    assert found.why == "Here 6 months are enough."
    assert found.kind == "advisory"
    assert found.condition == Comparison(fact("level_since"), "for_at_least", (length(6),))
    assert found.place.file == CRAFT


def test_two_uses_with_the_same_values_hold_the_identical_condition() -> None:
    """The engine judges what is the same object once."""
    tracks = loaded(BASE).tracks
    one = requirement(tracks["craft"][0].levels[1].requires, "good-standing")
    other = requirement(tracks["lead"][0].levels[0].requires, "good-standing")
    assert one.condition is other.condition
    assert one.place != other.place


def test_a_text_parameter_fills_in_a_choice() -> None:
    """HR writes `{param: lowest}` where a choice stands; its value must be one of the choices."""
    lines = (
        "params: {lowest: {type: text, default: exceeds}}\n    fact: rating\n    at_least: {param: lowest}"
    )
    files = changed((SHARED, "fact: rating\n    at_least: meets", lines))
    found = requirement(loaded(files).tracks["lead"][0].levels[0].requires, "good-standing")
    assert found.condition == Comparison(fact("rating"), "at_least", (Constant("exceeds", RATING),))


def test_a_parameter_is_passed_on_to_another_shared_requirement() -> None:
    """What a use gives reaches the condition that the used one uses itself."""
    more = (
        "  - id: ready\n    params: {months: {type: time}}\n    text: Ready after {months}\n"
        "    all_of: [{use: time-in-level, with: {months: {param: months}}}, {use: good-standing}]\n"
    )
    files = changed(
        (SHARED, "  - id: time-in-level\n", f"{more}  - id: time-in-level\n"),
        (LEAD, "      - use: good-standing\n", "      - use: ready\n        with: {months: 18 months}\n"),
    )
    found = requirement(loaded(files).tracks["lead"][0].levels[0].requires, "ready")
    assert found.text == "Ready after 18 months"
    assert isinstance(found.condition, Group)
    assert found.condition.of[0] == Comparison(fact("level_since"), "for_at_least", (length(18),))


# ── amounts ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("{label: x, fact: points, times: 2}", Arithmetic("times", fact("points"), number(2))),
        (
            "{label: x, plus: [{fact: points}, 1, {fact: to.grade}]}",
            Arithmetic("plus", Arithmetic("plus", fact("points"), number(1)), fact("to.grade")),
        ),
        ("{label: x, minus: [10, {fact: points}]}", Arithmetic("minus", number(10), fact("points"))),
        (
            "{label: x, plus: [3 months, {fact: level_since}]}",
            Arithmetic("plus", fact("level_since"), length(3)),
        ),
        (
            "{label: x, count: trainings, once_per: course, at_most_per: {each: {year_of: "
            "completed_on}, at_most: 3}}",
            Count(Entries(TRAININGS, 0), None, field("course"), Ceiling(3, YearOf(field("completed_on")))),
        ),
        (
            "{label: x, sum: {fact: hours, times: 2}, of: trainings, at_most_per: {each: course, "
            "at_most: 8}}",
            Sum(
                Entries(TRAININGS, 0),
                Arithmetic("times", field("hours"), number(2)),
                None,
                Ceiling(8, field("course")),
            ),
        ),
        (
            "{label: x, time_in: jobs, within_last: 52 weeks}",
            TimeIn(
                Entries(fact("jobs"), 0),
                field("from"),
                field("to"),
                Arithmetic("minus", fact("as_of"), length(0, 364)),
            ),
        ),
        (
            "{label: x, time_in: trainings, from: completed_on, to: completed_on, since: 2020-01-01, "
            "until: as_of}",
            TimeIn(
                Entries(TRAININGS, 0),
                field("completed_on"),
                field("completed_on"),
                Constant(date(2020, 1, 1), Date()),
                fact("as_of"),
            ),
        ),
        ("{label: x, earliest: from, of: jobs}", Extreme(False, Entries(fact("jobs"), 0), field("from"))),
        ("{label: x, highest: jobs.grade}", Extreme(True, Entries(fact("jobs"), 0), field("grade"))),
        (
            "{label: x, average: jobs.grade, by: from, last: 3, rounded_to: 1}",
            Average(Entries(fact("jobs"), 0, None, 3, field("from")), field("grade"), 1),
        ),
        (
            "{label: x, next_period: level_since, period: 2 weeks, counted_from: 2026-01-04}",
            PeriodStart(
                fact("level_since"), Duration(days=14), Constant(date(2026, 1, 4), Date()), following=True
            ),
        ),
        (
            "{label: x, period_start: {fact: as_of}, period: 1 year, counted_from: level_since}",
            PeriodStart(fact("as_of"), Duration(months=12), fact("level_since"), following=False),
        ),
        ("{label: x, year_of: level_since}", YearOf(fact("level_since"))),
        ("{label: x, fiscal_quarter: {fact: as_of}, year_starts: february}", FiscalQuarter(fact("as_of"), 2)),
        (
            "{label: x, choose: [{when: {fact: wish, is: yes}, then: {fact: points}}], otherwise: 0}",
            Choose(((WISH, fact("points")),), number(0)),
        ),
        (
            "{label: x, table: credit, at: {fact: points}}",
            Lookup("credit", fact("points"), ((0, 1), (5, 2)), 0, Number(), bands=True),
        ),
        (
            "{label: x, table: waiting, at: to.level}",
            Lookup(
                "waiting",
                fact("to.level"),
                (("engineer", Duration(12)), ("senior", Duration(24))),
                Duration(6),
                Time(),
            ),
        ),
        (
            "{label: x, sum: trainings.hours, where: {fact: long, is: yes}}",
            Sum(
                Entries(
                    TRAININGS,
                    0,
                    Comparison(
                        DerivedField(
                            0,
                            "long",
                            Choose(((LONG_ONES, Constant(True, YesNo())),), Constant(False, YesNo())),
                            YesNo(),
                            "",
                        ),
                        "is",
                        (Constant(True, YesNo()),),
                    ),
                ),
                field("hours"),
            ),
        ),
        (
            "{label: x, fact: training_hours, plus: 1}",
            Arithmetic(
                "plus",
                Derived("training_hours", Sum(Entries(TRAININGS, 0), field("hours")), Number(), ""),
                number(1),
            ),
        ),
    ],
)
def test_amounts(lines: str, wanted: Expression) -> None:
    """Every head of an amount, with what may stand beside it."""
    found = derived(lines)
    assert _plainly(found) == _plainly(wanted)


def _bare(value: object) -> object:
    return (value.months, value.days) if isinstance(value, Duration) else value


def _plainly(value: object) -> str:
    """An amount as text, without units: a literal takes its unit from the other side."""
    match value:
        case Constant():
            return f"{type(value.type).__name__}({_bare(value.value)!r})"
        case tuple():
            return f"({', '.join(map(_plainly, value))})"
        case _ if is_dataclass(value):
            told = (_plainly(getattr(value, each.name)) for each in fields(value) if each.compare)
            return f"{type(value).__name__}({', '.join(told)})"
        case _:
            return repr(value)


@pytest.mark.parametrize(
    ("lines", "type_"),
    [
        ("{label: x, count: trainings}", Number()),
        ("{label: x, unit: hours, sum: trainings.hours}", Number(unit="hours")),
        ("{label: x, time_in: jobs}", Time()),
        ("{label: x, latest: trainings.completed_on}", Date()),
        ("{label: x, choose: [{when: {fact: wish, is: yes}, then: a}], otherwise: b}", Text()),
        ("{label: x, choose: [{when: {fact: wish, is: yes}, then: yes}], otherwise: no}", YesNo()),
        (
            "{label: x, choose: [{when: {fact: wish, is: yes}, then: 2026-01-01}], otherwise: {fact: as_of}}",
            Date(),
        ),
        (
            "{label: x, type: text, choose: [{when: {fact: wish, is: yes}, then: 1.10}], otherwise: no}",
            Text(),
        ),
        (
            "{label: x, type: choice, choices: [low, high], ordered: lowest first, "
            "choose: [{when: {fact: wish, is: yes}, then: high}], otherwise: low}",
            Choice(("low", "high"), ordered=True),
        ),
    ],
)
def test_a_derived_fact_has_the_type_of_what_it_is_calculated_from(lines: str, type_: object) -> None:
    """`type:` decides where it is written; else the amount does, and of literals their look."""
    assert loaded(changed(with_derived(f"it_is: {lines}"))).derived["it_is"].type == type_


def test_derived_facts_may_stand_in_any_order() -> None:
    """HR writes them as they come to mind; one that is needed earlier is read earlier."""
    lines = [
        "third: {label: x, fact: second, plus: 1}",
        "second: {label: x, fact: first, plus: 1}",
        "first: {label: x, count: jobs}",
    ]
    names = loaded(changed(with_derived("\n".join(lines)))).derived
    assert isinstance(names["third"].of, Arithmetic)
    assert names["third"].of.left is names["second"]


def test_a_table_of_texts_can_give_choices() -> None:
    """The rating that each level needs is a table of words, compared with an ordered choice."""
    found = condition(
        "fact: rating\nat_least: {table: needed, at: {fact: to.track}}",
        with_tables("needed: {rows: {lead: exceeds}, otherwise: meets}"),
    )
    wanted = Lookup("needed", fact("to.track"), (("lead", "exceeds"),), "meets", RATING)
    assert found == Comparison(fact("rating"), "at_least", (wanted,))
    assert isinstance(found, Comparison)
    assert getattr(found.right[0], "type", None) == RATING


def test_a_table_needs_no_otherwise_when_every_choice_has_a_row() -> None:
    """No key is left without a value then."""
    found = condition(
        "fact: points\nat_least: {table: by_office, at: {fact: office}}",
        with_tables("by_office: {rows: {north: 1, south: 2}}"),
    )
    assert isinstance(found, Comparison)


def test_bands_are_sorted_and_need_no_otherwise_for_a_count() -> None:
    """HR may write the highest band first; a count is never below 0."""
    found = condition(
        "table: worth\nat: {count: trainings}\nat_least: 3",
        with_tables("worth: {bands: {10: 5, 0: 1, 9.5: 3}}"),
    )
    assert isinstance(found, Comparison)
    assert isinstance(found.left, Lookup)
    assert found.left.rows == ((0, 1), (Decimal("9.5"), 3), (10, 5))
    assert found.left.otherwise is None


# ── the vocabulary ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "x: {type: number, label: l, unit: points, decimals: 1, minimum: 0, maximum: 5}",
            Fact(name="x", type=Number("points", 1, 0, 5), label="l"),
        ),
        (
            "x: {type: yes_no, label: l, question: q, source: s, protected: yes, sensitive: true, "
            "can_change: no}",
            Fact(
                name="x",
                type=YesNo(),
                label="l",
                question="q",
                source="s",
                protected=True,
                sensitive=True,
                can_change=False,
            ),
        ),
        (
            "x: {type: choice, label: l, choices: [yes, no]}",
            Fact(name="x", type=Choice(("yes", "no")), label="l"),
        ),
        (
            "x: {type: list, of: choice, choices: [a, b], label: l}",
            Fact(name="x", type=ListOf(Choice(("a", "b"))), label="l"),
        ),
        (
            "x: {type: list, of: date, label: l, absent_means: none}",
            Fact(name="x", type=ListOf(Date()), label="l", absent_means=()),
        ),
        (
            "x: {type: yes_no, label: l, absent_means: no}",
            Fact(name="x", type=YesNo(), label="l", absent_means=False),
        ),
        (
            "x: {type: number, label: l, absent_means: 0}",
            Fact(name="x", type=Number(), label="l", absent_means=0),
        ),
        (
            "x: {type: date, label: l, absent_means: none}",
            Fact(name="x", type=Date(), label="l", absent_means=NOTHING),
        ),
        ("x: {type: date, label: l, absent_means: unknown}", Fact(name="x", type=Date(), label="l")),
        (
            "x: {type: date, label: l, absent_means: still running}",
            Fact(name="x", type=Date(), label="l", absent_means=STILL_RUNNING),
        ),
        (
            "x: {type: choice, label: l, choices: [none, some], absent_means: none}",
            Fact(name="x", type=Choice(("none", "some")), label="l", absent_means="none"),
        ),
    ],
)
def test_facts(line: str, wanted: Fact) -> None:
    """Every type of fact, with everything that may stand beside it."""
    assert loaded(changed(with_facts(line))).vocabulary["x"] == wanted


def test_records_have_fields_that_are_called_like_themselves_unless_labelled() -> None:
    """`completed_on` is said as `completed on`."""
    type_ = loaded(BASE).vocabulary["trainings"].type
    assert isinstance(type_, Records)
    assert type_.dated_by == "completed_on"
    assert type_.fields["completed_on"] == Fact(name="completed_on", type=Date(), label="completed on")


# ── tracks ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_level_brings_everything_that_is_written_for_it() -> None:
    """Pay, the way back and duties are shown beside the verdict."""
    lead = loaded(BASE).tracks["lead"][0]
    level = lead.levels[0]
    assert (lead.title, lead.kind, lead.start, lead.end) == (
        "People leadership",
        "people",
        date(2026, 1, 1),
        None,
    )
    assert (level.name, level.title, level.grade, level.mastery) == ("lead/team-lead", "Team lead", 6, False)
    assert level.pay == Pay(low=68000, high=92000, currency="GBP")
    assert level.way_back == WayBack(to="same grade on the craft track left", months=12)
    assert level.afterwards == (
        Duty(id="check-in", text="A talk about how it is going", within=Duration(0, 90)),
    )
    assert [each.id for each in level.requires] == ["route", "good-standing", "own-wish", "manager-training"]
    assert loaded(BASE).tracks["craft"][0].levels[1].mastery


def test_the_lowest_level_is_open_to_people_on_no_ladder() -> None:
    """Nobody can come from below it, so only those come who are nowhere yet."""
    level = loaded(BASE).tracks["craft"][0].levels[0]
    assert level.enter_from == ()
    no = Constant(False, YesNo())
    assert level.requires[0].condition == Comparison(fact("from.on_ladder"), "is", (no,))


def test_the_level_below_always_leads_up() -> None:
    """It need not be written, and being written twice changes nothing."""
    places = "enter_from: [lead/team-lead, craft/engineer, craft/engineer]"
    senior = f"    grade: 6\n    mastery: yes\n    {places}\n"
    level = loaded(changed((CRAFT, "    grade: 6\n    mastery: yes\n", senior))).tracks["craft"][0].levels[1]
    assert level.enter_from == ("craft/engineer", "lead/team-lead")
    route = level.requires[0]
    assert route.condition == Comparison(
        fact("from.place"), "one_of", (text("craft/engineer"), text("lead/team-lead"))
    )
    assert route.text == "Comes from Engineer or Team lead"


def test_anyone_may_enter_where_the_policy_says_so() -> None:
    """The finding is still there and always met."""
    level = loaded(changed((LEAD, "[craft/senior]", "anyone"))).tracks["lead"][0].levels[0]
    assert level.enter_from is None
    assert level.requires[0].condition == Comparison(fact("as_of"), "is_known", ())


def test_a_level_may_ask_for_nothing_but_the_way_in() -> None:
    """A first level often does."""
    assert [each.id for each in loaded(BASE).tracks["craft"][0].levels[0].requires] == ["route"]


def test_craft_tracks_come_before_people_tracks() -> None:
    """Wherever tracks are listed, the craft is named first, whatever its name."""
    assert list(loaded(BASE).tracks) == ["craft", "lead"]
    other_way_round = changed((CRAFT, "kind: craft", "kind: people"), (LEAD, "kind: people", "kind: craft"))
    assert list(loaded(other_way_round).tracks) == ["lead", "craft"]


def test_shared_requirements_that_nobody_uses_are_checked_all_the_same() -> None:
    """HR writes them first and uses them later; a mistake is found when it is made."""
    files = changed(
        (SHARED, "requirements:\n", "requirements:\n  - {id: spare, text: Spare, fact: nowhere, is: yes}\n")
    )
    with pytest.raises(PolicyError, match="`nowhere` is not a fact"):
        loaded(files)


def test_braces_are_words_where_no_parameters_are() -> None:
    """Texts of a policy may hold braces outside of shared requirements; they are words there."""
    found = asking("fact: wish\nis: yes\nto_meet: Write {name} on the form.")
    assert found.to_meet == "Write {name} on the form."


def test_the_vocabulary_comes_out_whole() -> None:
    """Requests are checked against it, so every declared fact is there and derived ones are not."""
    policies = loaded(BASE)
    assert list(policies.vocabulary.facts) == [
        "rating", "points", "level_since", "wish", "city", "office", "languages", "age", "trainings", "jobs",
    ]  # fmt: skip
    assert set(policies.derived) == {"training_hours", "service"}
    assert policies.warnings == ()
    assert FACTS in BASE
