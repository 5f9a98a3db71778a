"""The page on the charter: every promise is kept by its folder, and broken as the page says, with that
message."""

from __future__ import annotations

import re

import pytest

from service.errors import PolicyError
from service.policy.charter import DETAILS, SENTENCES, SKILLED, SUBJECTS, TOPICS
from service.policy.load import load_files
from tests.docs.examples import Example, examples_of, rows_below

PAGE = "charter.md"
EXAMPLES = examples_of(PAGE)
BASE = {each.kind.removeprefix("file "): each.text for each in EXAMPLES if each.kind.startswith("file ")}
BREAKS = re.compile(r"breaks (?P<id>\S+): (?:in|add to) (?P<file>\S+?)(?:, instead of `(?P<old>.+)`)?")
BROKEN = [each for each in EXAMPLES if BREAKS.fullmatch(each.kind)]


def said(files: dict[str, str]) -> str:
    """Every problem of a folder; nothing when it is right."""
    try:
        load_files({name: text.encode() for name, text in files.items()})
    except PolicyError as error:
        return str(error)
    return ""


def broken_by(example: Example) -> tuple[str, dict[str, str]]:
    """The promise that an example breaks, and the folder then, with a charter that makes this one alone."""
    found = BREAKS.fullmatch(example.kind)
    assert found
    name, file, old, text = found["id"], found["file"], found["old"], BASE[found["file"]]
    assert old is None or text.count(old) == 1
    changed = text + example.text if old is None else text.replace(old, example.text.rstrip("\n"))
    promise = re.search(rf"^  - id: {name}\n(?:    .*\n)+", BASE["charter.yaml"], re.MULTILINE)
    assert promise
    alone = f"promises:\n{promise[0]}\n{BASE['charter.yaml'].partition(chr(10) * 2)[2]}"
    return name, {**BASE, "charter.yaml": alone, file: changed}


def test_the_folder_of_the_page_keeps_every_promise() -> None:
    """The reader shall see one that does."""
    assert said(BASE) == ""
    made = re.findall(r"^    promise: (.+)$", BASE["charter.yaml"], re.MULTILINE)
    assert [topic[0] for topic in TOPICS if set(made).isdisjoint(topic)] == []


@pytest.mark.parametrize("example", BROKEN, ids=lambda each: broken_by(each)[0])
def test_each_promise_is_broken_as_the_page_says(example: Example) -> None:
    """With the message that stands on the page, at the line to change."""
    name, files = broken_by(example)
    shown = EXAMPLES[EXAMPLES.index(example) + 1]
    assert shown.language == "text"
    assert f"against the promise `{name}` of `charter.yaml`" in shown.text
    assert said(files) == shown.text.rstrip("\n")


def test_every_promise_is_broken_once() -> None:
    """Each has its heading, its example and its message."""
    ids = re.findall(r"^  - id: (.+)$", BASE["charter.yaml"], re.MULTILINE)
    assert [broken_by(example)[0] for example in BROKEN] == ids
    assert len(ids) == len(TOPICS)


def test_what_is_not_promised_can_be_said() -> None:
    """The last block is read like the others."""
    (more,) = [each for each in EXAMPLES if each.kind == "add to charter.yaml"]
    assert said({**BASE, "charter.yaml": f"{BASE['charter.yaml']}\n{more.text}"}) == ""


def test_every_sentence_of_the_charter_is_listed_with_what_it_needs() -> None:
    """A promise in other words is refused, so the words must be found somewhere."""
    first, *_ = SKILLED
    wanted = {said: set(needs) for said, needs in SENTENCES.items() if said not in SKILLED or said == first}
    listed = {
        re.sub(r" \(or .*\)$", "", said): set(re.findall(r"`(\w+)`", needs))
        for said, needs in rows_below(PAGE, "<!-- promises -->")
    }
    assert listed == wanted


def test_every_line_of_stands_for_is_explained_with_what_may_stand_beside_it() -> None:
    """A key that is not on the page is not found."""
    rows = rows_below(PAGE, "| protected facts are used nowhere")
    listed = {name.strip("`"): re.findall(r"`(\w+)`:", beside) for name, _, beside in rows}
    assert list(listed) == list(SUBJECTS)
    for subject in SUBJECTS:
        details = [DETAILS[subject]] if subject in DETAILS else []
        assert listed[subject] == (["is"] if subject == "wish" else details)
