"""`ladders schema`: a policy folder goes in; JSON Schema for its files, with its own names, comes out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from service.errors import NotFound

KINDS = ("facts", "shared", "track", "charter", "folder", "tests")
LINK = "# yaml-language-server: $schema="


@click.command(
    epilog="""\b
Examples:
  ladders schema                    write policies/schema/*.json
  ladders schema --link             and tell editors in each file which one is meant
  ladders schema track              print the schema of track files
  ladders schema --check            are they current? for a pipeline
"""
)
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.option(
    "--policies",
    "folder",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="policies",
    help="The policy folder whose names are offered (default: policies).",
)
@click.option(
    "--out",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where they are written (default: the folder `schema` in the policy folder).",
)
@click.option("--link", is_flag=True, help="Add the line that editors look for to each file that lacks it.")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 when something would change.")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as one JSON object, for programs.")
@click.pass_context
def schema(
    ctx: click.Context, kind: str | None, folder: Path, out: Path | None, link: bool, check: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Write JSON Schema for the files of a policy folder, so that editors complete and mark while you write.

    Facts, choices, tracks, levels and shared requirements of the folder are offered. Run it again after you
    add some: a schema that is older than the folder offers less, and still refuses nothing that is right.

    Exit codes: 0 done, or all is current; 1 with --check, something would change; 2 it cannot be done.
    """
    if kind is not None and (link or check or out is not None):
        raise click.UsageError("a KIND is printed alone; leave it out to write, link or check all of them")
    schemas = schemas_of(folder)
    if kind is not None:
        click.echo(schemas[kind], nl=False)
        return
    target = out or folder / "schema"
    stale = [name for name, text in schemas.items() if _text(target / f"{name}.json") != text]
    links = dict(_links(folder, target)) if link else {}
    if check:
        _show(target, stale, links, as_json=as_json, checked=True)
        ctx.exit(1 if stale or links else 0)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (target / f"{name}.json").write_text(schemas[name], "utf-8")
        for path, line in links.items():
            path.write_bytes(f"{line}\n".encode() + path.read_bytes())
    except OSError as error:
        raise NotFound(f"{target} cannot be written ({error.strerror}); choose another folder") from None
    _show(target, stale, links, as_json=as_json, checked=False)


def _show(target: Path, stale: list[str], links: Mapping[Path, str], *, as_json: bool, checked: bool) -> None:
    """What was written, or, when it was only checked, would be."""
    files = [str(target / f"{name}.json") for name in stale]
    if as_json:
        told = {"schemas": files, "links": [str(path) for path in links], "written": not checked}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if not checked:
        click.echo(f"{target}: {len(stale)} of {len(KINDS)} schemas written, the others are current")
    elif not files and not links:
        click.echo(f"{target} is current")
    for file in files if checked else ():
        click.echo(f"{file} is not current; run `ladders schema`")
    for path in links:
        lacking = "lacks the line that editors look for; run `ladders schema --link`"
        click.echo(f"{path} {lacking}" if checked else f"{path}: linked")


def schemas_of(folder: Path) -> dict[str, str]:
    """The schema of each kind of file, as the text of its file."""
    from service.policy.schema_names import names_in
    from service.policy.schemas import file_schemas
    from service.policy.source import read_source
    from service.simulate.schema import case_file_schema

    trees = {}
    for name, path in _policy_files(folder):
        _, node, _ = read_source(name, path.read_bytes())
        if node is not None:
            trees[name] = node
    names = names_in(trees)
    found = {**file_schemas(names), "tests": case_file_schema(names)}
    return {kind: _laid_out(found[kind]) for kind in KINDS}


def _policy_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files that have a schema, by their names in the folder."""
    from service.policy.schemas import kind_of

    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        if kind_of(name) is not None and path.is_file():
            yield name, path


def _links(folder: Path, target: Path) -> Iterator[tuple[Path, str]]:
    """The files without a line for editors, each with the line that it should begin with."""
    from service.policy.schemas import kind_of

    for name, path in _policy_files(folder):
        with path.open("rb") as file:
            first = file.readline()
        if not first.startswith(LINK.encode()):
            way = Path(os.path.relpath(target.resolve(), path.resolve().parent))
            yield path, f"{LINK}{(way / f'{kind_of(name)}.json').as_posix()}"


def _laid_out(schema: Mapping[str, Any]) -> str:
    """One line for each definition, so that a change shows where it is."""
    definitions = schema.get("$defs", {})
    head = {name: value for name, value in schema.items() if name != "$defs"}
    lines = [f"{_plain(name)}: {_plain(value)}" for name, value in head.items()]
    inner = ",\n".join(f"  {_plain(name)}: {_plain(value)}" for name, value in definitions.items())
    if definitions:
        lines.append(f'"$defs": {{\n{inner}\n}}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None
