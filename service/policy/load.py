"""Loading: a policy folder in; the checked `PolicySet` out, or every problem of all its files at once.

The folder holds `facts.yaml`, `shared/*.yaml`, `tracks/<track>/<date>.yaml` and `charter.yaml`. `tests/` and
`schema/` belong to others and are left alone; whatever else lies there is warned of, because nobody reads it.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.errors import PolicyError, Position, Problem
from service.facts.types import Records
from service.facts.vocabulary import Vocabulary
from service.policy.charter import CHARTER, Charter, read_charter
from service.policy.charter_check import check_charter
from service.policy.derivations import Derivations
from service.policy.folder import read_wishes
from service.policy.meaning import digest_of, files_digest_of
from service.policy.model import PolicySet, TrackVersion
from service.policy.reader import Fields, Report
from service.policy.routes import check_periods, with_routes
from service.policy.scope import Names
from service.policy.shared_requirements import Shared
from service.policy.source import Node, read_source
from service.policy.tables import Tables
from service.policy.tracks import TrackDraft, read_header, read_levels
from service.policy.versions_terms import check_terms
from service.policy.vocabulary_schema import SECTIONS, derived_fields, read_calendar, read_facts

Done = Callable[[float], None]  #: told what share of a file was just done

FACTS = "facts.yaml"
MOST_READ = 64 * 1024 * 1024  #: bytes of one file; `policy.source` refuses far less, but says how large it is

_TRACK_FILE = re.compile(r"tracks/[^/]+/[^/]+\.yaml")
_SHARED_FILE = re.compile(r"shared/[^/]+\.yaml")
_OF_OTHERS = re.compile(
    r"(tests|schema)/.*|folder\.yaml|(.*/)?\.[^/]*(/.*)?"
)  # hidden files are nobody's policy


@dataclass(frozen=True, slots=True)
class Reading:
    """A policy folder as it was read: what it says, and where everything in it stands."""

    policies: PolicySet
    drafts: Mapping[str, list[TrackDraft]]
    trees: Mapping[str, Node]
    names: Names


def load(folder: Path, done: Done = lambda _: None) -> PolicySet:
    """Read and check a policy folder.

    Args:
        folder: Where it lies.
        done: Told what share of a file was just done; of `size` files in all.

    Raises:
        PolicyError: something is wrong; it holds all problems of all files.
    """
    return read(folder, done).policies


def size(folder: Path) -> int:
    """How many files of a folder are looked at."""
    return sum(not _OF_OTHERS.fullmatch(path.relative_to(folder).as_posix()) for path in _walk(folder))


def read(folder: Path, done: Done = lambda _: None) -> Reading:
    """Read and check a policy folder; for those who want to know where things stand in it.

    Args:
        folder: Where it lies.
        done: Told what share of a file was just done; of `size` files in all.

    Raises:
        PolicyError: something is wrong; it holds all problems of all files.
    """
    files, problems = files_in(folder)
    problems += read_wishes(folder)[1]
    return read_files(files, problems, done)


def files_in(folder: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """The content of every file that belongs to a policy set, by its path in the folder; and what is wrong
    with the rest.

    Raises:
        PolicyError: There is no folder.
    """
    if not folder.is_dir():
        raise PolicyError(
            [Problem(Position(folder.name or ".", 1, 1), "there is no policy folder here; check its path")]
        )
    root = folder.resolve()
    problems: list[Problem] = []
    files: dict[str, bytes] = {}
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if _OF_OTHERS.fullmatch(name):
            continue
        target = path.resolve()
        if not target.is_relative_to(root):
            problems.append(
                _problem(name, "this link leads out of the policy folder; put the file itself here")
            )
        elif path.is_symlink() and target.is_dir():
            problems.append(_problem(name, "this is a link to a folder; put the folder itself here"))
        elif not target.is_file():
            problems.append(
                _problem(name, "this is not a file that can be read; take it out of the policy folder")
            )
        else:
            try:
                with target.open("rb") as file:
                    files[name] = file.read(MOST_READ)
            except OSError as error:
                problems.append(
                    _problem(name, f"this file cannot be read ({error.strerror}); check who may read it")
                )
    return files, problems


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder, and every link, in a fixed order."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _problem(name: str, message: str) -> Problem:
    return Problem(Position(name, 1, 1), message)


def load_files(files: Mapping[str, bytes], problems: list[Problem] | None = None) -> PolicySet:
    """Check policy files that were read already.

    Args:
        files: Content by path, relative to the policy folder, with forward slashes.
        problems: What was wrong already when the files were read.

    Raises:
        PolicyError: something is wrong; it holds all problems of all files.
    """
    return read_files(files, problems).policies


def read_files(
    files: Mapping[str, bytes], problems: list[Problem] | None = None, done: Done = lambda _: None
) -> Reading:
    """As `load_files`, for those who want to know where things stand in them."""
    with _no_collection():
        return _checked(files, problems or [], done)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without garbage collection, which looks again and again through trees that all stay: half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _checked(files: Mapping[str, bytes], problems: list[Problem], done: Done) -> Reading:
    report = Report()
    report.problems.extend(problems)
    trees = {}
    for name in sorted(files):
        if (tree := _tree(name, files[name], report)) is not None:
            trees[name] = tree
        done(0.5 if _TRACK_FILE.fullmatch(name) else 1)
    if FACTS not in files:
        report.problems.append(
            _problem(FACTS, "this file is missing; it declares the facts that policies may use")
        )
    if not any(map(_TRACK_FILE.fullmatch, files)):
        report.problems.append(
            _problem(
                "tracks",
                "there is no track yet; write one as `tracks/<track>/<date>.yaml`, such as "
                "`tracks/people-lead/2026-01-01.yaml`",
            )
        )
    names = _names(trees, report)
    drafts = _drafts(trees, names, any(map(_TRACK_FILE.fullmatch, report.damaged)))
    derived = names.derivations.settle()
    _read_shared(trees, names, any(map(_SHARED_FILE.fullmatch, report.damaged)))
    for draft in (draft for versions in drafts.values() for draft in versions):
        read_levels(draft, names)
        done(0.5)
    withdrawn = [draft for versions in drafts.values() for draft in versions if draft.withdrawn is not None]
    drafts = _in_use(drafts)
    check_periods(drafts, report)
    check_terms(drafts, report)
    tracks = {
        track: tuple(with_routes(draft, drafts, report) for draft in drafts[track])
        for track in sorted(drafts, key=lambda track: (drafts[track][-1].kind != "craft", track))
    }
    taken_back = [with_routes(draft, _beside(drafts, draft), report) for draft in withdrawn]
    charter = read_charter(trees[CHARTER], names) if CHARTER in trees else Charter()
    if report.problems:
        raise PolicyError(report.problems)
    vocabulary = Vocabulary({name: fact for name, fact in names.facts.items() if fact is not None})
    check_charter(charter, vocabulary, trees[FACTS], names, drafts, tracks)
    if report.problems:
        raise PolicyError(report.problems)
    calculated = {**derived, **names.derivations.fields()}
    digest = digest_of(vocabulary, calculated, names.tables.plainly(), tracks)
    policies = PolicySet(
        vocabulary=vocabulary,
        derived=derived,
        tracks=tracks,
        digest=digest,
        files_digest=files_digest_of({name: files[name] for name in trees}),
        warnings=tuple(sorted(set(report.warnings))),
        figures=names.tables.told(),
        withdrawn=tuple(taken_back),
    )
    return Reading(policies, drafts, trees, names)


def _in_use(drafts: Mapping[str, list[TrackDraft]]) -> dict[str, list[TrackDraft]]:
    """The versions that count; a track of which all are withdrawn is none."""
    left = {track: [each for each in drafts[track] if each.withdrawn is None] for track in drafts}
    return {track: versions for track, versions in left.items() if versions}


def _beside(drafts: Mapping[str, list[TrackDraft]], draft: TrackDraft) -> dict[str, list[TrackDraft]]:
    """The versions as they would be with one that was withdrawn."""
    return {**drafts, draft.track: [*drafts.get(draft.track, ()), draft]}


def _tree(name: str, content: bytes, report: Report) -> Node | None:
    """The tree of a file that belongs to the policy; what is wrong with any other is said here."""
    if name in (FACTS, CHARTER) or _TRACK_FILE.fullmatch(name) or _SHARED_FILE.fullmatch(name):
        source, node, problems = read_source(name, content)
        report.add_source(source, problems)
        return node
    if _OF_OTHERS.fullmatch(name):
        return None
    top, _, rest = name.partition("/")
    if name.endswith(".yml"):
        report.problems.append(
            _problem(name, "this file ends in `.yml` and is not read; rename it to end in `.yaml`")
        )
    elif name.endswith(".yaml") and top in ("tracks", "shared") and rest:
        example = "tracks/<track>/<date>.yaml" if top == "tracks" else "shared/<name>.yaml"
        report.problems.append(_problem(name, f"this file lies where nothing is read; name it `{example}`"))
    elif name == "tracks.yaml" or name == "facts.yml":
        report.problems.append(_problem(name, "this file is not read; see where its content belongs"))
    else:
        report.warnings.append(_problem(name, "this file is not part of the policy and is not read"))
    return None


def _names(trees: Mapping[str, Node], report: Report) -> Names:
    """Everything that `facts.yaml` names; derived facts are declared, and read later."""
    names = Names(report, facts_whole=FACTS in trees and FACTS not in report.damaged)
    names.derivations, names.shared = Derivations(names), Shared(names)
    lines = None
    if FACTS in trees:
        lines = Fields.of(trees[FACTS], report, "the vocabulary", SECTIONS, "facts:")
    facts_node = None if lines is None else lines.need("facts", "facts:")
    names.facts.update(read_facts(facts_node, report))
    if lines is None or facts_node is None:
        names.facts_whole = False
    names.derivations.declare(lines.get("derived") if lines else None)
    for name, node in derived_fields(facts_node):
        fact = names.facts.get(name)
        if fact is not None and isinstance(fact.type, Records):
            names.derivations.declare_fields(name, fact.type, node)
    names.spills = read_calendar(lines.get("calendar") if lines else None, report)
    tables, figures = (lines.get(section) if lines else None for section in ("tables", "figures"))
    names.tables = Tables(tables, figures, names)
    return names


def _drafts(trees: Mapping[str, Node], names: Names, damaged: bool) -> dict[str, list[TrackDraft]]:
    """The versions of each track, earliest first; with the names of tracks, levels and places set."""
    files = [name for name in trees if _TRACK_FILE.fullmatch(name)]
    found = [read_header(name, trees[name], names.report) for name in files]
    names.report.headless.update(name for name, draft in zip(files, found, strict=True) if draft is None)
    names.report.headless.update(name for name in names.report.damaged if name not in trees)
    drafts: dict[str, list[TrackDraft]] = {}
    for draft in found:
        if draft is not None:
            drafts.setdefault(draft.track, []).append(draft)
    for versions in drafts.values():
        versions.sort(key=lambda draft: draft.start)
    whole = [draft for draft in found if draft is not None and draft.levels_whole]
    if len(whole) == len(found) and not damaged:
        places = [(draft.track, level.level) for draft in whole for level in draft.levels]
        names.naming = {
            "track": frozenset(track for track, _ in places),
            "level": frozenset(level for _, level in places),
            "place": frozenset(f"{track}/{level}" for track, level in places),
        }
    return drafts


def _read_shared(trees: Mapping[str, Node], names: Names, damaged: bool) -> None:
    names.shared.whole = not damaged
    for name, node in trees.items():
        if _SHARED_FILE.fullmatch(name):
            names.shared.declare(node)
    names.shared.check()


__all__ = ["PolicySet", "Reading", "TrackVersion", "load", "load_files", "read", "read_files"]
