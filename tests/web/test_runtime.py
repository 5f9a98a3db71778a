"""The runtime folder: shared by forked processes, whole whenever it is read, and cleared away."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import SettingsError
from service.web.runtime import PREFIX, Runtime, runtime_in
from tests.web.conftest import NOON


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime folder of this test's own."""
    with runtime_in(tmp_path, NOON) as runtime:
        yield runtime


def in_child(do: object) -> None:
    """Call something in a forked process, and wait for its end."""
    pid = os.fork()
    if pid == 0:
        try:
            do()  # type: ignore[operator]  # a function without arguments
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def test_what_one_process_writes_on_the_board_all_see(own: Runtime) -> None:
    """All workers change over at the same moment, without asking anybody."""

    def change() -> None:
        own.published, own.in_force, own.stage = 5, 4, 3

    in_child(change)
    assert (own.published, own.in_force, own.stage) == (5, 4, 3)


def test_questions_of_several_processes_are_all_counted(own: Runtime) -> None:
    """A lost question is a deployment that waits for ever."""
    for _ in range(3):
        in_child(own.ask)
    assert own.ask() == 4 == own.asked


def test_one_process_leads_and_another_takes_over_when_it_is_gone(own: Runtime) -> None:
    """Two leaders would publish two sets; none would leave the service deaf."""
    with (own.folder / "leader").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not own.leads()
    assert own.leads()
    assert own.leads()


def test_a_dead_worker_is_forgotten(own: Runtime) -> None:
    """Nobody waits for it."""
    own.tell_worker({"pid": os.getpid(), "started_at": "2026-11-20"})
    assert len(own.workers()) == 1
    own.forget_worker(os.getpid())
    own.forget_worker(os.getpid())
    assert own.workers() == []


def test_the_folder_is_for_its_owner_alone(own: Runtime) -> None:
    """Who could write there could put policies in force."""
    assert own.folder.stat().st_mode & 0o077 == 0


def test_the_folder_of_a_living_service_is_left_alone_and_that_of_a_dead_one_removed(tmp_path: Path) -> None:
    """Two services on one machine share the place, not the folder."""
    dead, stranger = tmp_path / f"{PREFIX}dead", tmp_path / f"{PREFIX}not-ours"
    dead.mkdir()
    (dead / "lock").touch()
    stranger.mkdir()  # without a lock it is not known to be dead
    with runtime_in(tmp_path, NOON) as first, runtime_in(tmp_path, NOON) as second:
        assert first.folder.exists()
        assert second.folder.exists()
        assert not dead.exists()
    assert list(tmp_path.iterdir()) == [stranger]


def test_a_forked_child_does_not_clear_away_what_its_parent_uses(tmp_path: Path) -> None:
    """A worker that ends leaves the same block as its master."""
    with runtime_in(tmp_path, NOON) as runtime:
        pid = os.fork()
        if pid == 0:
            try:
                with runtime_in(tmp_path, NOON):
                    raise SystemExit
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        assert runtime.folder.exists()


def test_a_place_that_cannot_be_used_is_said_with_its_setting(tmp_path: Path) -> None:
    """Not every system has /dev/shm."""
    wanted = pytest.raises(SettingsError, match=r"LADDERS_RUNTIME: cannot use `.*nowhere`")
    with wanted, runtime_in(tmp_path / "nowhere", NOON):
        pass
