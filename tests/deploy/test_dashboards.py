"""The dashboard and the alert rules ask for metrics that exist: another would stay silent for ever."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from service.web.metrics import Metrics

HOUSE = Path(__file__).parents[2]
DASHBOARD = HOUSE / "deploy" / "grafana" / "ladders.json"
ALERTS = HOUSE / "deploy" / "prometheus" / "alerts.yaml"
NAME = re.compile(r"\bladders_[a-z_]+")
ASKED = re.compile(r"(?P<name>\bladders_[a-z_]+)(?:\{(?P<labels>[^}]*)\})?")
OF_PROMETHEUS = {"instance", "job", "le"}  #: labels that come with every series, or with every bucket


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load(ALERTS.read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    """Everything that is asked of Prometheus about this service."""
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    variables = [
        each["query"]["query"] for each in dashboard["templating"]["list"] if isinstance(each["query"], dict)
    ]
    return [*panels, *variables, *(rule["expr"] for rule in rules())]


@cache
def known() -> dict[str, set[str]]:
    """Every series that a service tells, with its labels."""
    metrics = Metrics()
    metrics.count_verdict(
        cast(Any, SimpleNamespace(track="t", level="l", outcome="eligible", results=[("r", "met")])), 0.1, 0.1
    )
    metrics.count_request("GET", "/v1/tracks", 200, 0.1)
    metrics.count_delivery("workday", "delivered")
    metrics.note_webhook_lag("workday", 0)
    metrics.note_entries(7)
    metrics.note_published({"size": 5, "anchored": 5, "why": None, "witnesses": {"w": {"why": None}}})
    series: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            series.setdefault(sample.name, set()).update(sample.labels)
    return series


@pytest.mark.parametrize("expression", [each for each in expressions() if NAME.search(each)])
def test_an_expression_asks_for_what_the_service_tells(expression: str) -> None:
    """A renamed metric would otherwise leave an alert that never fires."""
    series = known()
    for asked in ASKED.finditer(expression):
        assert asked["name"] in series
        labels = set(re.findall(r"(\w+)\s*[=!]~?", asked["labels"] or ""))
        assert labels <= series[asked["name"]] | OF_PROMETHEUS


def test_every_metric_is_looked_at() -> None:
    """What nobody looks at need not be counted."""
    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    families = {re.sub("_(total|bucket|sum|count|created)$", "", name) for name in known()}
    looked_at = {re.sub("_(total|bucket|sum|count)$", "", name) for name in asked}
    assert families - looked_at == set()


def test_every_alert_says_what_to_do() -> None:
    """Whoever is woken up looks the alert up by its name."""
    guide = (HOUSE / "docs" / "incidents.md").read_text("utf-8")
    missing = [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in guide]
    assert missing == []
    assert all(rule["annotations"].keys() == {"summary", "description"} for rule in rules())
