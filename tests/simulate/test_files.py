"""Test files: mistakes in them are told as in policy files, and the folder is read as it lies there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.errors import PolicyError
from service.policy.load import load
from service.simulate.files import load_tests, read_tests
from tests.simulate.small import FILE, HERE, PEOPLE, POLICIES, policies, read

BROKEN: list[dict[str, Any]] = yaml.safe_load((HERE / "broken.yaml").read_text(encoding="utf-8"))
CASE = "cases: [{case: a, given: mara, to: lead/lead, expect: eligible}]\n"


def test_the_table_of_mistakes_does_not_shrink() -> None:
    """A table that became short would pass in silence."""
    assert len(BROKEN) >= 75


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: str(case["about"]))
def test_a_broken_test_file_says_exactly_what_is_wrong(case: dict[str, Any]) -> None:
    """One mistake, one problem: at the word to change, in words for the person who writes tests."""
    with pytest.raises(PolicyError) as raised:
        read(case["file"])
    assert str(raised.value) + "\n" == case["problems"]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: str(case["about"]))
def test_no_message_speaks_the_language_of_programs(case: dict[str, Any]) -> None:
    """Small first letter, no full stop, no name of a Python type."""
    with pytest.raises(PolicyError) as raised:
        read(case["file"])
    for problem in raised.value.problems:
        assert problem.message[0].islower() or problem.message[0] == "`"
        assert not problem.message.endswith(".")
        assert not {"str", "int", "dict", "NoneType", "tuple", "mapping"} & set(problem.message.split())


@given(st.data())
def test_a_file_that_is_damaged_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever somebody types, there are problems with places or there are tests, and never a stack trace."""
    whole = PEOPLE + CASE
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 12))
    damage = data.draw(st.text(alphabet="abc{}[]:,-# \n\"'yes01", max_size=8))
    text = whole[:start] + damage + whole[start + length :]
    try:
        read(text)
    except PolicyError as wrong:
        assert all(problem.where.file == FILE for problem in wrong.problems)  # noqa: PT017 - either way is right


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    """One round of corrections is enough."""
    wrong = PEOPLE + CASE.replace("mara", "marta")
    with pytest.raises(PolicyError) as raised:
        read_tests({"tests/b.yaml": wrong.encode(), "tests/a.yaml": wrong.encode()}, policies())
    assert [problem.where.file for problem in raised.value.problems] == ["tests/a.yaml", "tests/b.yaml"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy folder of one's own, with an empty folder for tests."""
    for path in POLICIES.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(POLICIES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "tests").mkdir()
    return tmp_path


def test_every_file_below_tests_is_read(folder: Path) -> None:
    """Folders in between are for people; hidden files and other kinds of files are nobody's tests."""
    (folder / "tests" / "one.yaml").write_text(PEOPLE + CASE, "utf-8")
    (folder / "tests" / "deep").mkdir()
    (folder / "tests" / "deep" / "two.yaml").write_text(PEOPLE + CASE, "utf-8")
    (folder / "tests" / ".draft.yaml").write_text("not: read", "utf-8")
    (folder / "tests" / "notes.md").write_text("not read", "utf-8")
    tests = load_tests(folder, load(folder))
    assert [test.place.file for test in tests] == ["tests/deep/two.yaml", "tests/one.yaml"]


def test_a_folder_without_tests_has_none(folder: Path) -> None:
    """Tests are not asked of anybody."""
    (folder / "tests").rmdir()
    assert load_tests(folder, load(folder)) == ()


def test_a_file_that_would_be_overlooked_is_a_problem(folder: Path) -> None:
    """A test that never runs is worse than none."""
    (folder / "tests" / "one.yml").write_text(PEOPLE + CASE, "utf-8")
    with pytest.raises(PolicyError, match=r"tests/one.yml:1:1: this file ends in `.yml` and is not read"):
        load_tests(folder, load(folder))


def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, tmp_path_factory: Any) -> None:
    """What is tested is what lies in the folder."""
    outside = tmp_path_factory.mktemp("outside") / "one.yaml"
    outside.write_text(PEOPLE + CASE, "utf-8")
    (folder / "tests" / "one.yaml").symlink_to(outside)
    with pytest.raises(PolicyError, match="this link leads out of the policy folder"):
        load_tests(folder, load(folder))


def test_tests_do_not_change_what_the_policy_is(folder: Path) -> None:
    """The digest names what is judged by; a new test is no new policy."""
    before = load(folder).digest
    (folder / "tests" / "one.yaml").write_text(PEOPLE + CASE, "utf-8")
    assert load(folder).digest == before
