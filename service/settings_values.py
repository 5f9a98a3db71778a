"""Values of settings: the text that an operator wrote goes in; a checked value comes out, or what is wanted.

Every reader here takes the text and raises `ValueError` with words that go on `… is not`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

Value = TypeVar("Value")
_THIS_MACHINE: Final = ("127.0.0.1", "::1", "localhost")


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def seconds(text: str) -> float:
    """A number of seconds."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or not 0.1 <= float(text) <= 60:
        raise ValueError("a number of seconds from 0.1 to 60")
    return float(text)


def seconds_or_never(text: str) -> float:
    """A number of seconds, or 0."""
    if text == "0":
        return 0.0
    try:
        return seconds(text)
    except ValueError as refused:
        raise ValueError(f"{refused}, or 0") from refused


def yes_no(text: str) -> bool:
    """`yes` or `no`."""
    if text not in ("yes", "no"):
        raise ValueError("yes or no")
    return text == "yes"


def path(text: str) -> Path:
    """The path of a file or a folder, which need not exist."""
    if not text or "\0" in text:
        raise ValueError("a path")
    return Path(text)


def address(text: str) -> str:
    """An IP address to listen on, or `localhost`."""
    try:
        ip_address("127.0.0.1" if text == "localhost" else text)
    except ValueError:
        raise ValueError("an IP address to listen on, such as 127.0.0.1 or 0.0.0.0, or localhost") from None
    return text


def web_address(text: str) -> str:
    """The address of something on the web."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise ValueError("an address that begins with http:// or https://")
    return text


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address that `address` took."""
    return host == "localhost" or ip_address(host).is_loopback


def optional(read: Callable[[str], Value]) -> Callable[[str], Value | None]:
    """Nothing at all, or what another reader takes."""
    return lambda text: read(text) if text else None


def text(text: str) -> str:
    """A text that is not empty."""
    if not text or text != text.strip() or "\0" in text:
        raise ValueError("a text without spaces at its ends")
    return text


def some_of(*words: str) -> Callable[[str], tuple[str, ...]]:
    """One or several of some words, with commas between."""

    def read(text: str) -> tuple[str, ...]:
        given = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
        if not set(given) <= set(words):
            raise ValueError(f"one or several of {', '.join(words)}, with commas between")
        return given

    return read


def keys_place(text: str) -> str | Path:
    """Where a key set is: an address that nobody between can change what comes from, or a file."""
    if "://" not in text:
        return path(text)
    parts = urlsplit(text)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if not secure or not parts.hostname or parts.username is not None:
        raise ValueError("an https:// address without a password in it, or the path of a file")
    return text


def witnesses(text: str) -> str:
    """Witnesses with their keys and addresses, as they were written."""
    from service.ledger.witness import read_witnesses  # only where there are any: it takes a while to import

    read_witnesses(text)
    return text


def shown(value: Any) -> str:
    """A value as people read it, without a password that stands in an address."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "(none)"
        case tuple():
            return ", ".join(map(shown, value))
        case _:
            return masked(str(value))


def masked(text: str) -> str:
    """A text without the password of an address or of a connection string in it.

    >>> masked("postgresql://ladders:hunter2@db/log"), masked("host=db password=hunter2")
    ('postgresql://ladders:***@db/log', 'host=db password=***')
    """
    text = re.sub(r"(?s)(://[^:/@]*):.*@", r"\1:***@", text)  # up to the last one; blanks may be part of it
    return re.sub(r"(?i)(password\s*=\s*)('[^']*'?|[^\s&]+)", r"\1***", text)
