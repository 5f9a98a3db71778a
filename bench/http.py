"""CPU per verdict over HTTP with the durable log on, beside the floor of this stack and beside Cerbos.

Run it with `python -m bench.http [REQUESTS] [--rounds N] [--cerbos PATH]`. All services run at once, and take
turns: in each round every one of them is asked so many times over 16 connections that stay open, each request
under a new id. CPU is what its processes used, divided by the answers; what the sender uses does not count.
Cerbos is the npm package `cerbos` 0.51 (`npm install cerbos@0.51.0`; the binary is in
`node_modules/@cerbos/cerbos-linux-x64`); without it the others are measured alone.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.contenders import IN_A_BATCH, ROOT, Contender, bare_flask, batched, cerbos, find_cerbos, ladders
from bench.machine import described, yardstick
from bench.sender import CONNECTIONS, repeated, send

TARGETS_MS = {"Ladders": 0.55, f"Ladders, batches of {IN_A_BATCH}": 0.25}


@dataclass(slots=True)
class Measured:
    """What was measured of one service."""

    cpu_ms: list[float] = field(default_factory=list)  #: per answer, one for each round
    rates: list[float] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)

    def row(self, of: Contender, ladders_ms: float) -> str:
        """One line of the table."""
        waits = sorted(self.waits_ms)
        cpu = median(self.cpu_ms)
        target = f" (target {TARGETS_MS[of.name]})" if of.name in TARGETS_MS else ""
        return (
            f"{of.name:24}{cpu:8.3f}{ladders_ms / cpu:9.2f}{median(self.rates):9.0f}/s"
            f"{waits[len(waits) // 2]:8.1f}{waits[len(waits) * 99 // 100]:8.1f}   {of.durability}{target}"
        )


def main() -> None:
    """Start all, let them take turns, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "requests", type=int, nargs="?", default=20_000, help="to each service, in all rounds"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--cerbos", help="path of the binary; `npm install cerbos@0.51.0` puts one in @cerbos/cerbos-*"
    )
    given = parser.parse_args()
    print(described())
    print(yardstick())
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        begun = time.monotonic()
        single = running.enter_context(ladders(folder))
        print(f"ready after {time.monotonic() - begun:.2f} s (load, proof and the workers; target 2 s)")
        services = [single, batched(single), running.enter_context(bare_flask(folder))]
        binary = find_cerbos(given.cerbos)
        if binary is None:
            print("no Cerbos here (see `python -m bench.http --help`); the others are measured alone")
        else:
            services.append(running.enter_context(cerbos(folder, binary)))
        results = {each.name: Measured() for each in services}
        memory = 0
        for number in range(given.rounds + 1):
            for each in services:
                _ask(each, number, given.requests // given.rounds, results[each.name] if number else None)
            memory = memory or single.resident()
        grown = single.resident()
    own_ms = median(results["Ladders"].cpu_ms)
    print(f"{given.rounds} rounds in turn, {CONNECTIONS} connections; medians of the rounds")
    print(f"{'':24}{'CPU ms':>8}{'Ladders':>9}{'rate':>11}{'p50 ms':>8}{'p99 ms':>8}   durability")
    print(f"{'':24}{'/answer':>8}{'is x':>9}")
    for each in services:
        print(results[each.name].row(each, own_ms))
    print(f"resident memory of Ladders  {memory / 2**20:.0f} MiB -> {grown / 2**20:.0f} MiB, all processes")


def _ask(of: Contender, number: int, answers: int, result: Measured | None) -> None:
    """One turn; what is asked first only warms up."""
    requests = max(CONNECTIONS, (answers if result else answers // 10) // of.answers)
    before, begun = of.cpu_s(), time.perf_counter()
    waits = send(of.address, repeated(of.request, number * 1_000_000, requests), of.status)
    wall, spent = time.perf_counter() - begun, of.cpu_s() - before
    if result is not None:
        result.cpu_ms.append(spent / (requests * of.answers) * 1e3)
        result.rates.append(requests * of.answers / wall)
        result.waits_ms += [wait * 1e3 for wait in waits]


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
