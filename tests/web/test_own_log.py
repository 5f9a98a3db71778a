"""The log of a process: opened when it is needed, tried again when it could not be, and closed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.errors import LogUnavailable
from service.ledger.log import Log, open_log
from service.web import own_log
from service.web.own_log import OwnLog


class Opening:
    """Opens a real log, unless the disk is away; counts how often it is asked to."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.asked = 0
        self.away = False

    def __call__(self) -> Log:
        self.asked += 1
        if self.away:
            raise LogUnavailable("the disk is away")
        return open_log(self.place, clock=lambda: datetime.now(UTC), random_bytes=os.urandom)


def test_the_log_is_opened_on_first_use_and_only_once(tmp_path: Path) -> None:
    """The app is made before the fork, where the log must not be opened yet."""
    opening = Opening(tmp_path / "verdicts.db")
    log = OwnLog(opening)
    assert opening.asked == 0
    log.check_writable()
    assert log.get("01890a5d-ac96-774b-bcce-b302099a8057") is None
    assert log.name.startswith("ladders/")
    assert opening.asked == 1
    log.close()


def test_a_log_that_could_not_be_opened_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker heals with its disk; and a disk that is away is not asked by every single request."""
    opening = Opening(tmp_path / "verdicts.db")
    log = OwnLog(opening)
    opening.away = True
    for _ in range(3):
        with pytest.raises(LogUnavailable, match="the disk is away"):
            log.check_writable()
    assert opening.asked == 1
    monkeypatch.setattr(own_log, "_AGAIN_S", 0.0)
    with pytest.raises(LogUnavailable):
        log.check_writable()
    assert opening.asked == 2
    opening.away = False
    log.check_writable()
    log.close()


def test_a_log_that_was_never_opened_can_be_closed(tmp_path: Path) -> None:
    """A worker may be told to stop before its first request."""
    opening = Opening(tmp_path / "verdicts.db")
    OwnLog(opening).close()
    assert opening.asked == 0
