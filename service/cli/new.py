"""`ladders new`: what somebody wants to add goes in; the policy folder with a scaffold of it comes out.

What is written passes `ladders check` at once; what is there stays, and what exists already is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from service.cli.day import DAY
from service.cli.whereabouts import located
from service.errors import NotFound, PolicyError

if TYPE_CHECKING:
    from service.policy.model import TrackKind
    from service.policy.scaffold import Scaffold

TYPES = ("number", "yes_no", "date", "text", "choice", "list", "records")

policies = click.option(
    "--policies",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default="policies",
    help="The policy folder (default: policies).",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
version = click.option(
    "--version",
    metavar="DAY",
    default="",
    help="The first day of the version meant (default: the latest one).",
)


@click.group(epilog="Exit codes: 0 written; 2 it cannot be done, and nothing was written.")
def new() -> None:
    """Add a scaffold of a track, level, requirement or fact to a policy folder.

    It is right at once: begin with something that loads, and change it line by line.
    """


@new.command(
    epilog="""\b
Examples:
  ladders new fact safety_card --type yes_no --question "Do you hold the safety card?"
  ladders new fact shift --type choice --choice day --choice night
  ladders new fact climbs --type records --field climbed_on:date --field height:number

Exit codes: 0 written; 2 it cannot be done, and nothing was written.
"""
)
@click.argument("name")
@click.option("--type", "type_", type=click.Choice(TYPES), required=True, help="What kind of value it is.")
@click.option("--label", default="", help="How sentences speak of it (default: its name).")
@click.option("--question", default="", help="Asked when the fact is missing.")
@click.option("--source", default="", help="Where it comes from.")
@click.option("--choice", "choices", multiple=True, help="A word to choose from; once for each.")
@click.option("--ordered", is_flag=True, help="The choices stand in an order, lowest first.")
@click.option(
    "--field", "fields", multiple=True, metavar="NAME:TYPE", help="A field of records; once for each."
)
@policies
@as_json
def fact(
    name: str, type_: str, label: str, question: str, source: str, choices: tuple[str, ...], ordered: bool,
    fields: tuple[str, ...], folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Declare the fact NAME in facts.yaml."""
    from service.policy.scaffold import new_fact

    pairs = [(field, kind or "text") for field, _, kind in (each.partition(":") for each in fields)]
    _write(
        folder,
        partial(
            new_fact, _files(folder), name, type_, label=label, question=question, source=source,
            choices=choices, ordered=ordered, fields=pairs,
        ),
        as_json,
    )  # fmt: skip


@new.command(
    epilog="""\b
Examples:
  ladders new requirement people-lead/team-lead safety-card --fact safety_card
  ladders new requirement roofing-craft/journeyman good-standing --use good-standing
  ladders new requirement shared/safety safety-card --fact safety_card

Exit codes: 0 written; 2 it cannot be done, and nothing was written.
"""
)
@click.argument("place")
@click.argument("id_", metavar="ID")
@click.option(
    "--fact", "fact_", default="", metavar="FACT", help="What it looks at; the condition suits its type."
)
@click.option("--use", default="", metavar="ID", help="The shared requirement it uses, instead of a fact.")
@click.option("--text", default="", help="The requirement in one sentence.")
@click.option("--why", default="", help="Why it is asked.")
@click.option("--source", default="", help="Where it is laid down.")
@click.option("--to-meet", default="", help="What somebody can do to meet it.")
@version
@policies
@as_json
def requirement(
    place: str, id_: str, fact_: str, use: str, text: str, why: str, source: str, to_meet: str, version: str,
    folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Add the requirement ID to a level (PLACE is track/level) or to the shared ones (shared/file)."""
    from service.policy.scaffold import new_requirement

    if bool(fact_) == bool(use):
        raise click.UsageError(
            "say what it looks at, with --fact, or which shared requirement it is, with --use"
        )
    found = partial(
        new_requirement, _files(folder), place, id_, fact=fact_, use=use, text=text, why=why, source=source,
        to_meet=to_meet, version=version,
    )  # fmt: skip
    _write(folder, found, as_json)


@new.command(
    epilog="""\b
Examples:
  ladders new level roofing-craft/roof-planner --title "Roof planner"
  ladders new level people-lead/senior-lead --above team-lead --grade 7

Exit codes: 0 written; 2 it cannot be done, and nothing was written.
"""
)
@click.argument("place", metavar="TRACK/LEVEL")
@click.option("--title", default="", help="The name that people read (default: made of its name).")
@click.option("--grade", type=click.IntRange(0, 100), help="Its grade (default: that of its neighbours).")
@click.option(
    "--above", default="", metavar="LEVEL", help="Right above this level (default: on top, below mastery)."
)
@version
@policies
@as_json
def level(
    place: str, title: str, grade: int | None, above: str, version: str, folder: Path, as_json: bool
) -> None:
    """Add a level to a track. On a people track it begins as a copy of the level below."""
    from service.policy.scaffold_ladders import new_level

    found = partial(new_level, _files(folder), place, title=title, grade=grade, above=above, version=version)
    _write(folder, found, as_json)


@new.command(
    epilog="""\b
Examples:
  ladders new track plumbing-craft --from 2027-01-01
  ladders new track project-lead --kind people --from 2027-01-01

Exit codes: 0 written; 2 it cannot be done, and nothing was written.
"""
)
@click.argument("name")
@click.option("--kind", type=click.Choice(["craft", "people"]), default="craft", show_default=True)
@click.option("--title", default="", help="The name that people read (default: made of its name).")
@click.option("--from", "start", metavar="DAY", type=DAY, required=True, help="The first day.")
@policies
@as_json
def track(name: str, kind: str, title: str, start: datetime, folder: Path, as_json: bool) -> None:
    """Add a track with its first level, and on a craft track the mastery level on top.

    In an empty folder it begins a policy.
    """
    from service.policy.scaffold_ladders import new_track

    files, start_on = _files(folder, begin=True), start.date()
    found = partial(new_track, files, name, start=start_on, kind=cast("TrackKind", kind), title=title)
    _write(folder, found, as_json)


def _files(folder: Path, *, begin: bool = False) -> Mapping[str, bytes]:
    """The files of a policy folder that say what it means; there may be none where a policy begins."""
    from service.policy.schemas import kind_of

    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}
    if not begin and not any(kind_of(name) == "track" for name in paths):
        begun = "begin with its first track: ladders new track NAME --from 2027-01-01"
        raise NotFound(f"there is no policy in {folder} yet; {begun}")
    return {name: path.read_bytes() for name, path in paths.items() if kind_of(name) not in (None, "tests")}


def _write(folder: Path, scaffolded: Callable[[], Scaffold], as_json: bool) -> None:
    from service.policy.load import FACTS

    try:
        scaffold = scaffolded()
    except PolicyError as wrong:
        raise PolicyError(located(folder, wrong.problems)) from None
    first, *others = (folder / name for name in scaffold.files)
    for path, content in zip((first, *others), scaffold.files.values(), strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise NotFound(f"{path} cannot be written ({error.strerror}); check who may write it") from None
    if as_json:
        told = {"added": scaffold.what, "file": str(first), "changed_besides": [str(path) for path in others]}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(f"{first}: {scaffold.what} was added; change it there, then run: ladders check {folder}")
    for path in others:
        if path == folder / FACTS:
            click.echo(f"{path}: holds a first fact, and takes those that you add: ladders new fact")
            continue
        click.echo(f"{path}: may be entered from there now, so that the way back is open")
