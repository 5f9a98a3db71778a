"""Digests of policies: what must change them, and what must not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import PolicyError
from tests.policy.folders import BASE, CRAFT, FACTS, LEAD, SHARED, changed, loaded

MEANT = loaded(BASE).digest

WORDS = [
    (FACTS, "label: latest rating", "label: newest rating"),
    (FACTS, "label: city}", "label: city, question: In which city?, source: HR data}"),
    (FACTS, "label: hours of training", "label: all hours of training"),
    (SHARED, "text: The latest rating is at least meets", "text: Rated meets or better"),
    (SHARED, "At least {months} in", "For {months} in"),
    (CRAFT, "title: Senior engineer", "title: Senior"),
    (CRAFT, "title: Craft", "title: Our craft"),
    (CRAFT, "kind: craft\n", "kind: craft\nsource: People handbook 1\n"),
    (CRAFT, "{months: 6 months}", "{months: '6 months'}"),
    (
        LEAD,
        "text: The person has asked for the role",
        "text: They want it\n        why: They must\n        to_meet: Ask",
    ),
    (LEAD, "to: same grade on the craft track left", "to: the craft track"),
    (LEAD, "text: A talk about how it is going", "text: A talk"),
    (FACTS, "otherwise: 6 months}", "label: waiting time, otherwise: 6 months}"),
]
MEANINGS = [
    (FACTS, "choices: [below, meets, exceeds]", "choices: [meets, below, exceeds]"),
    (FACTS, "unit: points", "unit: hours"),
    (FACTS, "wish: {type: yes_no,", "wish: {type: yes_no, absent_means: no,"),
    (FACTS, "city: {type: text,", "city: {type: text, protected: yes,"),
    (FACTS, "city: {type: text,", "city: {type: text, can_change: no,"),
    (FACTS, "city: {type: text,", "city: {type: text, sensitive: yes,"),
    (FACTS, "absent_means: still running", "absent_means: unknown"),
    (FACTS, "    dated_by: completed_on\n", ""),
    (FACTS, "sum: trainings.hours}", "sum: trainings.hours, where: {fact: hours, at_least: 2}}"),
    (SHARED, "at_least: meets", "at_least: exceeds"),
    (SHARED, "at_least: meets", "more_than: meets"),
    (CRAFT, "{months: 6 months}", "{months: 7 months}"),
    (CRAFT, "{months: 6 months}", "{months: 182 days}"),
    (CRAFT, "grade: 5", "grade: 4"),
    (CRAFT, "    mastery: yes\n", ""),
    (CRAFT, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2030-01-01}"),
    (LEAD, "kind: people", "kind: craft"),
    (LEAD, "[craft/senior]", "[craft/senior, craft/engineer]"),
    (LEAD, "is: manager-foundations", "is: manager-basics"),
    (LEAD, "id: own-wish", "id: wish"),
    (LEAD, "at_most: 90 days", "at_most: 91 days"),
    (LEAD, "by: [people-director]", "by: [people-partner]"),
    (LEAD, "months: 12", "months: 13"),
    (LEAD, "to: 92000", "to: 92000.50"),
    (LEAD, "within: 90 days", "within: 60 days"),
    (LEAD, "        is: yes\n", "        is: yes\n        kind: advisory\n"),
    (LEAD, "        is: yes\n", "        is: yes\n        unless: {fact: points, at_least: 3}\n"),
    (LEAD, "        is: yes\n", "        is: yes\n        about: wish\n"),
]


@pytest.mark.parametrize("change", WORDS)
def test_words_for_people_are_not_meaning(change: tuple[str, str, str]) -> None:
    """HR may mend a sentence without making a new version; the digest of the files tells all the same."""
    found = loaded(changed(change))
    assert found.digest == MEANT
    assert found.files_digest != loaded(BASE).files_digest


@pytest.mark.parametrize("change", MEANINGS)
def test_whatever_can_change_a_verdict_is_meaning(change: tuple[str, str, str]) -> None:
    """Two sets with one digest must judge every request alike."""
    assert loaded(changed(change)).digest != MEANT


def test_every_meaning_has_its_own_digest() -> None:
    """No two of these policies may be taken for each other."""
    digests = [loaded(changed(change)).digest for change in MEANINGS]
    assert len(set(digests)) == len(digests)


def test_the_same_number_or_length_in_other_words_is_the_same_meaning() -> None:
    """12 months and 1 year, 5 and 5.0, are one length and one number."""
    year = changed((CRAFT, "{months: 6 months}", "{months: 1 year}"))
    months = changed((CRAFT, "{months: 6 months}", "{months: 12 months}"))
    default = changed((CRAFT, "        with: {months: 6 months}\n", ""))
    assert loaded(year).digest == loaded(months).digest == loaded(default).digest != MEANT
    bands = changed((FACTS, "bands: {0: 1, 5: 2}", "bands: {5.0: 2, 0: 1.0}"))
    assert loaded(bands).digest == MEANT


def test_where_a_shared_requirement_lies_is_not_meaning() -> None:
    """Files of `shared/` are only a place to keep them; so is writing one out."""
    moved = dict(BASE)
    moved["shared/all.yaml"] = moved.pop(SHARED)
    assert loaded(moved).digest == MEANT
    out = "      - id: good-standing\n        text: Good\n        fact: rating\n        at_least: meets\n"
    assert loaded(changed((LEAD, "      - use: good-standing\n", out))).digest == MEANT


def test_the_digest_is_the_same_in_every_process() -> None:
    """It is written into every verdict; no hash seed and no order of a dictionary may reach it."""
    assert re.fullmatch("sha256:[0-9a-f]{64}", MEANT)
    assert loaded(dict(reversed(list(BASE.items())))).digest == MEANT


@given(st.data())
def test_comments_and_spaces_are_not_meaning(data: st.DataObject) -> None:
    """HR writes notes between the lines, and leaves room."""
    files = {}
    for name, text in BASE.items():
        lines = []
        for line in text.splitlines():
            note = data.draw(st.sampled_from(["", "", "  # note", "   "]))
            lines += data.draw(st.sampled_from([[], [], ["# a note"], [""], ["      # a deeper note"]]))
            lines.append(line + note)
        files[name] = "\n".join(lines) + data.draw(st.sampled_from(["", "\n", "\n\n# end\n"]))
    assert loaded(files).digest == MEANT


SWAPPABLE = [
    (FACTS, 2, 9),  # the plain facts
    (FACTS, 25, 26),  # derived facts
    (FACTS, 28, 29),  # tables
    (CRAFT, 1, 3),
    (LEAD, 7, 11),
    (LEAD, 15, 17),
]


@given(st.data())
def test_the_order_of_lines_is_not_meaning(data: st.DataObject) -> None:
    """`title` before `track` says the same as `track` before `title`."""
    files = dict(BASE)
    for name, first, last in SWAPPABLE:
        lines = files[name].splitlines()
        lines[first - 1 : last] = data.draw(st.permutations(lines[first - 1 : last]))
        files[name] = "\n".join(lines) + "\n"
    assert loaded(files).digest == MEANT


NUMBERS = [(name, match) for name in BASE for match in re.finditer(r"(?<=[:\s{])\d+(?=[,}\n ])", BASE[name])]


@given(st.sampled_from(NUMBERS), st.integers(1, 40))
def test_any_changed_threshold_is_meaning(place: tuple[str, re.Match[str]], by: int) -> None:
    """Every number in a policy is there because it decides, or is shown as a promise."""
    name, match = place
    text = BASE[name]
    number = str(int(match[0]) + by)
    try:
        found = loaded({**BASE, name: text[: match.start()] + number + text[match.end() :]})
    except PolicyError:
        return  # a pay band upside down, a row that is there already
    unused = "{months: {type: time, default:" in text[: match.start()] and name == SHARED
    assert (found.digest == MEANT) == unused  # a default that every use overrides decides nothing
