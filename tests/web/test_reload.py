"""Change while running: a changed policy folder comes into force whole, in every worker, or not at all; with
real gunicorn workers over real HTTP.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.running import JSON, POLICIES, Service, running

LEVEL = Path("tracks") / "people-lead" / "2026-01-01.yaml"


@dataclass
class Answer:
    """One verdict, and when it was asked for."""

    began: float
    status: int
    policy_set: str
    outcome: str
    hours_needed: str


@dataclass
class Asking:
    """Clients that ask for verdicts without a pause, each over one connection that stays open."""

    service: Service
    text: str
    answers: list[Answer] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)
    enough: Event = field(default_factory=Event)

    def ask(self) -> None:
        try:
            connection = HTTPConnection(self.service.netloc, timeout=20)
            while not self.enough.is_set():
                began = time.monotonic()
                connection.request("POST", "/v1/verdicts", self.text, JSON)
                response = connection.getresponse()
                told = json.loads(response.read())
                finding = {each["id"]: each for each in told["findings"]}["trained"]
                self.answers.append(
                    Answer(
                        began, response.status, told["policy"]["set"], told["outcome"], str(finding["needed"])
                    )
                )
                time.sleep(0.003)
            connection.close()
        except BaseException as error:
            self.broken.append(error)


@contextmanager
def asking(service: Service, request: dict[str, Any], clients: int = 4) -> Iterator[Asking]:
    """Ask all the while; nothing may break."""
    asks = Asking(service, json.dumps(request))
    threads = [Thread(target=asks.ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield asks
    finally:
        asks.enough.set()
        for thread in threads:
            thread.join()
    assert asks.broken == []


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A policy folder that may be changed."""
    shutil.copytree(POLICIES, tmp_path / "policies")
    return tmp_path / "policies"


@pytest.fixture
def trained(good: dict[str, Any]) -> dict[str, Any]:
    """Somebody with nine hours of training, where eight are needed."""
    good["facts"]["trainings"] = [{"hours": 9, "completed_on": "2026-02-02"}]
    return good


def need_hours(policies: Path, hours: int | str) -> None:
    """Change the hours of training that the level asks for; written in place, as editors do."""
    text = (POLICIES / LEVEL).read_text("utf-8")
    (policies / LEVEL).write_text(text.replace("at_least: 8\n", f"at_least: {hours}\n"), "utf-8")


def new_version(policies: Path, hours: int) -> None:
    """Ask for other hours from the next month on, as one does when a version has issued verdicts."""
    last = max((policies / LEVEL).parent.glob("*.yaml"))
    start = date.fromisoformat(last.stem)
    following = start.replace(month=start.month + 1)
    text = last.read_text("utf-8")
    fresh = re.sub(r"at_least: \d+\n", f"at_least: {hours}\n", text).replace(
        f"from: {start}", f"from: {following}"
    )
    last.with_name(f"{following}.yaml").write_text(fresh, "utf-8")
    last.write_text(text.replace(f"from: {start}", f"from: {start}, to: {following}"), "utf-8")


def status(service: Service) -> dict[str, Any]:
    """What `/v1/status` tells."""
    code, text, _ = service.ask("GET", "/v1/status")
    assert code == 200
    told: dict[str, Any] = json.loads(text)
    return told


def metric(service: Service, line: str) -> float:
    """The value of one line of `/metrics`."""
    text = service.ask("GET", "/metrics")[1].decode()
    values = [each.rpartition(" ")[2] for each in text.splitlines() if each.startswith(f"{line} ")]
    assert len(values) == 1, text
    return float(values[0])


def problems_in_metrics(service: Service) -> list[str]:
    """The texts of the problems that `/metrics` tells."""
    text = service.ask("GET", "/metrics")[1].decode()
    return [
        sample.labels["problem"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "ladders_policy_problem"
    ]


def outcome(service: Service, request: dict[str, Any]) -> str:
    """The outcome of one request."""
    code, text, _ = service.ask("POST", "/v1/verdicts", json.dumps(request))
    assert code == 201
    return str(json.loads(text)["outcome"])


def test_a_changed_threshold_comes_into_force_under_load_whole_and_for_everyone(
    tmp_path: Path, policies: Path, trained: dict[str, Any]
) -> None:
    """No request fails; each verdict is all old or all new, and says which; once it is in force nobody gets
    the old one.
    """
    with running(tmp_path / "verdicts.db", policies=policies) as service:
        before = status(service)["policy_set"]
        workers = set(service.workers())
        with asking(service, trained) as asks:
            time.sleep(0.5)
            new_version(policies, 10)
            told = service.wait_for("policies-swapped")
            seen = time.monotonic()
            time.sleep(0.5)
        after = told["policy_set"]
        assert after != before
        assert {answer.status for answer in asks.answers} == {201}
        assert {(answer.policy_set, answer.outcome, answer.hours_needed) for answer in asks.answers} == {
            (before, "eligible", "{'at_least': 8}"),
            (after, "not_eligible", "{'at_least': 10}"),
        }
        late = {answer.policy_set for answer in asks.answers if answer.began > seen}
        assert late == {after}
        now = status(service)
        assert {worker["policy_set"] for worker in now["workers"]} == {after}
        assert {worker["pid"] for worker in now["workers"]} == workers == set(service.workers())
        assert now["reload"]["counts"] == {"swapped": 1, "unchanged": 0, "refused": 0}


def test_no_worker_changes_over_before_another_one(
    tmp_path: Path, policies: Path, trained: dict[str, Any]
) -> None:
    """A client whose requests go to several workers never gets the old set after the new one."""
    with running(tmp_path / "verdicts.db", policies=policies, workers=3) as service:
        for hours in (10, 9, 11):
            with asking(service, trained, clients=1) as asks:
                time.sleep(0.2)
                new_version(policies, hours)
                told = service.wait_for("policies-swapped")
                time.sleep(0.2)
            sets = [answer.policy_set for answer in asks.answers]
            first_new = sets.index(told["policy_set"])
            assert set(sets[first_new:]) == {told["policy_set"]}


def test_a_broken_file_keeps_the_old_set_and_is_shown_in_three_places_until_it_is_mended(
    tmp_path: Path, policies: Path, trained: dict[str, Any]
) -> None:
    """HR sees the same line and column wherever they look; workflows notice nothing."""
    with running(tmp_path / "verdicts.db", policies=policies) as service:
        before = status(service)["policy_set"]
        need_hours(policies, "eight")
        told = service.wait_for("policies-refused")
        (problem,) = told["problems"]
        assert problem.startswith(f"{LEVEL.as_posix()}:23:19: ")
        assert "`eight`" in problem
        assert told["level"] == "error"
        now = status(service)
        assert (now["reload"]["result"], now["reload"]["problems"]) == ("refused", [problem])
        assert {worker["policy_set"] for worker in now["workers"]} == {before} == {now["policy_set"]}
        assert metric(service, "ladders_policy_problems") == 1
        assert problems_in_metrics(service) == [problem]
        assert metric(service, 'ladders_reloads_total{result="refused"}') == 1
        assert outcome(service, trained) == "eligible"
        assert service.ask("GET", "/health/ready")[0] == 200

        need_hours(policies, 8)
        assert service.wait_for("policies-unchanged")["policy_set"] == before
        assert status(service)["reload"]["problems"] == []
        assert metric(service, "ladders_policy_problems") == 0
        assert problems_in_metrics(service) == []

        new_version(policies, 10)
        service.wait_for("policies-swapped")
        assert outcome(service, trained) == "not_eligible"


def test_a_folder_that_is_gone_for_a_while_changes_nothing(
    tmp_path: Path, policies: Path, trained: dict[str, Any]
) -> None:
    """A deployment that replaces the whole folder leaves a moment without one."""
    with running(tmp_path / "verdicts.db", policies=policies) as service:
        policies.rename(tmp_path / "elsewhere")
        told = service.wait_for("policies-refused")
        assert told["problems"] == [
            f"policies:1:1: there is no folder `{policies}`; LADDERS_POLICIES names it"
        ]
        assert outcome(service, trained) == "eligible"
        (tmp_path / "elsewhere").rename(policies)
        service.wait_for("policies-unchanged")


def test_a_folder_is_not_read_before_it_is_quiet(tmp_path: Path, policies: Path) -> None:
    """Half of what somebody is saving is not what they mean, and must not be shown to them as a mistake."""
    with running(tmp_path / "verdicts.db", policies=policies, reload_s="0.1") as service:
        for _ in range(8):
            need_hours(policies, "half")
            time.sleep(0.25)
        need_hours(policies, 10)
        service.wait_for("policies-swapped")
        assert status(service)["reload"]["counts"] == {"swapped": 1, "unchanged": 0, "refused": 0}


def test_without_looking_a_change_waits_for_sighup(
    tmp_path: Path, policies: Path, trained: dict[str, Any]
) -> None:
    """Who deploys by hand decides when; and the workers stay, with all of their connections."""
    with running(tmp_path / "verdicts.db", policies=policies, reload_s=0) as service:
        workers = service.workers()
        new_version(policies, 10)
        time.sleep(1.5)
        assert outcome(service, trained) == "eligible"
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("policies-swapped")
        assert outcome(service, trained) == "not_eligible"
        assert service.workers() == workers


def test_a_reload_can_be_asked_for_over_http(tmp_path: Path, policies: Path, trained: dict[str, Any]) -> None:
    """A pipeline asks, then waits for its own answer: `answered` has reached `asked`."""
    with running(tmp_path / "verdicts.db", policies=policies, reload_s=0) as service:
        for hours, wanted in ((8, "unchanged"), ("eight", "refused"), ("eight", "refused"), (10, "swapped")):
            need_hours(policies, hours)
            code, text, _ = service.ask("POST", "/v1/policies/reload")
            asked = json.loads(text)["asked"]
            assert code == 202
            service.wait_for(f"policies-{wanted}")
            told = status(service)["reload"]
            assert (told["answered"], told["result"]) == (asked, wanted)
        assert outcome(service, trained) == "not_eligible"


def test_killing_workers_during_a_reload_leaves_all_workers_on_the_same_new_set(
    tmp_path: Path, policies: Path, trained: dict[str, Any]
) -> None:
    """Whoever leads the reload may die at any point of it; another goes on, and the new worker serves what
    is in force.
    """
    with running(tmp_path / "verdicts.db", policies=policies) as service:
        for turn, hours in enumerate((10, 11, 12, 13)):
            new_version(policies, hours)
            waiting_s = (0.0, 0.9, 1.3, 1.6)[turn]  # while it settles, is proved, is made ready
            time.sleep(waiting_s)
            for worker in service.workers() if turn % 2 else service.workers()[:1]:
                os.kill(worker, signal.SIGKILL)
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(worker).wait(5)
            wait_until(lambda hours=hours: needed(service, trained) == {hours}, service)
            wait_until(lambda: agreed(service), service)
        service.wait_for_workers(2)
        os.kill(service.workers()[0], signal.SIGKILL)
        wait_until(lambda: agreed(service), service)
        assert needed(service, trained) == {13}


def agreed(service: Service) -> bool:
    """Whether both workers are there and judge by the set in force."""
    told = status(service)
    return [worker["policy_set"] for worker in told["workers"]] == [told["policy_set"]] * 2


def needed(service: Service, request: dict[str, Any]) -> set[int]:
    """The hours that are needed, as several workers say in a row; none while one cannot be asked."""
    found = set()
    for _ in range(6):
        try:
            code, text, _ = service.ask("POST", "/v1/verdicts", json.dumps(request))
        except (OSError, HTTPException):
            return set()
        assert code == 201, text
        finding = {each["id"]: each for each in json.loads(text)["findings"]}["trained"]
        found.add(int(finding["needed"]["at_least"]))
    return found


def wait_until(holds: Any, service: Service, within_s: float = 20.0) -> None:
    """Wait for something to hold."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, service.lines[-5:]
        time.sleep(0.05)


def test_required_policy_tests_must_pass_before_a_set_comes_into_force(
    tmp_path: Path, policies: Path, trained: dict[str, Any]
) -> None:
    """`require_tests: yes` makes the examples of HR a gate: a slip of the pen fails there, by line."""
    (policies / "folder.yaml").write_text("require_tests: yes\n", "utf-8")
    (policies / "tests").mkdir()
    (policies / "tests" / "team-lead.yaml").write_text(
        """\
as_of: 2027-01-01
people:
  mara:
    from: stone-craft/mason
    facts:
      wants_people_role: yes
      rating: meets
      trainings: [{course: Leading, completed_on: 2026-02-02, hours: 9}]
cases:
  - case: nine hours of training are enough
    given: mara
    to: people-lead/team-lead
    expect: eligible
""",
        "utf-8",
    )
    with running(tmp_path / "verdicts.db", policies=policies) as service:
        before = status(service)["policy_set"]
        need_hours(policies, 10)
        problems = service.wait_for("policies-refused")["problems"]
        assert problems
        assert {worker["policy_set"] for worker in status(service)["workers"]} == {before}
        for problem in problems:
            assert problem.startswith("tests/team-lead.yaml:13:")
            assert "the policy test `nine hours of training are enough` fails" in problem
        need_hours(policies, 9)
        service.wait_for("policies-swapped")
        assert outcome(service, trained) == "eligible"


def test_nothing_is_left_in_memory_when_the_service_has_stopped(tmp_path: Path, policies: Path) -> None:
    """The runtime folder lies in memory; what stays there is lost to the machine. After a kill the next
    start clears up.
    """
    place = tmp_path / "memory"
    place.mkdir()
    with running(tmp_path / "verdicts.db", policies=policies, runtime=place) as service:
        assert len(list(place.iterdir())) == 1
        assert service.stop() == 0
        assert list(place.iterdir()) == []
    with running(tmp_path / "verdicts.db", policies=policies, runtime=place) as service:
        for pid in (service.process.pid, *service.workers()):
            os.kill(pid, signal.SIGKILL)
        service.process.wait()
    (left,) = place.iterdir()
    with running(tmp_path / "verdicts.db", policies=policies, runtime=place):
        (now,) = place.iterdir()
        assert now != left
