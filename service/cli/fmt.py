"""`ladders fmt`: a policy folder goes in; the same files in the common layout, notes and all, come out."""

from __future__ import annotations

import json
from pathlib import Path

import click

from service.cli.whereabouts import said_here
from service.errors import NotFound, PolicyError


@click.command(
    epilog="""\b
Examples:
  ladders fmt                lay out the files in policies/
  ladders fmt --check        would anything change? for a pipeline
"""
)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="policies")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 when a file would change.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.pass_context
def fmt(ctx: click.Context, folder: Path, check: bool, as_json: bool) -> None:
    """Bring the policy files in FOLDER (default: policies) into the common layout.

    Lines are indented by two spaces, levels and requirements have their lines in one order, empty lines stand
    alone. Notes stay where they belong. What the policy means never changes: it is loaded before and after,
    and nothing is written unless both mean the same.

    Exit codes: 0 done, or nothing to do; 1 with --check, a file would change; 2 it cannot be done.
    """
    from service.policy.layout import laid_out
    from service.policy.load import load, load_files
    from service.policy.schemas import kind_of

    try:
        before = load(folder)
    except PolicyError as wrong:
        click.echo(said_here(folder, wrong), err=True)
        raise NotFound(f"{folder} has problems; mend them first: ladders check {folder}") from None
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}
    files = {name: path.read_bytes() for name, path in paths.items() if kind_of(name) is not None}
    found = {name: laid_out(name, content) for name, content in files.items()}
    changed = {name: text.encode() for name, text in found.items() if text is not None}
    changed = {name: content for name, content in changed.items() if content != files[name]}
    own = {name: content for name, content in {**files, **changed}.items() if not name.startswith("tests/")}
    if load_files(own).digest != before.digest:
        raise NotFound("the layout would change what the policy means; nothing was written")
    kept = [str(paths[name]) for name, text in found.items() if text is None]
    for path in kept:
        click.echo(f"{path} stays as it is: laid out, it would not say the same", err=True)
    for name in changed if not check else ():
        try:
            paths[name].write_bytes(changed[name])
        except OSError as error:
            reason = f"{paths[name]} cannot be written ({error.strerror}); check who may write it"
            raise NotFound(reason) from None
    touched = [str(paths[name]) for name in changed]
    if as_json:
        told = {"files": len(files), "changed": touched, "kept": kept, "written": not check}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for path in touched:
            click.echo(f"{path} {'would change' if check else 'laid out'}")
        done = "would change" if check else "changed"
        click.echo(f"{folder}: {len(changed)} of {len(files)} files {done}")
    ctx.exit(1 if check and changed else 0)
