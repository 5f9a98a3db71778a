"""Whom `bench.http` asks: Ladders, a bare Flask view under the same gunicorn settings, and Cerbos.

Each is started, says where it listens, and is asked the same thing in its own words: the brilliant coder's
request, under a new id each time.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.sender import post
from service.cli.serve import service_environment
from service.cli.service_process import running_service

ROOT = Path(__file__).parents[1]
REQUEST: dict[str, Any] = json.loads((ROOT / "examples" / "requests" / "brilliant-coder.json").read_bytes())
IN_A_BATCH = 100
CERBOS = "cerbos-linux-x64"  #: the binary in the npm package @cerbos/cerbos-linux-x64
_START_S = 30.0
_WORKERS = 2  #: which is the default
_ASKED = (
    "route", "good-standing", "manager-training", "own-wish", "coaching", "delegating", "handling-conflict",
    "psychological-safety", "enabling-others", "leadership-evidence", "team-speaks-up", "mentor-agreed",
    "tried-it-out", "enter",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A service that runs."""

    name: str
    durability: str  #: of what it remembers when it answers
    address: str
    status: bytes  #: of a good answer
    request: Callable[[int], bytes]  #: the request with this number, as it goes over the wire
    answers: int = 1  #: in one response
    processes: list[psutil.Process]

    def cpu_s(self) -> float:
        """CPU seconds of all its processes so far."""
        return sum(sum(each.cpu_times()[:2]) for each in self.processes)

    def resident(self) -> int:
        """Bytes that its processes hold, what they share counted once."""
        return sum(each.memory_full_info().pss for each in self.processes)

    def files(self) -> int:
        """How many file descriptors its processes have open."""
        return sum(each.num_fds() for each in self.processes)


@contextmanager
def ladders(folder: Path) -> Iterator[Contender]:
    """The real service (`ladders serve`) as it comes, with the durable log."""
    before = _children()
    own = {
        "LADDERS_PORT": "0",
        "LADDERS_LOG": f"{folder}/log.db",
        "LADDERS_POLICIES": str(ROOT / "policies"),
        "LADDERS_WORKERS": str(_WORKERS),
    }
    with running_service(own, folder / "ladders.txt") as address:
        # it is ready as soon as its first worker is
        _wait(lambda: len(_children() - before) > _WORKERS, "a worker of Ladders")
        yield Contender(
            name="Ladders",
            durability="SQLite WAL, synchronous=FULL: synced before the answer",
            address=address,
            status=b"201",
            request=lambda number: post(address, "/v1/verdicts", _numbered(number)),
            processes=list(_children() - before),
        )


def batched(single: Contender) -> Contender:
    """The same service, asked for many verdicts in one request."""

    def request(number: int) -> bytes:
        many = b",".join(_numbered(number * IN_A_BATCH + place, b"wb") for place in range(IN_A_BATCH))
        return post(single.address, "/v1/verdicts/batch", b'{"requests":[%b]}' % many)

    return Contender(
        name=f"Ladders, batches of {IN_A_BATCH}",
        durability=single.durability,
        address=single.address,
        status=b"200",
        request=request,
        answers=IN_A_BATCH,
        processes=single.processes,
    )


@contextmanager
def bare_flask(folder: Path) -> Iterator[Contender]:
    """The floor: the same gunicorn settings, and a view that does nothing."""
    with _started([sys.executable, "-m", "bench.bare_flask", str(folder)], folder / "bare.txt") as processes:
        place = folder / "address"
        _wait(place.exists, "the bare view")
        address = place.read_text()
        _wait(lambda: _listens(address.rpartition(":")[2]), "the bare view")
        time.sleep(0.5)  # its workers are forked only now
        processes += processes[0].children(recursive=True)
        yield Contender(
            name="bare Flask view",
            durability="nothing is remembered",
            address=address,
            status=b"201",
            request=lambda number: post(address, "/v1/verdicts", _numbered(number)),
            processes=processes,
        )


def find_cerbos(given: str | None) -> str | None:
    """The binary to run: the path given, or one on the PATH."""
    return given or shutil.which(CERBOS) or shutil.which("cerbos")


@contextmanager
def cerbos(folder: Path, binary: str) -> Iterator[Contender]:
    """Cerbos with policies for the same conditions, its audit log on."""
    http, grpc = _free_port(), _free_port()
    settings = {
        "server": {"httpListenAddr": f"127.0.0.1:{http}", "grpcListenAddr": f"127.0.0.1:{grpc}"},
        "storage": {
            "driver": "disk",
            "disk": {"directory": str(ROOT / "bench" / "cerbos" / "policies"), "watchForChanges": False},
        },
        "audit": {
            "enabled": True,
            "accessLogsEnabled": True,
            "decisionLogsEnabled": True,
            "backend": "file",
            "file": {"path": str(folder / "audit.log")},
        },
        "telemetry": {"disabled": True},
    }
    (folder / "cerbos.yaml").write_text(json.dumps(settings))  # JSON is YAML
    command = [binary, "server", f"--config={folder}/cerbos.yaml", "--log-level=warn"]
    with _started(command, folder / "cerbos.txt") as processes:
        _wait(lambda: _listens(str(http)), "Cerbos")
        address = f"http://127.0.0.1:{http}"
        yield Contender(
            name="Cerbos",
            durability="audit log in a file, never synced",
            address=address,
            status=b"200",
            request=lambda number: post(address, "/api/check/resources", _check(number)),
            processes=processes,
        )


def _numbered(number: int, kind: bytes = b"wf") -> bytes:
    """The request under an id that no other one has: the same id would get the verdict that is there."""
    return _REQUEST.replace(b"wf-8812", b"%b-%010d" % (kind, number))


_REQUEST = json.dumps(REQUEST).encode()


def _check(number: int) -> bytes:
    return _CHECK.replace(b"wf-8812", b"wf-%010d" % number)


_CHECK = json.dumps(
    {
        "requestId": "wf-8812",
        "principal": {"id": REQUEST["candidate"]["id"], "roles": ["candidate"]},
        "resources": [
            {
                "actions": _ASKED,
                "resource": {
                    "kind": "team-lead",
                    "id": REQUEST["candidate"]["id"],
                    "attr": {
                        "from": f"{REQUEST['from']['track']}/{REQUEST['from']['level']}",
                        "as_of": REQUEST["as_of"],
                        "facts": REQUEST["facts"],
                    },
                },
            }
        ],
    }
).encode()


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@contextmanager
def _started(command: list[str], lines: Path) -> Iterator[list[psutil.Process]]:
    with lines.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**service_environment(os.environ), "CERBOS_NO_TELEMETRY": "1"},
        )
    try:
        yield [psutil.Process(process.pid)]
    finally:
        process.terminate()
        process.wait(20)


def _wait(until: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _START_S
    while not until():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} does not start")
        time.sleep(0.05)


def _listens(port: str) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", int(port))) == 0


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
