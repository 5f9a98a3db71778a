"""The service as it runs: `ladders serve`, real gunicorn workers, real HTTP, a real log, and what may
happen to them.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import psutil
import pytest

from tests.web.running import JSON, POLICIES, Service, environment, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for the tests that do it no harm."""
    with running(tmp_path_factory.mktemp("service") / "verdicts.db", body_limit=100_000) as service:
        yield service


def spoken_to(service: Service, raw: bytes) -> tuple[str, dict[str, str], bytes]:
    """What the service answers to these very bytes: status line, headers, body."""
    host, _, port = service.netloc.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def chunked(text: bytes, size: int = 1000) -> bytes:
    """A body in chunks, without a length."""
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def place(answer: bytes) -> int:
    """Where a verdict stands in the log."""
    return int(json.loads(answer)["log"]["index"])


HEAD = b"POST /v1/verdicts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_verdict_travels_over_http_and_back(service: Service, good: dict[str, Any]) -> None:
    """The whole way: a request in, a verdict out, recorded, and read again by another worker perhaps."""
    status, answer, headers = service.ask("POST", "/v1/verdicts", json.dumps(good))
    assert (status, headers["Content-Type"]) == (201, "application/json")
    for _ in range(6):
        assert service.ask("GET", headers["Location"])[:2] == (200, answer)


def test_several_workers_answer_and_no_answer_names_the_server(service: Service) -> None:
    """A server's name and version help nobody but an attacker."""
    assert len(service.workers()) == 2
    status, _, headers = service.ask("GET", "/health/ready")
    assert status == 200
    assert "Server" not in headers


def test_a_body_in_chunks_is_read(service: Service, good: dict[str, Any]) -> None:
    """HTTP/1.1 lets a client send without telling the length first."""
    status, _, body = spoken_to(service, CHUNKED + chunked(json.dumps(good).encode(), 7))
    assert status.startswith("HTTP/1.1 201")
    assert json.loads(body)["outcome"] == "not_eligible"


def test_a_body_in_chunks_without_an_end_is_refused_at_the_limit(service: Service) -> None:
    """No more is read than the limit: a client could send for ever."""
    status, headers, body = spoken_to(service, CHUNKED + chunked(b"[" + b" " * 150_000))
    assert status.startswith("HTTP/1.1 413")
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["type"] == "/problems/too-large"


def test_a_client_that_sends_for_ever_is_stopped(service: Service) -> None:
    """The limit holds while the body comes, not only once it has come: nobody would live to see that."""
    host, _, port = service.netloc.rpartition(":")
    chunk, sent = b"%x\r\n%b\r\n" % (65536, b" " * 65536), 0
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(CHUNKED)
        try:
            while sent < 50_000_000:
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:  # the service has answered and hung up
            pass
    assert sent < 50_000_000


def test_a_body_that_is_longer_than_allowed_is_refused_before_it_is_sent(service: Service) -> None:
    """The length alone decides; the body need not come at all."""
    status, _, body = spoken_to(service, HEAD + b"Connection: close\r\nContent-Length: 999999999999\r\n\r\n")
    assert status.startswith("HTTP/1.1 413")
    assert json.loads(body)["status"] == 413


@pytest.mark.parametrize(
    "rest",
    [
        CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"5\r\n{}",
        HEAD + b"Connection: close\r\nContent-Length: 50\r\n\r\n{}",
    ],
    ids=["chunks that are none", "half a chunk", "half a body"],
)
def test_a_body_that_does_not_come_whole_is_refused(rest: bytes, service: Service) -> None:
    """Half a request must not be judged as if it were whole."""
    status, headers, body = spoken_to(service, rest)
    assert status.startswith("HTTP/1.1 400")
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["type"] in ("/problems/bad-request", "/problems/not-json")


@pytest.mark.parametrize(
    ("raw", "status", "detail"),
    [
        (b"NONSENSE\r\n\r\n", 400, "the request line"),
        (b"GET /v1/tracks HTTP/1.1\r\nHost: a\r\nBroken Header: 1\r\n\r\n", 400, "a header"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "the address is too long"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 200 + b"\r\n", 431, "the headers are too large"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400, "the length of the body"),
        (HEAD + b"Content-Length: 2\r\nExpect: a miracle\r\n\r\n{}", 417, "expectation failed"),
    ],
    ids=["no request line", "a broken header", "a long address", "many headers", "two lengths", "a wish"],
)
def test_what_is_no_http_gets_a_problem_document_too(
    raw: bytes, status: int, detail: str, service: Service
) -> None:
    """gunicorn answers these itself, in HTML that repeats what was sent; here they look like every other
    error, and say what to look at.
    """
    line, headers, body = spoken_to(service, raw)
    assert line.startswith(f"HTTP/1.1 {status} ")
    assert headers["Content-Type"] == "application/problem+json"
    assert "Server" not in headers
    assert json.loads(body)["status"] == status
    assert detail in json.loads(body)["detail"]


def test_the_head_of_an_answer_and_the_methods_of_an_address(service: Service) -> None:
    """HEAD is GET without a body; OPTIONS names what an address takes."""
    status, body, headers = service.ask("HEAD", "/v1/tracks")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 100
    status, body, headers = service.ask("OPTIONS", "/v1/verdicts")
    assert (status, body) == (200, b"")
    assert set(headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_verdict_is_the_same_bytes_after_a_restart(tmp_path: Path, good: dict[str, Any]) -> None:
    """What was answered is on the disk, not in the memory of a process."""
    log = tmp_path / "verdicts.db"
    with running(log) as service:
        _, answer, headers = service.ask("POST", "/v1/verdicts", json.dumps(good))
        assert service.stop() == 0
    with running(log) as service:
        assert service.ask("GET", headers["Location"])[:2] == (200, answer)


class Posting:
    """Clients that post requests until they are told to stop, and remember every answer that they got."""

    def __init__(self, service: Service, good: dict[str, Any], clients: int) -> None:
        self.service = service
        self.text = json.dumps(good)
        self.acknowledged: dict[str, bytes] = {}
        self.refused: list[tuple[int, bytes]] = []
        self._lock, self._enough = Lock(), Event()
        self._clients = [Thread(target=self._post) for _ in range(clients)]

    def __enter__(self) -> Posting:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for client in self._clients:
            client.join()

    def wait_for(self, count: int, within_s: float = 30.0) -> None:
        """Until so many verdicts were acknowledged."""
        deadline = time.monotonic() + within_s
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {count}: {self.refused[:3]}"
            time.sleep(0.01)

    def _post(self) -> None:
        while not self._enough.is_set():
            try:
                status, answer, headers = self.service.ask("POST", "/v1/verdicts", self.text)
            except (OSError, HTTPException):
                time.sleep(0.01)  # the worker was killed; the caller knows nothing, and asks again
                continue
            with self._lock:
                if status == 201:
                    self.acknowledged[headers["Location"]] = answer
                else:
                    self.refused.append((status, answer))


def test_killing_workers_and_the_master_loses_no_acknowledged_verdict(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """Durable before the reply: whatever was answered is there, whole and byte for byte, after the worst
    end.
    """
    log = tmp_path / "verdicts.db"
    with running(log) as service:
        with Posting(service, good, clients=6) as posting:
            for round_ in range(1, 5):
                posting.wait_for(round_ * 25)
                os.kill(min(service.wait_for_workers(2)), signal.SIGKILL)
            posting.wait_for(150)
            workers = service.workers()
            service.process.kill()
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
        acknowledged = posting.acknowledged
        assert posting.refused == []
    with running(log) as service:
        for location, answer in acknowledged.items():
            assert service.ask("GET", location)[:2] == (200, answer)
        _, answer, _ = service.ask("POST", "/v1/verdicts", json.dumps(good))
    places = [json.loads(kept)["log"]["index"] for kept in acknowledged.values()]
    assert len(set(places)) == len(places)
    assert json.loads(answer)["log"]["index"] > max(places)


def test_workers_that_are_recycled_under_load_lose_no_verdict_and_keep_no_turn(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """Every worker goes and is replaced, again and again, while the policies are read anew; then all stop."""
    log = tmp_path / "verdicts.db"
    with running(log) as service, Posting(service, good, clients=6) as posting:
        for round_ in range(1, 4):
            posting.wait_for(round_ * 25)
            before = service.wait_for_workers(2)
            service.process.send_signal(signal.SIGHUP)
            for worker in before:
                os.kill(worker, signal.SIGTERM)
            psutil.wait_procs([psutil.Process(pid) for pid in before if psutil.pid_exists(pid)], timeout=30)
            assert before.isdisjoint(service.wait_for_workers(2))
        posting.wait_for(100)
        assert service.stop() == 0
    assert posting.refused == []
    with (tmp_path / "verdicts.db.lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    places = {location: json.loads(kept)["log"]["index"] for location, kept in posting.acknowledged.items()}
    assert len(set(places.values())) == len(places)
    with running(log) as service:
        for location, answer in posting.acknowledged.items():
            assert service.ask("GET", location)[:2] == (200, answer)
        status, answer, _ = service.ask("POST", "/v1/verdicts", json.dumps(good))
        assert status == 201
        assert json.loads(answer)["log"]["index"] > max(places.values())


def test_a_worker_that_dies_is_replaced(tmp_path: Path, good: dict[str, Any]) -> None:
    """One crash must not halve the service for good."""
    with running(tmp_path / "verdicts.db") as service:
        before = set(service.workers())
        dying = psutil.Process(min(before))
        dying.kill()
        dying.wait(10)
        assert service.wait_for_workers(2) != before
        service.wait_until_ready()
        assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 201


def test_a_stop_answers_what_has_begun(tmp_path: Path, good: dict[str, Any]) -> None:
    """SIGTERM comes with every new version; nobody should get half an answer for it."""
    log = tmp_path / "verdicts.db"
    with running(log) as service, Posting(service, good, clients=4) as posting:
        posting.wait_for(20)
        assert service.stop() == 0
        assert posting.refused == []
    with running(log) as service:
        for location, answer in posting.acknowledged.items():
            assert service.ask("GET", location)[:2] == (200, answer)


def test_workers_do_not_outlive_their_master(tmp_path: Path) -> None:
    """Orphans would go on answering on the old port with the old policies."""
    with running(tmp_path / "verdicts.db") as service:
        workers = service.workers()
        service.process.kill()
        _, alive = psutil.wait_procs(
            [psutil.Process(pid) for pid in workers if psutil.pid_exists(pid)], timeout=10
        )
        assert alive == []


def test_while_the_log_cannot_be_written_there_is_no_verdict(tmp_path: Path, good: dict[str, Any]) -> None:
    """Another process holds the turn to write: 503 within the time limit, and ready says it; then all is
    well again.
    """
    log = tmp_path / "verdicts.db"
    with running(log, log_timeout_s="0.3") as service:
        _, first, _ = service.ask("POST", "/v1/verdicts", json.dumps(good))
        time.sleep(1.1)  # a commit of the last second counts as proof that the log can be written
        with (tmp_path / "verdicts.db.lock").open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            status, answer, headers = service.ask("POST", "/v1/verdicts", json.dumps(good))
            assert (status, headers["Content-Type"]) == (503, "application/problem+json")
            assert json.loads(answer)["type"] == "/problems/log-unavailable"
            assert int(headers["Retry-After"]) > 0
            assert b"eligible" not in answer
            assert service.ask("GET", "/health/ready")[0] == 503
            assert service.ask("GET", "/health/live")[0] == 200
        assert service.ask("GET", "/health/ready")[0] == 200
        status, answer, _ = service.ask("POST", "/v1/verdicts", json.dumps(good))
        assert (status, place(answer)) == (201, place(first) + 2)  # behind the key of receipts


def test_a_log_that_cannot_be_opened_is_said_at_once_and_tried_again(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """A disk that comes late must not keep the service from starting, and needs no restart once it is
    there.
    """
    place = tmp_path / "disk"
    place.write_text("something else stands here", "utf-8")
    with running(tmp_path / "disk" / "verdicts.db", cwd=tmp_path, workers=1) as service:
        assert service.wait_for("log-unavailable")["level"] == "error"
        assert service.ask("GET", "/health/ready")[0] == 503
        assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 503
        place.unlink()
        time.sleep(1.1)  # it is not tried more often than once a second
        assert service.ask("GET", "/health/ready")[0] == 200
        assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 201


def test_when_the_disk_is_full_there_is_no_verdict(tmp_path: Path, good: dict[str, Any]) -> None:
    """A limit on the size of files stands in for the disk: 503 while there is no room, and all is well with
    it.
    """
    with running(tmp_path / "verdicts.db", workers=1) as service:
        _, kept, headers = service.ask("POST", "/v1/verdicts", json.dumps(good))
        (worker,) = service.workers()
        _, most = resource.prlimit(worker, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        status, answer, _ = service.ask("POST", "/v1/verdicts", json.dumps(good))
        assert (status, json.loads(answer)["type"]) == (503, "/problems/log-unavailable")
        time.sleep(1.1)  # a commit of the last second counts as proof that the log can be written
        assert service.ask("GET", "/health/ready")[0] == 503
        assert service.ask("GET", headers["Location"])[:2] == (200, kept)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        status, answer, _ = service.ask("POST", "/v1/verdicts", json.dumps(good))
        assert (status, place(answer)) == (201, place(kept) + 2)  # behind the key of receipts
        assert service.ask("GET", "/health/ready")[0] == 200


def serve(*, cwd: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """`ladders serve` where it cannot run."""
    command = [sys.executable, "-m", "service.cli.main", "serve"]
    return subprocess.run(
        command, env=environment(**settings), cwd=cwd, capture_output=True, text=True, timeout=30, check=False
    )


def test_wrong_settings_are_all_named_and_nothing_is_started(tmp_path: Path) -> None:
    """A service that starts with half of what was meant is worse than one that does not start."""
    ended = serve(cwd=tmp_path, host="0.0.0.0", port="http", colour="blue")
    assert ended.returncode == 2
    for name in ("LADDERS_HOST", "LADDERS_PORT", "LADDERS_COLOUR"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_where_settings_point_to_is_said_at_one_start(
    service: Service, tmp_path: Path
) -> None:
    """Each of these is seen only at its place, and whoever sets up a service should need one round to mend
    them. A folder in the place of a file is no disk that may come late.
    """
    (tmp_path / "webhooks.toml").write_text('[Work Day]\nurl = "https://a"\n', "utf-8")
    ended = serve(
        cwd=tmp_path,
        policies="nowhere",
        log=tmp_path,
        anchor=tmp_path,
        port=service.netloc.rpartition(":")[2],
        api_keys="keys.json",
        token_issuer="i",
        token_audience="a",
        token_keys="jwks.json",
        webhooks="webhooks.toml",
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    for told in (
        "LADDERS_POLICIES: there is no folder `nowhere`",
        f"LADDERS_LOG: `{tmp_path}` is a folder",
        f"LADDERS_ANCHOR: `{tmp_path}` is a folder",
        "LADDERS_ANCHOR: this is the verdict log",
        "LADDERS_PORT=",
        "LADDERS_API_KEYS: cannot read `keys.json`",
        "LADDERS_TOKEN_KEYS: cannot read `jwks.json`",
        "webhooks.toml:1:7: this is not TOML; write a table for each subscriber",
    ):
        assert told in ended.stderr


def test_wrong_policies_are_shown_with_their_lines_and_nothing_is_started(tmp_path: Path) -> None:
    """Every problem stands there with file and line, as `ladders check` would say it."""
    policies = tmp_path / "policies"
    (policies / "tracks" / "stone-craft").mkdir(parents=True)
    (policies / "facts.yaml").write_text("facts:\n  rating: {type: chioce, label: rating}\n", "utf-8")
    ended = serve(cwd=tmp_path, policies=policies, log=tmp_path / "verdicts.db", port=0)
    assert ended.returncode == 2
    assert "facts.yaml:2:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "verdicts.db").exists()


def test_a_policy_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """The first mistake everyone makes: starting in another folder."""
    ended = serve(cwd=tmp_path, port=0)
    assert ended.returncode == 2
    assert "policies" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_said_so(service: Service, tmp_path: Path) -> None:
    """The second mistake: the service runs already."""
    port = service.netloc.rpartition(":")[2]
    ended = serve(cwd=tmp_path, policies=POLICIES, port=port, log=tmp_path / "verdicts.db")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert f"LADDERS_PORT={port}" in ended.stderr


def test_half_a_client_does_not_keep_others_waiting(service: Service) -> None:
    """A client that connects and says nothing holds a place, not the service."""
    host, _, port = service.netloc.rpartition(":")
    with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))):
        began = time.monotonic()
        assert service.ask("GET", "/health/live", headers=JSON)[0] == 200
        assert time.monotonic() - began < 4
