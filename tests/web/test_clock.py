"""A clock that is set back under a running service: the log keeps its order, and says when it cannot."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.ledger.log import read_log
from service.ledger.verified import verify_log
from tests.web.clock import NOON, Clock
from tests.web.running import Service, running

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def asked(service: Service, good: dict[str, Any], number: int) -> tuple[int, dict[str, Any]]:
    """Status and answer for a request about somebody of this number."""
    about = {**good, "candidate": {"id": f"E-{number}"}}
    status, body, _ = service.ask("POST", "/v1/verdicts", json.dumps(about))
    return status, json.loads(body)


def test_a_clock_that_is_set_back_changes_no_order(
    tmp_path: Path, good: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a second: nobody notices. By an hour: no verdict but the reason, and once it is right it goes on."""
    clock, database = Clock(tmp_path, monkeypatch), tmp_path / "log" / "verdicts.db"
    database.parent.mkdir()
    with running(database) as service, clock.seen_by(service.process):
        service.wait_until_ready()
        answers = [asked(service, good, 1)]
        clock.stand_at(NOON - SECOND)
        answers += [asked(service, good, number) for number in (2, 3)]
        clock.stand_at(NOON - HOUR)
        refusals = [asked(service, good, 4) for _ in range(4)]  # whichever worker it is
        clock.stand_at(NOON + SECOND)
        answers.append(asked(service, good, 4))
    for status, problem in refusals:
        assert (status, problem["type"]) == (503, "/problems/log-unavailable")
        assert "the clock of this machine lies behind the last entry of the verdict log" in problem["detail"]
    assert [status for status, _ in answers] == [201] * 4
    verdicts = [verdict for _, verdict in answers]
    assert [verdict["dates"]["judged_at"] for verdict in verdicts] == [
        f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (NOON, NOON - SECOND, NOON - SECOND, NOON + SECOND)
    ]
    with closing(read_log(database)) as log:
        entries = [entry for entry in log.entries() if entry.kind == "verdict"]
        assert [entry.id for entry in entries] == [verdict["verdict_id"] for verdict in verdicts]
        assert [entry.receipt.index for entry in entries] == [verdict["log"]["index"] for verdict in verdicts]
        committed_at = [entry.receipt.committed_at for entry in entries]
        assert committed_at == [NOON, NOON, NOON, NOON + SECOND]  # never before that of an earlier entry
        assert verify_log(log).findings == []
