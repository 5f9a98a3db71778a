"""`ladders log check-receipt`: a signed receipt and a trust file go in; whether the log promised the entry,
and whether it kept that, comes out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.config_file import config_file
from service.cli.log_verify import Verifying
from service.errors import NotProven

if TYPE_CHECKING:
    from service.ledger.kept import Found
    from service.ledger.signed_receipt import SignedReceipt
    from service.ledger.trust import Trust


@click.command("check-receipt", cls=Verifying)
@click.argument("receipt", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("export", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--trust",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The trust file. Have it from elsewhere than the log.",
)
@click.option("--here", is_flag=True, help="Hold it against the log of LADDERS_LOG.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@config_file
@click.pass_context
def check_receipt(
    ctx: click.Context, receipt: Path, export: Path | None, trust: Path, here: bool, as_json: bool
) -> None:
    """Check RECEIPT, a file with what an answer had in its header `Ladders-Receipt`, as it came or decoded.

    Offline, with the trust file alone, that the log promised the entry. With EXPORT, a folder that `ladders
    log export` wrote, or with --here, also whether it kept that: the entry stands where it was promised,
    under a signed checkpoint, and all that stood before it then still does. A promise without its entry
    proves that something was suppressed.

    Exit codes: 0 promised, and kept where it was held against something; 1 suppressed: another entry stands
    there, or others before it were changed; 2 suppressed: the log is shorter than it was; 3 the export ends
    before the entry; 4 it cannot be checked, because it is no receipt of this log.
    """
    from service.ledger.signed_receipt import read_receipt
    from service.ledger.trust import read_trust

    if export is not None and here:
        raise NotProven("name either EXPORT or --here, not both")
    believed = read_trust(trust.read_text("utf-8"))
    read = read_receipt(receipt.read_bytes())
    believed.check_receipt(read)
    found = None
    if export is not None or here:
        found = _found(read, export, believed)
    _show(read, found, as_json)
    ctx.exit(0 if found is None else found.outcome)


def _found(read: SignedReceipt, export: Path | None, trust: Trust) -> Found:
    from service.cli.opened_log import readable_log
    from service.ledger.kept import in_export, in_log

    if export is not None:
        return in_export(read, export, trust)
    with readable_log() as (_, log):
        head = log.head()
        return in_log(read, log.name, log.hashes, head.size, head.root)


def _show(read: SignedReceipt, found: Found | None, as_json: bool) -> None:
    from service.ledger.kept import SAID
    from service.ledger.record import digest_text

    leaf = digest_text(read.leaf_hash)
    committed_at = read.committed_at.isoformat().replace("+00:00", "Z")
    said = None if found is None else SAID[found.outcome]
    if as_json:
        told = {
            "log": read.promise.log,
            "index": read.index,
            "leaf": leaf,
            "committed_at": committed_at,
            "promised": True,
            "found": said,
            "message": None if found is None else found.message,
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(f"promised: entry {read.index} of `{read.promise.log}`, {leaf}, committed at {committed_at}")
    if found is not None:
        click.echo(f"{said}: {found.message}")
