"""What settings name: checked settings go in; what is at the places that they name, or everything that is
wrong there, comes out.

`service.settings` reads the settings themselves, and looks at no file and no port.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.access.key_sets import FetchedKeys
from service.access.known import KnownAccess
from service.errors import SettingsError
from service.settings import Settings
from service.web.access_setup import access_of
from service.web.tracing import Traces
from service.web.webhooks.subscriptions import Subscription, read_subscriptions


@dataclass(frozen=True, slots=True)
class Named:
    """What the service starts with beside its policies and its log."""

    access: KnownAccess | None  #: None: everybody is anyone
    fetched_keys: FetchedKeys | None  #: of an identity provider, to be fetched again and again
    traces: Traces
    subscriptions: tuple[Subscription, ...]


def read_named(settings: Settings) -> Named:
    """What the settings name.

    Raises:
        SettingsError: With a line for everything that is wrong, so that one start shows all of it.
    """
    wrong: list[str] = []

    def heard(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except SettingsError as refused:
            wrong.extend(refused.lines)

    heard(lambda: _see_places(settings))
    heard(lambda: _see_port(settings))
    access = heard(lambda: access_of(settings))
    traces = heard(lambda: Traces(settings.traces))
    subscriptions = heard(lambda: read_subscriptions(settings.webhooks) if settings.webhooks else ())
    if wrong:
        raise SettingsError(wrong)
    known, fetched_keys = access
    return Named(known, fetched_keys, traces, subscriptions)


def _see_places(settings: Settings) -> None:
    """Say of places what time will not mend; a disk that comes late is waited for."""
    wrong = []
    if not settings.policies.is_dir():
        wrong.append(f"LADDERS_POLICIES: there is no folder `{settings.policies}`; name that of the policies")
    for name, place in (("LADDERS_LOG", settings.log), ("LADDERS_ANCHOR", settings.anchor)):
        if isinstance(place, Path) and place.is_dir():
            wrong.append(f"{name}: `{place}` is a folder; name a file in it")
    if settings.anchor is not None and settings.anchor == settings.log:
        wrong.append("LADDERS_ANCHOR: this is the verdict log; name a file of its own, best on another disk")
    if wrong:
        raise SettingsError(wrong)


def _see_port(settings: Settings) -> None:
    """Say at once that another program has the port; gunicorn would try for seconds, and say it less
    clearly.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as gunicorn does: not for what is closing
        try:
            trial.bind((settings.host, settings.port))
        except OSError as refused:
            port = f"LADDERS_PORT={settings.port} on {settings.host}"
            raise SettingsError(
                [f"cannot listen at {port}: {refused.strerror}; choose another port"]
            ) from refused
