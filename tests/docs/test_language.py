"""The page on the language says what the program says: its examples are loaded, read aloud and judged."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from service.errors import PolicyError
from service.facts.calendar import FIRST_DAY, LAST_DAY, LONGEST_YEARS
from service.facts.json_text import read_json
from service.facts.types import (
    MOST_ENTRIES,
    Choice,
    Date,
    FactType,
    ListOf,
    Number,
    Records,
    Text,
    Time,
    YesNo,
)
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.condition import Derived
from service.policy.figures import GIVES
from service.policy.literals import MOST_DIGITS
from service.policy.load import load_files
from service.policy.operators import OPERATORS, fitting
from service.policy.reader import Fields
from service.policy.scope import DEEPEST
from service.policy.shared_requirements import LONGEST_CHAIN
from service.policy.source import MOST_LEVELS
from service.policy.words import WORDS
from service.verdict.judge import Judge
from service.verdict.text import amount_text, condition_text
from tests.docs.examples import TRACK, Example, Folder, Told, examples_of, page, rows_below

PAGE = "language.md"
FOLDER = Folder(examples_of(PAGE))
BY_LINE = "line {0.line}".format
TYPES: dict[str, FactType] = {
    "number": Number(),
    "yes_no": YesNo(),
    "date": Date(),
    "text": Text(),
    "choice": Choice(("a", "b")),
    "choice with ordered": Choice(("a", "b"), ordered=True),
    "list": ListOf(Text()),
    "records": Records({}),
    "a length of time": Time(),
}


@pytest.fixture(scope="module")
def judge() -> Judge:
    """The examples of the page, ready to judge."""
    return Judge(FOLDER.policies)


def test_every_example_is_tried() -> None:
    """An example without a mark would be shown, and never read."""
    kinds = {"facts.yaml", "derived", "condition", "requirement", "refused", "calendar"}
    stray = [
        example.line
        for example in FOLDER.examples
        if example.language == "yaml" and example.kind not in kinds and "/" not in example.kind
    ]
    assert stray == []
    assert len(FOLDER.of_kind("condition")) > len(OPERATORS)


@pytest.mark.parametrize("example", FOLDER.of_kind("condition"), ids=BY_LINE)
def test_a_condition_is_read_aloud_as_the_page_says(example: Example) -> None:
    """HR decides by the sentence whether the lines say what was meant."""
    assert example.said == (condition_text(FOLDER.requirement(example).condition),)


@pytest.mark.parametrize("example", FOLDER.of_kind("derived"), ids=BY_LINE)
def test_a_derived_fact_is_read_aloud_as_the_page_says(example: Example) -> None:
    """The same for what is calculated."""
    assert example.said == (amount_text(FOLDER.derived(example).of),)


@pytest.mark.parametrize("example", FOLDER.of_kind("requirement"), ids=BY_LINE)
def test_a_requirement_is_read_aloud_as_the_page_says(example: Example) -> None:
    """The same for whom it is for, and what lifts it."""
    asked = FOLDER.requirement(example)
    said = [condition_text(asked.condition)]
    said += [f"applies when: {condition_text(asked.applies_when)}"] if asked.applies_when else []
    said += [f"unless: {condition_text(asked.unless)}"] if asked.unless else []
    assert list(example.said) == said


@pytest.mark.parametrize("example", FOLDER.of_kind("refused"), ids=BY_LINE)
def test_what_the_page_calls_wrong_is_refused_with_that_message(example: Example) -> None:
    """A reader who finds the message on the screen finds the page."""
    with pytest.raises(PolicyError) as wrong:
        load_files(FOLDER.files(example))
    assert tuple(problem.message for problem in wrong.value.problems) == example.said


@pytest.mark.parametrize("example", FOLDER.of_kind("calendar"), ids=BY_LINE)
def test_a_calendar_is_accepted(example: Example) -> None:
    """It holds for a whole folder, so it stands apart from the other examples."""
    assert load_files(FOLDER.files(example)).digest != FOLDER.policies.digest


CASES = [(example, told) for example in FOLDER.examples for told in example.cases]


@pytest.mark.parametrize(("example", "told"), CASES, ids=[f"line {each.line}" for each, _ in CASES])
def test_a_case_comes_out_as_the_page_says(example: Example, told: Told, judge: Judge) -> None:
    """The rules of reading are promises; here the service itself keeps them."""
    request = {
        "candidate": {"id": "E-1"},
        "from": None,
        "to": {"track": TRACK, "level": example.level},
        "as_of": told.as_of,
        "submitted_on": told.as_of,
        "facts": told.facts,
    }
    raw = read_json(json.dumps(request).encode())
    verdict = judge.verdict(raw, verdict_id="test", judged_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert dict(verdict.results)["example"] == told.finding


def test_the_cases_show_every_result() -> None:
    """A table that only ever says `met` explains nothing."""
    assert {told.finding for _, told in CASES} == {"met", "unmet", "unknown"}


def test_which_operator_fits_what_is_said_in_full() -> None:
    """The table is what one looks up before writing a condition."""
    shown = {
        name.replace("`", ""): set(re.findall(r"`(\w+)`", operators))
        for name, operators in rows_below(PAGE, "<!-- operators by type -->")
    }
    shown = {name.replace("choice with ordered", "choice with ordered"): got for name, got in shown.items()}
    assert shown == {name: set(fitting(type_)) for name, type_ in TYPES.items()}


def test_every_operator_has_an_example_of_its_own() -> None:
    """What has no example, nobody dares to use."""
    written = {
        name
        for example in FOLDER.of_kind("condition")
        for name in re.findall(r"(\w+):", example.text)
        if name in OPERATORS
    }
    assert written == set(OPERATORS)


def known_words(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every name that a line of a policy file may begin with, as the loader itself knows them."""
    known = set(WORDS)
    init = Fields.__init__

    def noting(self: Fields, *given: object, **more: object) -> None:
        init(self, *given, **more)  # type: ignore[arg-type]  # handed on as they came
        known.update(self.known)

    monkeypatch.setattr(Fields, "__init__", noting)
    load_files(FOLDER.files(*FOLDER.of_kind("calendar")))
    return known


def test_every_word_of_the_language_has_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that the loader takes and the page does not explain is a secret; the other way round, a lie."""
    entries = {word.split("`")[1] for word, _ in rows_below(PAGE, "## All words, A to Z")}
    assert entries == known_words(monkeypatch) | set(ALWAYS_THERE) | {"it", "this"}


def test_every_word_of_the_language_is_shown_in_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sees at once where it stands."""
    shown = {name for example in FOLDER.examples for name in re.findall(r"([a-z_]+):(?=[ \n])", example.text)}
    assert known_words(monkeypatch) - shown == set()


def test_every_type_and_every_fact_that_is_always_there_is_explained() -> None:
    """These are words that stand behind a colon, so the lists above do not hold them."""
    text = page(PAGE)
    for word in [*(name for name in TYPES if " " not in name), *GIVES, *ALWAYS_THERE]:
        assert f"`{word}`" in text, word


def test_the_limits_are_those_of_the_program() -> None:
    """Somebody plans with them."""
    limits = [n for _, much in rows_below(PAGE, "## Limits") for n in re.findall(r"[\d-]+", much)]
    for limit in (
        MOST_LEVELS, DEEPEST, LONGEST_CHAIN, FIRST_DAY, LAST_DAY, LONGEST_YEARS, MOST_DIGITS, MOST_ENTRIES,
    ):  # fmt: skip
        assert str(limit) in limits


def test_no_derived_fact_of_the_page_is_left_out() -> None:
    """Each is shown by itself and tested by itself."""
    assert all(isinstance(derived, Derived) for derived in FOLDER.policies.derived.values())
    assert len(FOLDER.of_kind("derived")) == len(FOLDER.policies.derived)
