"""Metrics: what happened is counted, in all workers together, and nothing in it is about a person."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.errors import Disagreement, EngineFault
from service.policy.model import PolicySet
from service.verdict.judge import Judge
from service.web.metrics import Metrics
from tests.web.running import HOUSE, Service, running

LINE = re.compile(r'(?P<name>[a-z_:]+)(\{(?P<labels>([a-z_]+="[^"\n]*",?)*)\})? (?P<value>\S+)')


class Failing:
    """A judge that always fails with one error."""

    rebuilds = 0

    def __init__(self, error: Exception, policies: PolicySet) -> None:
        self.error = error
        self.policies = policies

    def verdict(self, *_: Any, **__: Any) -> Any:
        raise self.error

    def options(self, *_: Any, **__: Any) -> Any:
        raise self.error

    def close(self) -> None:
        """Nothing to close."""


def samples(text: str) -> dict[str, float]:
    """Every sample by its name and labels."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            told = LINE.fullmatch(line)
            assert told is not None, line
            found[line.rpartition(" ")[0]] = float(told["value"])
    return found


@pytest.fixture
def client_with(app_with: Callable[..., Flask]) -> Callable[..., FlaskClient]:
    """Makes an app with metrics of its own."""
    return lambda **other: app_with(metrics=Metrics(), **other).test_client()


def test_a_verdict_is_counted_by_level_and_outcome_with_its_findings_and_times(
    client_with: Callable[..., FlaskClient], good: dict[str, Any]
) -> None:
    """HR's question `how many, and what do they lack` is answered without reading a verdict."""
    client = client_with()
    for _ in range(3):
        client.post("/v1/verdicts", json=good)
    response = client.get("/metrics")
    assert response.content_type.startswith("text/plain; version=0.0.4")
    told = samples(response.text)
    level = 'level="team-lead"'
    assert told[f'ladders_verdicts_total{{{level},outcome="not_eligible",track="people-lead"}}'] == 3
    finding = f'ladders_findings_total{{{level},requirement="%s",result="%s",track="people-lead"}}'
    assert told[finding % ("trained", "unmet")] == 3
    assert told[finding % ("own-wish", "met")] == 3
    assert told["ladders_evaluation_seconds_count"] == 3
    assert told["ladders_log_append_seconds_count"] == 3
    assert told['ladders_request_seconds_count{method="POST",route="/v1/verdicts"}'] == 3
    assert told['ladders_requests_total{method="POST",route="/v1/verdicts",status="201"}'] == 3


def test_what_is_not_recorded_is_no_verdict(
    client_with: Callable[..., FlaskClient], good: dict[str, Any]
) -> None:
    """The number must be that of the log."""
    client = client_with()
    good["to"]["level"] = "nowhere"
    client.post("/v1/verdicts", json=good)
    told = client.get("/metrics").text
    assert "ladders_verdicts_total{" not in told
    assert samples(told)['ladders_requests_total{method="POST",route="/v1/verdicts",status="422"}'] == 1


@pytest.mark.parametrize(
    ("error", "kind"), [(Disagreement("they differ"), "disagreement"), (EngineFault("it broke"), "fault")]
)
def test_an_engine_that_cannot_decide_is_counted_by_kind(
    error: Exception,
    kind: str,
    client_with: Callable[..., FlaskClient],
    judge: Judge,
    good: dict[str, Any],
) -> None:
    """The first of these wakes somebody up."""
    client = client_with(judge=Failing(error, judge.policies))
    assert client.post("/v1/verdicts", json=good).status_code == 500
    told = samples(client.get("/metrics").text)
    counted = {
        each: told[f'ladders_engine_errors_total{{kind="{each}"}}'] for each in ("disagreement", "fault")
    }
    assert counted == {"disagreement": 0, "fault": 0, kind: 1}


def test_rebuilds_and_reloads_are_counted_from_nought() -> None:
    """A rate over a series that begins with 1 is 0, so each must be there before anything happens."""
    metrics = Metrics()
    before = samples(metrics.text().decode())
    assert before["ladders_engine_rebuilds_total"] == 0
    metrics.count_rebuilds(2)
    metrics.count_rebuilds(0)
    metrics.count_reload("refused", 3)
    after = samples(metrics.text().decode())
    for result in ("swapped", "unchanged", "refused"):
        assert before[f'ladders_reloads_total{{result="{result}"}}'] == 0
    assert after['ladders_reloads_total{result="refused"}'] == 1
    assert (before["ladders_policy_problems"], after["ladders_policy_problems"]) == (0, 3)
    assert after["ladders_engine_rebuilds_total"] == 2


def test_no_label_says_anything_about_a_person(
    client_with: Callable[..., FlaskClient], good: dict[str, Any]
) -> None:
    """Metrics are kept for years, and by others than the verdict log; and what callers make up must not
    become a label either, for each makes a new series.
    """
    client = client_with()
    good["candidate"]["id"], good["request_id"] = "Ann-Example", "wf-counted"
    good["facts"]["motto"] = "Festina lente"
    client.post("/v1/verdicts", json=good)
    client.get("/v1/verdicts/Ann-Example")
    client.get("/Ann-Example")
    client.open("/Ann-Example", method="ANN")
    text = client.get("/metrics").text
    assert "Ann" not in text
    assert "ANN" not in text
    assert "Festina" not in text
    assert "wf-counted" not in text


def counted(service: Service, name: str) -> float:
    """The sum of all samples of one name."""
    told = samples(service.ask("GET", "/metrics")[1].decode())
    return sum(value for sample, value in told.items() if sample.partition("{")[0] == name)


def test_all_workers_are_counted_together_and_the_dead_are_not_forgotten(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """Whichever worker is asked, the answer is that of the service; and a counter never falls."""
    with running(tmp_path / "verdicts.db", workers=3) as service:
        for _ in range(30):
            assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 201
        assert {counted(service, "ladders_verdicts_total") for _ in range(6)} == {30}
        for worker in service.workers()[:2]:
            os.kill(worker, signal.SIGKILL)
        service.wait_for_workers(3)
        assert counted(service, "ladders_verdicts_total") == 30
        for _ in range(5):
            service.ask("POST", "/v1/verdicts", json.dumps(good))
        assert counted(service, "ladders_verdicts_total") == 35
        assert counted(service, "ladders_log_append_seconds_count") == 35


def test_the_operators_page_lists_every_metric_and_no_other() -> None:
    """Dashboards and alerts are written from that page."""
    page = (HOUSE / "docs" / "operating.md").read_text("utf-8")
    page = page.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    named = {
        name.removesuffix("_total")
        for line in page.splitlines()
        if line.startswith("| `ladders_")
        for name in re.findall(r"ladders_[a-z_]+", line)
    }
    told = re.findall(r"^# HELP (\S+)", Metrics().text().decode(), re.MULTILINE)
    assert named == {name.removesuffix("_total") for name in told if not name.endswith("_created")}
