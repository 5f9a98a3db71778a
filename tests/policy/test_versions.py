"""Which versions judge a request, and what a track file may say about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.policy.condition import Place
from service.policy.model import Grandfathering, TrackVersion
from service.policy.versions import judged_by, judging, turning_days
from tests.policy.folders import LEAD, changed, loaded

TABLES = yaml.safe_load((Path(__file__).parent / "versions" / "judging.yaml").read_text(encoding="utf-8"))
CASES = [
    pytest.param(table["versions"], case, id=f"{table['about'][:40]}… {case['submitted']} {case['effect']}")
    for table in TABLES
    for case in table["cases"]
]


def versions(told: dict[str, Any]) -> list[TrackVersion]:
    """Versions named `v1`, `v2`, … from 2026 on, each until the next one begins."""
    found = []
    for index, terms in enumerate(told.values()):
        given = None if terms is None else Grandfathering(**{"honour_until": None, **terms})
        end = date(2027 + index, 1, 1) if index + 1 < len(told) else None
        found.append(version(date(2026 + index, 1, 1), end, given))
    return found


def version(start: date, end: date | None, terms: Grandfathering | None) -> TrackVersion:
    return TrackVersion(
        track="lead", title="Lead", kind="people", start=start, end=end, levels=(),
        place=Place("tracks/lead.yaml", 1, 1), grandfathering=terms,
    )  # fmt: skip


def names(found: tuple[TrackVersion, ...]) -> list[str]:
    return [f"v{each.start.year - 2025}" for each in found]


@pytest.mark.parametrize(("told", "case"), CASES)
def test_the_days_of_a_request_say_which_versions_judge_it(
    told: dict[str, Any], case: dict[str, Any]
) -> None:
    """People were promised a rule for a time; the table is that promise, to be read by HR."""
    found = judging(versions(told), case["submitted"], case["effect"])
    if found is None:
        assert case["by"] == "none"
        return
    assert names(found.by) == case["by"]
    assert names(found.compared) == case.get("shown", [])
    assert names(found.usable) == case.get("may_name", case["by"])


def test_the_reason_names_the_days_that_decide() -> None:
    """The candidate reads it in the verdict, and may hold the days against the request."""
    terms = {"submitted_before": date(2027, 1, 1), "honour_until": date(2027, 6, 30), "use": "old"}
    told = versions({"v1": None, "v2": terms})
    said = {
        effect: found.why
        for effect in (date(2026, 12, 1), date(2027, 2, 1), date(2027, 7, 1))
        if (found := judging(told, date(2026, 11, 20), effect)) is not None
    }
    assert list(said.values()) == [
        "the request was submitted on 20 November 2026; this version is in force from 1 January 2026 and "
        "until "
        "1 January 2027",
        "the request was submitted on 20 November 2026, before 1 January 2027, and takes effect on "
        "1 February 2027; for such requests `lead/2027-01-01` honours `lead/2026-01-01` until 30 June 2027",
        "the request was submitted on 20 November 2026 and takes effect on 1 July 2027; `lead/2027-01-01` "
        "honours "
        "the older version until 30 June 2027",
    ]


DAYS = st.dates(date(2025, 6, 1), date(2029, 6, 1))


@st.composite
def several(draw: st.DrawFn) -> list[TrackVersion]:
    """Versions in a row, with any grandfathering."""
    told: dict[str, Any] = {"v1": None}
    for index in range(2, draw(st.integers(2, 4)) + 1):
        use = draw(st.sampled_from(["old", "new", "more_favourable"]))
        until = None if use == "new" else draw(st.dates(date(2025 + index, 1, 1), date(2029, 6, 1)))
        terms = {"submitted_before": draw(DAYS), "honour_until": until, "use": use}
        told[f"v{index}"] = draw(st.sampled_from([None, terms]))
    return versions(told)


@given(several(), DAYS, DAYS)
def test_some_version_judges_whatever_was_submitted_while_one_was_in_force(
    told: list[TrackVersion], submitted_on: date, as_of: date
) -> None:
    """Grandfathering moves requests between versions, and never leaves one without."""
    found = judging(told, submitted_on, as_of)
    assert (found is None) == (not any(version.holds_on(submitted_on) for version in told))
    if found is not None:
        assert found.by
        assert set(found.by) <= set(found.usable)
        assert not set(found.by) & set(found.compared)
        assert list(found.by) == sorted(found.by, key=lambda version: version.start)
        assert all(version.start <= max(submitted_on, as_of) for version in found.by)


@given(several(), DAYS, DAYS)
def test_other_versions_judge_later_only_from_a_turning_day(
    told: list[TrackVersion], submitted_on: date, as_of: date
) -> None:
    """Whoever looks for the first eligible day looks at each stretch between two such days by itself."""
    turns = turning_days(told, as_of)
    for begins, ends in zip([as_of, *turns], [*turns, date(2031, 1, 1)], strict=True):
        last = date.fromordinal(ends.toordinal() - 1)
        first, second = (judging(told, submitted_on, day) for day in (begins, max(begins, last)))
        assert (first and first.by) == (second and second.by)


SECOND = "tracks/lead/2027-01-01.yaml"


def two(lines: str) -> dict[str, str]:
    """Two versions of the people track, the second with further lines."""
    files = changed((LEAD, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2027-01-01}"))
    files[SECOND] = files[LEAD].replace("{from: 2026-01-01, to: 2027-01-01}", "{from: 2027-01-01}\n" + lines)
    return files


def test_a_withdrawn_version_is_kept_and_never_selected() -> None:
    """It was published, so that people may ask about it; but it judges nobody."""
    found = loaded(two("withdrawn: {on: 2026-11-02, why: The works council asked for more time}"))
    assert [version.name for version in found.tracks["lead"]] == ["lead/2026-01-01"]
    (withdrawn,) = found.withdrawn
    assert withdrawn.name == "lead/2027-01-01"
    assert withdrawn.withdrawn is not None
    assert withdrawn.withdrawn.why == "The works council asked for more time"


def test_a_version_that_was_withdrawn_overlaps_with_none() -> None:
    """The version before it may go on."""
    files = two("withdrawn: {on: 2026-11-02, why: A mistake}")
    files[LEAD] = files[LEAD].replace(", to: 2027-01-01", "")
    assert loaded(files).version("lead", date(2027, 6, 1)) is not None


def test_withdrawing_changes_nothing_that_is_decided() -> None:
    """The digest of a set names what it decides."""
    without = two("")
    del without[SECOND]
    withdrawn = two("withdrawn: {on: 2026-11-02, why: A mistake}")
    assert loaded(without).digest == loaded(withdrawn).digest


def test_grandfathering_is_meaning() -> None:
    """It decides which version judges."""
    terms = "grandfathering: {submitted_before: 2027-01-01, honour_until: 2027-06-30, use: old}"
    digests = {loaded(two(lines)).digest for lines in ("", terms, terms.replace("old", "more_favourable"))}
    assert len(digests) == 3


def test_a_review_day_is_kept_and_is_no_meaning() -> None:
    """When HR wants to look at something again decides nothing; `ladders lint` reminds of it."""
    wish = "        is: yes\n"
    found = loaded(changed((LEAD, wish, wish + "        review_by: 2026-10-01\n")))
    assert found.digest == loaded(changed()).digest
    asked = next(one for one in found.tracks["lead"][0].levels[0].requires if one.id == "own-wish")
    assert asked.review_by == date(2026, 10, 1)


def test_a_last_day_beside_the_new_version_is_a_warning() -> None:
    """It means nothing, and harms nobody."""
    found = loaded(two("grandfathering: {submitted_before: 2027-01-01, honour_until: 2027-06-30, use: new}"))
    assert [warning.message for warning in found.warnings] == [
        "with `use: new` nothing old is honoured, so that this day means nothing; take it out"
    ]


@given(several(), DAYS, DAYS)
def test_who_asks_of_many_tracks_gets_the_same_versions(
    told: list[TrackVersion], submitted_on: date, as_of: date
) -> None:
    """It is a shorter way to the same answer."""
    for versions_told in (told, [replace(version, grandfathering=None) for version in told]):
        found = judging(versions_told, submitted_on, as_of)
        assert judged_by(versions_told, submitted_on, as_of) == (() if found is None else found.by)
