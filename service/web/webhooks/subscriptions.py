"""Subscriptions: a TOML file goes in; who is to be told of what, or all that is wrong with it, comes out.

    [workday]                                    # the name, as status and metrics show it
    url = "https://hr.example.com/hooks/ladders"
    secret_file = "/run/secrets/workday"         # or several, the newest first: secret_files
    events = ["verdict", "decision"]             # both, where it is left out
    begin = "now"                                # or "start": with the first entry of the log

Knows nothing of the log and of sending.
"""

from __future__ import annotations

import re
import tomllib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from service.errors import SettingsError, did_you_mean
from service.settings_sources import not_toml

EVENTS: Final = ("verdict", "decision")
_KEYS: Final = ("url", "secret_file", "secret_files", "events", "begin")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LEAST_SECRET: Final = 24  #: bytes
_WANTED: Final = "write a table for each subscriber, such as [workday], with one name, = and a text a line"
_ALONE: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Somebody who is to be told."""

    name: str
    url: str
    secrets: tuple[bytes, ...]  #: each signs; the newest first
    events: frozenset[str]
    from_start: bool


def read_subscriptions(place: Path) -> tuple[Subscription, ...]:
    """The subscriptions of a file.

    Raises:
        SettingsError: With a line for everything that is wrong.
    """
    try:
        told = tomllib.loads(place.read_text("utf-8"))
    except OSError as broken:
        raise SettingsError([f"LADDERS_WEBHOOKS: cannot read `{place}`: {broken.strerror}"]) from broken
    except UnicodeDecodeError as broken:
        raise SettingsError([f"LADDERS_WEBHOOKS: {place}: this is not UTF-8"]) from broken
    except tomllib.TOMLDecodeError as broken:
        raise SettingsError([f"LADDERS_WEBHOOKS: {not_toml(place, str(broken), _WANTED)}"]) from broken
    found, wrong = [], []
    for name, table in told.items():
        faults = list(_faults(name, table))
        if not faults:
            try:
                found.append(_subscription(name, table, place.parent))
            except ValueError as refused:
                faults = [str(refused)]
        wrong += [f"{place}: [{name}]: {fault}" for fault in faults]
    if wrong:
        raise SettingsError(wrong)
    return tuple(found)


def _faults(name: str, table: Any) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield "a name has small letters, digits and hyphens, at most 63"
    if not isinstance(table, Mapping):
        yield "a subscription is a table, such as [workday], with `url` and `secret_file`"
        return
    for key in table:
        if key not in _KEYS:
            yield f"there is no `{key}`{did_you_mean(key, _KEYS)}"
    yield from _address_faults(table.get("url"))
    files = table.get("secret_files", [table["secret_file"]] if "secret_file" in table else [])
    if not isinstance(files, list) or not files or not all(isinstance(each, str) for each in files):
        yield "`secret_file` names a file that holds the secret; `secret_files` is a list of them"
    events = table.get("events", list(EVENTS))
    if not isinstance(events, list) or not events or not set(map(str, events)) <= set(EVENTS):
        yield f"`events` is a list of {' and '.join(EVENTS)}"
    if table.get("begin", "now") not in ("now", "start"):
        yield "`begin` is now or start"


def _address_faults(url: Any) -> Iterator[str]:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        yield "`url` is the address to send to, with https://"
    elif parts.username or parts.password:
        yield "`url` holds a password; events are signed instead, with the secret of `secret_file`"
    elif parts.scheme == "http" and parts.hostname not in _ALONE:
        yield "`url` begins with https://, for events are about people; http:// is for this machine alone"


def _subscription(name: str, table: Mapping[str, Any], folder: Path) -> Subscription:
    files = table.get("secret_files", [table.get("secret_file")])
    return Subscription(
        name=name,
        url=table["url"],
        secrets=tuple(_secret(folder / file) for file in files),
        events=frozenset(table.get("events", EVENTS)),
        from_start=table.get("begin") == "start",
    )


def _secret(file: Path) -> bytes:
    """The secret in a file: `whsec_` and base64, as Standard Webhooks writes it, or any text."""
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, ValueError) as broken:
        raise ValueError(f"the secret cannot be read from `{file}`") from broken
    try:
        secret = b64decode(text[6:], validate=True) if text.startswith("whsec_") else text.encode()
    except ValueError as broken:
        raise ValueError(f"`{file}` begins with whsec_, but no base64 follows") from broken
    if len(secret) < _LEAST_SECRET:
        raise ValueError(
            f"the secret in `{file}` is shorter than {_LEAST_SECRET} bytes; make one of random bytes"
        )
    return secret
