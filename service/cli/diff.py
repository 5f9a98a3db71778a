"""`ladders diff`: two policy folders go in; what changed in meaning, and who would be judged differently,
come out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.day import DAY
from service.cli.place import LogOrPath
from service.cli.progress import progress
from service.cli.whereabouts import opened, said_here
from service.errors import LaddersError, PolicyError
from service.ledger.address import Address, Place

if TYPE_CHECKING:
    from service.policy.model import PolicySet
    from service.simulate.difference import Difference
    from service.simulate.difference_said import Change
    from service.simulate.impact import Affected, Impact
    from service.simulate.population import Asked

SHOWN = 20  #: people, unless all are asked for
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


class CannotCompare(LaddersError):
    """There is nothing to compare."""


@click.command()
@click.argument("old", type=_FOLDER)
@click.argument("new", type=_FOLDER)
@click.option(
    "--against", type=LogOrPath(exists=True, path_type=Path), metavar="PLACE",
    help="Requests: a folder of .json files, a .csv or .parquet file, or a verdict log (postgresql://… too).",
)  # fmt: skip
@click.option(
    "--on", type=DAY, metavar="DAY",
    help="With --against: judge everybody as if they asked on this day, with effect on the same day.",
)  # fmt: skip
@click.option("--all", "whole", is_flag=True, help=f"Show everybody, not only the first {SHOWN}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when the meaning changed.")
@click.pass_context
def diff(
    ctx: click.Context, old: Path, new: Path, against: Place | None, on: datetime | None, whole: bool,
    as_json: bool, exit_code: bool,
) -> None:  # fmt: skip
    """Say what changed in meaning from the policy folder OLD to NEW.

    Texts, titles and comments are no meaning. A new version of a track is compared with the one before it.

    \b
    With --against, every request is judged by both: how many get which outcome, who would be judged
    differently, and which requirement makes the difference.
      ladders diff policies next --against examples/requests
      ladders diff policies next --against people.csv --on 2027-01-01
      ladders diff policies next --against var/verdicts.db

    The day of a request selects the version that judges it. Requests of the past are judged by the versions
    of their time: to see what a version does that begins later, use --on.

    The columns of a table are named by dotted paths: candidate.id, from.track, from.level, to.track,
    to.level, as_of, submitted_on, facts.<name>. An empty cell is left out; lists are written as JSON.

    Exit codes: 0 compared; 1 with --exit-code, when the meaning changed; 2 a folder has problems, or the
    requests cannot be read.
    """
    from service.simulate.difference import difference

    sets = [_loaded(folder) for folder in (old, new)]
    found = difference(*sets)
    day = None if on is None else on.date()
    effect = None if against is None else _impact(against, sets, day)
    if as_json:
        told: dict[str, Any] = {
            "old": sets[0].digest,
            "new": sets[1].digest,
            "same_meaning": found.same_meaning,
            "changes": [{**change.told(), "where": _where(change, old, new)} for change in found.changes],
            "impact": None if effect is None else effect.told(),
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(found, old, new)
        if effect is not None:
            _show_impact(effect, found, whole=whole, on=day)
    ctx.exit(1 if exit_code and not found.same_meaning else 0)


def _loaded(folder: Path) -> PolicySet:
    from service.policy.load import load

    try:
        return load(folder)
    except PolicyError as wrong:
        raise CannotCompare(
            f"the policies in {folder} are wrong; `ladders check {folder}` shows:\n{said_here(folder, wrong)}"
        ) from wrong


def _impact(place: Place, sets: Sequence[PolicySet], on: date | None) -> Impact:
    from service.simulate.impact import impact
    from service.verdict.judge import Judge

    population = _population(place, sets)
    old, new = map(Judge, sets)
    total = len(population) if isinstance(population, Sequence) else None
    with progress("requests", total) as done:
        return impact(population, old, new, on=on, done=done)


def _population(place: Place, sets: Sequence[PolicySet]) -> Iterable[Asked]:
    from service.simulate.population import Asked, read_population

    if isinstance(place, Address) or (place.is_file() and place.suffix.lower() not in (".csv", ".parquet")):
        from service.ledger.past import past_requests
        from service.settings import read_settings

        keys = read_settings(os.environ).keys
        past = past_requests(place, keys)  # may be millions
        return (Asked(each.id, each.raw, each.judged_on) for each in past)
    vocabularies = [policies.vocabulary for policies in reversed(sets)]
    return read_population(place, vocabularies, datetime.now(UTC).date())


def _where(change: Change, old: Path, new: Path) -> str | None:
    """Where to look: in the new folder, or for what is gone, in the old one."""
    if change.place is None:
        return None
    return opened(old if change.kind == "removed" else new, str(change.place))


def _show(found: Difference, old: Path, new: Path) -> None:
    for of, changes in _by_subject(found.changes):
        if of:
            click.echo(click.style(of, bold=True))
        for change in changes:
            sign, colour = _SIGNS[change.kind]
            place = _where(change, old, new)
            where = click.style(f"  {place}", dim=True) if place else ""
            click.echo(f"  {click.style(sign, fg=colour)} {change.sentence}{where}")
            if change.also:
                click.echo(click.style(f"    also in {', '.join(change.also)}", dim=True))
    if found.same_meaning:
        more = "not a letter differs" if found.same_files else "texts or comments differ"
        click.echo(click.style(f"the meaning is the same; {more}", fg="green"))
    else:
        click.echo(_counted(len(found.changes), "change in meaning", "changes in meaning"))


def _by_subject(changes: Sequence[Change]) -> list[tuple[str, list[Change]]]:
    """Changes below what they are about; those of the vocabulary below its file."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        vocabulary = change.part in ("fact", "derived", "table", "figure")
        found.setdefault("facts.yaml" if vocabulary else change.of, []).append(change)
    return list(found.items())


def _show_impact(effect: Impact, found: Difference, *, whole: bool, on: date | None) -> None:
    from service.simulate.impact import deciding_counts

    click.echo()
    if not effect.judged:
        click.echo("no request was judged: there is none")
        return
    people = _counted(len(effect.affected), "would be judged differently", "would be judged differently")
    click.echo(click.style(f"{_counted(effect.judged, 'request', 'requests')}; {people}", bold=True))
    for (old, new), count in sorted(
        effect.outcomes.items(), key=lambda item: (item[0][0] == item[0][1], item)
    ):
        kept = old == new
        click.echo(
            f"  {count:>7}  {_said(old)}{'' if kept else f' → {_said(new)}'}{' (as before)' if kept else ''}"
        )
    if effect.other_reasons:
        click.echo(f"  {effect.other_reasons:>7}  of these as before, for other reasons")
    for id_, count in deciding_counts(effect.affected):
        click.echo(f"  decided by {id_}: {count}")
    shown = effect.affected if whole else effect.affected[:SHOWN]
    for each in shown:
        click.echo(_person(each))
    if len(shown) < len(effect.affected):
        click.echo(
            f"  and {len(effect.affected) - len(shown)} more; --all shows them, --json tells everything"
        )
    for version in found.starts if on is None else ():
        if version.name not in effect.versions:
            click.echo(
                f"  `{version.name}` judged none of these requests; --on {version.start} judges everybody as "
                "of "
                "its first day"
            )


def _person(each: Affected) -> str:
    decided = f", by {', '.join(each.deciding)}" if each.deciding else ""
    why = each.new.why or each.old.why
    return (
        f"  {each.candidate or each.name} → {each.to}: {_said(each.old.outcome)} → {_said(each.new.outcome)}"
        f"{decided}{f' ({why})' if why else ''}"
    )


def _said(outcome: str) -> str:
    return outcome.replace("_", " ")


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
