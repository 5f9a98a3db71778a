"""The guide to policy tests: its examples are run, and its tables name every line that may be written."""

from __future__ import annotations

import re
from functools import cache

import pytest

from service.simulate.cases import CASE, TABLE
from service.simulate.files import FILE, read_tests
from service.simulate.people import PERSON
from service.simulate.suite import run_all
from tests.simulate.small import TODAY
from tests.verdict.bundled import ROOT, judge


@cache
def guide() -> str:
    return (ROOT / "docs" / "policy-tests.md").read_text("utf-8")


def examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", guide(), re.DOTALL)


def section(title: str) -> str:
    return guide().partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_first_test_of_the_guide_passes() -> None:
    """It is copied by everybody who starts."""
    tests = read_tests({"tests/first.yaml": examples()[0].encode()}, judge().policies)
    assert len(tests) == 3
    assert run_all(tests, judge(), today=TODAY).failing == []


def test_the_table_of_the_guide_passes() -> None:
    """With the person of the bundled tests of whom it speaks."""
    bundled = (ROOT / "policies" / "tests" / "software-craft.yaml").read_text("utf-8")
    text = bundled.partition("\ncases:")[0] + "\n" + examples()[-1]
    tests = read_tests({"tests/table.yaml": text.encode()}, judge().policies)
    assert len(tests) == 3
    assert run_all(tests, judge(), today=TODAY).failing == []


@pytest.mark.parametrize(
    ("title", "names"),
    [("A file", FILE), ("People", PERSON), ("Cases", CASE), ("Tables", ("columns", "rows"))],
)
def test_every_line_that_may_be_written_is_in_the_guide(title: str, names: tuple[str, ...]) -> None:
    """A word that is not explained is not used; one that is explained must exist."""
    for name in names:
        assert re.search(rf"`{name}`|{name}:", section(title)), name
    told = {
        word
        for line in section(title).splitlines()
        if line.startswith("| `")
        for word in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert told <= set(names) | set(TABLE)


def test_the_failing_case_in_the_guide_is_what_is_shown() -> None:
    """Word for word, so that somebody recognises it; the line numbers of the policy may move."""
    from service.simulate.said import headline, lines_of

    text = examples()[0].replace("with: {wants_people_role: no}", "with: {wants_people_role: yes}")
    tests = read_tests({"tests/team-lead.yaml": text.encode()}, judge().policies)
    (failing,) = [each for each in run_all(tests, judge(), today=TODAY).failing if "pushed" in each.test.name]
    shown = section("When a case fails")
    for difference in failing.differences:
        assert headline(difference) in shown
        assert without_policy_line(lines_of(difference, "policies")) in without_policy_line(shown)
        for line in difference.because:
            assert line in shown


def without_policy_line(text: str) -> str:
    return re.sub(r"(policy policies/[^:]*):\d+", r"\1", text)
