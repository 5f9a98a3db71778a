"""A reload that cannot be finished, whatever the reason: it ends, it says why, and the old set stays."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.engine.durable import DurableEngine
from service.errors import EngineFault
from service.policy.load import load
from service.web import proving, reload, snapshot
from service.web.metrics import Metrics
from service.web.reload import ATTEMPT, Reloader, note_first_set
from service.web.runtime import Runtime, runtime_in
from tests.web.conftest import NOON
from tests.web.running import HOUSE, POLICIES

TODAY = date(2026, 11, 20)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A policy folder that may be changed."""
    shutil.copytree(POLICIES, tmp_path / "policies")
    return tmp_path / "policies"


@pytest.fixture
def own(tmp_path: Path, policies: Path) -> Iterator[Runtime]:
    """A runtime folder in which the policy folder is in force."""
    with runtime_in(tmp_path, NOON) as runtime:
        digest = snapshot.copy(policies, runtime.set_folder(0))
        note_first_set(runtime, digest, load(policies), NOON)
        yield runtime


@pytest.fixture
def reloader(own: Runtime, policies: Path, monkeypatch: pytest.MonkeyPatch) -> Reloader:
    """A leader that waits for nothing long."""
    monkeypatch.setattr(reload, "QUIET_S", 0.0)
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    return Reloader(own, policies, every_s=0, metrics=Metrics(), now=lambda: NOON)


def steps(reloader: Reloader, own: Runtime, until: Callable[[], bool], within_s: float = 20.0) -> None:
    """Let the leader work until something holds."""
    deadline = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline, own.told(ATTEMPT)
        reloader.step()
        time.sleep(0.01)


def after_asking(reloader: Reloader, own: Runtime) -> dict[str, Any]:
    """What came out once a reload was asked for."""
    asked = own.ask()
    steps(reloader, own, lambda: (own.told(ATTEMPT) or {})["asked"] == asked)
    told = own.told(ATTEMPT)
    assert told is not None
    assert (own.stage, own.in_force, own.published) == (reload.IDLE, 0, 0)
    assert [each.name for each in (own.folder / "sets").iterdir()] == ["0"]
    return told


def change(policies: Path) -> None:
    """Make the folder another one."""
    with (policies / "facts.yaml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os.abort()", "the policies could not be checked: the check ended with code -6"),
        ("print('{', end='')", "the policies could not be checked: the check was cut off"),
        ("import time; time.sleep(60)", "the policies could not be checked within 0.3 s"),
    ],
    ids=["crash", "cut off", "hangs"],
)
def test_a_check_that_dies_takes_nobody_with_it(
    code: str, why: str, reloader: Reloader, own: Runtime, policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """durable-rules can crash or hang on what it is given; that must happen where nobody is answered."""
    monkeypatch.setattr(reload, "COMMAND", (sys.executable, "-c", code))
    monkeypatch.setattr(reload, "_PROOF_S", 0.3 if "sleep" in code else 20.0)
    change(policies)
    told = after_asking(reloader, own)
    assert (told["result"], told["problems"]) == ("refused", [why])


def test_a_worker_that_cannot_make_the_set_ready_keeps_all_others_from_changing_over(
    reloader: Reloader, own: Runtime, policies: Path
) -> None:
    """All or none: two sets in force at once would be worse than the old one everywhere."""
    change(policies)
    ready = {"pid": 1, "started_at": "", "failed": None, "rebuilds": 0, "ready": {}}
    own.tell("workers/1", ready)
    asked = own.ask()
    steps(reloader, own, lambda: own.published != 0)
    number = own.published
    digest = load(policies).digest
    own.tell("workers/1", {**ready, "ready": {str(number): digest}})
    own.tell("workers/2", {**ready, "pid": 2, "failed": {"set": number, "why": "MemoryError: no room"}})
    steps(reloader, own, lambda: own.published == 0)
    told = own.told(ATTEMPT)
    assert told is not None
    assert (told["result"], told["asked"], own.in_force) == ("refused", asked, 0)
    assert told["problems"] == ["worker 2 could not make the policies ready: MemoryError: no room"]


def test_nobody_changes_over_before_the_last_worker_is_ready(
    reloader: Reloader, own: Runtime, policies: Path
) -> None:
    """The slowest worker decides when."""
    change(policies)
    worker = {"pid": 1, "started_at": "", "failed": None, "rebuilds": 0, "ready": {}}
    own.tell("workers/1", worker)
    own.ask()
    steps(reloader, own, lambda: own.published != 0)
    number, digest = own.published, load(policies).digest
    own.tell("workers/2", {**worker, "pid": 2, "ready": {str(number): digest}})
    for _ in range(5):
        reloader.step()
    assert own.in_force == 0
    own.tell("workers/1", {**worker, "ready": {str(number): digest}})
    steps(reloader, own, lambda: own.in_force == number)
    assert [each.name for each in (own.folder / "sets").iterdir()] == [str(number)]


def test_a_worker_that_reads_the_files_otherwise_is_found_out(
    reloader: Reloader, own: Runtime, policies: Path
) -> None:
    """Somebody installed another version of Ladders beneath a running one."""
    change(policies)
    own.ask()
    own.tell("workers/1", {"pid": 1, "started_at": "", "failed": None, "rebuilds": 0, "ready": {}})
    steps(reloader, own, lambda: own.published != 0)
    ready = {str(own.published): "sha256:other"}
    own.tell("workers/1", {"pid": 1, "started_at": "", "failed": None, "rebuilds": 0, "ready": ready})
    steps(reloader, own, lambda: own.published == 0)
    told = own.told(ATTEMPT)
    assert told is not None
    assert "restart Ladders" in told["problems"][0]


def test_no_room_for_the_copy_is_said_and_is_no_mistake_of_the_policies(
    reloader: Reloader, own: Runtime, policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HR cannot mend a full disk."""

    def full(*_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot, "copy", full)
    change(policies)
    assert after_asking(reloader, own)["problems"] == [
        "the policy files could not be read again: No space left on device"
    ]


def test_a_new_leader_goes_on_where_the_old_one_died(
    reloader: Reloader, own: Runtime, policies: Path
) -> None:
    """The set was published; without somebody to count the workers it would wait for ever."""
    change(policies)
    own.ask()
    own.tell("workers/1", {"pid": 1, "started_at": "", "failed": None, "rebuilds": 0, "ready": {}})
    steps(reloader, own, lambda: own.published != 0)
    number, digest = own.published, load(policies).digest
    heir = Reloader(own, policies, every_s=0, metrics=Metrics(), now=lambda: NOON)
    own.tell(
        "workers/2",
        {"pid": 2, "started_at": "", "failed": None, "rebuilds": 0, "ready": {str(number): digest}},
    )
    own.forget_worker(1)
    steps(heir, own, lambda: own.in_force == number)
    told = own.told(ATTEMPT)
    assert told is not None
    assert told["result"] == "swapped"


def test_a_set_that_the_engine_decides_otherwise_than_the_reference_is_refused(
    policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof is what stands between a wrong ruleset and a person."""

    def wrong(_engine: DurableEngine) -> None:
        raise EngineFault("durable-rules does not decide as it should: node 0 of 1")

    monkeypatch.setattr(DurableEngine, "_build", wrong)
    told = proving.proof(policies, policies / "packed", TODAY, policies / "no-log")
    assert told == {"problems": ["durable-rules does not decide as it should: node 0 of 1"], "count": 1}


def test_required_tests_that_are_not_there_are_missed(policies: Path) -> None:
    """A folder that lost its tests asks for less than its owner thinks."""
    (policies / "folder.yaml").write_text("require_tests: yes\n", "utf-8")
    told = proving.proof(policies, policies / "packed", TODAY, policies / "no-log")
    assert told["problems"] == [
        "folder.yaml:1:1: policy tests are required, but there are none; write one in `tests/`, or delete"
        " this line"
    ]


def test_very_many_problems_are_counted_and_the_first_ones_told(policies: Path) -> None:
    """A status page of a million lines helps nobody."""
    level = policies / "tracks" / "people-lead" / "2026-01-01.yaml"
    requirement = "      - {{id: r{0}, text: A, fact: nothing, is: yes}}\n"
    level.write_text(
        level.read_text("utf-8").replace(
            "    afterwards:", "".join(map(requirement.format, range(150))) + "    afterwards:"
        ),
        "utf-8",
    )
    told = proving.proof(policies, policies / "packed", TODAY, policies / "no-log")
    assert told["count"] >= 150
    assert len(told["problems"]) == proving.MOST_TOLD
    assert all(problem.startswith("tracks/people-lead/2026-01-01.yaml:") for problem in told["problems"])
