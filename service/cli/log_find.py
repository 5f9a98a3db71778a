"""`ladders log find`: what to look for goes in; the entries of the log that fit come out, by pages."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from service.cli.config_file import config_file
from service.cli.log_reading import UNTIL_NOW, moment_of, note_read, person_typed
from service.cli.opened_log import opened_log
from service.errors import did_you_mean

if TYPE_CHECKING:
    from service.ledger.log import Log


@click.command()
@click.option(
    "--person",
    metavar="ID",
    help="About this candidate; `-` reads the id from the standard input.",
)
@click.option("--track", metavar="TRACK")
@click.option("--level", metavar="LEVEL")
@click.option(
    "--policy", "policy_set", metavar="DIGEST", help="Judged by the policy set with this digest, sha256:…."
)
@click.option(
    "--outcome",
    metavar="OUTCOME",
    help="eligible, not_eligible, needs_information; approved, declined, overridden; upheld, rejected.",
)
@click.option(
    "--kind",
    metavar="KIND",
    help="verdict, decision, objection, answer, erasure, disclosure, audit, policy, key, schema, incident.",
)
@click.option(
    "--requirement",
    metavar="ID",
    help="Where this requirement was decided on; without --result, where it decided.",
)
@click.option(
    "--result", metavar="RESULT", help="With --requirement: met, unmet, unknown, waived or not_applicable."
)
@click.option("--since", type=UNTIL_NOW, metavar="DAY", help="Decided on this day or later (UTC).")
@click.option("--until", type=UNTIL_NOW, metavar="DAY", help="Decided before this day (UTC).")
@click.option("--overridden", is_flag=True, help="Where a person decided otherwise.")
@click.option("--after", type=click.IntRange(min=0), metavar="INDEX", help="Go on behind this entry.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
@config_file
def find(
    after: int | None, limit: int, as_json: bool, since: datetime | None, until: datetime | None,
    overridden: bool, **conditions: Any,
) -> None:  # fmt: skip
    """Find entries of the verdict log. All conditions must fit; without any, everything is listed.

    What is listed tells nothing about a person: `ladders log show` does. The search is recorded in the log.

    Exit codes: 0 something was found; 1 nothing fits; 2 it could not be done.
    """
    from service.cli.log_progress import entries_progress
    from service.ledger.entry_document import envelope
    from service.ledger.rows import Wanted
    from service.ledger.sought import slips

    if conditions["person"] is not None:
        conditions["person"] = person_typed(conditions["person"])
    for name, said, expected in slips(conditions):
        hint = "--policy" if name == "policy_set" else f"--{name}"
        raise click.BadParameter(f"{said}; expected {expected}", param_hint=hint)
    wanted = Wanted(
        since=moment_of(since), until=moment_of(until), overridden=True if overridden else None, **conditions
    )
    with opened_log() as log:
        with entries_progress(log.size()) as looked_at:
            part = log.search(wanted, after, limit)
            found = part.entries
            while part.after is not None and len(found) < limit:
                looked_at(part.after)
                part = log.search(wanted, part.after, limit - len(found))
                found += part.entries
        conditions_used = [name for name, value in conditions.items() if value is not None]
        note_read(log, "find", [entry.receipt.index for entry in found], conditions=conditions_used)
        misspelt = None if found else _misspelt(log, conditions["track"])
    told = [envelope(entry) for entry in found]
    if as_json:
        for each in told:
            click.echo(json.dumps(each, ensure_ascii=False))
    else:
        _listed(told)
        if part.after is not None:
            click.echo(f"more: --after {part.after}")
    if not found:
        if not as_json:
            click.echo("no entry fits")
        if misspelt:
            click.echo(misspelt, err=True)
        click.get_current_context().exit(1)


def _misspelt(log: Log, track: str | None) -> str | None:
    """What to say of a track that is nowhere in the log."""
    from service.ledger.log import may_hold, tracks_judged
    from service.ledger.rows import Wanted

    if track is None or may_hold(log, Wanted(track=track)):
        return None
    hint = did_you_mean(track, sorted(tracks_judged(log)))
    return f"ladders: nothing in the verdict log is on a track `{track}`{hint}"


def _listed(told: list[dict[str, Any]]) -> None:
    for each in told:
        place = f"{each['track']}/{each['level']}" if each["track"] else ""
        outcome = "(erased)" if each["erased"] else each["outcome"] or ""
        deciding = [name for name, result in each.get("rules", ()) if result in ("unmet", "unknown")]
        line = (
            f"{each['index']:>8}  {each['decided_at'][:19]}  {each['kind']:<10}  {outcome:<17}  {place:<34}"
        )
        click.echo(f"{line}  {', '.join(deciding)}".rstrip())
        click.echo(f"          {each['id']}")
