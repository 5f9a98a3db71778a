"""A long run: the service under load for an hour, or for a million requests, whichever comes last.

Run it with `python -m bench.soak [--minutes M] [--requests N]`; `make soak` runs it after the long tests. It
fails when an answer is not as it should be, when the memory of the service at its end and when it was warm
differ by more than 5 %, or when it ends with more open files. Warm is after a tenth of the run, and 30,000
requests.
It begins with a batch for every thread, which takes what batches take.
Each request has an id of its own. Of every thousand half come alone, over 16 connections, and half in five
batches, followed by ten that cannot be judged.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.contenders import ROOT, Contender, batched, ladders
from bench.machine import described
from bench.sender import CONNECTIONS, post, send

TOLERATED = 0.05  #: by which share the memory may differ
PART = 1_000  #: requests between two looks
ALONE, BATCHES = 500, 5  #: of these
WARM_UP, WARM_UP_REQUESTS = 0.1, 30_000  #: of the run, and at least so many


def main() -> None:
    """Send, look now and then, and say how it went."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--requests", type=int, default=1_000_000)
    given = parser.parse_args()
    print(described())
    with tempfile.TemporaryDirectory() as folder, ladders(Path(folder)) as service:
        problems = list(soak(service, given.minutes * 60, given.requests))
    print("\n".join(problems) or "memory and files flat, and every answer was as it should be")
    sys.exit(1 if problems else 0)


def soak(service: Contender, seconds: float, requests: int) -> Iterator[str]:
    """What is wrong after so many seconds and so many requests, whichever come last."""
    many = batched(service)
    send(service.address, (many.request(10**6 + number) for number in range(4 * CONNECTIONS)), many.status)
    begun, sent = time.monotonic(), 0
    looks, unexpected = [], 0
    while (passed := time.monotonic() - begun) < seconds or sent < requests:
        alone = (service.request(sent + place) for place in range(ALONE))
        waits = send(service.address, alone, service.status)
        send(service.address, (many.request(sent // 100 + place) for place in range(BATCHES)), many.status, 1)
        send(service.address, iter([post(service.address, "/v1/verdicts", b'{"facts": 1}')] * 10), b"422")
        sent += PART
        unexpected += ALONE - len(waits)
        looks.append((passed, sent, service.resident(), service.files()))
        if sent % (20 * PART) == 0:
            _show(looks[-1])
    warm = looks[min(len(looks) - 1, max(int(len(looks) * WARM_UP), WARM_UP_REQUESTS // PART))]
    last = looks[-1]
    _show(warm)
    _show(last)
    print(f"{sent} requests in {last[0] / 60:.1f} minutes")
    if unexpected:
        yield f"{unexpected} requests had no answer"
    if abs(last[2] - warm[2]) > TOLERATED * warm[2]:
        yield f"memory went from {warm[2] / 2**20:.1f} to {last[2] / 2**20:.1f} MiB"
    if last[3] > warm[3]:
        yield f"open files went from {warm[3]} to {last[3]}"


def _show(look: tuple[float, int, int, int]) -> None:
    passed, sent, memory, files = look
    print(
        f"{passed / 60:6.1f} min {sent:9} requests {memory / 2**20:8.1f} MiB {files:5} open files", flush=True
    )


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
