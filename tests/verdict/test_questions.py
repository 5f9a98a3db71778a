"""Questions: what is asked when a fact is missing."""

from __future__ import annotations

import pytest

from service.verdict.questions import question_of, subject_of
from tests.verdict.golden_policies import policies

VOCABULARY = policies().vocabulary


@pytest.mark.parametrize(
    ("pointer", "type_", "question"),
    [
        ("/facts/rating", "choice", "What was your latest performance rating?"),
        ("/facts/contract", "choice", "Kind of contract: permanent, fixed-term or agency?"),
        ("/facts/points", "number", "Points in the test: how many points?"),
        ("/facts/level_since", "date", "Start in the present level: which day?"),
        ("/facts/fit_for_height", "yes_no", "Cleared for work at height: yes or no?"),
        ("/facts/site", "text", "Site of work: which one?"),
        ("/facts/roof_kinds", "list", "Kinds of roof worked on: which ones?"),
        ("/facts/reviews", "records", "Performance reviews: which ones are there?"),
        ("/facts/results/1/weight", "number", "Entry 2 of results of the year, weight: which number?"),
        (
            "/facts/reviews/0/rating",
            "choice",
            "Entry 1 of performance reviews, rating: below, meets or exceeds?",
        ),
        ("/from", "place", "Where do you stand now: on which level of which track, or on none?"),
    ],
)
def test_a_missing_fact_is_asked_for_in_words(pointer: str, type_: str, question: str) -> None:
    """HR's own question where there is one; else one that the label makes, with the kind of answer."""
    asked = question_of(pointer, VOCABULARY)
    assert (asked["pointer"], asked["type"], asked["question"]) == (pointer, type_, question)


def test_the_choices_stand_beside_the_question() -> None:
    """A program can show them as buttons; a question about a day has none."""
    assert question_of("/facts/contract", VOCABULARY)["choices"] == ["permanent", "fixed-term", "agency"]
    assert question_of("/facts/roof_kinds", VOCABULARY)["choices"] == ["slate", "tile", "metal", "thatch"]
    assert "choices" not in question_of("/facts/level_since", VOCABULARY)


def test_a_question_about_an_entry_is_about_its_records() -> None:
    """A summary says `finished trainings`; `day of completion` alone would say nothing."""
    asked = question_of("/facts/trainings/0/completed_on", VOCABULARY)
    assert (asked["fact"], asked["label"]) == ("trainings", "day of completion")
    assert subject_of("/facts/trainings/0/completed_on", VOCABULARY) == "finished trainings"
    assert subject_of("/from", VOCABULARY) == "present level"
