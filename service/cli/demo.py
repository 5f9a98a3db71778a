"""`ladders demo`: nothing goes in; one whole promotion request over real HTTP, explained for people, comes
out.

Starts the service on a free port of this machine with the policies that come with Ladders and a log of its
own, and stops it again.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from service.errors import LaddersError

_ROOT = Path(__file__).parents[2]
POLICIES = _ROOT / "policies"
REQUEST = _ROOT / "examples" / "requests" / "brilliant-coder.json"


class DemoFailed(LaddersError):
    """Something in the demonstration did not go as it should."""


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Where the verdict log of this demonstration is put.",
)
def demo(folder: Path) -> None:
    """Start the service, ask for one promotion, show the verdict and where it is recorded, stop.

    The request is the brilliant coder's, who asks for Team lead without manager training.

    Exit codes: 0 it all worked; 2 something did not, and what is said.
    """
    from service.cli.render import show
    from service.cli.service_process import ask, running_service

    if not (POLICIES.is_dir() and REQUEST.is_file()):
        raise DemoFailed(f"there is no {POLICIES} or no {REQUEST}; run it from a clone of the repository")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.resolve() / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{time.time_ns() % 1_000_000:06}.db"
    settings = {
        "LADDERS_POLICIES": str(POLICIES),
        "LADDERS_LOG": str(log),
        "LADDERS_PORT": "0",
    }
    began = time.monotonic()
    _step("Starting the service with gunicorn and the policies that come with it")
    with running_service(settings, log.with_suffix(".log")) as address:
        _step(f"Ready after {time.monotonic() - began:.1f} s at {address}")
        text = REQUEST.read_bytes()
        _step(f"POST {address}/v1/verdicts")
        click.echo(f"  {_in_one_line(json.loads(text))}")
        began = time.monotonic()
        status, answer = ask(address, "POST", "/v1/verdicts", text)
        took_ms = (time.monotonic() - began) * 1000
        if status != 201:
            raise DemoFailed(f"the service answered {status}: {answer.decode(errors='replace')}")
        verdict: dict[str, Any] = json.loads(answer)
        _step(f"201 after {took_ms:.0f} ms, recorded before it was answered")
        click.echo()
        show(verdict)
        click.echo()
        again = verdict["links"]["self"]
        status, kept = ask(address, "GET", again)
        if status != 200 or kept != answer:
            raise DemoFailed(f"GET {again} answered {status}, and not what was answered before")
        _step(f"GET {address}{again}: the same {len(kept)} bytes")
        _recorded(verdict, log)
        _step("Stopping the service")
    _step("Stopped. `make serve` starts it to stay; /docs there lists every address")


def _in_one_line(request: dict[str, Any]) -> str:
    left, to = ("/".join(request[end].values()) for end in ("from", "to"))
    who = request["candidate"]["id"]
    facts = f"{len(request['facts'])} facts ({REQUEST.relative_to(_ROOT)})"
    return f"{who}, {left}, asks for {to} as of {request['as_of']} and tells {facts}"


def _recorded(verdict: dict[str, Any], log: Path) -> None:
    place = verdict["log"]
    _step("Recorded in the verdict log")
    click.echo(f"  entry {place['index']}, leaf {place['leaf']}")
    click.echo(f"  file  {log}")


def _step(text: str) -> None:
    click.echo(click.style("▸ ", fg="cyan") + text)
