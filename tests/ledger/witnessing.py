"""A witness as an HTTP server: it cosigns what extends what it saw before, as c2sp.org/tlog-witness says,
or does what a broken or lying one would do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from service.errors import NotProven
from service.ledger.checkpoint import Checkpoint, read_checkpoint
from service.ledger.note import COSIGNATURE, Key, decoded
from service.ledger.proofs import EMPTY, check_consistency
from service.ledger.witness import Witness
from tests.ledger.signing import Witness as Cosigner


class Server(ThreadingHTTPServer):
    """One witness for any number of logs whose keys it knows."""

    daemon_threads = True

    def __init__(self, *log_keys: Key, kind: int = COSIGNATURE) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cosigner = Cosigner("witness.example/w1", kind)
        self.log_keys = log_keys
        self.seen: dict[str, Checkpoint] = {}
        self.asked = 0
        self.answers: list[int] = []
        self.mood = "honest"
        self.enough = Event()

    @property
    def witness(self) -> Witness:
        """As it stands in a setting."""
        return Witness(self.cosigner.key, f"http://127.0.0.1:{self.server_port}")

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and body for one request."""
        head, _, note = body.partition(b"\n\n")
        first, *proof = head.decode().split("\n")
        signed = read_checkpoint(note)
        now, old = signed.checkpoint, int(first.removeprefix("old "))
        try:
            if not signed.note.checked(self.log_keys):
                return 403, b""
        except NotProven:
            return 403, b""
        before = self.seen.get(now.origin, Checkpoint(now.origin, 0, EMPTY))
        if old > now.size:
            return 400, b""
        if old != before.size:
            return 409, f"{before.size}\n".encode()
        try:
            check_consistency(old, now.size, before.root, now.root, [decoded(line, 32) for line in proof])
        except NotProven:
            return (409 if old == now.size else 422), b""
        self.seen[now.origin] = now
        return 200, f"{self.cosigner.cosign(signed.note)}\n".encode()

    def misbehave(self, body: bytes) -> tuple[int, bytes]:
        """What comes of a request in the present mood."""
        if self.mood == "broken":
            return 500, b"no"
        if self.mood == "silent":
            self.enough.wait(30)
            return 500, b""
        status, said = self.answer(body)
        if self.mood == "lying":
            other = read_checkpoint(body.partition(b"\n\n")[2].replace(b"\n", b"/other\n", 1))
            return 200, f"{self.cosigner.cosign(other.note)}\n".encode()
        if self.mood == "stranger":
            signed = read_checkpoint(body.partition(b"\n\n")[2])
            return 200, f"{Cosigner('stranger.example').cosign(signed.note)}\n".encode()
        if self.mood == "chatty":
            return 200, b"x" * 1_000_000
        return status, said


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        status, said = self.server.misbehave(body) if self.path == "/add-checkpoint" else (404, b"")
        self.server.answers.append(status)
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
        except OSError:  # whoever asked has given up
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of the library
        """Say nothing."""


@contextmanager
def witness_of(*log_keys: Key, kind: int = COSIGNATURE) -> Iterator[Server]:
    """A running witness."""
    server = Server(*log_keys, kind=kind)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.enough.set()
        server.shutdown()
        thread.join()
        server.server_close()
