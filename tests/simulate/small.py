"""A small policy folder, and ways to read and run test files about it; knows nothing of what is tested."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from service.policy.load import load
from service.policy.model import PolicySet
from service.simulate.files import read_tests
from service.simulate.model import Checked, PolicyTest
from service.simulate.suite import Suite, run_all
from service.verdict.judge import Judge

HERE = Path(__file__).parent
POLICIES = HERE / "policies"
TODAY = date(2027, 1, 10)
FILE = "tests/small.yaml"

#: Everybody whom the tests below speak of.
PEOPLE = """\
as_of: 2027-01-01
people:
  mara:
    about: A maker who wants to lead and is trained
    from: craft/maker
    facts:
      wish: yes
      rating: meets
      points: 7.5
      tools: [hammer, saw, plane]
      since: 2025-06-01
      trainings: [{course: lead, completed_on: 2026-05-04, hours: 8}]
  otto:
    from: craft/learner
    facts: {since: 2026-01-01, rating: meets, licences: [{name: saw}], trainings: none}
"""


@cache
def policies() -> PolicySet:
    return load(POLICIES)


@cache
def judge() -> Judge:
    return Judge(policies())


def read(text: str) -> tuple[PolicyTest, ...]:
    """The tests of one file."""
    return read_tests({FILE: text.encode()}, policies())


def read_cases(text: str) -> tuple[PolicyTest, ...]:
    """The tests of a file with the people above."""
    return read(PEOPLE + text)


def ran(text: str, today: date = TODAY) -> Suite:
    """What comes out of a file with the people above."""
    return run_all(read_cases(text), judge(), today=today)


def only(text: str, today: date = TODAY) -> Checked:
    """What comes out of the one case of a file with the people above."""
    (checked,) = ran(text, today).checked
    return checked
