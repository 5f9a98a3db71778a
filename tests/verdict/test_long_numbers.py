"""Numbers with many digits: whatever a policy may calculate of whatever may be sent comes out exactly."""

from __future__ import annotations

import json

import pytest

from service.facts.json_text import MOST_DIGITS, read_json
from service.ledger.canonical import canonical
from service.verdict.judge import Judge
from tests.policy.folders import FACTS, LEAD, changed, loaded
from tests.verdict.bundled import NOW

#: A product of seventeen numbers against one of sixteen: near the most that may be written.
DERIVED = """\
  d1: {label: d1, fact: points, times: {fact: points}}
  d2: {label: d2, fact: d1, times: {fact: d1}}
  d3: {label: d3, fact: d2, times: {fact: d2}}
  d4: {label: d4, fact: d3, times: {fact: d3}}
  product: {label: product, fact: training_hours, times: {fact: d4}}
  bound: {label: bound, fact: d4, plus: {fact: points}}
"""
SERVICE = "  service: {label: service, time_in: jobs}\n"


@pytest.mark.parametrize(
    "number",
    [
        "9" * MOST_DIGITS,
        f"0.{'0' * 29}1",
        "-1.5E-29",
        "1E30",
        f"7.{'7' * 29}",
        f"-{'9' * 15}.{'9' * 15}",
        "0",
    ],
)
def test_long_products_are_judged_exactly_and_advised_on(number: str) -> None:
    """The advice tries values that lead to the outcome; one that nobody could send is none."""
    files = changed(
        (FACTS, SERVICE, SERVICE + DERIVED),
        (
            LEAD,
            "        fact: wish\n        is: yes\n",
            "        fact: product\n        more_than: {fact: bound}\n",
        ),
    )
    judge = Judge(loaded(files))
    entries = [
        f'{{"course": "a", "completed_on": "2026-01-01", "hours": {hours}}}' for hours in (number, "1E-30")
    ]
    text = (
        '{"candidate": {"id": "E-1"}, "from": {"track": "craft", "level": "senior"},'
        ' "to": {"track": "lead", "level": "team-lead"}, "as_of": "2027-01-01", "submitted_on": "2026-11-20",'
        f' "facts": {{"points": {number}, "trainings": [{", ".join(entries)}]}}}}'
    )
    verdict = judge.verdict(read_json(text.encode()), verdict_id="v", judged_at=NOW)
    assert json.loads(canonical(verdict.document))["outcome"] == "not_eligible"
    judge.close()
