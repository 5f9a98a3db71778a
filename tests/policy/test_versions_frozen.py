"""Digests of versions: what freezes with the first verdict, and what may still change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from service.policy.model import PolicySet
from service.policy.versions_frozen import VersionDigests, changed
from tests.policy import folders
from tests.policy.folders import BASE, CRAFT, FACTS, LEAD, SHARED, loaded

DAY = date(2026, 6, 1)
NAME = "lead/2026-01-01"


def digest(files: Mapping[str, str], name: str = NAME, day: date = DAY) -> str:
    """The digest of one version for requests of one day."""
    policies = loaded(files)
    digests = VersionDigests(policies)
    versions = [version for each in policies.tracks.values() for version in each if version.name == name]
    return digests.of(versions[0], day)


ALLOWED = [
    ("words", [(LEAD, "text: The person has asked for the role", "text: They want it")]),
    ("a title", [(LEAD, "title: Team lead", "title: Lead")]),
    ("its end", [(LEAD, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2027-01-01}")]),
    ("another track", [(CRAFT, "grade: 5", "grade: 4"), (CRAFT, "{months: 6 months}", "{months: 7 months}")]),
    ("another fact", [(FACTS, "  city:", "  town: {type: text, label: town}\n  city:")]),
    ("a field that it does not use", [(FACTS, "      hours: {", "      room: {type: text}\n      hours: {")]),
    ("a table that it does not use", [(FACTS, "senior: 24 months}", "senior: 25 months}")]),
    ("a choice of another fact", [(FACTS, "choices: [north, south]", "choices: [north, south, west]")]),
    ("a derived fact that it does not use", [(FACTS, "sum: trainings.hours}", "count: trainings}")]),
]  # fmt: skip
FROZEN = [
    ("a threshold of a shared requirement", [(SHARED, "at_least: meets", "at_least: exceeds")]),
    ("a condition", [(LEAD, "is: manager-foundations", "is: manager-basics")]),
    ("a requirement", [(LEAD, "id: own-wish", "id: wish")]),
    ("the grade", [(LEAD, "grade: 6", "grade: 7")]),
    ("the way in", [(LEAD, "[craft/senior]", "[craft/senior, craft/engineer]")]),
    ("the order of choices", [(FACTS, "[below, meets, exceeds]", "[meets, below, exceeds]")]),
    ("what silence means", [(FACTS, "wish: {type: yes_no,", "wish: {type: yes_no, absent_means: no,")]),
    ("which entries have happened", [(FACTS, "    dated_by: completed_on\n", "")]),
    ("a waiver", [(LEAD, "at_most: 90 days", "at_most: 91 days")]),
]  # fmt: skip


@pytest.mark.parametrize("changes", [pytest.param(each, id=name) for name, each in ALLOWED])
def test_what_does_not_decide_by_a_version_may_change(changes: list[tuple[str, str, str]]) -> None:
    """A folder lives on around its frozen versions; otherwise nobody could ever mend or add anything."""
    assert digest(folders.changed(*changes)) == digest(BASE)


@pytest.mark.parametrize("changes", [pytest.param(each, id=name) for name, each in FROZEN])
def test_what_decides_by_a_version_is_frozen(changes: list[tuple[str, str, str]]) -> None:
    """A verdict of years ago, judged again, must come out alike."""
    assert digest(folders.changed(*changes)) != digest(BASE)


LOOKED_UP = folders.changed(
    (
        LEAD,
        folders.WISH,
        "        fact: level_since\n        for_at_least: {table: pause, at: {fact: to.level}}\n",
    ),
    folders.with_tables("pause: {rows: {team-lead: 6 months, senior: 3 months}}"),
)


def test_a_row_for_another_level_may_change() -> None:
    """One table serves all levels, and a new version of another track brings new rows."""
    files = {
        **LOOKED_UP,
        FACTS: LOOKED_UP[FACTS].replace("senior: 3 months}", "senior: 4 months, engineer: 1 month}"),
    }
    assert digest(files) == digest(LOOKED_UP)


def test_the_row_of_a_level_is_frozen_with_it() -> None:
    """It decides."""
    files = {**LOOKED_UP, FACTS: LOOKED_UP[FACTS].replace("team-lead: 6 months", "team-lead: 7 months")}
    assert digest(files) != digest(LOOKED_UP)


def dated(*periods: str) -> dict[str, str]:
    """A people level that looks into a table with these periods."""
    rows = "\n".join(f"    - {period}" for period in periods)
    return folders.changed(
        (
            LEAD,
            folders.WISH,
            "        fact: level_since\n        for_at_least: {table: pause, at: {fact: to.level}}\n",
        ),
        folders.with_tables(f"pause:\n  values:\n{rows}"),
    )


FIRST, ENDED = (
    f"{{from: 2026-01-01{end}, rows: {{team-lead: 6 months}}}}" for end in ("", ", to: 2027-01-01")
)
NEXT = "{from: 2027-01-01, rows: {team-lead: 9 months}}"


def test_a_figure_for_a_later_period_may_be_added() -> None:
    """That is what figures by date are for: the version goes on, and its past stays as it was."""
    assert digest(dated(FIRST)) == digest(dated(ENDED, NEXT))
    assert digest(dated(ENDED, NEXT), day=date(2027, 1, 1)) != digest(dated(ENDED, NEXT))


def test_a_figure_of_the_past_is_frozen() -> None:
    """Verdicts rest on it."""
    assert digest(dated(ENDED.replace("6 months", "5 months"), NEXT)) != digest(dated(ENDED, NEXT))


def issued(policies: PolicySet, *days: date) -> dict[str, set[str]]:
    """What a log holds after verdicts by every version on these days."""
    digests = VersionDigests(policies)
    every = [version for each in policies.tracks.values() for version in each]
    return {version.name: {digests.of(version, day) for day in days} for version in every}


def test_a_changed_version_is_told_with_its_place_and_what_to_do() -> None:
    """HR reads it in `ladders check`; the file is the place where the remedy begins."""
    known = issued(loaded(BASE), DAY)
    problems, warnings = changed(
        loaded(folders.changed((LEAD, "is: manager-foundations", "is: manager-basics"))), known
    )
    assert [str(problem) for problem in problems] == [
        "tracks/lead/2026-01-01.yaml:1:1: this version has issued verdicts and is frozen, but it, or "
        "something it "
        "uses from `facts.yaml` or `shared/`, no longer means the same; put that back as it was, and make a "
        "new "
        "version for the change: a file `tracks/lead/<first day>.yaml`, with that day as `to:` in `in_force` "
        "here"
    ]
    assert warnings == []


def test_a_shared_requirement_is_told_at_every_version_that_it_changes() -> None:
    """The file that was edited is another one; what is frozen is what uses it."""
    known = issued(loaded(BASE), DAY)
    problems, _ = changed(loaded(folders.changed((SHARED, "at_least: meets", "at_least: exceeds"))), known)
    assert {problem.where.file for problem in problems} == {LEAD, CRAFT}


def test_the_same_folder_with_a_later_period_is_no_problem() -> None:
    """The log holds the digests of the days on which verdicts were issued, and these are all still there."""
    known = issued(loaded(dated(FIRST)), DAY)
    assert changed(loaded(dated(ENDED, NEXT)), known) == ([], [])
    problems, _ = changed(loaded(dated(ENDED.replace("6", "5"), NEXT)), known)
    assert len(problems) == 1


def test_a_version_that_is_gone_is_a_warning() -> None:
    """Nothing is judged wrongly by it, but its verdicts can no longer be judged again from this folder."""
    known = {"lead/2019-01-01": {"sha256:" + "0" * 64}}
    problems, warnings = changed(loaded(BASE), known)
    assert problems == []
    assert [str(warning.where) for warning in warnings] == ["tracks/lead/2019-01-01.yaml:1:1"]


def test_a_version_without_a_verdict_may_change() -> None:
    """It was published, and nobody was judged by it yet."""
    assert changed(loaded(folders.changed((LEAD, "grade: 6", "grade: 7"))), {}) == ([], [])
