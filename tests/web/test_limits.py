"""Limits, with real gunicorn and real sockets: slow, silent and greedy clients are stopped, and whoever sends
a whole request is answered meanwhile.
"""

from __future__ import annotations

import fcntl
import json
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from service.web.worker import CONNECTIONS, FILES
from tests.web.running import Service, running

HEAD = b"POST /v1/verdicts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
BATCH = b"POST /v1/verdicts/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
MANY = 100


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A small service that waits long for slow clients: one worker, two threads."""
    log = tmp_path_factory.mktemp("patient") / "verdicts.db"
    with running(log, workers=1, threads=2, read_timeout_s=60) as service:
        yield service


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same, with little patience."""
    log = tmp_path_factory.mktemp("hasty") / "verdicts.db"
    with running(log, workers=1, threads=2, read_timeout_s="0.5") as service:
        yield service


def connected(service: Service, first: bytes = b"") -> socket.socket:
    """A connection that has sent something."""
    host, _, port = service.netloc.rpartition(":")
    client = socket.create_connection((host, int(port)), timeout=15)
    client.sendall(first)
    return client


def answer_of(client: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of what a connection is answered until it is closed."""
    told = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body)


def answered(service: Service, good: dict[str, Any], times: int = 10) -> None:
    """A client that sends whole requests gets its answers."""
    for _ in range(times):
        assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 201
        assert service.ask("GET", "/health/ready")[0] == 200


class Trickling:
    """Connections that each send one more byte again and again, until it is enough."""

    def __init__(self, service: Service, begin: bytes, byte: bytes) -> None:
        self.clients = [connected(service, begin) for _ in range(MANY)]
        self._byte, self._enough = byte, Event()
        self._thread = Thread(target=self._trickle)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        for client in self.clients:
            client.close()

    def _trickle(self) -> None:
        while not self._enough.wait(0.05):
            for client in self.clients:
                try:
                    client.sendall(self._byte)
                except OSError:
                    continue


@pytest.mark.parametrize(
    ("begin", "byte"),
    [
        (b"", b"G"),
        (b"GET /health/live HTTP/1.1\r\nX-Long: ", b"a"),
        (HEAD + b"Content-Length: 900000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0;" + b"a" * 2_000, b"a"),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Expect: 100-continue\r\nContent-Length: 900000\r\n\r\n", b" "),
        (BATCH + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=[
        "no line",
        "headers",
        "a body",
        "chunks",
        "a long line before a chunk",
        "compressed chunks",
        "after being told to continue",
        "a batch",
    ],
)
def test_a_hundred_clients_that_trickle_do_not_keep_another_waiting(
    begin: bytes, byte: bytes, patient: Service, good: dict[str, Any]
) -> None:
    """Two threads for a hundred and one clients: only whole requests, and half of the threads for what stays
    open, may take one.
    """
    with Trickling(patient, begin, byte):
        answered(patient, good)


def test_more_streams_than_may_wait_do_not_keep_whole_requests_waiting(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """Streams wait for each other in a line of their own; who finds that full is told to come back."""
    begin, byte = BATCH + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"
    with (
        running(tmp_path / "verdicts.db", workers=1, threads=2, queue=20, read_timeout_s=60) as service,
        Trickling(service, begin, byte),
    ):
        answered(service, good)
        with connected(service, begin + byte) as one_more:
            assert answer_of(one_more)[0] == 503


def test_a_hundred_silent_clients_do_not_keep_another_waiting(patient: Service, good: dict[str, Any]) -> None:
    """A connection that says nothing holds a place, not a thread."""
    with ExitStack() as open_:
        for _ in range(MANY):
            open_.enter_context(closing(connected(patient)))
        answered(patient, good)


def test_more_silent_clients_than_there_are_places_keep_nobody_waiting(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """Each that comes has one go that has waited longest, and a worker never runs out of files, which would
    keep it from its own, too. Of few files there are few places: 200 of 600.
    """
    with (
        running(tmp_path / "verdicts.db", workers=1, read_timeout_s=60, open_files="600") as service,
        ExitStack() as open_,
    ):
        kept = open_.enter_context(
            closing(connected(service, b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"))
        )
        assert kept.recv(12) == b"HTTP/1.1 200"
        told = [
            open_.enter_context(closing(connected(service, b"" if number % 2 else b"GET /v1/tr")))
            for number in range(500)
        ]
        for number in range(300):
            asked = b"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n" * (number % 3 or 20)
            open_.enter_context(closing(connected(service, asked)))
        answered(service, good)
        status, headers, problem = answer_of(told[0])
        assert (status, problem["type"]) == (503, "/problems/overloaded")
        assert int(headers["Retry-After"]) > 0
        assert b"".join(iter(lambda: kept.recv(65536), b"")).endswith(b'{"live":true}')  # it was closed


def test_a_low_limit_of_open_files_is_raised_as_far_as_it_may_be(tmp_path: Path) -> None:
    """1,024 is usual at login, and too few for 1,000 connections."""
    with running(tmp_path / "verdicts.db", workers=1, open_files="300:5000") as service:
        (worker,) = service.workers()
        assert resource.prlimit(worker, resource.RLIMIT_NOFILE) == (2 * CONNECTIONS + FILES, 5000)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/reference.css"])
def test_clients_that_never_read_do_not_keep_another_waiting(
    path: str, patient: Service, good: dict[str, Any]
) -> None:
    """What they do not take in waits for them, but in no thread; they themselves keep room for nothing."""
    host, _, port = patient.netloc.rpartition(":")
    with ExitStack() as open_:
        for _ in range(MANY):
            client = open_.enter_context(closing(socket.socket()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.connect((host, int(port)))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        answered(patient, good)


def test_an_answer_that_is_taken_in_slowly_is_whole(patient: Service) -> None:
    """It is sent on whenever there is room for some of it, and then the connection is kept for the next
    request.
    """
    page = patient.ask("GET", "/docs")[1]
    host, _, port = patient.netloc.rpartition(":")
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.settimeout(15)
        client.connect((host, int(port)))
        client.sendall(b"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n")
        told = b""
        while len(told) < len(page) or not told.endswith(page):
            time.sleep(0.001)
            told += client.recv(3_000)
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b"".join(iter(lambda: client.recv(65_536), b"")).endswith(b'{"live":true}')
    assert told.count(b"HTTP/1.1 200") == 1


def test_clients_that_never_hang_up_do_not_keep_another_waiting(
    patient: Service, good: dict[str, Any]
) -> None:
    """The service closes its side and goes on; it does not stand there until each of them has closed
    theirs.
    """
    ask = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with ExitStack() as open_:
        for _ in range(MANY):
            open_.enter_context(closing(connected(patient, ask)))
        answered(patient, good)


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /v1/tracks HT",
        HEAD + b"Content-Length: 50\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["half a line", "half a body", "half a chunk"],
)
def test_a_request_that_does_not_come_in_time_is_answered_with_408(begin: bytes, hasty: Service) -> None:
    """The client learns why; the id of the answer stands in the service log."""
    with closing(connected(hasty, begin)) as client:
        status, headers, told = answer_of(client)
    assert (status, told["type"], told["status"]) == (408, "/problems/too-slow", 408)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Request-Id"] == told["request_id"]
    line = hasty.wait_for("refused")
    assert (line["request_id"], line["problem"], line["status"]) == (told["request_id"], "too-slow", 408)


def test_a_connection_that_says_nothing_is_closed_without_a_word(hasty: Service) -> None:
    """There is no request that could be answered."""
    with closing(connected(hasty)) as client:
        assert client.recv(100) == b""


def test_headers_beyond_the_limit_are_refused_as_they_come(patient: Service) -> None:
    """A head without end must not be kept until the memory is full."""
    with closing(connected(patient, b"GET / HTTP/1.1\r\nHost: a\r\n")) as client:
        try:
            for _ in range(100):
                client.sendall(b"X: " + b"a" * 8_000 + b"\r\n")
        except OSError:
            pass  # it has hung up already
        else:
            assert answer_of(client)[0] == 431


def test_requests_sent_right_behind_each_other_are_answered_in_order(
    patient: Service, good: dict[str, Any]
) -> None:
    """HTTP/1.1 allows it; the end of one request and half of the next may come together."""
    body = json.dumps(good).encode()
    one = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    last = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with closing(connected(patient, one + one[:100])) as client:
        assert client.recv(12) == b"HTTP/1.1 201"
        client.sendall(one[100:] + last)
        told = b"".join(iter(lambda: client.recv(65536), b""))
    assert told.count(b"HTTP/1.1 201") == 1
    assert told.endswith(b'{"live":true}')


def test_more_work_than_can_be_done_is_refused_at_once(tmp_path: Path, good: dict[str, Any]) -> None:
    """Nothing can be recorded for a while, so every request waits: beyond the queue it is 503, with a time to
    come back, before all of them fill the memory; and all is well afterwards.
    """
    log = tmp_path / "verdicts.db"
    with running(log, workers=1, threads=1, queue=2, log_timeout_s=20) as service:
        answered(service, good, 1)
        with (tmp_path / "verdicts.db.lock").open("r+b") as lock, ThreadPoolExecutor(8) as clients:
            fcntl.flock(lock, fcntl.LOCK_EX)
            asked = [clients.submit(service.ask, "POST", "/v1/verdicts", json.dumps(good)) for _ in range(8)]
            deadline = time.monotonic() + 10
            while sum(each.done() for each in asked) < 5:
                assert time.monotonic() < deadline, "nobody was refused"
                time.sleep(0.02)
            fcntl.flock(lock, fcntl.LOCK_UN)
            told = [each.result() for each in asked]
        refused = [(body, headers) for status, body, headers in told if status == 503]
        assert sorted(status for status, _, _ in told) == [201] * 3 + [503] * 5
        for body, headers in refused:
            assert json.loads(body)["type"] == "/problems/overloaded"
            assert int(headers["Retry-After"]) > 0
        answered(service, good, 3)
        with closing(connected(service, b"NONSENSE\r\n\r\n")) as client:
            assert answer_of(client)[0] == 400
        metrics = service.ask("GET", "/metrics")[1].decode()
    for status, count in ((503, 5), (400, 1)):  # else nobody is called when most requests are refused
        assert f'requests_total{{method="any",route="none",status="{status}"}} {count}.0' in metrics


def test_batches_take_half_of_the_threads_and_wait_for_each_other(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """One batch is being sent; the next waits for it, and is told to come back when that takes too long.
    Single requests are answered all the while.
    """
    begin = BATCH + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    line = json.dumps(good).encode() + b"\n"
    with (
        running(tmp_path / "verdicts.db", workers=1, threads=2, read_timeout_s=1) as service,
        closing(connected(service, begin)) as first,
        closing(connected(service, begin)) as second,
    ):
        answered(service, good, 3)
        status, headers, told = answer_of(second)
        assert (status, told["type"]) == (503, "/problems/overloaded")
        assert int(headers["Retry-After"]) > 0
        first.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(line), line))
        answer = b"".join(iter(lambda: first.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"status":201' in answer


def test_lines_are_answered_while_others_are_still_to_come(patient: Service, good: dict[str, Any]) -> None:
    """Both ways at once, over a real connection: the first answers are there before the last requests
    are.
    """
    line = json.dumps(good).encode() + b"\n"
    chunk = line * 700
    begin = BATCH + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with closing(connected(patient, begin)) as client:
        client.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        told = b""
        while told.count(b'"status":201') < 100:
            told += client.recv(65536)
        client.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(line), line))
        told += b"".join(iter(lambda: client.recv(65536), b""))
    assert told.count(b'"status":201') == 701
