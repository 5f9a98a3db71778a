"""A service of one's own for a while: an environment goes in; a running service with its address comes out,
and is stopped.

What the service writes goes to a file, which is shown when it does not start or does not stop as it should.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from service.cli.serve import service_command, service_environment
from service.errors import LaddersError

START_S = 30.0
STOP_S = 20.0


class ServiceFailed(LaddersError):
    """The service did not start, answer or stop as it should."""


@contextmanager
def running_service(environment: Mapping[str, str], lines: Path) -> Iterator[str]:
    """The address of a service that is ready, as long as the block runs.

    Args:
        environment: Its settings, beside the environment of this process without its `LADDERS_` settings.
        lines: The file for what the service writes.

    Raises:
        ServiceFailed: It did not become ready, or did not stop in peace.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("LADDERS_")}
    with lines.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            service_command(),
            env=service_environment({**own, **environment}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = _address(process, lines)
        _wait_until_ready(process, address, lines)
        yield address
    finally:
        process.terminate()
        try:
            code = process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServiceFailed(_told(f"the service did not stop within {STOP_S:g} s", lines)) from None
    if code != 0:
        raise ServiceFailed(_told(f"the service ended with exit code {code}", lines))


def ask(address: str, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of one answer over HTTP.

    Raises:
        ServiceFailed: Nobody answers.
    """
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)  # no proxy ever stands between
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException) as broken:
        raise ServiceFailed(f"the service at {address} does not answer: {broken}") from broken
    finally:
        connection.close()


def _address(process: subprocess.Popen[bytes], lines: Path) -> str:
    """Where the service says that it listens."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        for event in _events(lines):
            if event.get("event") == "listening":
                return str(event["url"])
        if ended:
            raise ServiceFailed(_told("the service did not start", lines))
        time.sleep(0.02)
    raise ServiceFailed(_told(f"the service did not listen within {START_S:g} s", lines))


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, lines: Path) -> None:
    deadline = time.monotonic() + START_S
    said = b""
    while time.monotonic() < deadline and process.poll() is None:
        status, said = ask(address, "GET", "/health/ready")
        if status == 200:
            return
        time.sleep(0.05)
    raise ServiceFailed(_told(f"the service did not become ready: {said.decode(errors='replace')}", lines))


def _events(lines: Path) -> Iterator[dict[str, Any]]:
    for line in lines.read_text("utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue  # half a line: the rest is still to come


def _told(failure: str, lines: Path) -> str:
    return f"{failure}; it wrote:\n{lines.read_text('utf-8', errors='replace').strip() or '(nothing)'}"
