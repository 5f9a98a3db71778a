"""The page on changing a policy lists what can be promised, and nothing else."""

from __future__ import annotations

import re

from service.policy.charter import SENTENCES, SKILLED
from tests.docs.examples import rows_below

PAGE = "changing-a-policy.md"


def test_every_sentence_of_the_charter_is_listed_with_what_it_needs() -> None:
    """A promise in other words is refused, so the words must be found somewhere."""
    first, *_ = SKILLED
    wanted = {said: set(needs) for said, needs in SENTENCES.items() if said not in SKILLED or said == first}
    listed = {
        re.sub(r" \(or .*\)$", "", said): set(re.findall(r"`(\w+)`", needs))
        for said, needs in rows_below(PAGE, "<!-- promises -->")
    }
    assert listed == wanted
