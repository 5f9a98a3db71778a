"""An engine that fails within a request: no verdict, nothing recorded, and the next request is served."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from service.engine.durable import DurableEngine
from service.policy.load import load
from service.verdict.judge import Judge
from tests.engine.bindings import Watched
from tests.web.conftest import POLICIES, CountingLog


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """durable-rules, made to fail where a test wants it."""
    binding = Watched()
    monkeypatch.setattr("service.verdict.judge.DurableEngine", partial(DurableEngine, binding=binding))
    return binding


def _left_over_fact(*_: Any) -> tuple[int, int]:
    return 2, 0  # what the library says when it still holds the fact of another request


def _no_firing(*_: Any) -> None:
    return None


def _crash(*_: Any) -> None:
    raise RuntimeError("the library failed while it judged E-1042")


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        ("assert_fact", _left_over_fact),
        ("start_action_for_state", _no_firing),
        ("complete_and_start_action", _no_firing),
        ("complete_and_start_action", _crash),
        ("delete_state", _crash),
    ],
)
def test_a_failing_engine_refuses_the_verdict_is_rebuilt_and_serves_the_next(
    function: str,
    instead: Callable[..., Any],
    watched: Watched,
    app_with: Callable[..., Flask],
    log: CountingLog,
    good: dict[str, Any],
) -> None:
    """A doubtful answer about a person is worse than none, and one fault must not end the service."""
    judge = Judge(load(POLICIES))
    client = app_with(judge=judge).test_client()
    before = client.post("/v1/verdicts", json=good)
    assert before.status_code == 201
    appended = log.appended

    watched.instead[function] = instead
    refused = client.post("/v1/verdicts", json=good)
    assert refused.status_code == 500
    assert refused.content_type == "application/problem+json"
    assert "E-1042" not in refused.text
    assert log.appended == appended

    watched.instead.clear()
    after = client.post("/v1/verdicts", json=good)
    assert after.status_code == 201
    assert after.get_json()["findings"] == before.get_json()["findings"]
    assert judge.rebuilds >= 1
    judge.close()
