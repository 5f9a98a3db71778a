"""API keys: a file with their hashes, and the key that a caller sends, go in; the caller comes out.

A key is 256 random bits behind a name of its own: `ladders_<id>_<secret>`. The file holds the SHA-256 of the
secret and never the secret: of so many random bits nothing can be guessed back, so a slow hash would only be
slow. Keys of one name are one caller, so that a new one can be in use before the old one is revoked.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, cast, get_args

import orjson

from service.access.callers import Caller, Scope
from service.access.watched import Watched
from service.errors import NotKnown, did_you_mean

PREFIX: Final = "ladders_"
SECRET_BYTES: Final = 32
ID_BYTES: Final = 5
_KEY: Final = re.compile(r"ladders_([a-z2-7]{8})_([A-Za-z0-9_-]{43})")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ID: Final = re.compile(r"[a-z2-7]{8}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_NO_HASH: Final = "0" * 64
_UNKNOWN: Final = "this API key is not known here"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key, as the file has it."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    secret_sha256: str  #: hexadecimal
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`good`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "good"


def new_key(
    name: str, scopes: Iterable[Scope], *, now: datetime, expires_at: datetime | None, chance: bytes
) -> tuple[ApiKey, str]:
    """A new key as the file has it, and the text that the caller sends, which nobody has again.

    Args:
        name: Who will use it, such as `workday`.
        scopes: What they may do.
        now: When it is made.
        expires_at: When it ends; None: never.
        chance: 37 random bytes.

    Raises:
        ValueError: The name cannot be one, or there is no scope.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("a name has up to 64 small letters, digits, `.`, `-` and `_`, such as `workday`")
    id_ = b32encode(chance[:ID_BYTES]).decode().lower()
    secret = urlsafe_b64encode(chance[ID_BYTES : ID_BYTES + SECRET_BYTES]).rstrip(b"=").decode()
    held = tuple(scope for scope in get_args(Scope) if scope in set(scopes))
    if not held:
        raise ValueError("a key without a scope allows nothing; give it one")
    key = ApiKey(
        id=id_, name=name, scopes=held, secret_sha256=_hash(secret), made_at=now, expires_at=expires_at
    )
    return key, f"{PREFIX}{id_}_{secret}"


class ApiKeys:
    """Knows callers by their API keys; a change of the file counts at once."""

    def __init__(self, file: Watched[tuple[ApiKey, ...]], now: Callable[[], datetime]) -> None:
        self._file, self._now = file, now
        self._keys: tuple[ApiKey, ...] = ()
        self._callers: Mapping[str, tuple[ApiKey, Caller]] = {}

    def caller_of(self, credential: str) -> Caller:
        """Whose key this is.

        Raises:
            NotKnown: Nobody's, or it has expired or was revoked.
        """
        keys = self._file.now()
        if keys is not self._keys:
            self._callers = {key.id: (key, Caller(key.name, "key", frozenset(key.scopes))) for key in keys}
            self._keys = keys
        match = _KEY.fullmatch(credential)
        key, caller = (self._callers.get(match[1]) if match else None) or (None, None)
        # an unknown id is compared too, so that the time tells nothing
        fits = hmac.compare_digest(_hash(match[2] if match else ""), key.secret_sha256 if key else _NO_HASH)
        if key is None or caller is None or not fits:
            raise NotKnown(_UNKNOWN)
        state = key.state(self._now())
        if state != "good":
            raise NotKnown(f"this API key has {'expired' if state == 'expired' else 'been revoked'}")
        return caller


def revoked(keys: Iterable[ApiKey], id_: str, now: datetime) -> tuple[ApiKey, ...]:
    """The keys, of which one is good no more; one that was revoked before keeps its date."""
    return tuple(
        replace(key, revoked_at=now) if key.id == id_ and key.revoked_at is None else key for key in keys
    )


def written(keys: Iterable[ApiKey]) -> bytes:
    """What the file says of these keys."""
    told = [
        {
            "id": key.id,
            "name": key.name,
            "scopes": list(key.scopes),
            "secret_sha256": key.secret_sha256,
            "made_at": _iso(key.made_at),
            "expires_at": _iso(key.expires_at),
            "revoked_at": _iso(key.revoked_at),
        }
        for key in keys
    ]
    return orjson.dumps({"keys": told}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_keys(text: bytes) -> tuple[ApiKey, ...]:
    """The keys of a file.

    Raises:
        ValueError: It is no such file; with everything that is wrong.
    """
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as broken:
        raise ValueError(f"this is not JSON: {broken.msg} at line {broken.lineno}") from broken
    if not isinstance(told, dict) or not isinstance(told.get("keys"), list):
        raise ValueError("this is no file of API keys; `ladders keys new` makes one")
    keys, wrong = [], []
    for number, each in enumerate(told["keys"], start=1):
        try:
            keys.append(_read(each))
        except ValueError as refused:
            wrong.append(f"key {number}: {refused}")
    twice = {key.id for key in keys if [other.id for other in keys].count(key.id) > 1}
    wrong += [f"there are two keys with the id `{id_}`" for id_ in sorted(twice)]
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(keys)


def _read(told: Any) -> ApiKey:
    if not isinstance(told, dict):
        raise ValueError("this is no object")
    names = set(ApiKey.__dataclass_fields__)
    if set(told) != names:
        odd = ", ".join(f"`{name}`" for name in sorted(set(told) ^ names, key=str))
        raise ValueError(f"it has exactly the names that `ladders keys new` writes; look at {odd}")
    for name, form in (("id", _ID), ("name", _NAME), ("secret_sha256", _HASH)):
        if not isinstance(told[name], str) or not form.fullmatch(told[name]):
            raise ValueError(f"`{name}` is not what `ladders keys new` writes")
    return ApiKey(
        id=told["id"],
        name=told["name"],
        scopes=tuple(map(_scope, told["scopes"] if isinstance(told["scopes"], list) else [None])),
        secret_sha256=told["secret_sha256"],
        made_at=cast(datetime, _moment(told["made_at"], "made_at", optional=False)),
        expires_at=_moment(told["expires_at"], "expires_at"),
        revoked_at=_moment(told["revoked_at"], "revoked_at"),
    )


def _scope(word: Any) -> Scope:
    if word not in get_args(Scope):
        raise ValueError(f"`scopes` has something that is no scope{did_you_mean(str(word), get_args(Scope))}")
    return cast(Scope, word)


def _moment(text: Any, name: str, *, optional: bool = True) -> datetime | None:
    if text is None and optional:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"`{name}` is no moment such as 2027-01-31T12:00:00Z")
    return moment


def _iso(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
