"""`ladders log person`: the id of a person goes in; everything that the verdict log holds of them comes out,
as they may ask for it (GDPR, Article 15).
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from service.cli.config_file import config_file
from service.cli.log_reading import note_read, person_typed
from service.cli.opened_log import opened_log
from service.verdict.wording import counted

_PAGE = 500


@click.command()
@click.argument("person", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as one JSON object.")
@config_file
def person(person: str, as_json: bool) -> None:
    """Say what the verdict log holds of a person: figures, and with --json every entry whole.

    `-` reads the id from the standard input, so that it stays out of the shell's history. The read is
    recorded in the log, without the id.

    Exit codes: 0 there is something; 1 there is nothing; 2 it could not be done.
    """
    from service.ledger.entry_document import contents, envelope
    from service.ledger.rows import Wanted

    person = person_typed(person)
    entries: list[Any] = []
    with opened_log() as log:
        after = None
        while page := log.find(Wanted(person=person), after=after, limit=_PAGE):
            entries += page
            after = page[-1].receipt.index
        note_read(log, "person", [entry.receipt.index for entry in entries])
    told = [{**envelope(entry), "contents": contents(entry)} for entry in entries]
    if as_json:
        click.echo(json.dumps({"person": person, "entries": told}, indent=2, ensure_ascii=False))
    elif told:
        _figures(told)
    else:
        click.echo("the verdict log holds nothing of that person")
    if not told:
        click.get_current_context().exit(1)


def _figures(told: list[dict[str, Any]]) -> None:
    from service.ledger.disclosure import TO

    verdicts = [each for each in told if each["kind"] == "verdict"]
    first, last = (told[at]["committed_at"][:10] for at in (0, -1))
    click.echo(f"{counted(len(told), 'entries')}, from {first} to {last}")
    for (kind, outcome), number in sorted(
        Counter((each["kind"], each["outcome"] or "") for each in told).items()
    ):
        click.echo(f"  {number} {kind} {outcome}".rstrip())
    facts = Counter(name for each in verdicts for name in _facts(each))
    if facts:
        click.echo(
            "facts that were told: "
            + ", ".join(f"{name} ({number})" for name, number in sorted(facts.items()))
        )
    shown = Counter(each["contents"][TO] for each in told if TO in each["contents"])
    if shown:
        click.echo("shown to: " + ", ".join(f"{to} ({number})" for to, number in sorted(shown.items())))
    levels = Counter(f"{each['track']}/{each['level']}" for each in verdicts)
    click.echo("levels: " + ", ".join(f"{level} ({number})" for level, number in sorted(levels.items())))


def _facts(told: dict[str, Any]) -> list[str]:
    text = told["contents"].get("/request")
    request = json.loads(text) if isinstance(text, str) else {}
    return list(request.get("facts", {}))
