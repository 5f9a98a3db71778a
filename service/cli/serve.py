"""`ladders serve`: the settings go in; this process becomes the service.

The service is not started from within: the environment of its process must be set before it begins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click

from service.cli.config_file import config_file

#: glibc gives memory back to the system each time the engine lets a state go, and fetches it again for the
#: next one; with room at the top of the heap it does not. The other two keep large blocks on the heap: glibc
#: stops to learn that by itself when one of the three is set. One heap serves all threads: Python lets one
#: of them run at a time, and a heap for each would keep all that its largest batch ever took.
MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TOP_PAD_": str(16 * 2**20),
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}


def service_command() -> list[str]:
    """The command line of the service's own process."""
    return [sys.executable, "-P", "-m", "service.web"]


def service_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the service's own process."""
    return {**MEMORY, **environment}


@click.command()
@config_file
def serve() -> None:
    """Run the service until it is told to stop (Ctrl-C or SIGTERM).

    It listens on 127.0.0.1:8080 with the policies of ./policies and the verdict log var/verdicts.db, unless
    settings say otherwise: `ladders config` lists them. Unless they say who may do what, it answers this
    machine alone, and anyone on it.

    One line of JSON for each event goes to the standard output; the first says where it listens. Addresses
    to begin with: /docs, /v1/tracks, /health/ready.

    Exit codes: 0 stopped as told; 2 settings or policies are wrong.
    """
    from service.settings import read_settings

    read_settings(os.environ)
    click.echo("ladders: loading the policies; Ctrl-C stops the service", err=True)
    os.execve(sys.executable, service_command(), service_environment(os.environ))  # noqa: S606 - our own command line
