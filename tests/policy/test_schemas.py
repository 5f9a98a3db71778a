"""The schemas of policy files and the loader, held to the same answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.errors import PolicyError
from service.policy import charter, derivations, requirements, tracks, vocabulary_schema, words
from service.policy.figures import ABOUT, OF_FIGURE, OF_TABLE, PERIOD
from service.policy.load import load_files
from service.policy.schema_names import PolicyNames, names_in
from service.policy.schema_parts import Schema
from service.policy.schema_words import NOTES
from service.policy.schemas import file_schemas, kind_of
from service.policy.source import Node, read_source
from service.simulate.schema import case_file_schema
from tests.policy.folders import BASE, CRAFT, FACTS, LEAD
from tests.policy.plain_yaml import plain
from tests.policy.test_load_broken import CASES, files_of

HOUSE = Path(__file__).parents[2]
GOOD = sorted(
    {path.parent for room in ("policies", "examples", "tests") for path in (HOUSE / room).rglob("facts.yaml")}
)
EXCEPTIONS: Mapping[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "schema_exceptions.yaml").read_text("utf-8")
)
ALLOWED = {case: reason for reason, cases in EXCEPTIONS.items() for case in cases}


def trees_of(files: Mapping[str, bytes]) -> tuple[dict[str, Node], bool]:
    """The trees of files, and whether each of them could be read without a problem."""
    read = {name: read_source(name, content) for name, content in files.items()}
    trees = {name: node for name, (_, node, _) in read.items() if node is not None}
    return trees, not any(problems for _, _, problems in read.values())


@cache
def base_validators() -> Mapping[str, Any]:
    return validators(names_in(trees_of({name: text.encode() for name, text in BASE.items()})[0]))


def validators(names: PolicyNames) -> dict[str, Any]:
    schemas = {**file_schemas(names), "tests": case_file_schema(names)}
    return {kind: jsonschema.Draft202012Validator(schema) for kind, schema in schemas.items()}


def refused(trees: Mapping[str, Node], known: Mapping[str, Any]) -> Iterator[str]:
    """The files that their schemas refuse."""
    for name, node in trees.items():
        kind = kind_of(name)
        if kind is not None and not known[kind].is_valid(plain(node)):
            yield name


# ── the same answers ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("folder", GOOD, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_a_good_folder_pleases_the_schemas_too(folder: Path) -> None:
    """An editor that marks what is right teaches people to overlook its marks."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.yaml")}
    trees, _ = trees_of(files)
    assert list(refused(trees, validators(names_in(trees)))) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_broken_folder_is_refused_by_both_unless_only_the_loader_can_know(case: Path) -> None:
    """The exceptions are data with their reasons; whoever adds a broken case decides whether it is one."""
    files, _ = files_of(case)
    changed = {name: text.encode() for name, text in files.items() if BASE.get(name) != text}
    trees, readable = trees_of(changed)
    marked = not readable or bool(list(refused(trees, base_validators())))
    remedy = "teach `policy.schemas` to refuse it, or list it in schema_exceptions.yaml with its reason"
    assert marked != (case.stem in ALLOWED), f"{case.stem}: {remedy}"


def test_every_exception_is_a_case() -> None:
    """A list of exceptions that nothing needs hides the next one."""
    assert set(ALLOWED) <= {case.stem for case in CASES}
    assert sum(len(cases) for cases in EXCEPTIONS.values()) == len(ALLOWED)


WORDS = sorted({word.strip(" ,[]{}:") for text in BASE.values() for word in text.split()} - {""})
LINES = sorted({line for text in BASE.values() for line in text.splitlines() if line.strip()})


@given(st.data())
def test_what_the_loader_accepts_no_schema_refuses(data: st.DataObject) -> None:
    """Words exchanged and lines moved: most is refused by the loader, and the rest must please the schema."""
    name = data.draw(st.sampled_from([LEAD, CRAFT, FACTS, *sorted(BASE)]))
    lines = BASE[name].splitlines()
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(lines) - 1))
        moved = data.draw(st.lists(st.sampled_from(LINES), max_size=1))
        lines[at : at + data.draw(st.integers(0, 2))] = moved
    else:
        at = data.draw(st.integers(0, len(lines) - 1))
        parts = lines[at].split(" ")
        which = data.draw(st.integers(0, len(parts) - 1))
        word = parts[which].strip(",[]{}:")
        parts[which] = parts[which].replace(word, data.draw(st.sampled_from(WORDS))) if word else parts[which]
        lines[at] = " ".join(parts)
    files = {**{each: text.encode() for each, text in BASE.items()}, name: "\n".join(lines).encode()}
    try:
        load_files(files)
    except PolicyError:
        return
    assert list(refused(trees_of({name: files[name]})[0], base_validators())) == []


CONDITIONS = Path(__file__).parent / "schema_conditions.yaml"
SAID = yaml.load(CONDITIONS.read_text("utf-8"), yaml.BaseLoader)


@pytest.mark.parametrize("text", SAID["whole"])
def test_a_condition_that_reads_well_is_not_marked(text: str) -> None:
    """One of each way to say something."""
    _, node, _ = read_source("condition.yaml", text.encode())
    assert node is not None
    assert condition_validator().is_valid(plain(node)), text


@pytest.mark.parametrize("text", SAID["wrong"])
def test_a_condition_that_cannot_be_one_is_marked_while_it_is_written(text: str) -> None:
    """Two subjects, no operator, a word in the wrong place: the shape alone tells."""
    _, node, _ = read_source("condition.yaml", text.encode())
    assert node is not None
    assert not condition_validator().is_valid(plain(node)), text


@cache
def condition_validator() -> Any:
    schema = base_validators()["track"].schema
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/conditions", "$defs": schema["$defs"]})


@pytest.mark.parametrize("text", SAID["wrong tests"])
def test_a_test_file_that_cannot_be_one_is_marked_while_it_is_written(text: str) -> None:
    """Those who write examples are helped as well as those who write the policy."""
    _, node, _ = read_source("tests/wrong.yaml", text.encode())
    assert node is not None
    assert not base_validators()["tests"].is_valid(plain(node)), text


# ── what an editor gets ───────────────────────────────────────────────────────────────────────────────


def test_names_of_the_folder_are_offered_and_others_let_pass() -> None:
    """A fact that was added a minute ago is not wrong because the schema is older."""
    schemas = {kind: validator.schema for kind, validator in base_validators().items()}
    defs = schemas["track"]["$defs"]
    assert {"rating", "training_hours", "to.grade", "course", "long"} <= set(offered(defs["a-fact"]))
    assert offered(defs["a-shared-requirement"]) == ["good-standing", "time-in-level"]
    assert offered(defs["a-place"]) == ["craft/engineer", "craft/senior", "lead/team-lead"]
    assert offered(defs["value-of-rating"]) == ["below", "meets", "exceeds"]
    assert offered(defs["a-table"]) == ["waiting", "credit"]
    assert all(jsonschema.Draft202012Validator(defs[name]).is_valid("new") for name in ("a-fact", "a-table"))


def offered(schema: Schema) -> list[str]:
    return next(each["enum"] for each in schema["anyOf"] if "enum" in each)


def test_names_are_offered_from_a_folder_that_has_problems() -> None:
    """It has problems whenever somebody is at work in it."""
    files = {**BASE, LEAD: BASE[LEAD].replace("fact: wish", "fakt: wish")}
    names = names_in(trees_of({name: text.encode() for name, text in files.items()})[0])
    assert "rating" in names.facts
    assert "lead/team-lead" in names.places


def test_what_is_written_once_for_all_levels_is_offered_to_tests_too() -> None:
    """A case names requirements and duties of a track like those of its level."""
    text = """
track: craft
at_every_level: [{id: rules}, {use: good-standing}]
afterwards: [{id: talk}]
levels:
  - {level: engineer, requires: [{id: tried}], afterwards: [{id: mentor}]}
"""
    defs = case_file_schema(names_in(trees_of({CRAFT: text.encode()})[0]))["$defs"]
    assert offered(defs["a-requirement"]) == ["rules", "good-standing", "tried"]
    assert offered(defs["a-duty"]) == ["talk", "mentor"]


@pytest.mark.parametrize("kind", ["facts", "shared", "track", "charter", "folder", "tests"])
def test_each_schema_is_a_schema_and_stands_by_itself(kind: str) -> None:
    """Whatever it rests on is inside; an editor fetches nothing."""
    schema = base_validators()[kind].schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith("Ladders: ")


def test_every_word_of_the_language_has_a_schema_and_a_note() -> None:
    """A new word without one would be let pass with any value, and explained to nobody."""
    schemas = {kind: validator.schema for kind, validator in base_validators().items()}
    track, facts = schemas["track"]["$defs"], schemas["facts"]["$defs"]
    told = {
        "conditions": (track["condition"], words.WORDS),
        "requirements": (track["requirement"], (*requirements.OWN, *words.WORDS)),
        "uses": (track["use"], requirements.OVERRIDES),
        "levels": (track["level"], tracks.LEVEL),
        "tracks": (schemas["track"], tracks.TRACK),
        "facts": (facts["fact"], (*vocabulary_schema.ABOUT, *vocabulary_schema.EVERY)),
        "sections": (schemas["facts"], vocabulary_schema.SECTIONS),
        "charter": (schemas["charter"]["properties"]["stands_for"], charter.SUBJECTS),
    }
    bare = {
        what: [name for name in names if set(schema["properties"].get(name, {})) <= {"description"}]
        for what, (schema, names) in told.items()
    }
    assert {what: names for what, names in bare.items() if names} == {}
    explained = {
        *words.WORDS, *requirements.OWN, *tracks.LEVEL, *tracks.TRACK, *vocabulary_schema.ABOUT,
        *vocabulary_schema.EVERY, *derivations.BESIDE, *ABOUT, *OF_FIGURE, *OF_TABLE, *PERIOD,
    }  # fmt: skip
    assert sorted(explained - set(NOTES)) == []
