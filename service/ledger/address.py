"""Addresses of verdict logs in a database: a text goes in; an address that hides its password comes out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SCHEMES: Final = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a verdict log lies in a PostgreSQL database."""

    url: str = field(repr=False)  #: whole; may hold a password

    def __str__(self) -> str:
        """The address without its password.

        >>> str(Address("postgresql://ladders:hunter2@db.example/log?sslmode=require"))
        'postgresql://ladders@db.example/log?sslmode=require'
        """
        without = re.sub(r"(://[^:/@?]*):.*@", r"\1@", self.url)
        return re.sub(r"(?i)((?:ssl)?password=)[^&]*", r"\1***", without)


Place = Path | Address  #: where a verdict log lies


def is_there(place: Place) -> bool:
    """Whether there may be a log: a file that holds something, or any database."""
    return isinstance(place, Address) or (place.is_file() and place.stat().st_size > 0)


def written(place: Place) -> str:
    """A place as `log_place` reads it, with its password: for other processes, never for people."""
    return place.url if isinstance(place, Address) else str(place)


def log_place(text: str) -> Place:
    """Where a verdict log lies: the path of a file, or the address of a database.

    Raises:
        ValueError: It is neither; the message says what is wanted and goes on `… is not`.
    """
    scheme, addressed, rest = text.partition("://")
    if not addressed:
        if not text or "\0" in text:
            raise ValueError("the path of a file, or an address as postgresql://USER@HOST/DATABASE")
        return Path(text)
    if scheme not in SCHEMES or not re.fullmatch(r"([^@/?#\s]*@)?[^@\s]+", rest):
        raise ValueError(
            "an address as postgresql://USER@HOST/DATABASE (signs such as @ and / in a password are written"
            " %40 and %2F), or the path of a file"
        )
    return Address(text)
