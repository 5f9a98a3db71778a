"""The benches still run: what they compare starts and answers what is asked of it."""

from __future__ import annotations

from pathlib import Path

from bench.contenders import bare_flask, batched, ladders
from bench.sender import CONNECTIONS, repeated, send


def test_the_services_that_are_compared_answer(tmp_path: Path) -> None:
    """A figure is worth something only beside the others of its run."""
    with ladders(tmp_path) as single, bare_flask(tmp_path) as bare:
        for service in (single, batched(single), bare):
            waits = list(send(service.address, repeated(service.request, 0, CONNECTIONS), service.status))
            assert len(waits) == CONNECTIONS
            assert service.cpu_s() > 0
