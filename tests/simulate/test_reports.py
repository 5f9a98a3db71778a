"""Reports for machines: JUnit and GitHub annotations hold whatever the texts hold, and say what failed."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from service.errors import Position, Problem
from service.simulate.github import annotation, problems_marked, suite_marked
from service.simulate.junit import junit
from tests.simulate.small import ran

TEXT = """\
cases:
  - {case: good, given: mara, to: lead/lead, expect: eligible}
  - {case: "bad <&> one", given: mara, with: {wish: no}, to: lead/lead, expect: eligible}
  - {case: later, given: mara, to: lead/lead, expect: eligible, skip: {reason: review, until: 2027-01-31}}
  - {case: forgotten, given: mara, to: lead/lead, expect: eligible, skip: {reason: old, until: 2026-12-31}}
"""


def test_junit_tells_each_case_and_why_it_failed() -> None:
    """As build servers read it: failures, errors and skips are counted, and have their text."""
    root = ElementTree.fromstring(junit(ran(TEXT), folder="policies").partition("\n")[2])
    (suite,) = root
    assert suite.attrib == {
        "name": "policies/tests/small.yaml", "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    cases = {case.attrib["name"]: case for case in suite}
    assert list(cases["good"]) == []
    (failure,) = cases["bad <&> one"]
    assert failure.tag == "failure"
    assert failure.text is not None
    assert "own-wish: expected met, found unmet" in failure.text
    assert "policy policies/tracks/lead/2026-01-01.yaml:11" in failure.text
    assert cases["later"][0].attrib["message"] == "review (until 2027-01-31)"
    assert cases["forgotten"][0].tag == "error"
    assert cases["good"].attrib["file"] == "policies/tests/small.yaml"
    assert cases["good"].attrib["line"] == "17"


def test_low_coverage_is_a_failing_case_of_its_own() -> None:
    """A build server counts cases, not exit codes."""
    root = ElementTree.fromstring(junit(ran(TEXT), folder="p", too_low="coverage is 10").partition("\n")[2])
    assert root[-1].attrib["failures"] == "1"
    assert root[-1][0][0].attrib["message"] == "coverage is 10"


@given(st.text())
def test_any_text_can_stand_in_junit(text: str) -> None:
    """Control characters have no place in XML, not even escaped; everything else reads back."""
    report = junit(ran(TEXT), folder=text, too_low=text or "x")
    root = ElementTree.fromstring(report.partition("\n")[2])
    assert root[0].attrib["name"].endswith("/tests/small.yaml")
    printable = "".join(sign for sign in text if sign.isprintable())
    assert all(sign in root[0].attrib["name"] for sign in printable)


def test_github_marks_the_lines() -> None:
    """The line of the test that expected otherwise; a skip is a notice, an ended one an error."""
    lines = list(suite_marked(ran(TEXT), "policies", "too low"))
    assert lines[0].startswith(
        "::error file=policies/tests/small.yaml,line=18,title=bad <&> one::outcome: expected"
    )
    assert "%0Aown-wish: expected met, found unmet%0A" in lines[0]
    assert lines[1] == (
        "::notice file=policies/tests/small.yaml,line=19,title=later::skipped until 2027-01-31: review"
    )
    assert lines[2].startswith(
        "::error file=policies/tests/small.yaml,line=20,title=forgotten::this skip ended"
    )
    assert lines[3] == "::error title=coverage::too low"
    assert len(lines) == 4


def test_github_marks_problems_with_line_and_column() -> None:
    """The same places as in the terminal."""
    problem = Problem(Position("tests/a.yaml", 3, 5), "`ratng` is not a fact")
    assert list(problems_marked([problem], "policies")) == [
        "::error file=policies/tests/a.yaml,line=3,col=5::`ratng` is not a fact"
    ]


@given(st.text(), st.text())
def test_an_annotation_is_always_one_line_with_its_own_properties(message: str, title: str) -> None:
    """A text that holds a line break or `::` must not begin another command."""
    line = annotation("error", message, file="a.yaml", line=1, title=title)
    assert "\n" not in line
    assert "\r" not in line
    properties, _, told = line.removeprefix("::error ").partition("::")
    assert set(properties.replace("file=a.yaml,line=1", "").removeprefix(",title=")).isdisjoint(":,")
    undone = told.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert undone == message


def test_a_suite_without_failures_marks_nothing() -> None:
    """No noise in a pull request that is right."""
    suite = ran("cases: [{case: good, given: mara, to: lead/lead, expect: eligible}]\n", date(2027, 1, 1))
    assert list(suite_marked(suite, "policies")) == []
