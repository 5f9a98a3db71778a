"""`ladders health`: settings go in; whether the service of this machine could give a verdict now comes out.

For containers, whose images hold nothing else that can ask.
"""

from __future__ import annotations

import os

import click

_LIMIT_S = 2.0


@click.command()
@click.pass_context
def health(context: click.Context) -> None:
    """Ask the service on this machine whether it is ready.

    It is asked at the port of the settings, as the service that was started with them.

    Exit codes: 0 it is ready; 1 it is not, or nobody answers.
    """
    from http.client import HTTPConnection, HTTPException

    from service.settings import read_settings

    settings = read_settings(os.environ)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - read, not bound
    connection = HTTPConnection(host, settings.port, timeout=_LIMIT_S)
    try:
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    except (OSError, HTTPException) as broken:
        why = getattr(broken, "strerror", None) or str(broken) or "the connection broke"
        click.echo(f"the service at port {settings.port} does not answer: {why}", err=True)
        context.exit(1)
    finally:
        connection.close()
    click.echo("ready" if status == 200 else f"not ready: /health/ready answered {status}")
    context.exit(0 if status == 200 else 1)
