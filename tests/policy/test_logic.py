"""The logic that promises and advice rest on: what it calls impossible never happens, and the obvious is
found.

It is held against the engine's reference with random levels and candidates: whatever is so of somebody must
be called possible, for each condition, for each requirement and for all of them together.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.engine.evaluate import judge
from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.reference import truth
from service.facts.vocabulary import Vocabulary
from service.policy import possible
from service.policy.goals import World, one, passes, stands
from service.policy.logic import Logic
from service.policy.mentions import conditions_of
from tests.engine.random_candidates import Candidates
from tests.engine.random_policies import FACTS, Writer
from tests.policy.folders import BASE, condition, loaded

ANSWERS = {MET: possible.MET, UNMET: possible.UNMET, UNKNOWN: possible.UNKNOWN}
VOCABULARY = Vocabulary(FACTS)
SMALL = loaded(BASE).vocabulary
CASES = yaml.safe_load((Path(__file__).parent / "logic.yaml").read_text(encoding="utf-8"))


@given(st.integers(0, 2**32))
def test_whatever_is_so_of_somebody_is_possible(seed: int) -> None:
    """`no` is called proved, and a promise or a piece of advice stands on it: it may never be wrong."""
    chance = Random(seed)
    writer = Writer(chance)
    level = writer.level(4)
    candidates = Candidates(chance, writer.pool, level)
    told = {"to.track": level.track, "to.level": level.level, "to.place": level.name, "to.grade": level.grade}
    logic = Logic(VOCABULARY, World(told))
    asked = [each for requirement in level.requires for each in conditions_of(requirement)]
    for _ in range(5):
        scope = candidates.candidate(chance.choice((0, 0.2, 0.5)))
        so = [one(each, frozenset({ANSWERS[truth(each, scope)[0]]})) for each in asked]
        assert all(logic.can([each]) for each in so)
        assert logic.can(so)
        for requirement, result in judge(level, scope).results:
            if result in ("met", "not_applicable"):
                assert logic.can([passes(requirement)])
            elif result != "waived":
                assert logic.can(stands(requirement))


def test_much_that_is_impossible_is_found() -> None:
    """A logic that called everything possible would pass the law above, and prove nothing."""
    found: Counter[bool] = Counter()
    for seed in range(60):
        level = Writer(Random(seed)).level(5)
        logic = Logic(VOCABULARY, World())
        for requirement in level.requires:
            for want in (possible.YES, possible.NO, possible.OPEN):
                found[logic.can([one(requirement.condition, want)])] += 1
    assert found[False] > found[True] / 50


def possible_so(lines: str, want: possible.Want = possible.YES) -> bool:
    """Whether a condition can give one of the answers wanted, in the small folder of the loader's tests."""
    asked = condition(lines)
    return Logic(SMALL, World()).can([one(asked, want)])


@pytest.mark.parametrize("lines", CASES["impossible"])
def test_what_excludes_itself_is_impossible(lines: str) -> None:
    """Each of these is one somebody could write by accident."""
    assert not possible_so(lines)


@pytest.mark.parametrize("lines", CASES["possible"])
def test_what_can_be_is_possible(lines: str) -> None:
    """Also where two limits touch, and where two amounts look alike; the last one is not seen through."""
    assert possible_so(lines)


def test_an_answer_that_is_certain_is_never_unknown() -> None:
    """`is_known` always has an answer; a comparison of a fact that may be missing does not."""
    assert not possible_so("fact: points\nis_known: yes", possible.OPEN)
    assert possible_so("fact: points\nat_least: 3", possible.OPEN)


def test_a_search_that_takes_too_long_says_possible() -> None:
    """Only what is proved is impossible; a policy that is too large to see through is left in peace."""
    pairs = ", ".join(
        f"{{any_of: [{{fact: points, is: {n}}}, {{fact: city, is: town-{n}}}]}}" for n in range(16)
    )
    assert not possible_so(f"all_of: [{pairs}]")
