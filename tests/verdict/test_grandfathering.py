"""Grandfathering in verdicts: which version counts, what is said of it, and what follows for the advice."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.errors import RequestError
from service.policy.load import load_files
from service.verdict.judge import Judge

HERE = Path(__file__).parent / "grandfathering"
NEW = "tracks/lead/2027-01-01.yaml"
FILES = {
    path.relative_to(HERE / "policies").as_posix(): path.read_bytes()
    for path in sorted((HERE / "policies").rglob("*.yaml"))
}
CASES = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@cache
def judge(use: str) -> Judge:
    """The folder with another kind of grandfathering."""
    files = {**FILES, NEW: FILES[NEW].replace(b"use: more_favourable", f"use: {use}".encode())}
    return Judge(load_files(files))


def asked(case: dict[str, Any]) -> dict[str, Any]:
    """The request of a case."""
    named = {"version": f"lead/{case['named']}-01-01"} if "named" in case else {}
    facts = {"points": case.get("points"), "level_since": case.get("since") and str(case["since"])}
    return {
        "candidate": {"id": "E-1"},
        "from": {"track": "craft", "level": "senior"},
        "to": {"track": "lead", "level": case.get("level", "team-lead")},
        "submitted_on": str(case.get("submitted", "2026-12-01")),
        "as_of": str(case.get("effect", "2027-02-01")),
        "facts": {name: value for name, value in facts.items() if value is not None},
        **named,
    }


def document(case: dict[str, Any]) -> dict[str, Any]:
    """What the verdict on a case says."""
    return dict(judge(case["use"]).verdict(asked(case), verdict_id="v", judged_at=NOW).document)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_version_that_was_promised_counts(case: dict[str, Any]) -> None:
    """The table is the promise; the outcome by the other version is shown, so that nobody has to trust it."""
    if "refused" in case:
        with pytest.raises(RequestError) as refused:
            document(case)
        assert str(refused.value) == case["refused"]
        return
    found = document(case)
    beside = {int(each["version"][5:9]): each["outcome"] for each in found["policy"]["also_judged"]}
    assert (found["policy"]["version"], found["outcome"]) == (
        f"lead/{case['version']}-01-01",
        case["outcome"],
    )
    assert beside == case["beside"]


def test_the_verdict_says_why_this_version_was_used() -> None:
    """The candidate reads both outcomes in one sentence."""
    found = document({"use": "more_favourable", "points": 10, "since": "2026-01-01"})
    assert found["policy"]["selected_because"] == (
        "the request was submitted on 1 December 2026, before 1 January 2027, and takes effect on 1 February "
        "2027; "
        "for such requests `lead/2027-01-01` grants the more favourable version until 30 June 2027; by "
        "`lead/2026-01-01` it is `eligible`, by `lead/2027-01-01` it is `not eligible`"
    )
    assert found["policy"]["in_force_from"] == "2026-01-01"
    assert [finding["id"] for finding in found["findings"]] == ["route", "points"]


def test_equal_outcomes_are_said_to_be_equal() -> None:
    """The newer version is used then: it is the one that people know."""
    found = document({"use": "more_favourable", "points": 10, "since": "2025-01-01"})
    assert found["policy"]["selected_because"].endswith(
        "; all of them give `eligible`, so that `lead/2027-01-01`, the newest, is used"
    )


def test_a_named_version_says_so() -> None:
    """A workflow that names a version wants to see that it was heard."""
    old = document({"use": "more_favourable", "named": 2026, "points": 9})
    assert old["policy"]["selected_because"] == (
        "the request names this version, which is in force on 1 December 2026, the day of the request"
    )
    new = document({"use": "more_favourable", "named": 2027, "points": 9})
    assert new["policy"]["selected_because"] == (
        "the request names this version, which is honoured by grandfathering"
    )


def test_a_withdrawn_version_may_not_be_named() -> None:
    """The refusal says when and why it went."""
    files = {
        **FILES,
        NEW: FILES[NEW] + b"withdrawn: {on: 2026-11-02, why: The works council asked for more time}\n",
    }
    with pytest.raises(RequestError) as refused:
        Judge(load_files(files)).verdict(asked({"named": 2027}), verdict_id="v", judged_at=NOW)
    assert str(refused.value) == (
        "/version: `lead/2027-01-01` was withdrawn on 2 November 2026, before it began: The works council "
        "asked for "
        "more time; send `lead/2026-01-01`, or leave `version` out"
    )


@pytest.mark.parametrize(
    ("use", "points", "since", "effect", "wanted"),
    [
        # eligible by the newer version once 24 months have passed, while both still judge
        ("more_favourable", 9, "2025-05-01", "2027-02-01", "2027-05-01"),
        # not while the older version is honoured alone, but from the day after
        ("old", 9, "2025-05-01", "2027-02-01", "2027-07-01"),
        ("old", 9, "2025-09-01", "2027-02-01", "2027-09-01"),
        # judged by the older version now, eligible under the newer one as soon as it begins
        ("more_favourable", 9, "2024-05-01", "2026-12-15", "2027-01-01"),
        ("new", 9, "2024-05-01", "2026-12-15", "2027-01-01"),
        # the older version stays the only way, and time does not bring points
        ("old", 9, None, "2027-02-01", None),
        # eligible by the older version as time passes, as long as it is honoured
        ("more_favourable guide", 9, "2026-05-01", "2027-02-01", "2027-05-01"),
        ("old guide", 9, "2026-06-30", "2027-02-01", "2027-06-30"),
        ("old guide", 9, "2026-07-01", "2027-02-01", None),
        # eligible now
        ("old", 10, "2026-09-01", "2027-02-01", None),
    ],
)
def test_the_first_eligible_day_is_that_of_the_version_that_judges_then(
    use: str, points: int, since: str | None, effect: str, wanted: str | None
) -> None:
    """The day that is told must be true: judged on that day, by the version of that day, it is eligible; and
    not on the day before."""
    use, _, level = use.partition(" ")
    case = {"use": use, "level": level or "team-lead", "points": points, "since": since, "effect": effect}
    found = document(case)["eligible_from"]
    assert found == wanted
    if wanted is not None:
        before = datetime.fromisoformat(wanted).date().toordinal() - 1
        assert document({**case, "effect": wanted})["outcome"] == "eligible"
        assert document({**case, "effect": datetime.fromordinal(before).date()})["outcome"] != "eligible"


@pytest.mark.parametrize(
    ("use", "points", "since", "effect", "wanted"),
    [
        # the older version, which asks for time alone, is not honoured any more when the time has come
        ("old guide", 9, "2026-07-01", "2027-02-01", ["at the earliest", "points is at least 10"]),
        ("old guide", 10, "2026-07-01", "2027-02-01", ["ask for 1 July 2027 at the earliest"]),
        ("old guide", 9, "2026-06-30", "2027-02-01", ["ask for 30 June 2027 at the earliest"]),
        # the newer version asks for time, and judges from the day on which it begins
        ("new", 9, "2024-05-01", "2026-12-15", ["points is at least 10"]),
    ],
)
def test_advice_holds_by_the_version_that_judges_whoever_follows_it(
    use: str, points: int, since: str, effect: str, wanted: list[str]
) -> None:
    """Whoever waits as they were told must not be refused by rules that nobody told them of."""
    use, _, level = use.partition(" ")
    case = {"use": use, "level": level or "team-lead", "points": points, "since": since, "effect": effect}
    changes = document(case)["what_would_change"]
    assert len(changes) == len(wanted)
    assert all(said in change["change"] for said, change in zip(wanted, changes, strict=True))
    named = {"as_of": "effect", "level_since": "since", "points": "points"}
    followed = {**case, **{named[change["fact"]]: change["to"] for change in changes}}
    assert document(followed)["outcome"] == "eligible"


def test_openings_are_judged_by_the_versions_that_would_judge_a_request_for_them() -> None:
    """Whoever asks for what was said to be open must find it open."""
    found = document({"use": "more_favourable", "level": "coach", "points": 10, "since": "2026-01-01"})
    open_to_you = {opening["to"]: opening["outcome"] for opening in found["open_to_you"]}
    assert open_to_you == dict.fromkeys(("lead/guide", "lead/mentor", "lead/team-lead"), "eligible")


def test_the_digest_is_that_of_the_version_that_counts() -> None:
    """The log freezes it by this digest."""
    case = {"use": "more_favourable", "points": 10}
    old, new = (document({**case, "named": year})["policy"]["digest"] for year in (2026, 2027))
    assert old != new
    assert document({**case, "since": "2026-01-01"})["policy"]["digest"] == old
