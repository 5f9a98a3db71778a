"""Scaffolds of facts and requirements: what somebody wants to add in; the policy files with it out.

What is added is right at once, so that one begins with something that loads and changes it line by line. What
exists already is refused with its place. The files come in as they were read, and nothing is written here.
Levels and tracks are in `policy.scaffold_ladders`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.errors import NotFound, PolicyError, did_you_mean
from service.facts.types import Choice, Date, FactType, ListOf, Number, Records, Text, Time, YesNo
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.condition import Place
from service.policy.insertion import inserted
from service.policy.load import FACTS, load_files
from service.policy.model import Level, PolicySet, TrackVersion
from service.policy.reader import ID, LONGEST_NAME, NAME
from service.policy.source import MapNode, Node, Source, TextNode, read_source

Files = Mapping[str, bytes]  #: content by path, relative to the policy folder
TYPES = ("number", "yes_no", "date", "text", "choice", "list", "records")
SHARED = "shared"
IDS = ID.fullmatch, "small letters, digits and `-`, a letter first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaffold:
    """What was added, in a few words, and the files that are new or changed, the main one first."""

    what: str
    files: Files


def new_fact(
    files: Files,
    name: str,
    type_: str,
    *,
    label: str = "",
    question: str = "",
    source: str = "",
    choices: Sequence[str] = (),
    ordered: bool = False,
    fields: Sequence[tuple[str, str]] = (),
) -> Scaffold:
    """A fact in `facts.yaml`, after the last one there.

    Raises:
        PolicyError: the name is taken, or the folder has problems.
        NotFound: something that is needed is missing.
    """
    policies = load_files(files)
    check_name(name, "the name of a fact", NAME.fullmatch, "small letters, digits and `_`, a letter first")
    if name in ALWAYS_THERE:
        raise NotFound(f"`{name}` is always there and needs no declaration; choose another name")
    for section, what in (("facts", "a fact"), ("derived", "a derived fact")):
        _refuse_existing(files, FACTS, (section,), name, what)
    lines = [f"{name}:", f"  type: {type_}"]
    if type_ in ("choice", "list"):
        if type_ == "choice" and not choices:
            raise NotFound("a choice needs its choices; name them with --choice, once for each")
        lines += [f"  of: {'choice' if choices else 'text'}"] if type_ == "list" else []
        lines += [f"  choices: [{', '.join(map(as_written, choices))}]"] if choices else []
        lines += ["  ordered: lowest first"] if ordered else []
    lines.append(f"  label: {as_written(label or name.replace('_', ' '))}")
    lines += [
        f"  {key}: {as_written(text)}" for key, text in (("question", question), ("source", source)) if text
    ]
    if type_ == "records":
        if not fields:
            raise NotFound("records need fields; name them with --field, such as --field held_on:date")
        lines += ["  fields:", *(f"    {field}: {{type: {kind}}}" for field, kind in fields)]
    content = inserted(FACTS, files[FACTS], ("facts",), lines)
    return checked(files, FACTS, _with(files, FACTS, content), f"the fact `{name}`", policies)


def new_requirement(
    files: Files, place: str, id_: str, *, fact: str = "", use: str = "", text: str = "", why: str = "",
    source: str = "", to_meet: str = "", version: str = "",
) -> Scaffold:  # fmt: skip
    """A requirement of a level (`track/level`), or a shared one (`shared/file`), after the last one there.

    It asks of `fact` what suits its type, or uses the shared requirement `use`.
    """
    policies = load_files(files)
    check_name(id_, "an id", *IDS)
    if use:
        lines = [f"- use: {use}", *([f"  id: {id_}"] if id_ != use else [])]
    else:
        texts = {
            "text": text or f"{titled(id_)} (write here in one sentence what is asked)",
            "why": why or "Write here why this is asked",
            "source": source or "Write here where this is laid down",
            "to_meet": to_meet or "Write here what somebody can do to meet it",
        }
        asked = _asking(fact, policies)
        first, last = (
            [f"  {key}: {as_written(texts[key])}" for key in ("text", "why", "source")],
            texts["to_meet"],
        )
        lines = [f"- id: {id_}", *first, *(f"  {line}" for line in asked), f"  to_meet: {as_written(last)}"]
    where, _, rest = place.partition("/")
    if where == SHARED:
        if use:
            raise NotFound("a shared requirement is used in a level; name the level as `track/level`")
        file = f"{SHARED}/{rest}.yaml"
        for each in (name for name in files if name.startswith(f"{SHARED}/")):
            _refuse_listed(files, each, ("requirements",), "id", id_, "a shared requirement")
        content = inserted(file, files.get(file, b"requirements: []\n"), ("requirements",), lines)
        what = f"the shared requirement `{id_}`"
        return checked(files, file, _with(files, file, content), what, policies)
    found, level, at = _level(policies, place, version)
    path = ("levels", at, "requires")
    for requirement in level.requires:
        if requirement.id == id_:
            raise exists(f"the requirement `{id_}` stands already in {level.title}", requirement.place, files)
    file = found.place.file
    changed = _with(files, file, inserted(file, files[file], path, lines))
    return checked(files, file, changed, f"the requirement `{id_}` of {level.title}", policies)


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────────────────


def _asking(fact: str, policies: PolicySet) -> list[str]:
    """A condition that suits the type of a fact."""
    declared, derived = policies.vocabulary.facts, policies.derived
    known = [name for name, each in declared.items() if not each.protected] + list(derived)
    if fact not in known:
        if fact in declared:
            raise NotFound(f"`{fact}` is protected and may decide nothing; name another fact")
        remedy = (
            did_you_mean(fact, known)
            or f"; declare it first: ladders new fact {fact or 'NAME'} --type yes_no"
        )
        raise NotFound(f"`{fact}` is not a fact{remedy}")
    type_ = declared[fact].type if fact in declared else derived[fact].type
    head = "some" if isinstance(type_, Records) else "fact"
    return [f"{head}: {fact}", *_suiting(type_)]


def _suiting(type_: FactType) -> list[str]:
    match type_:
        case YesNo():
            return ["is: yes"]
        case Number(minimum=minimum):
            return [f"at_least: {1 if minimum is None or minimum < 1 else minimum}"]
        case Date():
            return ["for_at_least: 12 months"]
        case Time():
            return ["at_least: 12 months"]
        case Choice(choices=choices, ordered=ordered):
            return [f"{'at_least' if ordered else 'is'}: {as_written(choices[len(choices) // 2])}"]
        case Records():
            return []
        case ListOf():
            return ["is_known: yes"]
        case Text():
            return ["is_known: yes"]


def as_written(text: str) -> str:
    """A text as a policy file has it: in quotes where it would be read as something else."""
    _, node, problems = read_source("text.yaml", f"key: {text}\n".encode())
    value = node.entries["key"].value if isinstance(node, MapNode) and "key" in node.entries else None
    plain = isinstance(value, TextNode) and value.value == text and not value.quoted and not problems
    if plain and not any(mark in text for mark in ",[]{}"):
        return text
    return "'" + text.replace("'", "''") + "'"


def titled(name: str) -> str:
    return name.replace("-", " ").replace("_", " ").capitalize()


# ── what is there ───────────────────────────────────────────────────────────────────────────────────────────


def version_of(policies: PolicySet, track: str, day: str) -> TrackVersion:
    """The version of a track that is named by its first day, else the latest one."""
    if track not in policies.tracks:
        known = ", ".join(f"`{name}`" for name in policies.tracks)
        hint = did_you_mean(track, policies.tracks) or f"; there are {known}"
        raise NotFound(f"there is no track `{track}`{hint}")
    versions = policies.tracks[track]
    found = next((each for each in versions if each.start.isoformat() == day), None) if day else versions[-1]
    if found is None:
        known = ", ".join(f"`{each.start}`" for each in versions)
        raise NotFound(f"`{track}` has no version from `{day}`; there are {known}")
    return found


def _level(policies: PolicySet, place: str, version: str) -> tuple[TrackVersion, Level, int]:
    track, slash, name = place.partition("/")
    if not slash:
        raise NotFound(f"`{place}` is no level; write `track/level`, such as `people-lead/team-lead`")
    found = version_of(policies, track, version)
    names = [level.level for level in found.levels]
    if name not in names:
        hint = did_you_mean(name, names) or f"; there are {', '.join(f'`{each}`' for each in names)}"
        raise NotFound(f"`{track}` has no level `{name}`{hint}")
    return found, found.levels[names.index(name)], names.index(name)


def check_name(name: str, what: str, fits: Callable[[str], object], rule: str) -> None:
    if not fits(name) or len(name) > LONGEST_NAME:
        raise NotFound(f"`{name}` cannot be {what}: it takes {rule}, and at most {LONGEST_NAME} characters")


def _refuse_existing(files: Files, file: str, path: Iterable[str], name: str, what: str) -> None:
    source, node, _ = read_source(file, files[file])
    for step in path:
        node = node.entries[step].value if isinstance(node, MapNode) and step in node.entries else None
    if isinstance(node, MapNode) and name in node.entries:
        raise _taken(source, node.entries[name].key, f"`{name}` is already {what}; choose another name")


def _refuse_listed(files: Files, file: str, path: Iterable[str], key: str, name: str, what: str) -> None:
    source, node, _ = read_source(file, files[file])
    for step in path:
        node = node.entries[step].value if isinstance(node, MapNode) and step in node.entries else None
    for item in getattr(node, "items", ()):
        entry = item.entries.get(key) if isinstance(item, MapNode) else None
        if entry is not None and isinstance(entry.value, TextNode) and entry.value.value == name:
            raise _taken(source, entry.value, f"`{name}` is already {what}; choose another id")


def _taken(source: Source, node: Node, message: str) -> PolicyError:
    return PolicyError([source.problem(node.span, message)])


def exists(message: str, place: Place, files: Files) -> PolicyError:
    source, _, _ = read_source(place.file, files[place.file])
    span = source.to_end_of_line(place.line, place.column)
    return PolicyError([source.problem(span, f"{message}; choose another name")])


def _with(files: Files, file: str, content: bytes | None) -> Files | None:
    return None if content is None else {**files, file: content}


def checked(files: Files, file: str, changed: Files | None, what: str, before: PolicySet) -> Scaffold:
    """The scaffold, once the folder has been loaded with it; `file` is where it stands."""
    if changed is None:
        raise NotFound(f"`{file}` cannot be changed without losing something in it; add {what} by hand")
    try:
        after = load_files(changed)
    except PolicyError as wrong:
        reason = f"{what} was not added: with it, the folder would have these problems"
        raise NotFound(f"{reason}\n{wrong}") from None
    known = {warning.message for warning in before.warnings}
    warned = [warning for warning in after.warnings if warning.message not in known]
    if warned:
        raise PolicyError(warned)
    others = (name for name in changed if name != file and changed[name] != files.get(name))
    return Scaffold(what=what, files={name: changed[name] for name in (file, *others)})
