"""Advice: every kind of it once at least, with the line, the reason and the remedy; and none where all is
well.

The cases are files: what they change in the small folder `lint/base/`, of which there is nothing to say,
and all the advice that must then be given.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from service.policy.lint import RULES, Unseen, lint
from service.policy.load import read, read_files
from tests.policy.folders import changed

HERE = Path(__file__).parent / "lint"
BUNDLED = Path(__file__).parents[2] / "policies"
TODAY = date(2026, 11, 20)
BASE = {
    path.relative_to(HERE / "base").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((HERE / "base").rglob("*.yaml"))
}
CASES = sorted((HERE / "cases").glob("*.yaml"))


def said(files: dict[str, str], today: date = TODAY, unseen: Unseen | None = None) -> str:
    """All the advice on a folder."""
    reading = read_files({name: text.encode() for name, text in files.items()})
    return "".join(f"{each.rule} {each}\n" for each in lint(reading, today, unseen))


def case_of(path: Path) -> tuple[dict[str, str], date, str]:
    """The folder of a case, the day, and the advice wanted."""
    wanted = yaml.safe_load(path.read_text(encoding="utf-8"))
    files = changed(
        *((each["file"], each["old"], each["new"]) for each in wanted.get("changes", ())), base=BASE
    )
    for name, text in wanted.get("files", {}).items():
        if text is None:
            del files[name]
        else:
            files[name] = text
    return files, date.fromisoformat(wanted.get("on", TODAY.isoformat())), wanted["advice"]


def test_of_a_folder_that_is_well_nothing_is_said() -> None:
    """The cases change this folder; whatever is said of them is said because of the change."""
    assert said(BASE) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_advice_is_given_where_it_is_due(case: Path) -> None:
    """One cause, one piece of advice, at the line to change; the cases `quiet-…` are what must not alarm."""
    files, today, wanted = case_of(case)
    assert said(files, today) == wanted


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "untested"])
def test_every_kind_of_advice_is_given_in_some_case(rule: str) -> None:
    """A kind that no case shows might never be given."""
    assert any(line.startswith(f"{rule} ") for case in CASES for line in case_of(case)[2].splitlines())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_advice_is_for_people_who_do_not_program(case: Path) -> None:
    """Small first letter, no full stop; what, why and remedy are each there."""
    files, today, _ = case_of(case)
    for each in lint(read_files({name: text.encode() for name, text in files.items()}), today):
        for text in (each.what, each.remedy, each.why):
            assert text
            assert text[0].islower() or text[0] == "`"
            assert not text.endswith(".")


def test_a_requirement_that_no_policy_test_shows_is_told() -> None:
    """Who runs the policy tests hands in what they do not show; otherwise nothing is said of tests. A level
    that no test is about is told once."""
    version = "lead/2026-01-01"
    both: tuple[str, ...] = ("met", "unmet")
    unseen = {
        (version, "team-lead", "rating"): ("unmet",),
        (version, "team-lead", "trained"): both,
        ("craft/2026-01-01", "senior", "points"): both,
        ("craft/2026-01-01", "senior", "waited"): both,
    }
    lines = said(BASE, unseen=unseen).splitlines()
    assert [line.partition(": nobody")[0] for line in lines if line.startswith("untested")] == [
        "untested tracks/craft/2026-01-01.yaml:9:12: no policy test is about `craft/senior`",
        "untested tracks/lead/2026-01-01.yaml:19:13: no policy test shows `rating` of `lead/team-lead` unmet",
        "untested tracks/lead/2026-01-01.yaml:26:13: no policy test shows `trained` of `lead/team-lead` "
        "met or unmet",
    ]
    assert said(BASE, date(2026, 11, 20), {("lead/2025-01-01", "team-lead", "rating"): both}) == ""


def test_the_bundled_policies_need_no_advice() -> None:
    """They are what a company starts from."""
    assert lint(read(BUNDLED), TODAY) == ()
