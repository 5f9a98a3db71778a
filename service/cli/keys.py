"""`ladders keys`: names and scopes go in; API keys for callers come out, each shown once, and their file is
changed.

A running service takes the change over with its next request. Two commands at one time do not lose each
other's change.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.config_file import config_file
from service.errors import SettingsError

if TYPE_CHECKING:
    from service.access.api_keys import ApiKey

SCOPES = ("submit", "simulate", "author", "audit", "decide", "operate")  # as in `service.access.callers`
_CHANCE_BYTES = 37

_file = click.option(
    "--file",
    "named",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of API keys; otherwise the one that LADDERS_API_KEYS names.",
)


@click.group()
def keys() -> None:
    """Make, list and revoke the API keys of callers.

    The file has only hashes: nobody can read a key back from it.
    """


@keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="May be repeated."
)
@click.option(
    "--days",
    type=click.IntRange(0, 3650),
    default=365,
    show_default=True,
    help="How long it is good; 0: for ever.",
)
@_file
@config_file
def new(name: str, scopes: tuple[str, ...], days: int, named: Path | None) -> None:
    """Make a key for the caller NAME, and show it once, on the standard output.

    Keys of one name are one caller: give a system a new key, then revoke the old one.

    Exit codes: 0 it is made; 2 it cannot be.
    """
    from service.access.api_keys import new_key

    now = datetime.now(UTC).replace(microsecond=0)
    ends = now + timedelta(days=days) if days else None
    try:
        key, text = new_key(name, scopes, now=now, expires_at=ends, chance=os.urandom(_CHANCE_BYTES))  # type: ignore[arg-type]  # click has checked the scopes
    except ValueError as refused:
        raise SettingsError([str(refused)]) from refused
    place = _place(named)
    with _changing(place) as held:
        held.append(key)
    until = f"until {ends:%Y-%m-%d}" if ends else "for ever"
    click.echo(
        f"ladders: key {key.id} of {name} for {', '.join(key.scopes)}, good {until}, in {place}", err=True
    )
    click.echo(
        "ladders: this is the only time that it is shown; send it as `Authorization: Bearer …`", err=True
    )
    click.echo(text)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@_file
@config_file
def list_(as_json: bool, named: Path | None) -> None:
    """List the keys: id, caller, scopes, when each was made and ends, and whether it is good.

    Exit codes: 0 they are listed; 2 the file cannot be read.
    """
    from service.access.api_keys import written

    place, now = _place(named), datetime.now(UTC)
    held = _read(place)
    if as_json:
        told = json.loads(written(held))["keys"]
        for each, key in zip(told, held, strict=True):
            del each["secret_sha256"]
            each["state"] = key.state(now)
        click.echo(json.dumps({"keys": told}, indent=2))
        return
    for key in held:
        ends = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
        scopes = ",".join(key.scopes)
        click.echo(f"{key.id}  {key.state(now):7}  {key.made_at:%Y-%m-%d}  {ends:10}  {key.name}  {scopes}")


@keys.command()
@click.argument("key_id", metavar="ID")
@_file
@config_file
def revoke(key_id: str, named: Path | None) -> None:
    """Revoke the key with this ID, at once and for good.

    Exit codes: 0 it is good no more; 1 there is none with this id; 2 the file cannot be read or written.
    """
    from service.access.api_keys import revoked

    place = _place(named)
    with _changing(place) as held:
        found = next((key for key in held if key.id == key_id), None)
        held[:] = revoked(held, key_id, datetime.now(UTC).replace(microsecond=0))
    if found is None:
        click.echo(
            f"ladders: there is no key `{key_id}` in {place}; `ladders keys list` shows them", err=True
        )
        click.get_current_context().exit(1)
    click.echo(f"ladders: key {key_id} of {found.name} is revoked", err=True)


def _place(named: Path | None) -> Path:
    if named is not None:
        return named
    from service.settings import read_settings

    place = read_settings(os.environ).api_keys
    if place is None:
        raise SettingsError(
            ["LADDERS_API_KEYS: it names no file; set it, as the service has it, or use --file"]
        )
    return place


def _read(place: Path, *, may_be_missing: bool = False) -> list[ApiKey]:
    from service.access.api_keys import read_keys

    try:
        return list(read_keys(place.read_bytes()))
    except FileNotFoundError:
        if may_be_missing:
            return []
        raise SettingsError([f"there is no {place}; `ladders keys new` makes it"]) from None
    except OSError as refused:
        raise SettingsError([f"cannot read {place}: {refused.strerror}"]) from refused
    except ValueError as refused:
        raise SettingsError([f"{place}: {refused}"]) from refused


@contextmanager
def _changing(place: Path) -> Iterator[list[ApiKey]]:
    """The keys of a file, to be changed; one command at a time, and the service sees all of it or nothing."""
    from service.access.api_keys import written

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_name(f".{place.name}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            held = _read(place, may_be_missing=True)
            before = written(held)
            yield held
            if (after := written(held)) != before:
                _replace(place, after)
    except OSError as refused:
        raise SettingsError([f"cannot write {place}: {refused.strerror}"]) from refused


def _replace(place: Path, text: bytes) -> None:
    draft = place.with_name(f".{place.name}.new")
    mode = place.stat().st_mode & 0o777 if place.exists() else 0o600
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(file)
    draft.replace(place)
