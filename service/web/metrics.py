"""Metrics: what happens in a worker goes in; the Prometheus text of all workers together comes out.

Under gunicorn each process counts in files of its own in the runtime folder, and whoever is asked adds them
up; that needs `PROMETHEUS_MULTIPROC_DIR` in the environment before this module is imported, which
`web.__main__` sees to. In a single process, as in tests, nothing needs to be set.
No label says anything about a person.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, Flask, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.errors import Disagreement, EngineError
from service.verdict.model import Verdict

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
MOST_TOLD: Final = 20  #: problems, each a label; `/v1/status` tells more
RESULTS: Final = ("swapped", "unchanged", "refused")
_EVALUATION: Final = (0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1)
_WAITING: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5)


class Metrics:
    """What is counted; one for all threads of a process, made before the workers are forked."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self._verdicts = Counter(
            "ladders_verdicts", "Verdicts recorded and answered.", ("track", "level", "outcome"), registry=own
        )
        self._findings = Counter(
            "ladders_findings",
            "Findings of these verdicts.",
            ("track", "level", "requirement", "result"),
            registry=own,
        )
        self._evaluation = Histogram(
            "ladders_evaluation_seconds",
            "Time to judge one request, advice and sentences included.",
            registry=own,
            buckets=_EVALUATION,
        )
        self._append = Histogram(
            "ladders_log_append_seconds",
            "Time until a record was durable.",
            registry=own,
            buckets=_WAITING,
        )
        self._request = Histogram(
            "ladders_request_seconds",
            "Time to answer a request.",
            ("method", "route"),
            registry=own,
            buckets=_WAITING,
        )
        self._requests = Counter(
            "ladders_requests", "Requests answered.", ("method", "route", "status"), registry=own
        )
        self._engine_errors = Counter(
            "ladders_engine_errors",
            "Requests without a verdict because the engine could not decide with certainty.",
            ("kind",),
            registry=own,
        )
        self._rebuilds = Counter(
            "ladders_engine_rebuilds", "Rulesets built anew after a fault.", registry=own
        )
        self._reloads = Counter("ladders_reloads", "Reloads of the policies.", ("result",), registry=own)
        self._problems = Gauge(
            "ladders_policy_problems",
            "Problems that kept the last reload from being put in force; 0 when all is well.",
            registry=own,
            multiprocess_mode="mostrecent",
        )
        self._entries = self._latest("ladders_log_entries", "Entries of the verdict log.")
        self._published = self._latest(
            "ladders_log_published_entries", "Entries that the last signed checkpoint covers."
        )
        self._anchored = self._latest(
            "ladders_log_anchored_entries",
            "Entries that a checkpoint in the anchor covers; 0 without an anchor.",
        )
        self._unpublished = self._latest(
            "ladders_log_publishing_failed", "1: the last try to publish a checkpoint failed.", ("by",)
        )
        self._deliveries = Counter(
            "ladders_webhook_deliveries",
            "Tries to tell a subscriber of an entry; `dead` was given up.",
            ("subscriber", "result"),
            registry=own,
        )
        self._webhook_lag = Gauge(
            "ladders_webhook_lag_entries",
            "Entries of the log that a subscriber was not told of yet.",
            ("subscriber",),
            registry=own,
            multiprocess_mode="mostrecent",
        )
        for kind in ("disagreement", "fault"):  # a rate needs to start from 0
            self._engine_errors.labels(kind)
        for result in RESULTS:
            self._reloads.labels(result)
        self._problems.set(0)
        self._known_verdicts: dict[tuple[str, str, str], Counter] = {}
        self._known_findings: dict[tuple[str, str, str, str], Counter] = {}
        self._known_requests: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}

    def count_verdict(self, verdict: Verdict, evaluation_s: float, append_s: float) -> None:
        """A verdict was recorded."""
        track, level = verdict.track, verdict.level
        key = (track, level, verdict.outcome)
        counter = self._known_verdicts.get(key)
        if counter is None:
            counter = self._known_verdicts[key] = self._verdicts.labels(*key)
        counter.inc()
        known = self._known_findings
        for requirement, result in verdict.results:
            name = (track, level, requirement, result)
            counter = known.get(name)
            if counter is None:
                counter = known[name] = self._findings.labels(*name)
            counter.inc()
        self._evaluation.observe(evaluation_s)
        self._append.observe(append_s)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        key = (method, route, status)
        known = self._known_requests.get(key)
        if known is None:
            known = self._request.labels(method, route), self._requests.labels(*key)
            self._known_requests[key] = known
        known[0].observe(seconds)
        known[1].inc()

    def count_engine_error(self, error: EngineError) -> None:
        """The engine could not decide."""
        kind = "disagreement" if isinstance(error, Disagreement) else "fault"
        self._engine_errors.labels(kind).inc()

    def count_rebuilds(self, number: int) -> None:
        """Rulesets were built anew."""
        if number > 0:
            self._rebuilds.inc(number)

    def count_reload(self, result: str, problems: int) -> None:
        """A reload came to its end, with so many problems."""
        self._reloads.labels(result).inc()
        self._problems.set(problems)

    def note_entries(self, entries: int) -> None:
        """The verdict log has so many entries."""
        self._entries.set(entries)

    def note_published(self, told: Mapping[str, Any]) -> None:
        """How far publishing has come, as `web.publishing` tells it."""
        self._published.set(told["size"] or 0)
        self._anchored.set(told["anchored"] or 0)
        self._unpublished.labels("log").set(told["why"] is not None)
        for name, witness in told["witnesses"].items():
            self._unpublished.labels(name).set(witness["why"] is not None)

    def _latest(self, name: str, what: str, labels: tuple[str, ...] = ()) -> Gauge:
        """A gauge that shows what whichever worker said last."""
        return Gauge(name, what, labels, registry=self._registry, multiprocess_mode="mostrecent")

    def count_delivery(self, subscriber: str, result: str) -> None:
        """A subscriber was told (`delivered`), was not (`failed`), or an entry was given up (`dead`)."""
        self._deliveries.labels(subscriber, result).inc()

    def note_webhook_lag(self, subscriber: str, entries: int) -> None:
        """So many entries wait for a subscriber."""
        self._webhook_lag.labels(subscriber).set(entries)

    def text(self, problems: Sequence[str] = ()) -> bytes:
        """Everything, of all processes, in Prometheus' text format.

        Args:
            problems: What kept the last reload from being put in force, as `file:line:column: message`.
        """
        registry, folder = self._registry, os.environ.get(FOLDER)
        if folder is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        told = CollectorRegistry()
        told.register(_Problems(problems[:MOST_TOLD]))
        return generate_latest(registry) + generate_latest(told)


class _Problems(Collector):
    """The problems of the policies now, one a line; not counted, since they come and go."""

    def __init__(self, problems: Sequence[str]) -> None:
        self._problems = problems

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The one metric."""
        said = "A problem that kept the last reload from being put in force; the first of them."
        family = GaugeMetricFamily("ladders_policy_problem", said, labels=("problem",))
        for problem in self._problems:
            family.add_metric((problem,), 1)
        yield family


def publish_metrics(app: Flask, metrics: Metrics, problems: Callable[[], Sequence[str]]) -> None:
    """Let the app answer `GET /metrics`; `problems` are those that kept the last reload from being put in
    force."""
    blueprint = Blueprint("metrics", __name__)

    def show() -> Response:
        return Response(metrics.text(problems()), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    blueprint.add_url_rule("/metrics", view_func=show)
    app.register_blueprint(blueprint)
