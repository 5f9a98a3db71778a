"""What the tests of the service share: a small policy folder, its judge, apps with a log of their own, a
good request.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.ledger.deliveries import EmbeddedDeliveries
from service.ledger.log import Log, open_log
from service.ledger.record import Receipt, Record
from service.policy.load import load
from service.verdict.judge import Judge
from service.web.app import create_app
from service.web.ids import new_id
from service.web.journal import journal
from service.web.judges import Judges, Judging, ready_judge
from service.web.keeping import Keeper
from service.web.metrics import Metrics
from service.web.own_log import OwnLog
from service.web.parts import Parts
from service.web.reload import note_first_set
from service.web.runtime import Runtime, runtime_in
from service.web.snapshot import copy
from service.web.tracing import Traces
from service.web.webhooks.subscribers import Subscribers

POLICIES = Path(__file__).parent / "policies"
NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


class CountingLog(OwnLog):
    """A log that counts what is appended to it, and hands on everything."""

    def __init__(self, log: Log) -> None:
        super().__init__(lambda: log)
        self.appended = 0

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        self.appended += len(records)
        return super().append(records)


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """The judge of the small policy folder."""
    judge = Judge(load(POLICIES))
    yield judge
    judge.close()


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountingLog]:
    """A log of its own."""
    place = tmp_path_factory.mktemp("log") / "verdicts.db"
    log = open_log(place, clock=lambda: datetime.now(UTC), random_bytes=os.urandom)
    yield CountingLog(log)
    log.close()


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory, judge: Judge) -> Iterator[Runtime]:
    """A runtime folder in which the small policy folder is in force."""
    with runtime_in(tmp_path_factory.mktemp("runtime"), NOON) as runtime:
        copy(POLICIES, runtime.set_folder(0))
        note_first_set(runtime, "sha256:none", judge.policies, NOON)
        yield runtime


def judges_of(runtime: Runtime, judge: Judging) -> Judges:
    """One judge, for ever."""
    return Judges(runtime, judge, ready_judge, lambda: NOON)


@pytest.fixture(scope="session")
def parts(
    judge: Judge, runtime: Runtime, log: CountingLog, tmp_path_factory: pytest.TempPathFactory
) -> Parts:
    """The real parts, with a clock that stands still."""
    place = tmp_path_factory.mktemp("webhooks")
    metrics, traces = Metrics(), Traces(None)
    webhooks = Subscribers(
        (),
        log,
        lambda: EmbeddedDeliveries(place / "deliveries"),
        now=lambda: NOON,
        counts=metrics,
        traces=traces,
    )
    judges = judges_of(runtime, judge)
    keeper = Keeper(log, judges, runtime, lambda: NOON)
    keeper.keep(judge.policies)
    return Parts(
        judges=judges,
        keeper=keeper,
        runtime=runtime,
        access=None,
        metrics_open=False,
        metrics=metrics,
        traces=traces,
        webhooks=webhooks,
        log=log,
        now=lambda: NOON,
        new_id=new_id,
        body_limit=1_048_576,
        batch_limit=16_777_216,
    )


@pytest.fixture(scope="session")
def app_with(parts: Parts, runtime: Runtime) -> Callable[..., Flask]:
    """Makes an app from the real parts, some of them replaced."""

    def make(judge: Judging | None = None, **other: Any) -> Flask:
        if judge is not None:
            other["judges"] = judges_of(runtime, judge)
        return create_app(replace(parts, **other))

    return make


@pytest.fixture(scope="session")
def app(app_with: Callable[..., Flask]) -> Flask:
    """The app with all its real parts."""
    return app_with()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Asks the app without a network."""
    return app.test_client()


@pytest.fixture
def good() -> dict[str, Any]:
    """A request that is right in everything; it is refused a promotion, for want of training."""
    return {
        "candidate": {"id": "E-1042"},
        "from": {"track": "stone-craft", "level": "mason"},
        "to": {"track": "people-lead", "level": "team-lead"},
        "as_of": "2027-01-01",
        "submitted_on": "2026-11-20",
        "facts": {"wants_people_role": True, "rating": "meets", "trainings": []},
    }


@pytest.fixture
def service_log(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Reads what was written to the service log since it was last read."""
    journal.cache_clear()  # it holds on to the standard output of an earlier test
    yield lambda: capfd.readouterr().out
    journal.cache_clear()
