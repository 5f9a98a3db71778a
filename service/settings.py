"""Settings: environment variables go in; a checked `Settings`, or every complaint at once, comes out.

The table `SETTINGS` is the one place that says which settings exist; `ladders config` prints it. None of
them is secret so far. Knows nothing of what a setting is used for; reads no environment itself, no file and
no network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from service.errors import SettingsError, did_you_mean

PREFIX: Final = "LADDERS_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can choose, checked."""

    policies: Path
    log: Path
    host: str  #: a loopback address or `localhost`
    port: int  #: 0: any free port
    workers: int
    threads: int  #: per worker
    log_timeout_s: float
    stop_timeout_s: int
    body_limit: int  #: bytes
    reload_s: float  #: 0: only when asked
    freeze: bool  #: a version that has issued a verdict may not change
    runtime: Path


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: a name, what it is when not set, what it is for, and how its text is read."""

    field: str
    default: str
    purpose: str
    read: Callable[[str], Any]  #: raises `ValueError` with what is wanted

    @property
    def name(self) -> str:
        """The name of the environment variable."""
        return PREFIX + self.field.upper()

    def read_from(self, environment: Mapping[str, str]) -> Any:
        """The value, or a `ValueError` that says what is wanted."""
        return self.read(environment.get(self.name, self.default))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment.

    Raises:
        SettingsError: With one line for every setting that is wrong and every `LADDERS_…` name that is none.
    """
    wrong = [
        _stranger(name) for name in sorted(environment) if name.startswith(PREFIX) and name not in _NAMES
    ]
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        try:
            values[setting.field] = setting.read_from(environment)
        except ValueError as refused:
            wrong.append(f"{setting.name}: `{environment[setting.name]}` is not {refused}")
    if wrong:
        raise SettingsError(wrong)
    return Settings(**values)


def effective(environment: Mapping[str, str]) -> list[tuple[Setting, str, str]]:
    """Every setting with the value that is in force and where it came from: `environment` or `default`.

    Raises:
        SettingsError: A setting is wrong.
    """
    settings = read_settings(environment)
    return [
        (row, _shown(getattr(settings, row.field)), "environment" if row.name in environment else "default")
        for row in SETTINGS
    ]


def _shown(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _stranger(name: str) -> str:
    return f"{name}: there is no such setting{did_you_mean(name, _NAMES)}"


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or not 0.1 <= float(text) <= 60:
        raise ValueError("a number of seconds from 0.1 to 60")
    return float(text)


def _seconds_or_never(text: str) -> float:
    if text == "0":
        return 0.0
    try:
        return _seconds(text)
    except ValueError as refused:
        raise ValueError(f"{refused}, or 0") from refused


def _yes_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("yes or no")
    return text == "yes"


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("a path")
    return Path(text)


def _log_path(text: str) -> Path:
    if "://" in text:
        raise ValueError("the path of a file; a verdict log at an address does not exist yet")
    return _path(text)


def _loopback(text: str) -> str:
    """An address that only this machine can reach, since everybody who reaches the service may use it."""
    try:
        alone = text == "localhost" or ip_address(text).is_loopback
    except ValueError:
        alone = False
    if not alone:
        raise ValueError(
            "a loopback address (127.0.0.1, ::1 or localhost); Ladders has no access control yet, so it"
            " answers this machine alone: put a proxy that checks who asks in front of it"
        )
    return text


SETTINGS: Final = (
    Setting("policies", "policies", "the folder with the policy files", _path),
    Setting("log", "var/verdicts.db", "the file of the verdict log; its folder is made too", _log_path),
    Setting("host", "127.0.0.1", "the address to listen on; only this machine's own", _loopback),
    Setting("port", "8080", "the port to listen on; 0: any free one", _whole(0, 65535)),
    Setting("workers", "2", "processes that answer requests", _whole(1, 64)),
    Setting("threads", "8", "requests that each of them answers at a time", _whole(1, 128)),
    Setting("log_timeout_s", "5", "seconds to wait for a verdict to be recorded before 503", _seconds),
    Setting("stop_timeout_s", "30", "seconds for requests to end in when the service stops", _whole(1, 600)),
    Setting("body_limit", "1048576", "bytes that the body of a request may have", _whole(1_000, 100_000_000)),
    Setting("reload_s", "1", "seconds between two looks at the policies; 0: when asked", _seconds_or_never),
    Setting("freeze", "yes", "a version that has issued a verdict may not change; no: to try out", _yes_no),
    Setting("runtime", "/dev/shm", "where what the workers share is kept; best in memory", _path),  # noqa: S108 - only a folder of its own, for its owner alone, is made in it
)  # fmt: skip
_NAMES: Final = tuple(setting.name for setting in SETTINGS)
