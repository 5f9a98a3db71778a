"""`ladders log status`: the log and its anchor go in; how far both have come, and who signs, comes out."""

from __future__ import annotations

import json
from typing import Any

import click

from service.cli.config_file import config_file
from service.errors import LogRolledBack, LogTampered, LogUnavailable

FAILED = 1


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@config_file
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show how many entries the log has, how many of them are signed and anchored, and the keys that sign.

    Exit codes: 0 shown; 1 the log is behind or beside its anchor; 2 it cannot be read.
    """
    from service.cli.opened_log import readable_log
    from service.ledger.checkpoint import read_checkpoint
    from service.ledger.publisher import origin_of, refuse_unanchored

    with readable_log() as (beside, log):
        head, note = log.head(), log.last_checkpoint()
        anchored = beside.anchor.last() if beside.anchor else None
        told: dict[str, Any] = {
            "name": log.name,
            "entries": head.size,
            "root": head.root.hex(),
            "checkpoint": None if note is None else read_checkpoint(note).checkpoint.size,
            "anchor": None if beside.anchor is None else str(beside.anchor.path),
            "anchored": None if anchored is None else read_checkpoint(anchored).checkpoint.size,
            "cosigned_by": [] if note is None else sorted(_cosigners(note, log.name)),
            "keys": [],
            "why": None,
        }
        try:
            refuse_unanchored(log, beside.anchor)
        except (LogRolledBack, LogTampered) as refused:
            told["why"] = str(refused)
        try:
            told["keys"] = [signer.key.vkey for signer in beside.keys.signers(origin_of(log, beside.anchor))]
        except LogUnavailable as refused:  # an auditor has no keys
            told["keys"] = [str(refused)]
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for line in _lines(told):
            click.echo(line)
    ctx.exit(FAILED if told["why"] else 0)


def _cosigners(note: bytes, name: str) -> set[str]:
    """Who signed a checkpoint beside the log; whether rightly, `verify` says."""
    from service.ledger.checkpoint import read_checkpoint

    signed = read_checkpoint(note)
    return {each.name for each in signed.note.signatures} - {signed.checkpoint.origin, name}


def _lines(told: dict[str, Any]) -> list[str]:
    entries, anchored = told["entries"], told["anchored"]
    behind = "" if anchored is None else _compared(entries, anchored)
    return [
        f"log         {told['name']}",
        f"entries     {entries}",
        f"root        {told['root']}",
        f"checkpoint  {'none yet' if told['checkpoint'] is None else told['checkpoint']}",
        f"anchor      {told['anchor'] or 'none: nobody can show a rollback; set LADDERS_ANCHOR'}",
        f"anchored    {'nothing yet' if anchored is None else anchored}{behind}",
        f"cosigned by {', '.join(told['cosigned_by']) or 'nobody'}",
        *(f"key         {key}" for key in told["keys"]),
        *([f"REFUSED     {told['why']}"] if told["why"] else []),
    ]


def _compared(entries: int, anchored: int) -> str:
    if entries == anchored:
        return ", up to date"
    return (
        f", {entries - anchored} behind" if entries > anchored else f", {anchored - entries} ahead of the log"
    )
