"""`ladders log check-disclosure`: disclosed fields, the proof of their entry and a trust file go in; whether
the log commits to these values comes out.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import click
import orjson

from service.cli.log_check_proof import FAILED, proved, said_of_proof
from service.errors import NotProven

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("check-disclosure")
@click.argument("disclosure", type=_FILE)
@click.option(
    "--proof", required=True, type=_FILE, help="The proof of the entry, as `ladders log prove` writes it."
)
@click.option(
    "--trust", required=True, type=_FILE, help="The trust file. Have it from elsewhere than the rest."
)
@click.pass_context
def check_disclosure(ctx: click.Context, disclosure: Path, proof: Path, trust: Path) -> None:
    """Check DISCLOSURE, a file with the answer to `POST /v1/log/entries/…/disclosures`, offline, and show
    what it proves.

    The other fields of the entry stay hidden; the log commits to them too, so none can be made up later.

    Exit codes: 0 the log commits to these values; 1 that is not proved; 2 it cannot be checked.
    """
    from service.ledger.trust import trust_in

    believed = trust_in(trust)
    try:
        read = proved(proof, believed)
        fields = _checked(disclosure, read.extra)
    except NotProven as wrong:
        click.echo(f"not proved: {wrong}")
        ctx.exit(FAILED)
    click.echo(said_of_proof(read))
    for field in fields:
        click.echo(f"{field['pointer']}: {json.dumps(field['value'], ensure_ascii=False)}")


def _checked(disclosure: Path, leaf: bytes) -> list[dict[str, Any]]:
    """The fields in a file, each of which this leaf commits to."""
    from service.ledger.disclosure import check

    try:
        told = orjson.loads(disclosure.read_bytes())
        fields, of = told["fields"], told["leaf"]
    except (ValueError, TypeError, KeyError) as broken:
        raise NotProven(f"`{disclosure}` is no disclosure") from broken
    if of != b64encode(leaf).decode():
        raise NotProven("the proof is that of another entry")
    if not isinstance(fields, list) or not fields:
        raise NotProven("no field is disclosed")
    for number, field in enumerate(fields, start=1):
        try:
            check(leaf, field)
        except NotProven as wrong:
            raise NotProven(f"field {number} of them is not what the log commits to") from wrong
    return fields
