"""`ladders log show`: an entry of the log goes in; all of it, with what happened since, comes out."""

from __future__ import annotations

import json
from typing import Any

import click

from service.cli.config_file import config_file
from service.cli.log_reading import entry_named, note_read
from service.cli.opened_log import opened_log


@click.command()
@click.argument("which", metavar="INDEX|ID")
@click.option(
    "--envelope", "only_envelope", is_flag=True, help="Show only what tells nothing about a person."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@config_file
def show(which: str, only_envelope: bool, as_json: bool) -> None:
    """Show the entry with this index or id: a verdict with why it came out so, and what was decided after it.

    The read is recorded in the log.

    Exit codes: 0 shown; 1 its content was erased; 2 there is none, or it could not be done.
    """
    from service.cli.render import show as show_verdict
    from service.ledger.decision_record import happened
    from service.ledger.entry_document import contents, envelope
    from service.ledger.rows import Wanted
    from service.ledger.verdict_record import document_in

    with opened_log() as log:
        entry = entry_named(log, which)
        told: dict[str, Any] = {"envelope": envelope(entry)}
        if not only_envelope:
            note_read(log, "show", [entry.receipt.index])
            told["contents"] = contents(entry)
            if entry.kind == "verdict":
                about = log.find(Wanted(about=entry.receipt.index), limit=1000)
                told["happened"] = happened(about)
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _printed(told["envelope"])
        document = document_in(entry)
        if only_envelope:
            pass
        elif document is not None:
            click.echo()
            show_verdict({**document, **told["happened"]})
            _happened(told["happened"])
        elif entry.erased:
            click.echo("\nits content was erased")
        else:
            for pointer, value in told["contents"].items():
                click.echo(f"{pointer}: {json.dumps(value, ensure_ascii=False)}")
    if entry.erased:
        click.get_current_context().exit(1)


def _printed(told: dict[str, Any]) -> None:
    click.echo(f"entry {told['index']}: {told['kind']} {told['id']}")
    click.echo(f"  committed {told['committed_at']}, {told['leaf_hash']}")
    click.echo(f"  by {told['engine']}")
    policy = told["policy"]
    if policy["version"]:
        click.echo(f"  policy {policy['version']}, set {policy['set']}")


def _happened(told: dict[str, Any]) -> None:
    for decision in told["decisions"]:
        by = decision.get("by", {})
        stands = "" if decision["superseded_by"] is None else " (replaced)"
        click.echo(
            f"{decision.get('decision', 'a decision')}{stands} by {by.get('role', '?')} on"
            f" {decision.get('decided_on', '?')}: {decision.get('reason') or 'as advised'}"
        )
    for objection in told["objections"]:
        click.echo(f"objection: {objection.get('text', '(erased)')}")
        for answer in objection["answers"]:
            click.echo(f"  {answer.get('reply', '?')}: {answer.get('text', '(erased)')}")
    if told["superseded_by"] is not None:
        click.echo(f"replaced by {told['superseded_by']}")
