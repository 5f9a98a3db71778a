"""CPU per verdict over HTTP with the durable log on, memory after 100,000 requests, and start-up.

Run it with `python -m bench.http [REQUESTS]`. The service is the real one (`ladders serve`, its default
workers and threads). 16 connections, kept open, each send the brilliant coder's request as soon as the last
answer came. CPU is what the service's processes used, divided by the answers; what the sender uses does not
count.
"""

from __future__ import annotations

import itertools
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import psutil

from bench.machine import described
from service.cli.service_process import running_service

ROOT = Path(__file__).parents[1]
OWN_ID = b"wf-8812"
BODY = (ROOT / "examples" / "requests" / "brilliant-coder.json").read_bytes()
CONNECTIONS = 16


def main() -> None:
    """Start the service, send, and print."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(described())
    with tempfile.TemporaryDirectory() as folder:
        own = {
            "LADDERS_PORT": "0",
            "LADDERS_LOG": f"{folder}/log.db",
            "LADDERS_POLICIES": str(ROOT / "policies"),
        }
        begun = time.monotonic()
        with running_service(own, Path(folder) / "lines.txt") as address:
            print(f"ready after {time.monotonic() - begun:.2f} s (load, proof and two workers; target 2 s)")
            service = _processes()
            send(address, 500)
            before, memory = _cpu_s(service), _resident(service)
            begun = time.monotonic()
            waits = send(address, requests)
            wall = time.monotonic() - begun
            spent, after = _cpu_s(service) - before, _resident(service)
        waits.sort()
        median, slow = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        print(f"{len(waits)} verdicts, {CONNECTIONS} connections, SQLite WAL with synchronous=FULL")
        print(f"server CPU per verdict   {spent / len(waits) * 1e3:.3f} ms (target 0.55)")
        rate, middle, slowest = len(waits) / wall, median * 1e3, slow * 1e3
        print(f"answered                 {rate:.0f}/s; p50 {middle:.1f} ms, p99 {slowest:.1f} ms")
        print(f"resident memory          {memory / 2**20:.0f} MiB -> {after / 2**20:.0f} MiB, all processes")


def _processes() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if each.is_running()]


def _cpu_s(service: list[psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in service)


def _resident(service: list[psutil.Process]) -> int:
    """Bytes that the processes hold, what they share counted once."""
    return sum(each.memory_full_info().pss for each in service)


def send(address: str, requests: int) -> list[float]:
    """Send so many requests over `CONNECTIONS` connections; the seconds that each took."""
    host = urlsplit(address)
    head = (
        f"POST /v1/verdicts HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n"
    ).encode()
    waits: list[float] = []
    numbers = itertools.count()
    share = requests // CONNECTIONS

    def work() -> None:
        with socket.create_connection((host.hostname or "", host.port or 80)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = connection.makefile("rb")
            for _ in range(share):
                begun = time.perf_counter()
                number = f"{next(numbers):07}".encode()  # each is another request, under an id of its own
                connection.sendall(head + BODY.replace(OWN_ID, number))
                status = reader.readline()
                length = 0
                while (line := reader.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                reader.read(length)
                if not status.startswith(b"HTTP/1.1 201"):
                    raise RuntimeError(status.decode())
                waits.append(time.perf_counter() - begun)

    threads = [Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(waits) != share * CONNECTIONS:
        raise RuntimeError(f"only {len(waits)} of {share * CONNECTIONS} requests were answered with 201")
    return waits


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
