"""A real service for a test: settings go in; `ladders serve` in processes of its own, and a way to ask it,
comes out.

Knows nothing of what is tested. The process is stopped at the end whatever happens.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import psutil

HOUSE = Path(__file__).parents[2]
POLICIES = Path(__file__).parent / "policies"
JSON = {"Content-Type": "application/json"}


class Service:
    """A running service."""

    address: str
    netloc: str

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._seen: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                told = {"event": "said", "said": line}
            self.lines.append(told)
            self._seen.put(told)

    def wait_for(self, event: str, within_s: float = 60.0) -> dict[str, Any]:
        """The next line of the service log with this event."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                told = self._seen.get(timeout=0.1)
            except Empty:
                told = {"event": None}
            if told["event"] == event:
                return told
            if self.process.poll() is not None or time.monotonic() > deadline:
                lines = [each for each in self.lines if each["event"] != "request"]
                raise AssertionError(f"no {event} within {within_s} s; so far: {lines[-20:]}")

    def listen(self) -> None:
        """Learn the address."""
        self.address = self.wait_for("listening")["url"]
        self.netloc = urlsplit(self.address).netloc

    def wait_for_workers(self, number: int, within_s: float = 60.0) -> set[int]:
        """The ids of the workers' processes, once there are so many."""
        deadline = time.monotonic() + within_s
        while len(now := set(self.workers())) != number:
            assert time.monotonic() < deadline, f"{len(now)} workers; {self.lines}"
            time.sleep(0.02)
        return now

    def wait_until_ready(self, within_s: float = 60.0) -> None:
        """A worker that has only just started answers 503 until it has opened the log."""
        deadline = time.monotonic() + within_s
        while (answer := self.ask("GET", "/health/ready"))[0] != 200:
            assert time.monotonic() < deadline, answer[1]
            time.sleep(0.05)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = JSON
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers of one answer, over a connection of its own."""
        connection = HTTPConnection(self.netloc, timeout=20)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """The ids of the workers' processes."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def stop(self) -> int:
        """Tell the service to stop, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def environment(**settings: object) -> dict[str, str]:
    """The environment of a service: this one's, with nothing but these settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LADDERS_")}
    told = {f"LADDERS_{name.upper()}": str(value) for name, value in settings.items()}
    return {**own, "PYTHONPATH": str(HOUSE), **told}


@contextmanager
def running(
    log: object,
    *,
    policies: Path = POLICIES,
    cwd: Path | None = None,
    open_files: str | None = None,
    **settings: object,
) -> Iterator[Service]:
    """A service on a free port, with a log of its own; versions may change unless `freeze` says otherwise.
    `open_files` is the limit that it starts with, as `prlimit` takes it.
    """
    limited = [] if open_files is None else ["prlimit", f"--nofile={open_files}"]
    process = subprocess.Popen(
        [*limited, sys.executable, "-m", "service.cli.main", "serve"],
        env=environment(policies=policies, log=log, port=0, **{"freeze": "no", **settings}),
        cwd=cwd or Path(str(log)).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    service = Service(process)
    try:
        service.listen()
        service.wait_for_workers(int(str(settings.get("workers", 2))))
        yield service
    finally:
        family = [process.pid, *_children(process.pid)]
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
        service.reader.join(10)
        assert process.stdout is not None
        process.stdout.close()


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
