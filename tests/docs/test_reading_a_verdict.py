"""The page on verdicts: what it quotes stands in the verdict, and every field of a verdict is explained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from marshmallow import Schema, fields

from service.engine.evaluate import Outcome, Result
from service.verdict.schema import VerdictSchema
from service.verdict.views import ViewName, view
from tests.docs.examples import DOCS, Example, examples_of, page, rows_below

PAGE = "reading-a-verdict.md"
EXAMPLES = sorted((DOCS.parent / "examples" / "verdicts").glob("*.json"))
CODER = json.loads((DOCS.parent / "examples" / "verdicts" / "brilliant-coder.json").read_text("utf-8"))
QUOTED = [each for each in examples_of(PAGE) if each.language == "json"]
OF_THE_CALLER = {"needed", "entry", "to"}  #: inside these stand operators, and fields of the policy's facts


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: f"line {quoted.line}")
def test_what_is_quoted_stands_in_the_verdict(quoted: Example) -> None:
    """One reads the page beside the file."""
    verdict: dict[str, Any] = CODER
    if quoted.kind.startswith("finding "):
        (verdict,) = [each for each in CODER["findings"] if each["id"] == quoted.kind.split()[1]]
    told = json.loads(quoted.text)
    assert told == {name: verdict[name] for name in told}


def _fields(schema: Schema) -> Iterator[str]:
    """Every name in the published shape of a verdict."""
    for name, field in schema.fields.items():
        yield field.data_key or name
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested) and not isinstance(inner.schema, type(schema)):
            yield from _fields(inner.schema)


def _names(told: Any) -> Iterator[str]:
    """Every name in a verdict that was given."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield name
            yield from () if name in OF_THE_CALLER else _names(value)
    elif isinstance(told, list):
        for value in told:
            yield from _names(value)


def test_every_field_of_a_verdict_is_explained() -> None:
    """An auditor asks for the one that is not."""
    explained = set(re.findall(r"`(\w+)`", page(PAGE)))
    given = {name for path in EXAMPLES for name in _names(json.loads(path.read_text("utf-8")))}
    assert set(_fields(VerdictSchema())) - explained == set()
    assert given - explained == set()


def test_every_result_and_outcome_is_explained() -> None:
    """These words decide."""
    assert {row[0].strip("`") for row in rows_below(PAGE, "| result |")} | {"met"} == set(get_args(Result))
    assert set(re.findall(r"`(\w+)`", page(PAGE))).issuperset(get_args(Outcome))


def test_what_the_views_leave_out_is_said_in_full() -> None:
    """The candidate's view is a promise, too."""
    for name, _, without in rows_below(PAGE, "<!-- views -->"):
        said = set(re.findall(r"`(\w+)`", without))
        assert said == _gone(name.strip("`"))  # type: ignore[arg-type]  # the page names views only


def _gone(name: ViewName) -> set[str]:
    """The names that a view takes out of verdicts, whatever the facts are."""
    gone: set[str] = set()
    for path in EXAMPLES:
        told = json.loads(path.read_text("utf-8"))
        whole = _not_sensitive({**told, "policy": {**told["policy"], "digest": ""}, "log": {}, "links": {}})
        for finding in whole["findings"]:
            (finding["found"] or {}).setdefault("steps", [])  # of facts that are calculated
        gone |= _lost(whole, view(whole, name))
    return gone


def _not_sensitive(told: Any) -> Any:
    """A verdict as if no fact in it were sensitive: that hides more, and is said by itself."""
    if isinstance(told, dict):
        return {name: _not_sensitive(value) for name, value in told.items() if name != "sensitive"}
    return [_not_sensitive(value) for value in told] if isinstance(told, list) else told


def _lost(whole: Any, seen: Any) -> set[str]:
    if isinstance(whole, dict):
        lost = set(whole) - set(seen)
        return lost.union(*(_lost(whole[name], seen[name]) for name in seen))
    if isinstance(whole, list):
        return set().union(*(_lost(one, other) for one, other in zip(whole, seen, strict=True)))
    return set()
