"""Advice about entries, over policies as HR writes them: how many to add, and what each has to hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.policy.load import load_files
from service.verdict.change_text import change_document
from service.verdict.changes import what_would_change
from service.verdict.judge import Judge

CASES: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "entry_advice.yaml").read_text("utf-8"), yaml.BaseLoader
)
FACTS = """
facts:
  shifts:
    type: records
    label: shifts
    dated_by: worked_on
    fields:
      worked_on: {type: date, label: day of the shift}
      ward: {type: choice, choices: [surgery, care, emergency], label: ward}
      hours: {type: number, unit: hours, maximum: 24, label: hours worked}
      passed: {type: yes_no, label: signed off}
  reviews:
    type: records
    label: reviews
    fields:
      given_on: {type: date, label: day of the review}
      about: {type: text, label: goal}
      score: {type: number, minimum: 1, maximum: 5, label: score}
  goals: {type: list, of: text, label: goals, can_change: no}
  since: {type: date, label: start, can_change: no}
"""
TRACK = """
track: craft
title: Craft
kind: craft
in_force: {from: 2026-01-01}
levels:
  - {level: learner, title: Learner, grade: 1}
  - level: maker
    title: Maker
    grade: 2
    requires: []
"""


def judge_of(asks: Any) -> Judge:
    """A judge by a policy that asks for this; a list is one requirement each."""
    track: dict[str, Any] = yaml.load(TRACK, yaml.BaseLoader)
    track["levels"][1]["requires"] = [
        {"id": f"r{number}", "text": f"Requirement {number}", "condition": [each]}
        for number, each in enumerate(asks if isinstance(asks, list) else [asks], 1)
    ]
    files = {"facts.yaml": FACTS, "tracks/craft/2026-01-01.yaml": yaml.safe_dump(track).replace("'", "")}
    return Judge(load_files({name: text.encode() for name, text in files.items()}))


def typed(told: Any) -> Any:
    """Facts as a request brings them; YAML was read as words."""
    if isinstance(told, dict):
        return {name: typed(value) for name, value in told.items()}
    if isinstance(told, list):
        return [typed(each) for each in told]
    return {"true": True, "false": False}.get(told, int(told) if told.isdigit() else told)


@pytest.mark.parametrize("given", CASES, ids=lambda given: str(given["about"]))
def test_the_fewest_entries_that_help_are_advised(given: dict[str, Any]) -> None:
    """Whoever follows the advice does no more than is asked, and it is enough: both are judged again."""
    judge = judge_of(given["asks"])
    request = {
        "candidate": {"id": "E-1"}, "from": {"track": "craft", "level": "learner"},
        "to": {"track": "craft", "level": "maker"}, "submitted_on": "2026-05-04", "as_of": "2026-06-01",
        "facts": typed(given["told"]),
    }  # fmt: skip
    case = judge.case(*judge.read(request, datetime(2026, 5, 4, tzinfo=UTC)))
    chosen = what_would_change(case)
    assert [change_document(remedy)["change"] for _, remedy in chosen] == given["advice"]
    if chosen:
        assert case.eligible(case.told({remedy.fact: remedy.value for _, remedy in chosen}))
