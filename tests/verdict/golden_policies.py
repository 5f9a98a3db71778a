"""The policy folder and the requests beside the golden texts, loaded; and how a golden text is compared.

LADDERS_REWRITE_GOLDEN=1 writes what is said now into the golden files, to be read before it is committed.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cache
from pathlib import Path

from service.engine.evaluate import Judgement, judge, scope_for
from service.facts.json_text import read_json
from service.facts.schema import read_request
from service.policy.load import load
from service.policy.model import Level, PolicySet
from service.policy.selection import select

GOLDEN = Path(__file__).parent / "golden"
REQUESTS = sorted(path.stem for path in (GOLDEN / "requests").glob("*.json"))
MADE_ON = date(2026, 11, 20)


@cache
def policies() -> PolicySet:
    return load(GOLDEN / "policies")


def level(name: str) -> Level:
    """A level of the one track there is."""
    found = policies().tracks["craft"][0].level(name)
    assert found is not None
    return found


def judged(name: str) -> Judgement:
    """One of the requests, judged by the reference."""
    raw = read_json((GOLDEN / "requests" / f"{name}.json").read_bytes())
    request, faults = read_request(raw, policies().vocabulary, today=MADE_ON)
    assert request is not None, faults
    selection, faults = select(request, policies())
    assert selection is not None, faults
    return judge(selection.level, scope_for(request, selection.level, selection.standing))


def assert_golden(name: str, text: str) -> None:
    """What is said is what somebody has read and agreed with."""
    path = GOLDEN / name
    if os.environ.get("LADDERS_REWRITE_GOLDEN") == "1":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
