"""The vocabulary: what callers may send, and what is always there."""

from __future__ import annotations

import pytest

from service.facts.types import Fact, Number, YesNo
from service.facts.vocabulary import ALWAYS_THERE, Vocabulary

WANTS = Fact(name="wants", type=YesNo(), label="has asked")
VOCABULARY = Vocabulary({"wants": WANTS})


def test_a_name_is_known_when_it_is_declared_or_always_there() -> None:
    """Undeclared facts never reach a rule."""
    assert "wants" in VOCABULARY
    assert "to.grade" in VOCABULARY
    assert "want" not in VOCABULARY


def test_a_name_gives_its_fact() -> None:
    """Declared facts and those always there are spoken of in the same way."""
    assert VOCABULARY["wants"] is WANTS
    assert isinstance(VOCABULARY["from.grade"].type, Number)
    with pytest.raises(KeyError):
        VOCABULARY["want"]


def test_nobody_is_advised_to_change_what_is_always_there() -> None:
    """The day, the track and the level are the request itself."""
    assert not any(fact.can_change for fact in ALWAYS_THERE.values())


def test_what_is_always_there_is_named_by_its_key() -> None:
    """Verdicts name facts by the name that policies use."""
    assert [fact.name for fact in ALWAYS_THERE.values()] == list(ALWAYS_THERE)
