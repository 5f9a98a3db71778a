"""Promises: kept where the policy keeps them, and broken with the line that breaks them and what to do.

The cases are files: what they change in the small folder `charter/base/`, which keeps all promises, and
every problem that must then be said. The proofs themselves are held against the engine's reference in
`test_logic.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from service.errors import PolicyError
from service.policy.charter import SENTENCES, SKILLED
from service.policy.load import load, load_files
from tests.policy.folders import changed

HERE = Path(__file__).parent / "charter"
BUNDLED = Path(__file__).parents[2] / "policies"
BASE = {
    path.relative_to(HERE / "base").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((HERE / "base").rglob("*.yaml"))
}
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
KEPT = sorted((HERE / "kept").glob("*.yaml"))


def case_of(path: Path) -> tuple[dict[str, bytes], str]:
    """The folder of a case, and the problems wanted."""
    wanted = yaml.safe_load(path.read_text(encoding="utf-8"))
    files = changed(
        *((each["file"], each["old"], each["new"]) for each in wanted.get("changes", ())), base=BASE
    )
    for name, text in wanted.get("files", {}).items():
        if text is None:
            del files[name]
        else:
            files[name] = text
    return {name: text.encode() for name, text in files.items()}, wanted.get("problems", "")


def said(files: dict[str, bytes]) -> str:
    """Every problem of a folder; nothing when it is right."""
    try:
        load_files(files)
    except PolicyError as error:
        return f"{error}\n"
    return ""


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.stem)
def test_a_broken_promise_says_what_breaks_it_and_what_to_do(case: Path) -> None:
    """HR reads this instead of a refusal by the works council: the line, the promise and the remedy."""
    files, wanted = case_of(case)
    assert wanted
    assert said(files) == wanted


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.stem)
def test_a_promise_kept_in_another_way_is_kept(case: Path) -> None:
    """What is promised is what the conditions come to, not how they are written; a false alarm stops a
    company."""
    files, _ = case_of(case)
    assert said(files) == ""


@pytest.mark.parametrize("sentence", [each for each in SENTENCES if SKILLED.get(each, 2) == 2])
def test_every_promise_can_be_broken(sentence: str) -> None:
    """A promise that no case breaks might be checked by nothing at all."""
    ids = {each["promise"]: each["id"] for each in yaml.safe_load(BASE["charter.yaml"])["promises"]}
    mark = f"against the promise `{ids[sentence]}` of `charter.yaml`"
    assert any(mark in case_of(case)[1] for case in BROKEN)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.stem)
def test_a_promise_that_is_left_out_is_not_held(case: Path) -> None:
    """A promise ends by deleting it, in plain sight, and in no other way."""
    files, wanted = case_of(case)
    if "against the promise" in wanted:
        del files["charter.yaml"]
        assert said(files) == ""


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.stem)
def test_messages_are_for_people_who_do_not_program(case: Path) -> None:
    """Small first letter, no full stop, nothing of Python."""
    files, _ = case_of(case)
    with pytest.raises(PolicyError) as raised:
        load_files(files)
    for problem in raised.value.problems:
        assert problem.message[0].islower() or problem.message[0] == "`"
        assert not problem.message.endswith(".")
        assert not any(word in problem.message for word in ("NoneType", "dict", "tuple", "frozenset", "\0"))


def test_the_bundled_policies_make_and_keep_every_promise() -> None:
    """A company that starts from them starts with all that this product is for."""
    made = yaml.safe_load((BUNDLED / "charter.yaml").read_text(encoding="utf-8"))["promises"]
    assert {each["promise"] for each in made} == {each for each in SENTENCES if SKILLED.get(each, 2) == 2}
    load(BUNDLED)


BUNDLED_FILES = {
    path.relative_to(BUNDLED).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(BUNDLED.rglob("*.yaml"))
    if "tests" not in path.relative_to(BUNDLED).parts
}
PEOPLE, LEADING, CRAFT = "tracks/people-lead/2026-01-01.yaml", "shared/leading.yaml", "shared/craft.yaml"


WISH = "    fact: wants_people_role\n    is: "
TRAINED = "trainings\n    where:\n      - {fact: course, is: {param: course}}\n"
SKILLS = "        at_least: 3\n"
YEARS = "}\n    at_least: {param: years}\n"
OUTSIDE = "    at_least: {param: reviewers}\n"
LED = "    applies_when: {fact: time_leading, at_least: 12 months}\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "promise"),
    [
        (PEOPLE, "{from: 98000, to: 132000,", "{from: 98000, to: 150000,", "equal-pay"),
        (PEOPLE, "    grade: 8\n", "    grade: 10\n", "as-high"),
        (LEADING, f"{WISH}yes\n", f"{WISH}no\n", "own-wish"),
        (LEADING, f"    some: {TRAINED}", "    some: trainings\n    where:\n", None),
        (LEADING, f"    some: {TRAINED}", f"    no: {TRAINED}", "trained-first"),
        (PEOPLE, f"        once_per: skill\n{SKILLS}", SKILLS, "leadership-skills"),
        ("tracks/roofing-craft/2026-01-01.yaml", "mastery: yes", "mastery: no", "mastery"),
        (CRAFT, OUTSIDE, f"{OUTSIDE}{LED}", None),
        (CRAFT, f"is: {{fact: to.track}}{YEARS}", f"is: people-lead{YEARS}", "rise-in-craft"),
    ],
)
def test_a_small_change_of_the_bundled_policies_is_found_out(
    file: str, old: str, new: str, promise: str | None
) -> None:
    """Whoever edits them later need not remember the promises; the proofs see through shared requirements."""
    files = changed((file, old, new), base=BUNDLED_FILES)
    problems = said({name: text.encode() for name, text in files.items()})
    assert f"against the promise `{promise}`" in problems if promise else problems == ""
