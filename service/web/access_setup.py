"""Who is known by what: settings go in; what knows callers, and what keeps its keys fresh, come out.

All that can be seen at once is checked before the service starts. An identity provider that cannot be reached
is no reason not to start: its keys are fetched when it can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final, TypeVar

from service.access.api_keys import ApiKey, ApiKeys, read_keys
from service.access.fetching import fetch
from service.access.key_sets import AGAIN_S, NO_KEYS, FetchedKeys, FileKeys, KeySource, read_key_set
from service.access.known import KnownAccess
from service.access.tokens import TokenRules, Tokens
from service.access.watched import Watched
from service.errors import SettingsError
from service.settings import Settings
from service.web.journal import journal

Said = TypeVar("Said")
_STOP_S: Final = 1.0


def access_of(settings: Settings) -> tuple[KnownAccess | None, FetchedKeys | None]:
    """What knows callers, None: everybody is anyone; and keys that must be fetched again and again.

    Raises:
        SettingsError: A file that a setting names cannot be used, with one line for each.
    """
    wrong: list[str] = []
    api_keys = fetched = tokens = None
    if settings.api_keys is not None:
        remedy = "make a key with `ladders keys new`"
        none: tuple[ApiKey, ...] = ()
        file = _watched("LADDERS_API_KEYS", settings.api_keys, read_keys, none, remedy, wrong)
        api_keys = ApiKeys(file, _now)
    if settings.token_keys is not None:
        source: KeySource
        if isinstance(settings.token_keys, Path):
            remedy = "save the JSON Web Key Set of the identity provider there"
            source = FileKeys(
                _watched("LADDERS_TOKEN_KEYS", settings.token_keys, read_key_set, NO_KEYS, remedy, wrong)
            )
        else:
            address = settings.token_keys
            source = fetched = FetchedKeys(partial(fetch, address), time.monotonic, _keys_not_fetched)
        tokens = Tokens(_rules(settings), source, time.time)
    if wrong:
        raise SettingsError(wrong)
    if api_keys is None and tokens is None:
        return None, None
    return KnownAccess(api_keys, tokens), fetched


class KeyKeeper:
    """The thread of one worker that fetches keys again before anybody needs them."""

    def __init__(self, keys: FetchedKeys, every_s: float) -> None:
        self._keys, self._every_s = keys, every_s
        self._enough = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin; to be called in the worker, after the fork."""
        self._thread = Thread(target=self._work, name="key-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, at the latest after a short while."""
        self._enough.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def _work(self) -> None:
        pause_s = 0.0
        while not self._enough.wait(pause_s):
            try:
                pause_s = self._every_s if self._keys.renew() else AGAIN_S
            except Exception as error:  # the keys that are there go on; tell, and try again
                journal().error("token-keys-not-fetched", error=type(error).__name__)
                pause_s = AGAIN_S


def _watched(
    name: str, path: Path, read: Callable[[bytes], Said], nothing: Said, remedy: str, wrong: list[str]
) -> Watched[Said]:
    """A file that a setting names, read for the first time; what is wrong with it is added to `wrong`."""
    file = Watched(path, read, nothing, _file_not_taken)
    try:
        file.first()
    except OSError as refused:
        wrong.append(f"{name}: cannot read `{path}`: {refused.strerror}; {remedy}")
    except ValueError as refused:
        wrong.append(f"{name}: `{path}`: {refused}")
    return file


def _rules(settings: Settings) -> TokenRules:
    return TokenRules(
        issuer=settings.token_issuer or "",
        audience=settings.token_audience or "",
        algorithms=settings.token_algorithms,
        leeway_s=settings.token_leeway_s,
        name=settings.token_name,
        scopes=settings.token_scopes,
        scope_prefix=settings.token_scope_prefix or "",
        candidate=settings.token_candidate or "",
    )


def _file_not_taken(why: str) -> None:
    journal().error("access-file-not-taken", why=why)


def _keys_not_fetched(why: str) -> None:
    journal().error("token-keys-not-fetched", why=why)


def _now() -> datetime:
    return datetime.now(UTC)
