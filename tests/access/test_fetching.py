"""Fetching keys: over real HTTP, straight from where they are said to be, and never for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from service.access import fetching
from service.access.fetching import fetch
from service.access.key_sets import LARGEST
from tests.access.issuer import key_set_text


class Provider(BaseHTTPRequestHandler):
    """Answers as an identity provider does, or as one does that is ill."""

    ends = Event()

    def do_GET(self) -> None:
        match self.path:
            case "/keys":
                self.answer(200, key_set_text())
            case "/elsewhere":
                self.answer(302, b"", Location="/keys")
            case "/gone":
                self.answer(404, b"there is nothing")
            case "/endless":
                self.answer(200, b" " * (LARGEST + 1))
            case "/slow":
                self.send_response(200)
                self.end_headers()
                while not self.ends.wait(0.02):
                    self.wfile.write(b" ")
            case _:
                self.wfile.write(b"no HTTP at all\r\n\r\n")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked has hung up
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of an identity provider."""
    with serving(Provider) as address:
        yield address
        Provider.ends.set()


def test_keys_are_fetched(provider: str) -> None:
    """The way that is taken every few minutes for years."""
    assert fetch(f"{provider}/keys") == key_set_text()


@pytest.mark.parametrize("path", ["elsewhere", "gone", "endless", "garbage"])
def test_what_is_no_straight_answer_is_an_error(path: str, provider: str) -> None:
    """A redirection could lead to anyone's keys; the rest is no key set."""
    with pytest.raises(OSError, match=r"."):
        fetch(f"{provider}/{path}")


def test_a_provider_that_drips_is_left(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and the whole never does."""
    monkeypatch.setattr(fetching, "_WAIT_S", 0.2)
    with pytest.raises(OSError, match="too slow"):
        fetch(f"{provider}/slow")


def test_what_is_fetched_plainly_goes_through_no_proxy(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy could put its own keys into an answer that nothing protects."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert fetch(f"{provider}/keys") == key_set_text()


def test_nobody_there_is_an_error() -> None:
    """The service goes on with the keys that it has."""
    with pytest.raises(OSError, match=r"."):
        fetch("http://127.0.0.1:1/keys")
