"""`ladders log verify`: a log, or an export of one, goes in; whether it is what was signed comes out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.config_file import config_file
from service.cli.refused import said_of
from service.errors import LaddersError, NotProven

if TYPE_CHECKING:
    from service.ledger.trust import Trust
    from service.ledger.verify import Report

CANNOT = 4
_WORDS = ("all is right", "tampered with", "rolled back", "incomplete")


class Verifying(click.Command):
    """A command whose exit code 2 means a rollback: what cannot be done ends with 4."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """As click does it."""
        try:
            return super().make_context(*args, **more)
        except click.UsageError as wrong:
            wrong.show()
            sys.exit(CANNOT)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it."""
        try:
            return super().invoke(ctx)
        except (LaddersError, OSError) as wrong:
            click.echo(f"ladders: {said_of(wrong)}", err=True)
            ctx.exit(CANNOT)


@click.command(cls=Verifying)
@click.argument("export", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The trust file; needed for an export. Have it from elsewhere than the log.",
)
@click.option(
    "--seen",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that you kept, or a copy of the anchor; may be given several times.",
)
@click.option(
    "--private", is_flag=True, help="Also open what is private in the entries of the log, with LADDERS_KEYS."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@config_file
@click.pass_context
def verify(
    ctx: click.Context,
    export: Path | None,
    trust: Path | None,
    seen: tuple[Path, ...],
    private: bool,
    as_json: bool,
) -> None:
    """Verify EXPORT, a folder that `ladders log export` wrote, or without it the log of LADDERS_LOG.

    An export is verified offline, with nothing but the trust file: the signatures, every entry, every tile,
    and the root at the size of every checkpoint that was ever signed. The log itself is verified in the
    same way, and against its anchor, while the service goes on. What was cut off at the end shows only
    against a checkpoint that was seen before: give it with --seen.

    Exit codes: 0 all is right; 1 tampered with; 2 rolled back, fewer entries than a checkpoint says; 3
    incomplete, something is missing but nothing is wrong; 4 it cannot be verified.
    """
    believed = _trust(trust)
    if export is None:
        report = _of_log(believed, seen, private)
    elif private:
        raise NotProven("an export holds nothing private; leave --private away")
    else:
        report = _of_export(export, believed, seen)
    _show(report, as_json)
    ctx.exit(report.outcome)


def _trust(path: Path | None) -> Trust | None:
    from service.ledger.trust import trust_in

    return None if path is None else trust_in(path)


def _of_export(export: Path, trust: Trust | None, seen: tuple[Path, ...]) -> Report:
    from service.cli.log_progress import entries_progress
    from service.ledger.checkpoint import read_checkpoint
    from service.ledger.tile_folder import TileFolder
    from service.ledger.verified import verify_export

    if trust is None:
        raise NotProven("an export is verified with a trust file: --trust FILE")
    content = TileFolder(export).checkpoint()
    size = read_checkpoint(content).checkpoint.size if content is not None else 0
    with entries_progress(size) as each:
        return verify_export(export, trust, seen, each)


def _of_log(trust: Trust | None, seen: tuple[Path, ...], private: bool) -> Report:
    from service.cli.log_progress import entries_progress
    from service.cli.opened_log import readable_log
    from service.ledger.verified import verify_log, verify_private

    with readable_log() as (beside, log):
        anchor = beside.anchor
        is_anchored = anchor is not None and anchor.last() is not None
        if anchor is not None and is_anchored:
            seen = (*seen, anchor.path)
        with entries_progress(log.size()) as each:
            report = verify_log(log, trust, seen, each)
        if not is_anchored:
            why = (
                "LADDERS_ANCHOR is not set"
                if anchor is None
                else f"nothing is in the anchor `{anchor.path}` yet"
            )
            report.notes.append(f"{why}, so a log that was rewritten or cut off as a whole would not show")
        if private:
            with entries_progress(report.size) as each:
                verify_private(log, report, each)
        return report


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        told = {
            "outcome": ("ok", "tampered", "rollback", "incomplete")[report.outcome],
            "size": report.size,
            "root": report.root.hex() or None,
            "entries": report.entries,
            "checkpoints": report.checkpoints,
            "findings": [{"index": each.index, "message": each.message} for each in report.findings],
            "count": report.count,
            "notes": report.notes,
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for note in report.notes:
        click.echo(f"note: {note}")
    for finding in report.findings:
        click.echo(finding.message)
    if report.count > len(report.findings):
        click.echo(f"and {report.count - len(report.findings)} more findings")
    held = f"{report.entries} of {report.size} entries and {report.checkpoints} checkpoints"
    click.echo(f"{_WORDS[report.outcome]}: {held}; root {report.root.hex() or 'unknown'}")
