"""Words that real promotion systems need: what HR writes in, the model and what it means out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.reference import truth
from service.engine.scope import Scope
from service.engine.values import amount
from service.errors import PolicyError
from service.facts.calendar import STILL_RUNNING, Duration
from service.facts.known import Known, exactly
from service.facts.types import NOTHING, Time
from service.policy.condition import (
    Arithmetic,
    Choose,
    Comparison,
    Condition,
    Constant,
    Derived,
    Expression,
    Extreme,
)
from service.verdict.questions import question_of
from service.verdict.text import condition_text
from tests.policy.folders import (
    CRAFT,
    FACTS,
    LEAD,
    SHARED,
    asking,
    changed,
    condition,
    loaded,
    with_derived,
    with_facts,
)

AS_OF = date(2026, 6, 1)


def scope(**facts: Any) -> Scope:
    return Scope(facts={"as_of": AS_OF, **facts}, as_of=AS_OF, truth=truth)


def letter(asked: Condition, **facts: Any) -> str:
    return truth(asked, scope(**facts))[0]


def left(asked: Condition) -> Expression:
    assert isinstance(asked, Comparison)
    return asked.left.of if isinstance(asked.left, Derived) else asked.left


def known(expression: Expression, **facts: Any) -> Known:
    return amount(expression, scope(**facts))


def job(grade: int | None, start: date | None, end: date = STILL_RUNNING) -> dict[str, Any]:
    return {"grade": grade, "from": start, "to": end}


# ── a field of the newest or the oldest entry ───────────────────────────────────────────────────────────────

LATEST = "latest: grade\nby: from\nof: jobs\nat_least: 5"
EARLIEST = "earliest: grade\nby: from\nof: jobs\nat_least: 5"
JOBS = (job(7, date(2020, 1, 1)), job(4, date(2024, 1, 1)), job(6, date(2022, 1, 1)))


@pytest.mark.parametrize("lines", [LATEST, LATEST.replace("grade", "jobs.grade").replace("of: jobs\n", "")])
def test_latest_with_by_takes_a_field_of_the_newest_entry(lines: str) -> None:
    """`latest: grade, by: from` is the grade of the job begun last, not the latest day of anything."""
    taken = left(condition(lines))
    assert isinstance(taken, Extreme)
    assert (taken.entries.newest, taken.entries.oldest) == (1, False)
    assert known(taken, jobs=JOBS) == exactly(4)


def test_earliest_with_by_takes_a_field_of_the_oldest_entry() -> None:
    """The first job counts, wherever it stands in the list."""
    assert known(left(condition(EARLIEST)), jobs=JOBS[::-1]) == exactly(7)


def test_of_entries_on_the_same_day_the_later_told_is_the_newer() -> None:
    """So that both words name one entry, and never the same one when there are two."""
    two = (job(3, date(2024, 1, 1)), job(8, date(2024, 1, 1)))
    assert known(left(condition(LATEST)), jobs=two) == exactly(8)
    assert known(left(condition(EARLIEST)), jobs=two) == exactly(3)


def test_a_field_of_no_entry_is_nothing() -> None:
    """Somebody without jobs has no latest grade, which is an answer and meets no comparison."""
    assert known(left(condition(LATEST)), jobs=()) == exactly(NOTHING)
    assert letter(condition(LATEST), jobs=()) == UNMET


def test_a_missing_day_leaves_open_which_entry_is_the_newest() -> None:
    """Either job may be the newer one; nobody guesses."""
    told = (job(7, None), job(4, date(2024, 1, 1)))
    assert known(left(condition(LATEST)), jobs=told).missing
    assert letter(condition(LATEST), jobs=told) == UNKNOWN


def test_a_text_or_a_choice_can_be_taken_from_an_entry() -> None:
    """What is taken needs no order: only one entry is looked at."""
    reviews = "reviews: {type: records, label: reviews, fields: {on: {type: date}, city: {type: text}}}"
    taken = left(condition("latest: city\nby: on\nof: reviews\nis: Rome", with_facts(reviews)))
    told = ({"on": date(2024, 1, 1), "city": "Rome"}, {"on": date(2025, 1, 1), "city": "Bonn"})
    assert known(taken, reviews=told) == exactly("Bonn")


def test_latest_records_with_by_still_asks_something_of_the_newest_entries() -> None:
    """Without a field to take, `latest … by` is the condition that it was."""
    asked = condition("latest: jobs\nby: from\nlast: 2\nhas: {fact: grade, at_least: 5}")
    assert isinstance(asked, Comparison)
    assert asked.form == "latest"


def test_what_is_taken_from_an_entry_is_read_aloud_with_its_entry() -> None:
    """HR hears which entry is meant, and by which day."""
    assert (
        condition_text(condition(LATEST)) == "the grade of the latest entry of jobs (by from) is at least 5"
    )
    assert condition_text(condition(EARLIEST)).startswith("the grade of the earliest entry of jobs (by from)")


# ── one of several amounts ──────────────────────────────────────────────────────────────────────────────────


def test_highest_of_a_list_is_the_highest_of_several_amounts() -> None:
    """An excess is what goes beyond an allowance, and never below zero."""
    excess = left(condition("highest: [0, {fact: points, minus: 4}]\nat_most: 2"))
    assert isinstance(excess, Arithmetic)
    assert excess.op == "highest"
    assert [known(excess, points=n).value for n in (1, 4, 6)] == [0, 0, 2]


def test_latest_of_a_list_is_the_later_day_and_one_that_is_nothing_does_not_count() -> None:
    """A wait runs from the later of two events; an event that never was begins nothing."""
    ended = with_facts("ended: {type: date, label: end of the break, absent_means: none}")
    since = left(condition("latest: [{fact: level_since}, {fact: ended}]\nfor_at_least: 6 months", ended))
    begun = date(2024, 1, 1)
    assert known(since, level_since=begun, ended=date(2025, 1, 1)) == exactly(date(2025, 1, 1))
    assert known(since, level_since=begun, ended=NOTHING) == exactly(begun)
    assert known(since, level_since=NOTHING, ended=NOTHING) == exactly(NOTHING)


def test_the_highest_is_at_least_what_is_known_and_the_lowest_at_most() -> None:
    """A bound decides, whatever the missing fact turns out to be."""
    highest = condition("highest: [{fact: points}, 5]\nat_least: 5")
    lowest = condition("lowest: [{fact: points}, 5]\nat_most: 5")
    assert (letter(highest), letter(lowest)) == (MET, MET)
    assert letter(condition("highest: [{fact: points}, 5]\nat_most: 5")) == UNKNOWN


def test_several_amounts_are_read_aloud_in_one_row() -> None:
    """Three amounts are one list, however the model nests them."""
    asked = condition("lowest: [{fact: points}, 5, {fact: training_hours}]\nat_least: 1")
    assert (
        condition_text(asked) == "the lowest of the points, 5 and the hours of training is at least 1 point"
    )


def test_a_number_times_a_length_of_time_is_a_length_of_time() -> None:
    """“A week for each point” is written as it is said."""
    waiting = condition("fact: level_since\nfor_at_least: {fact: points, times: 1 week}")
    assert isinstance(waiting, Comparison)
    assert known(waiting.right[0], points=3) == exactly(Duration(days=21))


# ── the newest few ──────────────────────────────────────────────────────────────────────────────────────────

TWO_OF_THREE = "count: jobs\nby: from\nlast: 3\nhas: {fact: grade, at_least: 5}\nat_least: 2"


def test_a_count_may_look_at_the_newest_few_alone() -> None:
    """“At least two of the last three” is what review rules often ask."""
    asked = condition(TWO_OF_THREE)
    grades = [letter(asked, jobs=tuple(job(g, date(2020 + n, 1, 1)) for n, g in enumerate(told)))
              for told in ((9, 9, 4, 4, 5), (4, 4, 5, 4, 5), (5, 5))]  # fmt: skip
    assert grades == [UNMET, MET, MET]


def test_a_sum_and_an_extreme_may_look_at_the_newest_few_alone() -> None:
    """Old entries neither help nor harm."""
    total = condition("sum: jobs.grade\nby: from\nlast: 2\nat_least: 10")
    lowest = condition("lowest: jobs.grade\nby: from\nlast: 2\nat_least: 4")
    assert known(left(total), jobs=JOBS) == exactly(10)
    assert known(left(lowest), jobs=JOBS) == exactly(4)
    assert known(
        left(condition("lowest: jobs.grade\nat_least: 4")), jobs=(*JOBS, job(1, date(2019, 1, 1)))
    ) == exactly(1)


def test_that_only_the_newest_are_looked_at_is_read_aloud() -> None:
    """The number and the day that decides."""
    said = "at least 2 entries of jobs where grade is at least 5, only the latest 3 by from"
    assert condition_text(condition(TWO_OF_THREE)) == said


# ── an unbroken time ────────────────────────────────────────────────────────────────────────────────────────

UNBROKEN = "time_in: jobs\nbreaks_at_most: 30 days\nat_least: 12 months"


@pytest.mark.parametrize(
    ("stretches", "days"),
    [
        ([(date(2025, 1, 1), STILL_RUNNING)], 516),
        (
            [(date(2024, 1, 1), date(2024, 12, 1)), (date(2025, 1, 1), STILL_RUNNING)],
            336 + 516,
        ),  # 30 days between
        ([(date(2024, 1, 1), date(2024, 11, 30)), (date(2025, 1, 1), STILL_RUNNING)], 516),  # 31 days between
        ([(date(2025, 1, 1), date(2026, 5, 1))], 486),  # 30 days off until now
        ([(date(2025, 1, 1), date(2026, 4, 30))], 0),  # 31 days off until now
        (
            [(date(2025, 1, 1), date(2025, 6, 30)), (date(2024, 1, 1), STILL_RUNNING)],
            882,
        ),  # one inside the other
        ([], 0),
    ],
)
def test_service_counts_back_to_the_last_break_that_is_too_long(
    stretches: list[tuple[date, date]], days: int
) -> None:
    """Continuous service bears short breaks, which do not count themselves, and ends with a longer one."""
    served = known(left(condition(UNBROKEN)), jobs=tuple(job(5, *stretch) for stretch in stretches))
    assert served == exactly(Duration(days=days))


def test_an_unknown_end_may_break_the_service() -> None:
    """Between nothing and everything lies the answer, until the day is told."""
    told = (job(5, date(2024, 1, 1), None), job(5, date(2026, 1, 1)))  # type: ignore[arg-type]  # not told
    assert letter(condition(UNBROKEN), jobs=told) == UNKNOWN
    assert letter(condition(UNBROKEN.replace("12 months", "2 months")), jobs=told) == MET


def test_an_unbroken_time_is_read_aloud() -> None:
    """The break that ends it is said."""
    said = (
        "the time covered by the entries of jobs (without a break of more than 30 days) is at least 12 months"
    )
    assert condition_text(condition(UNBROKEN)) == said


# ── full years ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("unit", "since", "full"),
    [
        ("years", date(2020, 6, 1), 6),
        ("years", date(2020, 6, 2), 5),
        ("years", date(2024, 2, 29), 2),
        ("months", date(2026, 4, 30), 1),
        ("weeks", date(2026, 5, 18), 2),
        ("weeks", date(2026, 5, 19), 1),
        ("days", date(2026, 5, 19), 13),
        ("years", date(2030, 1, 1), 0),
    ],
)
def test_full_units_are_those_that_are_complete_on_the_day(unit: str, since: date, full: int) -> None:
    """A year is full on the day on which `for_at_least: 1 year` is met; what lies ahead holds none."""
    asked = condition(f"full: {unit}\nsince: level_since\nat_least: 1")
    assert known(left(asked), level_since=since) == exactly(full)


def test_full_years_of_covered_time_are_counted_from_its_first_day() -> None:
    """Two stretches of six months and more make one year, like every comparison with months."""
    asked = condition("full: years\nof: {fact: service}\ntimes: 2\nat_least: 2")
    told = (job(5, date(2020, 1, 1), date(2020, 6, 30)), job(5, date(2022, 1, 1), date(2022, 7, 3)))
    assert known(left(asked), jobs=told) == exactly(2)


def test_full_years_until_a_day_that_still_runs_end_today() -> None:
    """Nothing is credited for the future."""
    lines = "full: years\nsince: level_since\nuntil: {fact: ended}\nat_least: 1"
    asked = condition(lines, with_facts("ended: {type: date, label: end, absent_means: still running}"))
    begun = date(2023, 6, 1)
    assert known(left(asked), level_since=begun, ended=STILL_RUNNING) == exactly(3)
    assert known(left(asked), level_since=begun, ended=date(2025, 5, 31)) == exactly(1)


def test_points_for_full_years_are_read_aloud() -> None:
    """Seniority points as one says them."""
    asked = condition("full: years\nsince: level_since\ntimes: 2\nat_least: 6")
    said = "number of full years in the time from the start in the level to the day it would take effect"
    assert condition_text(asked) == f"the {said} times 2 is at least 6"


# ── a name for conditions ───────────────────────────────────────────────────────────────────────────────────


def test_yes_when_names_conditions_as_a_fact_of_yes_or_no() -> None:
    """The same conditions stand in one place and are used in many, also of each entry."""
    lines = "ready: {label: ready, yes_when: [{fact: wish, is: yes}, {fact: points, at_least: 3}]}"
    ready = left(condition("fact: ready\nis: yes", with_derived(lines)))
    assert isinstance(ready, Choose)
    assert known(ready, wish=True, points=3) == exactly(True)
    assert known(ready, wish=False) == exactly(False)
    assert known(ready, wish=True).missing == ("/facts/points",)


def test_a_shared_requirement_used_as_a_condition_is_said_in_its_own_words() -> None:
    """A verdict that names an exception says which one, not how it is worked out."""
    asked = condition("any_of: [{use: good-standing}, {fact: points, at_least: 3}]")
    text = "the latest rating is at least meets or the points is at least 3 points"
    assert condition_text(asked) == text
    mended = (SHARED, "text: The latest rating is at least meets", "text: Rated well (S7)")
    asked = condition("any_of: [{use: good-standing}, {fact: points, at_least: 3}]", mended)
    assert condition_text(asked) == text.replace("the latest rating is at least meets", "rated well (S7)")


def test_a_shared_requirement_is_the_same_condition_wherever_it_is_used() -> None:
    """What it is called is not what it means: the engine judges it once, and no digest changes."""
    used = condition("use: good-standing")
    assert used == condition("fact: rating\nat_least: meets")
    called = changed((SHARED, "text: The latest rating is at least meets", "text: Rated well"))
    assert loaded(called).digest == loaded(changed()).digest


# ── records inside records ──────────────────────────────────────────────────────────────────────────────────

RATES = (
    "posts: {type: records, label: posts, fields: {pay: {type: number}, "
    "rates: {type: records, label: rates, fields: {grade: {type: number}, rate: {type: number}}}}}"
)
POST = {"pay": 91, "rates": ({"grade": 11, "rate": 87}, {"grade": 12, "rate": 104})}


def test_an_entry_may_hold_records_of_its_own() -> None:
    """Each post comes with the rates of its time, and is compared with those alone."""
    lines = "some: posts\nas: post\nwhere: {some: rates, where: {fact: rate, less_than: {fact: post.pay}}}"
    asked = condition(lines, with_facts(RATES))
    assert letter(asked, posts=(POST,)) == MET
    assert letter(asked, posts=({**POST, "pay": 80},)) == UNMET
    assert truth(asked, scope(posts=({**POST, "rates": None},)))[1] == ("/facts/posts/0/rates",)


def test_an_amount_of_an_entry_is_taken_over_the_records_inside_it() -> None:
    """Pay between two grades counts at the higher one: the lowest grade that pays as much."""
    worth = "lowest: grade, of: rates, where: {fact: rate, at_least: {fact: this.pay}}"
    posts = RATES.removesuffix("}") + f", derived: {{worth: {{{worth}}}}}}}"
    asked = condition("highest: posts.worth\nat_least: 12", with_facts(posts))
    assert letter(asked, posts=(POST,)) == MET


def test_a_missing_field_inside_an_inner_entry_has_a_place_of_its_own() -> None:
    """The question names the entry inside the entry."""
    lines = "some: posts\nwhere: {some: rates, where: {fact: rate, less_than: 80}}"
    asked = condition(lines, with_facts(RATES))
    told = ({**POST, "rates": ({"grade": 11, "rate": None},)},)
    assert truth(asked, scope(posts=told))[1] == ("/facts/posts/0/rates/0/rate",)


def test_the_question_for_a_field_of_an_inner_entry_asks_for_just_that() -> None:
    """Whoever answers sees the field, and the entry of the inner records."""
    vocabulary = loaded(changed(with_facts(RATES))).vocabulary
    asked = question_of("/facts/posts/0/rates/1/rate", vocabulary)
    assert (asked["fact"], asked["label"], asked["type"]) == ("posts", "rate", "number")
    assert asked["question"] == "Entry 2 of rates, rate: which number?"


def test_records_inside_an_entry_have_fields_of_their_own() -> None:
    """They are not the fact of the same name, and know nothing of its derived fields."""
    inner = RATES.replace("rates: {type", "trainings: {type")
    lines = "some: posts\nwhere: {some: trainings, where: {fact: long, is: yes}}"
    with pytest.raises(PolicyError, match="`long` is not a fact or field"):
        condition(lines, with_facts(inner))


# ── what every level asks ───────────────────────────────────────────────────────────────────────────────────

EVERYWHERE = (CRAFT, "levels:\n", "at_every_level:\n  - use: good-standing\n    id: standing\nlevels:\n")


def test_what_stands_at_every_level_comes_first_at_each_level() -> None:
    """A ladder of fifteen grades says once what all of them ask; the way in stays the first."""
    levels = loaded(changed(EVERYWHERE)).tracks["craft"][0].levels
    ids = [[asked.id for asked in level.requires] for level in levels]
    assert ids == [["route", "standing"], ["route", "standing", "good-standing", "time-in-level"]]
    assert levels[0].requires[1] is levels[1].requires[1]


def test_what_stands_at_every_level_means_what_it_means_at_one() -> None:
    """To say it once or fifteen times is the same policy."""
    once = ("  - level: engineer\n", "    title: Engineer\n", "    grade: 5\n")
    spelt = "".join(once) + "    requires: [{use: good-standing, id: standing}]\n"
    senior = "    requires:\n      - use: good-standing\n"
    more = "    requires:\n      - {use: good-standing, id: standing}\n      - use: good-standing\n"
    each = changed((CRAFT, "".join(once), spelt), (CRAFT, senior, more))
    assert loaded(each).digest == loaded(changed(EVERYWHERE)).digest


def test_duties_of_the_track_follow_every_promotion_on_it() -> None:
    """They come first; whether they are said once or at each level is the same policy."""
    duty, own = "{id: talk, text: A talk, within: 30 days}", "{id: plan, text: A plan}"
    level = "    title: Engineer\n    grade: 5\n"
    extra = f"{level}    afterwards: [{own}]\n"
    once = changed((CRAFT, "levels:\n", f"afterwards: [{duty}]\nlevels:\n"), (CRAFT, level, extra))
    levels = loaded(once).tracks["craft"][0].levels
    assert [[each.id for each in one.afterwards] for one in levels] == [["talk", "plan"], ["talk"]]
    senior = "    requires:\n      - use: good-standing\n"
    each = changed(
        (CRAFT, level, f"{level}    afterwards: [{duty}, {own}]\n"),
        (CRAFT, senior, f"    afterwards: [{duty}]\n{senior}"),
    )
    assert loaded(each).digest == loaded(once).digest


# ── months that are too short ───────────────────────────────────────────────────────────────────────────────


def months_end_on(day: str) -> tuple[str, str, str]:
    """A change that says where a month ends that is too short."""
    derived = "derived:\n  training_hours"
    return (FACTS, derived, f"calendar: {{short_months: {day}}}\n{derived}")


@pytest.mark.parametrize(("chosen", "on_28_february"), [("last day", MET), ("next day", UNMET)])
def test_the_author_chooses_where_a_month_ends_that_is_too_short(chosen: str, on_28_february: str) -> None:
    """Six months from 31 August are over on 28 February, or on 1 March."""
    asked = condition("fact: level_since\nfor_at_least: 6 months", months_end_on(chosen))
    found = [
        truth(asked, Scope(facts={"level_since": date(2025, 8, 31)}, as_of=day, truth=truth))[0]
        for day in (date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert found == [UNMET, on_28_february, MET]


def test_where_short_months_end_is_part_of_the_meaning() -> None:
    """It can change a verdict, so that the digest tells; to write down the usual choice changes nothing."""
    usual, other = months_end_on("last day"), months_end_on("next day")
    assert loaded(changed(usual)).digest == loaded(changed()).digest
    assert loaded(changed(other)).digest != loaded(changed()).digest


def test_every_length_of_time_follows_the_choice() -> None:
    """Tables, parameters, waivers and duties speak of the same months as conditions."""
    calendar = months_end_on("next day")
    waits = (LEAD, "at_most: 90 days", "at_most: 3 months")
    duty = (LEAD, "within: 90 days", "within: 3 months")
    folder = loaded(changed(calendar, waits, duty))
    lead, craft = folder.tracks["lead"][0].levels[0], folder.tracks["craft"][0].levels[1]
    waiver = next(asked.waiver for asked in lead.requires if asked.waiver)
    assert waiver.at_most == Duration(months=3, spills=True) == lead.afterwards[0].within
    asked = craft.requires[-1].condition
    assert isinstance(asked, Comparison)
    assert asked.right == (Constant(Duration(months=6, spills=True), Time()),)
    table = asking(
        "fact: level_since\nfor_at_least: {table: waiting, at: {fact: to.level}}", calendar
    ).condition
    assert isinstance(table, Comparison)
    assert known(table.right[0], **{"to.level": "engineer"}).value.spills
