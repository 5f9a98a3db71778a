"""A service does not start with policies that mean something else than when they judged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from service.facts.json_text import read_json
from service.ledger.address import Address, Place
from service.ledger.frozen import issued_in
from service.ledger.log import open_log
from service.ledger.verdict_record import record_of
from service.policy.load import load
from service.verdict.judge import Judge
from service.web import reload
from service.web.freezing import Freeze
from service.web.judges import Judges, ready_judge
from service.web.metrics import Metrics
from service.web.reload import ATTEMPT, Reloader, first_set, note_first_set
from service.web.runtime import runtime_in
from tests.ledger.postgres import Cluster, new_log
from tests.web.conftest import NOON
from tests.web.running import HOUSE, JSON, POLICIES, Service, environment, running

LEAD = "tracks/people-lead/2026-01-01.yaml"
REQUEST = json.dumps(
    {
        "candidate": {"id": "E-1"},
        "from": {"track": "stone-craft", "level": "mason"},
        "to": {"track": "people-lead", "level": "team-lead"},
        "as_of": "2027-01-01",
        "submitted_on": "2026-11-20",
        "facts": {"rating": "meets"},
    }
).encode()
ID = "01934a5c-0000-7000-8000-000000000000"


def step_until(reloader: Reloader, holds: Callable[[], bool], within_s: float = 20.0) -> None:
    """Let the leader work until something holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        reloader.step()
        time.sleep(0.01)


@contextmanager
def asking(service: Service, request: dict[str, Any], clients: int = 3) -> Iterator[list[int]]:
    """Ask without a pause, each client over a connection of its own; gives what is answered."""
    enough, answers = Event(), list[int]()

    def ask() -> None:
        connection = HTTPConnection(service.netloc, timeout=20)
        while not enough.is_set():
            connection.request("POST", "/v1/verdicts", json.dumps(request), JSON)
            response = connection.getresponse()
            response.read()
            answers.append(response.status)
        connection.close()

    threads = [Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def came_out(service: Service, seen: int) -> bool:
    """Whether a reload has ended since the service had told so many lines."""
    return any(each["event"] in ("policies-swapped", "policies-refused") for each in service.lines[seen:])


def test_a_changed_version_that_has_issued_a_verdict_stops_the_start(tmp_path: Path) -> None:
    """One verdict over HTTP freezes the version: the next start with another meaning is refused, with the
    place; the start with the same meaning, or with a change to a version that judged nobody, is not."""
    folder, log = tmp_path / "policies", tmp_path / "verdicts.db"
    shutil.copytree(POLICIES, folder)
    with running(log, policies=folder, workers=1, freeze="yes") as service:
        status, _, _ = service.ask("POST", "/v1/verdicts", REQUEST)
        assert status == 201
        assert service.stop() == 0
    craft = folder / "tracks" / "stone-craft" / "2026-01-01.yaml"
    craft.write_text(craft.read_text("utf-8").replace("grade: 5", "grade: 4"), "utf-8")
    with running(log, policies=folder, workers=1, freeze="yes") as service:
        assert service.ask("GET", "/health/ready")[0] == 200
    lead = folder / LEAD
    lead.write_text(lead.read_text("utf-8").replace("at_least: 8", "at_least: 9"), "utf-8")
    refused = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "serve"],
        env=environment(policies=folder, log=log, port=0), cwd=tmp_path, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert refused.returncode == 2
    assert f"{LEAD}:1:1: this version has issued verdicts and is frozen" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_reload_does_not_change_a_version_that_has_issued_a_verdict(tmp_path: Path) -> None:
    """The service goes on with the last good set, and says which file to put back."""
    folder, log = tmp_path / "policies", tmp_path / "verdicts.db"
    shutil.copytree(POLICIES, folder)
    with running(log, policies=folder, workers=1, reload_s=0, freeze="yes") as service:
        assert service.ask("POST", "/v1/verdicts", REQUEST)[0] == 201
        lead = folder / LEAD
        lead.write_text(lead.read_text("utf-8").replace("at_least: 8", "at_least: 9"), "utf-8")
        service.process.send_signal(signal.SIGHUP)
        refused = service.wait_for("policies-refused")
        assert f"{LEAD}:1:1: this version has issued verdicts and is frozen" in refused["problems"][0]
        assert service.ask("POST", "/v1/verdicts", REQUEST)[0] == 201


def test_a_first_verdict_while_a_set_is_made_ready_keeps_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof looked at a log in which the version had judged nobody; at the change-over it has."""
    monkeypatch.setattr(reload, "QUIET_S", 0.0)
    monkeypatch.setattr(reload, "_AGAIN_S", 0.0)
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    folder, place = tmp_path / "policies", tmp_path / "verdicts.db"
    shutil.copytree(POLICIES, folder)
    log = open_log(place, clock=lambda: datetime.now(UTC), random_bytes=os.urandom)
    with runtime_in(tmp_path, NOON) as runtime, closing(log):
        copied, digest = first_set(runtime, folder)
        old = Judge(load(copied))
        note_first_set(runtime, digest, old.policies, NOON)
        judges = Judges(runtime, old, ready_judge, lambda: NOON)
        judges.begin()
        freeze = Freeze(judges, place)
        reloader = Reloader(runtime, folder, every_s=0, metrics=Metrics(), now=lambda: NOON, freeze=freeze)
        lead = folder / LEAD
        lead.write_text(lead.read_text("utf-8").replace("at_least: 8", "at_least: 9"), "utf-8")
        runtime.ask()
        step_until(reloader, lambda: runtime.published == 1)
        held = judges.lease()  # a request that began before the change-over
        judges.follow()
        for _ in range(3):
            reloader.step()
        assert (runtime.in_force, runtime.published) == (0, 1), "it waits for the request"
        verdict = held.judge.verdict(read_json(REQUEST), verdict_id=ID, judged_at=NOON)
        log.append([record_of(verdict, REQUEST, judged_at=NOON, caller="open:anyone")])
        judges.give_back(held)
        step_until(reloader, lambda: runtime.stage == reload.IDLE)
        told = runtime.told(ATTEMPT) or {}
        assert (told["result"], runtime.in_force, runtime.published) == ("refused", 0, 0)
        assert told["problems"][0].startswith(f"{LEAD}:1:1: this version has issued verdicts and is frozen")
        judges.follow()
        assert judges.lease().judge is old
        old.close()


def other_policies(tmp_path: Path) -> Path:
    """The policies, with another meaning of a version that has judged nobody."""
    folder = tmp_path / "other"
    shutil.copytree(POLICIES, folder)
    lead = folder / LEAD
    lead.write_text(lead.read_text("utf-8").replace("at_least: 8", "at_least: 9"), "utf-8")
    return folder


@pytest.mark.parametrize("store", ["postgres", "file"])
def test_of_two_services_with_other_policies_the_first_to_judge_says_what_a_version_means(
    store: str, cluster: Cluster, tmp_path: Path
) -> None:
    """Policies are being rolled out, one replica after the other. The meaning that judges first stays; the
    other service gives no verdict by that version, says why, and goes on with all others.
    """
    if store == "postgres":
        log: str | Path = cluster.url(new_log(cluster), "service")
        place: Place = Address(str(log))
        keys = cluster.keys
    else:
        log = place = tmp_path / "verdicts.db"
        keys = tmp_path / "keys"
    settings: dict[str, Any] = {"keys": keys, "workers": 1, "cwd": tmp_path, "freeze": "yes", "reload_s": 0}
    requests = [{**json.loads(REQUEST), "request_id": f"first-{number}"} for number in range(12)]
    craft = {**requests[0], "request_id": "craft", "to": {"track": "stone-craft", "level": "master-mason"}}
    with (
        running(log, **settings) as one,
        running(log, policies=other_policies(tmp_path), **settings) as two,
    ):
        with ThreadPoolExecutor(12) as pool:  # at once, so that both try to be the first
            asked = [
                pool.submit(
                    each.ask, "POST", "/v1/verdicts", json.dumps({**request, "request_id": f"{name} {n}"})
                )
                for n, request in enumerate(requests)
                for name, each in (("one", one), ("two", two))
            ]
            answers = [each.result() for each in asked]
        statuses = {
            name: {status for status, _, _ in answers[at::2]} for at, name in enumerate(("one", "two"))
        }
        assert sorted(map(sorted, statuses.values())) == [[201], [503]]
        [meaning] = issued_in(place)["people-lead/2026-01-01"]
        first, second = (one, two) if statuses["one"] == {201} else (two, one)
        told = json.loads(next(body for status, body, _ in answers if status == 503))
        assert told["detail"].startswith(
            "`people-lead/2026-01-01` has judged with another meaning than it has here"
        )
        answered = first.ask("POST", "/v1/verdicts", json.dumps(requests[0]))
        assert answered[0] == 201
        assert second.ask("POST", "/v1/verdicts", json.dumps(requests[0]))[:2] == answered[:2], (
            "it is recorded"
        )
        batch = json.dumps({"requests": [requests[1], craft, requests[2]]})
        results = json.loads(second.ask("POST", "/v1/verdicts/batch", batch)[1])["results"]
        assert [each["status"] for each in results] == [503, 201, 503]
        results = json.loads(first.ask("POST", "/v1/verdicts/batch", batch)[1])["results"]
        assert [each["status"] for each in results] == [201, 201, 201]
    assert issued_in(place)["people-lead/2026-01-01"] == {meaning}


def test_a_version_that_judged_nobody_may_change_under_load_and_never_means_two_things(
    tmp_path: Path,
) -> None:
    """Requests for it begin while the change is made ready: whichever meaning judges first stays, and the
    log knows no other. The requests for another version go on all the while."""
    other = json.loads(REQUEST)
    other["to"] = {"track": "stone-craft", "level": "master-mason"}
    folder, log = tmp_path / "policies", tmp_path / "verdicts.db"
    shutil.copytree(POLICIES, folder)
    lead = folder / LEAD
    with running(log, policies=folder, freeze="yes", reload_s=0) as service:
        with asking(service, other) as answers:
            for hours in (9, 10):  # nobody is judged by it yet: it may change, requests or not
                lead.write_text(
                    lead.read_text("utf-8").replace(f"at_least: {hours - 1}", f"at_least: {hours}"), "utf-8"
                )
                service.process.send_signal(signal.SIGHUP)
                service.wait_for("policies-swapped")
            lead.write_text(lead.read_text("utf-8").replace("at_least: 10", "at_least: 11"), "utf-8")
            seen = len(service.lines)
            service.process.send_signal(signal.SIGHUP)
            while json.loads(service.ask("GET", "/v1/status")[1])["reload"]["now"] != "preparing":
                time.sleep(0.002)
            with asking(service, json.loads(REQUEST)) as first_answers:
                while not came_out(service, seen):
                    time.sleep(0.01)
                time.sleep(0.2)
        assert set(answers) == set(first_answers) == {201}
    assert len(issued_in(log)["people-lead/2026-01-01"]) == 1
