"""Views of a verdict: less for some readers, never anything else."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.canonical import canonical
from service.verdict.explanation import Explainer
from service.verdict.views import ViewName, view
from tests.verdict.golden_policies import REQUESTS, judged, policies

NAMES: tuple[ViewName, ...] = get_args(ViewName)


def _document(name: str) -> dict[str, Any]:
    """A verdict as the judge makes it, with what the log adds to it."""
    judgement = judged(name)
    explainer = Explainer(judgement.level, policies().vocabulary)
    return {
        "verdict_id": "019a9f3e-0000-7000-8000-000000000000",
        "request_id": None,
        "outcome": judgement.outcome,
        "summary": explainer.summary(judgement),
        "candidate": {"id": "E-1"},
        "policy": {"set": "sha256:1", "files": "sha256:2", "version": "craft/2026-01-01"},
        "findings": explainer.findings(judgement, {"time": date(2027, 2, 1)}),
        "missing_facts": explainer.questions(judgement),
        "what_would_change": [],
        "afterwards": [{"id": "check-in", "text": "A talk", "within": "90 days"}],
        "warnings": [],
        "engine": "ladders",
        "log": {"index": 1, "leaf": "sha256:3"},
        "links": {"self": "/v1/verdicts/1"},
    }


def _assert_only_less(seen: Any, whole: Any) -> None:
    """Whatever is seen stands equal in the whole, at its place; of a list, some things in their order."""
    if isinstance(seen, dict):
        assert isinstance(whole, dict)
        assert set(seen) <= set(whole)
        for key, value in seen.items():
            _assert_only_less(value, whole[key])
    elif isinstance(seen, list):
        assert isinstance(whole, list)
        assert len(seen) <= len(whole)
        if len(seen) == len(whole):
            for one, other in zip(seen, whole, strict=True):
                _assert_only_less(one, other)
        else:
            assert all(any(one == other for other in whole) for one in seen)
    else:
        assert seen == whole
        assert type(seen) is type(whole)


def _nodes(finding: dict[str, Any]) -> list[dict[str, Any]]:
    waiting, found = list(finding.get("because", ())), []
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(node["of"])
    return found


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_view_only_removes(name: ViewName, request_name: str) -> None:
    """A reader of less must not read anything else: one verdict, one truth."""
    document = _document(request_name)
    _assert_only_less(view(document, name), document)


_TEXTS = st.text(max_size=3)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner, max_size=2),
    max_leaves=3,
)
_FOUND = st.none() | st.dictionaries(
    st.sampled_from(["value", "label", "from", "entries", "steps", "sensitive", "at_least"]), _JSON
)
_NODE: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.fixed_dictionaries(
        {"of": st.just([])}, optional={"found": _FOUND, "missing": _JSON, "shortfall": _JSON}
    ),
    lambda inner: st.fixed_dictionaries({"of": st.lists(inner, max_size=2)}, optional={"needed": _FOUND}),
    max_leaves=3,
)
_LEFT_OUT = st.dictionaries(st.sampled_from(["fact", "count", "sensitive"]), _JSON)
_FINDING = st.fixed_dictionaries(
    {},
    optional={
        "why": _JSON,
        "where": _JSON,
        "found": _FOUND,
        "needed": _FOUND,
        "shortfall": _JSON,
        "because": st.lists(_NODE, max_size=2),
        "left_out": st.lists(_LEFT_OUT, max_size=2),
    },
)
_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "findings": st.lists(_FINDING, max_size=2),
        "policy": st.dictionaries(st.sampled_from(["set", "version"]), _JSON),
        "log": _JSON,
        "newer": _JSON,
    },
)


@given(_DOCUMENTS, st.sampled_from(NAMES))
def test_a_view_of_any_document_only_removes(document: dict[str, Any], name: ViewName) -> None:
    """Verdicts of ten years ago are viewed, too, whatever they had and had not; and they stay as they are."""
    before = copy.deepcopy(document)
    _assert_only_less(view(document, name), document)
    assert document == before


def test_audit_is_everything() -> None:
    """An auditor must see what was recorded, byte for byte."""
    document = _document("much-unmet")
    assert canonical(view(document, "audit")) == canonical(document)


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("name", ["candidate", "workflow"])
def test_no_value_of_a_sensitive_fact_is_seen(name: ViewName, request_name: str) -> None:
    """Neither as found, nor as needed, nor by a number from which it could be worked out."""
    seen = view(_document(request_name), name)
    told = [part for finding in seen["findings"] for part in (finding, *_nodes(finding))]
    sensitive = [part for part in told if part["found"].get("sensitive")]
    assert sensitive
    for part in sensitive:
        assert set(part["found"]) <= {"label", "from", "sensitive"}
        assert part.get("shortfall") is None


@pytest.mark.parametrize("name", ["candidate", "workflow"])
def test_what_a_sensitive_fact_leads_to_is_still_told(name: ViewName) -> None:
    """Somebody who is refused because of it must know so, and can ask."""
    findings = {told["id"]: told for told in view(_document("much-unmet"), name)["findings"]}
    assert findings["height"]["result"] == "unmet"
    assert findings["height"]["found"]["label"] == "cleared for work at height"


def test_the_candidate_reads_reasons_in_words_and_no_bookkeeping() -> None:
    """What was decided, why, what would change it, from which day; not where a file has which line."""
    document = _document("much-unmet")
    seen = view(document, "candidate")
    assert set(document) - set(seen) == {"log", "engine"}
    finding = next(told for told in seen["findings"] if told["id"] == "training")
    assert {"text", "why", "source", "to_meet", "because", "met_from", "left_out"} <= set(finding)
    assert "where" not in finding
    assert "from" not in finding["found"]
    assert "/facts/" not in canonical(seen["findings"]).decode()


def test_a_workflow_gets_what_it_acts_on() -> None:
    """Stable ids, the outcome, the questions, the place in the log; the long reasons stay with the people."""
    document = _document("open-questions")
    seen = view(document, "workflow")
    for key in ("verdict_id", "outcome", "missing_facts", "what_would_change", "policy", "log", "links"):
        assert seen[key] == document[key]
    assert [told["id"] for told in seen["findings"]] == [told["id"] for told in document["findings"]]
    for finding in seen["findings"]:
        assert not {"because", "why", "where"} & set(finding)
        assert {"id", "result", "kind", "text", "needed", "met_from", "to_meet"} <= set(finding)


@pytest.mark.parametrize("name", ["candidate", "workflow"])
def test_a_sensitive_entry_that_lies_ahead_is_not_told_of(name: ViewName) -> None:
    """That there is one is itself the value."""
    document = _document("much-unmet")
    warned = {"fact": "formal_warnings", "count": 1, "text": "1 entry …", "sensitive": True}
    training = next(told for told in document["findings"] if told["id"] == "training")
    training["left_out"] = [*training["left_out"], warned]
    seen = next(told for told in view(document, name)["findings"] if told["id"] == "training")
    assert warned not in seen.get("left_out", [])
    assert len(view(document, "audit")["findings"][2]["left_out"]) == 2
