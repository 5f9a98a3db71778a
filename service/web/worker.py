"""gunicorn's threaded worker, with changes: no client can hold a thread by being slow, more work than can be
done is refused before it fills the memory, no answer names the server, and its own errors are problem
documents.

The one thread that waits for all connections also takes their requests in (`web.intake`); a thread answers
a request once all of it is there. What stays open while it is answered, such as a batch, may take half of the
threads. What a client does not take in at once of an answer is sent on by that one thread too
(`web.outgoing`). Nothing in it ever waits for a single client. Whoever comes is taken in: beyond so many
connections each new one has one go that says nothing, or has waited longest.
"""

from __future__ import annotations

import resource
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from service.web.cores import keep_to
from service.web.intake import Arrival
from service.web.outgoing import Outgoing
from service.web.pace import PacedUnreader
from service.web.turned_away import say_problem, write_problem

CONNECTIONS: Final = 1_000  #: of one worker; beyond that, those that send nothing make room
FILES: Final = 200  #: open files of one worker beside its connections
HELD: Final = 64 * 1024 * 1024  #: bytes of requests that one worker keeps
WRITE_S: Final = 10  #: seconds in which a client must take in something of an answer that a thread sends
SEND_S: Final = 60  #: and all of one that no thread sends
UNSENT: Final = 64 * 1024 * 1024  #: bytes of such answers that one worker keeps
_ANSWER: Final = 262_144  #: bytes of an answer that wait in the system, and in no thread
_RECEIVED: Final = 65_536  #: bytes that are taken from a connection at a time
_PARTING_S: Final = 2.0
_PARTING_BYTES: Final = 65_536
_WRITE_TIMEOUT: Final = struct.pack("ll", WRITE_S, 0)
_PROBE: Final = b"GET /health/"


class Connection(TConn):
    """One client."""

    sock: Outgoing

    def __init__(self, worker: Worker, sock: Outgoing, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, client, server)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _WRITE_TIMEOUT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ANSWER)
        self.parser = RequestParser(worker.cfg, sock, client)
        self.parser.unreader = self.unreader = PacedUnreader(sock)
        self.initialized = self.data_ready = True
        self.arrival = Arrival(worker.body_limit)
        self.deadline = 0.0
        self.open = False  #: its request is read while it is answered
        self.held = 0  #: bytes of requests that are kept for it
        self.kept = False  #: after its answer
        self.unsent = 0  #: bytes of the answer that are kept for it
        self.drained = 0


class Worker(ThreadWorker):
    """A worker that answers in the house's own words, and whoever sends a whole request."""

    body_limit = 1_048_576
    read_timeout_s = 20.0
    queue = 256
    core: int | None = None  #: that it keeps to
    connections = CONNECTIONS
    refused: Callable[[int], None]  #: counts what never came to the app, by its status

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.worker_connections = 2 * self.connections  # with those that are parting, and were told why
        self._waiting: dict[Connection, None] = {}  # for more of a request, the first to expire first
        self._sending: dict[Connection, None] = {}  # for the client to take in an answer, likewise
        self._unsent = 0
        self._parting: dict[Connection, None] = {}  # for the client to close, likewise
        self._open_waiting: deque[Connection] = deque()
        self._open_most = max(1, self.cfg.threads // 2)
        self._open = 0
        self._in_hand = 0  # handed to the threads
        self._held = 0

    def init_process(self) -> None:
        """Change what gunicorn says, in this process alone; then work until told to stop."""
        keep_to(self.core)
        util.write_error = partial(write_problem, self.refused)
        wsgi.Response.default_headers = _without_server(wsgi.Response.default_headers)
        super().init_process()

    # ── requests come in ──

    def accept(self, listener: Any) -> None:
        """Take a new connection."""
        try:
            accepted, client = listener.accept()
            sock = Outgoing(accepted)
            conn = Connection(self, sock, client, listener.getsockname())
        except OSError:  # gone again, or another worker was faster
            return
        self.nr_conns += 1
        if self.nr_conns > self.connections:
            self._make_room()
        self._receive(conn, sock)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A kept connection begins another request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._receive(conn, client)

    def _wait_for(self, conn: Connection) -> None:
        """Wait for more of a request, if that is not done already."""
        if conn in self._waiting:
            return
        conn.deadline = time.monotonic() + self.read_timeout_s
        self._waiting[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))

    def _receive(self, conn: Connection, sock: socket.socket) -> None:
        """Take in what has come."""
        try:
            data = sock.recv(_RECEIVED)
        except BlockingIOError:
            self._wait_for(conn)
            return
        except OSError:
            data = b""
        if data:
            self._take(conn, data)
        elif conn.arrival.came:  # half a request, and no more will come: whoever answers it says so
            self._stop_waiting(conn)
            self._hand_over(conn, is_open=False)
        else:
            self._stop_waiting(conn)
            self._close(conn)

    def _take(self, conn: Connection, data: bytes) -> None:
        self._hold(conn, len(data))
        progress = conn.arrival.take(data)
        if progress == "more":
            if self._held > HELD:
                self._overloaded(conn)
            else:
                self._wait_for(conn)
            return
        self._stop_waiting(conn)
        if progress == "too much":
            self._refuse(conn, "headers-too-large", 431, "the address and the headers are too large")
            return
        self._hand_over(conn, is_open=progress == "open")

    def _hand_over(self, conn: Connection, *, is_open: bool) -> None:
        """Let a thread answer a request, soon or as soon as one is free for it."""
        came = bytes(conn.arrival.came)
        conn.arrival = Arrival(self.body_limit)
        conn.unreader.begin_anew()
        conn.unreader.unread(came)
        if is_open:  # however many of these wait, whole requests do not
            full = len(self._open_waiting) >= self.queue
        else:
            full = self._in_hand >= self.queue + self.cfg.threads
        if full and not came.startswith(_PROBE):
            self._overloaded(conn)
        elif is_open and self._open >= self._open_most:
            conn.deadline = time.monotonic() + self.read_timeout_s
            self._open_waiting.append(conn)
        else:
            self._answer(conn, is_open=is_open)

    def _stop_waiting(self, conn: Connection) -> None:
        if conn in self._waiting:
            del self._waiting[conn]
            self.poller.unregister(conn.sock)

    # ── requests are answered ──

    def _answer(self, conn: Connection, *, is_open: bool) -> None:
        conn.open = is_open
        conn.sock.waits_here = not is_open
        self._open += is_open
        self._in_hand += 1
        self.enqueue_req(conn)

    def finish_request(self, conn: Connection, done: Future[Any]) -> None:
        """A request was answered; its connection is kept, or it ends."""
        self._in_hand -= 1
        self._hold(conn, -conn.held)
        if conn.open:
            conn.open = False
            self._open -= 1
            if self._open_waiting:
                self._answer(self._open_waiting.popleft(), is_open=True)
        failed = done.cancelled() or done.exception() is not None
        conn.kept = not failed and done.result()
        if failed or not conn.sock.unsent:
            self._end_or_keep(conn)
        else:
            self._send_later(conn)

    def _send_later(self, conn: Connection) -> None:
        """Send the rest of an answer as the client takes it in; whoever has taken longest makes room."""
        conn.sock.setblocking(False)
        conn.deadline = time.monotonic() + SEND_S
        conn.unsent = conn.sock.unsent
        self._unsent += conn.unsent
        self._sending[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._send_on, conn))
        while self._unsent > UNSENT:
            self._give_up(next(iter(self._sending)))

    def _send_on(self, conn: Connection, sock: Outgoing) -> None:
        try:
            sock.send_on()
        except OSError:
            self._give_up(conn)
            return
        if not sock.unsent:
            self._stop_sending(conn)
            self._end_or_keep(conn)

    def _give_up(self, conn: Connection) -> None:
        self._stop_sending(conn)
        self._close(conn)

    def _stop_sending(self, conn: Connection) -> None:
        del self._sending[conn]
        self._unsent -= conn.unsent
        self.poller.unregister(conn.sock)

    def _end_or_keep(self, conn: Connection) -> None:
        """All of an answer was sent."""
        if not conn.kept:
            self._part(conn)
            return
        conn.sock.setblocking(False)
        rest = conn.unreader.take_buffered()
        if rest:  # of the next request, which was sent right behind
            self._take(conn, rest)
            return
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        call = partial(self.on_client_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, call)

    def _hold(self, conn: Connection, count: int) -> None:
        conn.held += count
        self._held += count

    # ── and refused ──

    def murder_pending(self) -> None:
        """End what has taken too long; called at least once a second."""
        now = time.monotonic()
        while self._waiting and (conn := next(iter(self._waiting))).deadline <= now:
            self._too_slow(conn)
        while self._sending and (conn := next(iter(self._sending))).deadline <= now:
            self._give_up(conn)
        while self._parting and (conn := next(iter(self._parting))).deadline <= now:
            self._end(conn)
        while self._open_waiting and self._open_waiting[0].deadline <= now:
            self._overloaded(self._open_waiting.popleft())
        if not self.alive:
            for conn in [each for each in self._waiting if not each.arrival.came]:
                self._stop_waiting(conn)
                self._close(conn)

    def _make_room(self) -> None:
        """Let one go that waits for nothing, or else has waited longest, so that a new one finds room."""
        if self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self._close(conn)
        elif self.nr_conns - len(self._parting) > self.connections:
            if self._waiting:
                self._overloaded(next(iter(self._waiting)))
            elif self._sending:
                self._give_up(next(iter(self._sending)))
        if self._parting and self.nr_conns >= self.worker_connections:
            self._end(next(iter(self._parting)))

    def _too_slow(self, conn: Connection) -> None:
        self._stop_waiting(conn)
        if conn.arrival.came:
            detail = f"the request did not come whole within {self.read_timeout_s:g} s"
            self._refuse(conn, "too-slow", 408, detail)
        else:
            self._close(conn)

    def _overloaded(self, conn: Connection) -> None:
        self._stop_waiting(conn)
        self._refuse(conn, "overloaded", 503, "more requests wait than can be answered soon")

    def _refuse(self, conn: Connection, kind: str, status: int, detail: str) -> None:
        conn.sock.setblocking(False)
        say_problem(conn.sock, kind, status, detail)
        self.refused(status)
        self._part(conn)

    def _part(self, conn: Connection) -> None:
        """Say that nothing more comes, and wait a while for the client to close: what was answered last could
        be lost otherwise."""
        self._hold(conn, -conn.held)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):
            self._close(conn)
            return
        conn.deadline = time.monotonic() + _PARTING_S
        self._parting[conn] = None

    def _drain(self, conn: Connection, sock: socket.socket) -> None:
        try:
            data = sock.recv(_RECEIVED)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > _PARTING_BYTES:
            self._end(conn)

    def _end(self, conn: Connection) -> None:
        del self._parting[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        self._hold(conn, -conn.held)
        self.nr_conns -= 1
        conn.close()


def worker_with(
    *, body_limit: int, read_timeout_s: float, queue: int, refused: Callable[[int], None]
) -> type[Worker]:
    """The worker with limits: bytes of a body that is kept, seconds for a request to come in, and requests
    that wait for a thread; and what counts those that it refuses, by status."""
    limits = {
        "body_limit": body_limit,
        "read_timeout_s": read_timeout_s,
        "queue": queue,
        "connections": _connections(),
        "refused": staticmethod(refused),
    }
    return type("LimitedWorker", (Worker,), limits)


def _connections() -> int:
    """How many connections a worker can have files for. Usual limits are low, and may be raised by ourselves:
    out of files, a worker could neither take anybody in nor read its own.
    """
    wanted = 2 * CONNECTIONS + FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return CONNECTIONS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, (allowed - FILES) // 2)


def _without_server(default_headers: Any) -> Any:
    def headers(self: wsgi.Response) -> list[str]:
        return [line for line in default_headers(self) if not line.startswith("Server:")]

    return headers
