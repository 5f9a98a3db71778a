"""The judges of a worker: one judge for each request, a change-over at one moment, and nothing let go while
it is in use.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask

from service.policy.model import PolicySet
from service.policy.versions_frozen import VersionDigests
from service.verdict.judge import Judge
from service.web.judges import Judges
from service.web.runtime import Runtime, runtime_in
from tests.web.conftest import NOON


class Known:
    """A judge that only says whether it was closed."""

    def __init__(self, policies: PolicySet, name: str = "") -> None:
        self.policies = policies
        self.name = name
        self.closed = 0
        self.rebuilds = 0
        self.digests = VersionDigests(policies)

    def verdict(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def options(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime folder of this test's own."""
    with runtime_in(tmp_path, NOON) as runtime:
        yield runtime


@pytest.fixture
def made() -> list[Known]:
    """The judges made so far."""
    return []


@pytest.fixture
def judges(own: Runtime, judge: Judge, made: list[Known]) -> Judges:
    """The judges of one worker, the first of them by hand."""

    def make(packed: Path, step: Callable[[], None]) -> Known:
        step()
        if packed.name == "13":
            raise MemoryError("no room")
        made.append(Known(judge.policies, packed.name))
        return made[-1]

    return Judges(own, Known(judge.policies, "0"), make, lambda: NOON)


def test_a_request_keeps_its_judge_and_the_next_one_gets_the_new(
    own: Runtime, judges: Judges, made: list[Known]
) -> None:
    """Half of a verdict by one set and half by another would be a verdict by none."""
    old = judges.lease()
    own.published = 1
    judges.follow()
    assert judges.lease().number == 0, "ready is not in force"
    own.in_force = 1
    assert judges.lease().judge is made[0]
    assert old.judge is not made[0]


def test_the_old_judge_is_closed_when_its_last_request_has_ended(own: Runtime, judges: Judges) -> None:
    """Closed under a request, it could not answer; never closed, memory would grow with each reload."""
    first, second = judges.lease(), judges.lease()
    old = first.judge
    assert isinstance(old, Known)
    own.published = own.in_force = 1
    judges.follow()
    judges.give_back(judges.lease())  # the next request, by the new one
    judges.follow()
    assert old.closed == 0
    judges.give_back(first)
    judges.follow()
    assert old.closed == 0
    judges.give_back(second)
    judges.follow()
    judges.follow()
    assert old.closed == 1


def test_a_worker_without_requests_lets_the_old_judge_go_too(own: Runtime, judges: Judges) -> None:
    """Two sets in memory are one too many for the rest of a quiet night."""
    held = judges.lease()
    judges.give_back(held)
    own.published = own.in_force = 1
    judges.follow()
    judges.follow()
    assert isinstance(held.judge, Known)
    assert held.judge.closed == 1


def test_a_set_that_was_published_and_withdrawn_is_let_go(
    own: Runtime, judges: Judges, made: list[Known]
) -> None:
    """Another worker could not make it ready, so nobody will judge by it."""
    own.published = 1
    judges.follow()
    own.published = 0
    judges.follow()
    assert made[0].closed == 1
    assert judges.lease().number == 0


def test_a_set_that_cannot_be_made_ready_is_told_once_and_harms_nobody(own: Runtime, judges: Judges) -> None:
    """The leader reads it and gives the reload up; this worker goes on as before."""
    own.published = 13
    for _ in range(3):
        judges.follow()
    (told,) = own.workers()
    assert told["failed"] == {"set": 13, "why": "MemoryError: no room"}
    assert judges.lease().number == 0


def test_a_new_worker_begins_with_the_set_in_force(own: Runtime, judges: Judges, made: list[Known]) -> None:
    """It is forked from a master that knows the first set only."""
    own.published = own.in_force = 7
    judges.begin()
    assert [known.name for known in made] == ["7"]
    assert judges.lease().judge is made[0]
    assert list(own.workers()[0]["ready"]) == ["7"]


def test_a_worker_that_begins_during_a_reload_serves_what_is_in_force_until_all_change_over(
    own: Runtime, judges: Judges, made: list[Known]
) -> None:
    """The set that is being made ready is in force nowhere yet."""
    own.in_force, own.published = 7, 8
    judges.begin()
    assert [known.name for known in made] == ["7", "8"]
    assert judges.lease().number == 7


def test_rebuilds_are_not_forgotten_with_the_judge_that_had_them(own: Runtime, judges: Judges) -> None:
    """A counter that falls looks like a restart."""
    held = judges.lease()
    judges.give_back(held)
    assert isinstance(held.judge, Known)
    held.judge.rebuilds = 2
    own.published = own.in_force = 1
    judges.follow()
    assert judges.rebuilds == 2


def test_making_a_set_ready_leaves_the_interpreter_as_it_was(own: Runtime, judges: Judges) -> None:
    """Its garbage collection is only put off, even when the set cannot be made."""
    before = sys.getswitchinterval(), gc.isenabled()
    for number in (1, 13):
        own.published = number
        judges.follow()
        assert (sys.getswitchinterval(), gc.isenabled()) == before
    gc.unfreeze()


def test_requests_under_way_go_first_while_a_set_is_made_ready(
    own: Runtime, judges: Judges, made: list[Known], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise they wait for the interpreter at each of their own steps; and it has an end."""
    monkeypatch.setattr("service.web.judges._STEP_PATIENCE_S", 60.0)
    held = judges.lease()
    own.published = 1
    maker = Thread(target=judges.follow)
    maker.start()
    maker.join(0.2)
    assert maker.is_alive(), "it did not wait"
    assert made == []
    judges.give_back(held)
    maker.join(20)
    assert len(made) == 1
    monkeypatch.setattr("service.web.judges._PATIENCE_S", 0.0)
    judges.lease()
    own.published = 2
    judges.follow()
    assert len(made) == 2


def test_every_kind_of_request_gives_its_judge_back(
    app_with: Any, judge: Judge, good: dict[str, Any]
) -> None:
    """One that does not would keep its set in memory for ever."""
    app: Flask = app_with(judge=judge)
    client = app.test_client()
    judges = app.extensions["ladders"].judges
    for path in (
        "/v1/tracks",
        "/v1/facts?for=people-lead/team-lead",
        "/health/ready",
        "/nowhere",
        "/v1/tracks/no",
    ):
        client.get(path)
    client.post("/v1/verdicts", json=good)
    client.post("/v1/verdicts", json={"to": "nobody"})
    assert judges.lease().users == 1


def test_a_moment_without_requests_waits_for_those_under_way_and_holds_up_new_ones(
    own: Runtime, judges: Judges
) -> None:
    """What is looked up at such a moment cannot change before it is acted on."""
    first, second = judges.lease(), judges.lease()
    judges.give_back(first)
    with own.alone(0.05) as alone:
        assert not alone, "a request is under way"
    judges.give_back(second)
    began = Thread(target=lambda: judges.give_back(judges.lease()))
    with own.alone(5.0) as alone:
        assert alone
        began.start()
        began.join(0.2)
        assert began.is_alive(), "a request began meanwhile"
        own.published = own.in_force = 1
    began.join(10)
    assert not began.is_alive()


def test_a_request_that_begins_just_before_such_a_moment_is_seen(own: Runtime, judges: Judges) -> None:
    """It has passed the gate and does not yet count: either it is waited for, or it waits."""
    own.wait_while_alone()
    with own.alone(5.0) as alone:
        assert alone
        late = Thread(target=judges.lease)
        late.start()
        late.join(0.2)
        assert late.is_alive()
    late.join(10)
    with own.alone(0.05) as alone:
        assert not alone


def test_whoever_dies_alone_holds_nobody_up(own: Runtime, judges: Judges) -> None:
    """A leader that is killed at that moment leaves its mark on the board, and no lock."""
    child = os.fork()
    if not child:
        with own.alone(5.0):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    judges.give_back(judges.lease())
