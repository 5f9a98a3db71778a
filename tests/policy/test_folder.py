"""`folder.yaml`: what a policy folder asks of those who use it, and what is wrong with the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import PolicyError
from service.policy.folder import Wishes, read_wishes
from service.policy.load import load


@pytest.mark.parametrize(
    ("text", "required"),
    [("require_tests: yes\n", True), ("require_tests: true\n", True), ("require_tests: no\n", False)],
)
def test_the_folder_says_whether_its_tests_are_required(text: str, required: bool, tmp_path: Path) -> None:
    """It is the folder's owner who knows how much its tests are worth."""
    (tmp_path / "folder.yaml").write_text(text, "utf-8")
    assert read_wishes(tmp_path) == (Wishes(require_tests=required), [])


def test_a_folder_without_the_file_asks_for_nothing(tmp_path: Path) -> None:
    """Most folders have none."""
    assert read_wishes(tmp_path) == (Wishes(), [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "require_test: yes\n",
            "folder.yaml:1:1: `require_test` does not belong in `folder.yaml`; did you mean `require_tests`?",
        ),
        ("require_tests: on\n", "folder.yaml:1:16: `on` is neither `yes` nor `no`; write `yes`"),
        (
            "yes\n",
            "folder.yaml:1:1: here stands `yes`, but `folder.yaml` is written in lines such as"
            " `require_tests: yes`",
        ),
        ("", "folder.yaml:1:1: this file is empty; write its content or delete the file"),
    ],
)
def test_what_is_wrong_there_is_a_problem_of_the_folder(text: str, problem: str, tmp_path: Path) -> None:
    """A slip there would silently leave the tests out; `ladders check` must find it like any other."""
    (tmp_path / "folder.yaml").write_text(text, "utf-8")
    found = [f"{each.where}: {each.message}" for each in read_wishes(tmp_path)[1]]
    assert found == [problem]
    with pytest.raises(PolicyError) as refused:
        load(tmp_path)
    assert problem in [f"{each.where}: {each.message}" for each in refused.value.problems]


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """What it leads to could change without anybody's seeing it here."""
    (tmp_path / "outside.yaml").write_text("require_tests: no\n", "utf-8")
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "folder.yaml").symlink_to(tmp_path / "outside.yaml")
    (problem,) = read_wishes(folder)[1]
    assert problem.message == "this is no file of the policy folder; put the file itself here"
