"""Two services on one log, as on two machines: together they tell a subscriber of everything, once."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.ledger.address import Address
from tests.ledger.postgres import Cluster, new_log
from tests.web.running import Service, running
from tests.web.webhooks.test_telling import judged, receiving, status_of, subscribed


@pytest.mark.parametrize("store", ["postgres", "file"])
def test_two_services_tell_each_event_once_and_one_goes_on_when_the_other_is_killed(
    store: str, cluster: Cluster, tmp_path: Path
) -> None:
    """A receiver that pays somebody more at every event must not get each of them from every replica, and
    must not lose one with the replica that told so far.
    """
    if store == "postgres":
        log, keys = Address(cluster.url(new_log(cluster), "service")).url, cluster.keys
    else:
        log, keys = str(tmp_path / "log.db"), tmp_path / "keys"
    with receiving() as receiver, ExitStack() as stack:
        place = subscribed(tmp_path, receiver)

        def start() -> Service:
            service = stack.enter_context(
                running(log, keys=keys, workers=1, cwd=tmp_path, webhooks=place, reload_s=0)
            )
            service.wait_until_ready()
            return service

        one, two = start(), start()
        told = [judged(each, f"wf-{number}-{each.netloc}") for number in range(10) for each in (one, two)]
        receiver.wait_for(20)
        give_up_at = time.monotonic() + 20
        while status_of(two)["lag"]:  # or the killed one could not say any more that the last one arrived
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        for pid in (one.process.pid, *one.workers()):  # `one` came first, so it tells
            os.kill(pid, signal.SIGKILL)
        told += [judged(two, f"wf-late-{number}") for number in range(5)]
        events = receiver.wait_for(25)
        three = start()
        told.append(judged(three, "wf-last"))
        events = receiver.wait_for(26)
    assert [event["subject"] for event in events] == told
