"""`ladders log check-receipt`: signed receipts and a trust file go in; whether the log promised the entries,
and whether it kept that, comes out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from service.cli.config_file import config_file
from service.cli.log_verify import CANNOT, Verifying
from service.errors import NotProven

if TYPE_CHECKING:
    from service.ledger.kept import Tree
    from service.ledger.trust import Trust

_WORST_FIRST: Final = (1, 2, CANNOT, 3, 0)  #: of the exit codes for some receipts, which is that for all


@click.command("check-receipt", cls=Verifying)
@click.argument("receipts", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("export", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--trust",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The trust file. Have it from elsewhere than the log.",
)
@click.option("--here", is_flag=True, help="Hold them against the log of LADDERS_LOG.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
@config_file
@click.pass_context
def check_receipt(
    ctx: click.Context, receipts: Path, export: Path | None, trust: Path, here: bool, as_json: bool
) -> None:
    """Check RECEIPTS, a file with what answers had in their header `Ladders-Receipt`, a line each, or with
    one of them decoded.

    Offline, with the trust file alone, that the log promised the entries. With EXPORT, a folder that
    `ladders log export` wrote, or with --here, also whether it kept that: the entry stands where it was
    promised, under a signed checkpoint, and all that stood before it then still does. A promise without its
    entry proves that something was suppressed. Of many receipts, those that are kept are only counted.

    Exit codes: 0 promised, and kept where it was held against something; 1 suppressed: another entry stands
    there, or others before it were changed; 2 suppressed: the log is shorter than it was; 3 the export ends
    before the entry; 4 it cannot be checked, because it is no receipt of this log.
    """
    from service.ledger.signed_receipt import receipts_in
    from service.ledger.trust import trust_in

    if export is not None and here:
        raise NotProven("name either EXPORT or --here, not both")
    believed = trust_in(trust)
    written = receipts_in(receipts.read_bytes())
    if not written:
        raise NotProven(f"there is no receipt in `{receipts}`")
    codes = set()
    for told in _checked(written, believed, export, here):
        codes.add(told["code"])
        _show(told, as_json, is_one=len(written) == 1)
    if len(written) > 1 and not as_json:
        click.echo(f"{len(written)} receipts checked")
    ctx.exit(next(code for code in _WORST_FIRST if code in codes))


def _checked(
    written: Iterable[bytes], trust: Trust, export: Path | None, here: bool
) -> Iterator[dict[str, Any]]:
    """What is to be said of each receipt."""
    from service.cli.opened_log import readable_log
    from service.ledger.kept import exported_tree, present_tree

    if here:
        with readable_log() as (_, log):
            tree = present_tree(log)
            yield from (_told(line, text, trust, tree) for line, text in enumerate(written, start=1))
        return
    against = None if export is None else exported_tree(export, trust)
    yield from (_told(line, text, trust, against) for line, text in enumerate(written, start=1))


def _told(line: int, text: bytes, trust: Trust, tree: Tree | None) -> dict[str, Any]:
    from service.ledger.kept import SAID, held_against
    from service.ledger.record import digest_text
    from service.ledger.signed_receipt import read_receipt

    try:
        read = read_receipt(text)
        trust.check_receipt(read)
        found = None if tree is None else held_against(read, tree)
    except NotProven as wrong:
        return {"line": line, "code": CANNOT, "promised": None, "found": None, "message": str(wrong)}
    return {
        "line": line,
        "code": 0 if found is None else found.outcome,
        "promised": {
            "log": read.promise.log,
            "index": read.index,
            "leaf": digest_text(read.leaf_hash),
            "committed_at": read.committed_at.isoformat().replace("+00:00", "Z"),
        },
        "found": None if found is None else SAID[found.outcome],
        "message": None if found is None else found.message,
    }


def _show(told: dict[str, Any], as_json: bool, *, is_one: bool) -> None:
    promised = told["promised"]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    elif promised is None:
        click.echo(
            f"cannot be checked: {told['message']}" if is_one else f"line {told['line']}: {told['message']}"
        )
    elif is_one:
        click.echo(
            f"promised: entry {promised['index']} of `{promised['log']}`, {promised['leaf']}, committed at "
            f"{promised['committed_at']}"
        )
        if told["found"]:
            click.echo(f"{told['found']}: {told['message']}")
    elif told["code"]:
        click.echo(f"line {told['line']}: {told['found']}: {told['message']}")
