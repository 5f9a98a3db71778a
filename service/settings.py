"""Settings: an environment and the file that it names go in; a checked `Settings`, or every complaint at
once, comes out.

The table `SETTINGS` is the one place that says which settings exist; `ladders config` prints it. Knows
nothing of what a setting is used for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.access.algorithms import ALGORITHMS
from service.errors import SettingsError
from service.ledger.address import Place, log_place
from service.settings_sources import PREFIX, Given, gather
from service.settings_values import (
    address,
    is_loopback,
    keys_place,
    masked,
    optional,
    path,
    seconds,
    seconds_or_never,
    shown,
    some_of,
    text,
    web_address,
    whole,
    witnesses,
    yes_no,
)

HIDDEN: Final = "(hidden)"
_TOKENS: Final = ("token_issuer", "token_audience", "token_keys")  #: all of them, or none


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can choose, checked."""

    policies: Path
    log: Place
    keys: Path | None  #: None: `keys` beside the log
    anchor: Path | None  #: None: checkpoints stay in the log, so that nobody can show a rollback
    witness: str | None  #: `VKEY URL`, more after commas
    host: str  #: an IP address or `localhost`
    port: int  #: 0: any free port
    workers: int
    threads: int  #: per worker
    log_timeout_s: float
    stop_timeout_s: int
    body_limit: int  #: bytes
    batch_limit: int  #: bytes
    read_timeout_s: float
    queue: int  #: per worker
    reload_s: float  #: 0: only when asked
    freeze: bool  #: a version that has issued a verdict may not change
    runtime: Path
    traces: str | None  #: where spans are sent
    api_keys: Path | None  #: None: no API keys are taken
    token_issuer: str | None
    token_audience: str | None
    token_keys: str | Path | None  #: None: no tokens are taken
    token_algorithms: tuple[str, ...]
    token_leeway_s: int
    token_keys_s: int
    token_name: str
    token_scopes: str
    token_scope_prefix: str | None
    token_candidate: str | None
    metrics_open: bool

    @property
    def access_control(self) -> bool:
        """Whether callers must be known."""
        return self.api_keys is not None or self.token_keys is not None

    webhooks: Path | None  #: the file of subscriptions


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: a name, what it is when not set, what it is for, and how its text is read."""

    field: str
    default: str
    purpose: str
    read: Callable[[str], Any]  #: raises `ValueError` with what is wanted
    secret: bool = False  #: its value is never shown
    by_file: bool = False  #: may be given by the path of a file instead; so may every secret

    @property
    def name(self) -> str:
        """The name of the environment variable."""
        return PREFIX + self.field.upper()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment and in the file that its `LADDERS_CONFIG` names.

    Raises:
        SettingsError: With one line for every setting that is wrong, and for every name that is none.
    """
    return _read(environment)[0]


def effective(environment: Mapping[str, str]) -> list[tuple[Setting, str, str]]:
    """Every setting with the value that is in force, as it may be shown, and where it came from: `default`,
    `environment`, or the file and line.

    Raises:
        SettingsError: A setting is wrong.
    """
    settings, given = _read(environment)
    return [
        (
            row,
            HIDDEN if row.secret and row.field in given else shown(getattr(settings, row.field)),
            given[row.field].origin if row.field in given else "default",
        )
        for row in SETTINGS
    ]


def _read(environment: Mapping[str, str]) -> tuple[Settings, Mapping[str, Given]]:
    sources = gather(environment, {row.field: row.secret or row.by_file for row in SETTINGS})
    wrong = sources.wrong
    values: dict[str, Any] = {}
    for row in SETTINGS:
        given = sources.given.get(row.field)
        try:
            values[row.field] = row.read(row.default if given is None else given.text)
        except ValueError as refused:
            where, text = (given.where, given.text) if given else (row.name, row.default)
            # a secret that was misread is still a secret
            came = "the value" if row.secret else f"`{masked(text)}`"
            wrong.append(f"{where}: {came} is not {refused}")
    places = {row.field: row.name for row in SETTINGS} | {
        field: given.where for field, given in sources.given.items()
    }
    wrong += _at_odds(values, places)
    if wrong:
        raise SettingsError(wrong)
    return Settings(**values), sources.given


def _at_odds(values: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[str]:
    """What is wrong between settings that are right by themselves; those that are wrong are missing here.

    Args:
        values: Settings by their fields.
        places: What a complaint about each begins with.
    """
    host = values.get("host")
    elsewhere = host is not None and not is_loopback(host)
    if elsewhere and all(values.get(name, "wrong") is None for name in ("api_keys", *_TOKENS)):
        yield (
            f"{places['host']}: `{host}` can be reached by others, who could then do everything: listen on"
            " 127.0.0.1, or name who may do what by LADDERS_API_KEYS or LADDERS_TOKEN_ISSUER (docs/access.md)"
        )
    if elsewhere and values.get("metrics_open"):
        yield (
            f"{places['metrics_open']}: others can reach `{host}`: give Prometheus an API key with the scope"
            " `operate` (docs/access.md)"
        )
    missing = [name for name in _TOKENS if values.get(name, "wrong") is None]
    if 0 < len(missing) < len(_TOKENS):
        given = ", ".join(PREFIX + name.upper() for name in _TOKENS if name not in missing)
        for name in missing:
            yield f"{PREFIX}{name.upper()}: it is not set, and tokens need it; set it, or remove {given}"


SETTINGS: Final = (
    Setting("policies", "policies", "the folder with the policy files", path),
    Setting("log", "var/verdicts.db", "the verdict log: a file, or postgresql://…", log_place, by_file=True),
    Setting("keys", "", "the folder of keys; empty: `keys` beside the log, or `var/keys`", optional(path)),
    Setting("anchor", "", "the file that keeps its checkpoints, best on another disk", optional(path)),
    Setting("witness", "", "who cosigns them: `VKEY URL`, more after commas", optional(witnesses)),
    Setting("host", "127.0.0.1", "the address to listen on", address),
    Setting("port", "8080", "the port to listen on; 0: any free one", whole(0, 65535)),
    Setting("workers", "2", "processes that answer requests", whole(1, 64)),
    Setting("threads", "8", "requests that each of them answers at a time", whole(1, 128)),
    Setting("log_timeout_s", "5", "seconds to wait for a verdict to be recorded before 503", seconds),
    Setting("stop_timeout_s", "30", "seconds for requests to end in when the service stops", whole(1, 600)),
    Setting("body_limit", "1048576", "bytes that the body of a request may have", whole(1_000, 100_000_000)),
    Setting("batch_limit", "16777216", "bytes that a batch in JSON may have", whole(1_000, 1_000_000_000)),
    Setting("read_timeout_s", "20", "seconds for a request to come in before 408", seconds),
    Setting("queue", "256", "requests that may wait for a thread of a worker before 503", whole(1, 10_000)),
    Setting("reload_s", "1", "seconds between two looks at the policies; 0: when asked", seconds_or_never),
    Setting("freeze", "yes", "a version that has issued a verdict may not change; no: to try out", yes_no),
    Setting("api_keys", "", "the file of API keys, which `ladders keys` makes", optional(path)),
    Setting("token_issuer", "", "whose tokens are taken: the `iss` of the identity provider", optional(text)),
    Setting("token_audience", "", "whom they must be meant for: their `aud`", optional(text)),
    Setting("token_keys", "", "its key set (JWKS): an https:// address or a file", optional(keys_place)),
    Setting("token_algorithms", "RS256,ES256", "how they may be signed", some_of(*ALGORITHMS)),
    Setting("token_leeway_s", "30", "seconds that the clocks may be apart", whole(0, 300)),
    Setting("token_keys_s", "300", "seconds after which the key set is fetched again", whole(10, 86_400)),
    Setting("token_name", "sub", "the claim with the name of the caller", text),
    Setting("token_scopes", "scope", "the claim with its scopes", text),
    Setting("token_scope_prefix", "", "what stands before each scope that is for Ladders", optional(text)),
    Setting("token_candidate", "", "the claim with a candidate's id; empty: no candidates", optional(text)),
    Setting("metrics_open", "no", "yes: anyone on this machine may read the metrics", yes_no),
    Setting("runtime", "/dev/shm", "where what the workers share is kept; best in memory", path),  # noqa: S108 - only a folder of its own, for its owner alone, is made in it
    Setting("traces", "", "where an OTLP collector takes spans; empty: nowhere", optional(web_address)),
    Setting("webhooks", "", "the file that says who is told of verdicts and decisions", optional(path)),
)  # fmt: skip
