"""`ladders read`: a policy folder goes in; the policy in whole sentences, as text or as a page, comes out."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from service.cli.day import DAY
from service.cli.whereabouts import said_here
from service.errors import NotFound, PolicyError, did_you_mean


@click.command(
    epilog="""\b
Examples:
  ladders read --track people-lead
  ladders read policies --on 2026-11-20 --html policy.html
"""
)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="policies")
@click.option("--track", metavar="TRACK", help="Read one track only, such as people-lead.")
@click.option("--on", metavar="DAY", type=DAY, help="Only what is in force on this day.")
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one page of HTML to this file; - for standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.pass_context
def read(
    ctx: click.Context, folder: Path, track: str | None, on: datetime | None, page: Path | None, as_json: bool
) -> None:
    """Read the policy in FOLDER (default: policies) aloud, in whole sentences.

    For every track, version and level: grade, pay, the way in, what is asked and why, how to meet it, what
    exactly is looked at, exceptions, waivers, the way back and what follows afterwards. The page of HTML is
    one file without scripts that you can send to anybody, and print.

    Exit codes: 0 it was read; 1 the policy has problems; 2 there is nothing to read.
    """
    from service.policy.load import load
    from service.verdict.aloud import read_aloud
    from service.verdict.aloud_page import policy_page
    from service.verdict.aloud_text import policy_text

    if page is not None and as_json:
        raise click.UsageError("--html and --json are two answers; ask for one of them")
    try:
        policies = load(folder)
    except PolicyError as wrong:
        click.echo(said_here(folder, wrong), err=True)
        click.echo(f"{folder} has problems; mend them, then read it: ladders check {folder}", err=True)
        ctx.exit(1)
    if track is not None and track not in policies.tracks:
        known = ", ".join(f"`{name}`" for name in policies.tracks)
        hint = did_you_mean(track, policies.tracks) or f"; there are {known}"
        raise NotFound(f"there is no track `{track}` in {folder}{hint}")
    policy = read_aloud(policies, track=track, on=None if on is None else on.date())
    if not policy.versions:
        raise NotFound("no version is in force on that day; leave --on out to read all of them")
    if as_json:
        click.echo(json.dumps(asdict(policy), indent=2, ensure_ascii=False))
    elif page is None:
        click.echo(policy_text(policy), nl=False)
    elif str(page) == "-":
        click.echo(policy_page(policy), nl=False)
    else:
        try:
            page.write_text(policy_page(policy), "utf-8")
        except OSError as error:
            raise NotFound(f"{page} cannot be written ({error.strerror}); choose another file") from None
        levels = sum(len(version.levels) for version in policy.versions)
        click.echo(f"{page}: {len(policy.versions)} versions with {levels} levels, in one page")
