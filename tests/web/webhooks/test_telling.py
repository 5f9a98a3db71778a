"""Webhooks end to end: a real service tells a real receiver, which checks what it got as receivers do."""

from __future__ import annotations

import hmac
import json
import os
import signal
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.web.running import Service, running

SECRET = b"0123456789abcdef0123456789abcdef"
REQUEST: dict[str, Any] = {
    "candidate": {"id": "E-1042"},
    "from": {"track": "stone-craft", "level": "mason"},
    "to": {"track": "people-lead", "level": "team-lead"},
    "as_of": "2027-01-01",
    "submitted_on": "2026-11-20",
    "facts": {"wants_people_role": True, "rating": "meets", "trainings": []},
}


class Receiver:
    """A receiver that can be away, and keeps what it got."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook"

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        """What has been told, once there are so many events."""
        deadline = time.monotonic() + 20
        while len(self.got) < number:
            assert time.monotonic() < deadline, f"{len(self.got)} of {number} events came"
            time.sleep(0.05)
        return [json.loads(body) for _, body in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = Thread(target=receiver.server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        thread.join()
        receiver.server.server_close()


def subscribed(folder: Path, receiver: Receiver) -> Path:
    (folder / "secret").write_bytes(SECRET)
    place = folder / "webhooks.toml"
    place.write_text(f'[workday]\nurl = "{receiver.address}"\nsecret_file = "secret"\nbegin = "start"\n')
    return place


def judged(service: Service, name: str) -> str:
    status, body, _ = service.ask("POST", "/v1/verdicts", json.dumps({**REQUEST, "request_id": name}))
    assert status == 201
    return str(json.loads(body)["verdict_id"])


def status_of(service: Service) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(service.ask("GET", "/v1/webhooks")[1])["subscribers"][0]
    return told


def test_a_subscriber_is_told_of_a_verdict_in_a_way_it_can_check(tmp_path: Path) -> None:
    """The signature covers id, time and body, so that nobody else can tell it anything, or tell it twice."""
    with receiving() as receiver:
        place = subscribed(tmp_path, receiver)
        with running(tmp_path / "log.db", workers=2, webhooks=place) as service:
            service.wait_until_ready()
            verdict_id = judged(service, "wf-1")
            (event,) = receiver.wait_for(1)
    headers, body = receiver.got[0]
    assert headers["content-type"].startswith("application/cloudevents+json")
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = b64encode(hmac.digest(SECRET, content, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert event["specversion"] == "1.0"
    assert event["type"] == "ladders.verdict.recorded"
    assert event["subject"] == verdict_id
    assert event["id"] == headers["webhook-id"]
    assert event["data"]["outcome"] == "not_eligible"
    assert event["data"]["links"]["self"] == f"/v1/verdicts/{verdict_id}"
    assert "findings" not in event["data"]


def test_what_happens_while_a_receiver_is_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    """Also when the worker that tells, and then the whole service, dies in between."""
    with receiving() as receiver:
        place = subscribed(tmp_path, receiver)
        receiver.status = 503
        with running(tmp_path / "log.db", workers=2, webhooks=place) as service:
            service.wait_until_ready()
            told = [judged(service, "wf-1"), judged(service, "wf-2")]
            for worker in service.workers():
                service.wait_until_ready()
                os.kill(worker, signal.SIGKILL)
            service.wait_until_ready()
            assert receiver.got == []
        receiver.status = 200
        with running(tmp_path / "log.db", workers=1, webhooks=place) as service:
            service.wait_until_ready()
            told.append(judged(service, "wf-3"))
            events = receiver.wait_for(3)
    subjects = [event["subject"] for event in events]
    assert list(dict.fromkeys(subjects)) == told


def test_a_subscriber_learns_which_verdict_another_replaces(tmp_path: Path) -> None:
    """Else whoever acts on verdicts goes on acting on the one that rests on wrong facts."""
    with receiving() as receiver:
        place = subscribed(tmp_path, receiver)
        with running(tmp_path / "log.db", workers=1, webhooks=place) as service:
            service.wait_until_ready()
            old = judged(service, "wf-1")
            corrected = {**REQUEST, "request_id": "wf-2", "as_of": "2027-02-01", "supersedes": old}
            assert service.ask("POST", "/v1/verdicts", json.dumps(corrected))[0] == 201
            events = receiver.wait_for(2)
    assert [event["data"]["supersedes"] for event in events] == [None, old]


def test_a_dead_event_is_seen_and_told_once_more(tmp_path: Path) -> None:
    """An operator sees what was refused, and need not write it again by hand."""
    with receiving() as receiver:
        place = subscribed(tmp_path, receiver)
        receiver.status = 422
        with running(tmp_path / "log.db", workers=1, webhooks=place) as service:
            service.wait_until_ready()
            judged(service, "wf-1")
            service.wait_for("webhook-dead")
            told = status_of(service)
            (dead,) = told["dead"]
            assert dead["why"] == "answered 422"
            receiver.status = 200
            again = f"/v1/webhooks/workday/dead/{dead['index']}/again"
            assert service.ask("POST", again)[0] == 202
            receiver.wait_for(1)
            assert service.ask("POST", "/v1/webhooks/workday/dead/999/again")[0] == 404
            assert service.ask("POST", "/v1/webhooks/workdy/dead/0/again")[0] == 404
            assert service.ask("POST", "/v1/webhooks/workdy/dead/again")[0] == 404
            status, body, _ = service.ask("POST", "/v1/webhooks/workday/dead/again")
            assert (status, json.loads(body)) == (202, {"subscriber": "workday", "entries": 0})
            metrics = service.ask("GET", "/metrics")[1].decode()
    assert 'ladders_webhook_deliveries_total{result="dead",subscriber="workday"} 1.0' in metrics
    assert 'ladders_webhook_lag_entries{subscriber="workday"} 0.0' in metrics


def test_a_file_of_subscriptions_that_is_wrong_stops_the_start(tmp_path: Path) -> None:
    """Otherwise the first to notice would be whoever was not told."""
    place = tmp_path / "webhooks.toml"
    place.write_text('[workday]\nurl = "ftp://x"\n')
    with (
        pytest.raises(AssertionError, match="`url` is the address to send to"),
        running(tmp_path / "log.db", webhooks=place),
    ):
        pass
