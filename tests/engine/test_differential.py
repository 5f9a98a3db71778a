"""durable-rules against the reference: random levels × random candidates, and not one difference.

100,000 pairs in every run, spread over chunks so that they run side by side; 1,000,000 others in `make soak`.
A run that compared little would prove little, so what was used and what came out is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any, get_args

import pytest

from service.engine import compile as compiling
from service.engine import evaluate as evaluating
from service.engine import measures, reference
from service.engine.compile import Plan, compile_level
from service.engine.durable import DurableEngine
from service.engine.evaluate import Judgement, Outcome, Result, evaluate, judge
from service.engine.network import MET, UNKNOWN, UNMET, Measure, Network, Within, settle
from service.engine.scope import Scope
from service.errors import Disagreement
from service.policy.condition import Comparison, Form, GroupKind, Operator
from service.policy.mentions import Mentions
from service.policy.model import Level
from tests.engine.random_candidates import Candidates
from tests.engine.random_policies import FACTS, Writer

CHUNKS, SOAK_CHUNKS = 20, 200
POLICIES, CANDIDATES = 100, 50
MISSING = (0.0, 0.15, 0.4)

#: Everything that a level can be written with must really have been in what was compared.
WRITTEN = {
    *get_args(Operator), *get_args(Form), *get_args(GroupKind),
    "advisory", "applies_when", "unless", "waiver", "right-hand amount", "literal list", "list in an entry",
    "newest", "since", "until", "once_per", "at_most_per", "derived", "choose", "table", "bands",
    "plus", "minus", "times", "fiscal_quarter", "year_of", "highest", "lowest", "of several", "of one entry",
    "oldest", "records in an entry", "full", "breaks", "average", "period_start", "next_period",
} - {"fact"}  # fmt: skip


class Settler:
    """Decides a network by what it means, where durable-rules is not what is tested."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def decide(self, measures: Sequence[Measure]) -> str:
        return settle(self.network, measures)


def pairs(
    policies: range, candidates: int, used: Counter[str] | None = None
) -> Iterator[tuple[Level, Candidates, Scope]]:
    """Random levels, each with so many random candidates for it."""
    for seed in policies:
        chance = Random(seed)
        writer = Writer(chance, used)
        level = writer.level(chance.choice((3, 4, 5)))
        drawn = Candidates(chance, writer.pool, level)
        for number in range(candidates):
            yield level, drawn, drawn.candidate(MISSING[number % 3])


class Tally:
    """What was compared."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()
        self.letters: Counter[str] = Counter()
        self.results: Counter[str] = Counter()
        self.comparisons = self.pairs = self.ranges = 0

    def add(self, plan: Plan, judgement: Judgement, told: list[Measure]) -> None:
        self.pairs += 1
        self.comparisons += len(plan.conditions) + len(plan.passings) + 1
        self.results.update(result for _, result in judgement.results)
        self.results[judgement.outcome] += 1
        self.letters.update(judgement.letter(condition) for condition, _ in plan.conditions)
        self.ranges += sum(measure is not None and measure[0] < measure[1] for measure in told)


class Recorder:
    """Hands measures on to durable-rules and remembers them."""

    def __init__(self, network: Network) -> None:
        self.engine = DurableEngine(network)
        self.told: list[Measure] = []

    def decide(self, measures: list[Measure]) -> str:
        self.told = measures
        return self.engine.decide(measures)


def compare(policies: range) -> Tally:
    """Let durable-rules decide each pair and the reference confirm it; a `Disagreement` is not caught."""
    tally = Tally()
    plan: Plan | None = None
    for level, _, scope in pairs(policies, CANDIDATES, tally.used):
        if plan is None or plan.level is not level:
            plan = compile_level(level)
            recorder = Recorder(plan.network)
        tally.add(plan, evaluate(plan, recorder, scope), recorder.told)
        assert recorder.engine.rebuilds == 0
    return tally


def assert_thorough(tally: Tally) -> None:
    print(
        f"{tally.pairs} pairs, {tally.comparisons} comparisons, {tally.ranges} ranges, {dict(tally.letters)}"
    )
    assert tally.pairs == POLICIES * CANDIDATES
    assert tally.comparisons > 15 * tally.pairs
    assert tally.ranges > tally.pairs / 4
    assert {what for what in WRITTEN if not tally.used[what]} == set()
    assert set(tally.letters) == {MET, UNMET, UNKNOWN}
    assert set(tally.results) == {*get_args(Result), *get_args(Outcome)}
    assert min(tally.results.values()) > 40


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_durable_rules_and_the_reference_never_differ(chunk: int) -> None:
    """Every condition, every requirement and every outcome, for whatever is written and whatever is told."""
    assert_thorough(compare(range(chunk * POLICIES, (chunk + 1) * POLICIES)))


@pytest.mark.soak
@pytest.mark.parametrize("chunk", range(CHUNKS, CHUNKS + SOAK_CHUNKS))
def test_durable_rules_and_the_reference_never_differ_in_a_million_pairs(chunk: int) -> None:
    """The same, with ten times as many that nobody has seen before."""
    assert_thorough(compare(range(chunk * POLICIES, (chunk + 1) * POLICIES)))


# ── would a mistake be noticed? ─────────────────────────────────────────────────────────────────────────────


def _strict_interval(op: str, bounds: list[int]) -> tuple[int | None, int | None]:
    low, high = INTERVAL(op, bounds)
    return (low + 1 if low is not None and op == "at_least" else low), high


def _lenient_interval(op: str, bounds: list[int]) -> tuple[int | None, int | None]:
    low, high = INTERVAL(op, bounds)
    return low, (high + 1 if high is not None and op == "before" else high)


def _whole_numbers(value: Any, places: int) -> int:
    return POSITION(int(value), places)


def _no_half_known(known: Any, number: Any, outside: int) -> Measure:
    measure = NUMBERED(known, number, outside)
    return measure if measure is None else (measure[0], measure[0])


def _one_more(self: Any, needed: int, of: list[int]) -> int:
    return AT_LEAST(self, min(needed + 1, len(of)), of)


def _forgets_unless(self: Any, requirement: Any) -> int:
    return REQUIREMENT(self, replace(requirement, unless=None))


def _unknown_is_false(condition: Any, scope: Scope, frame: Any) -> Any:
    letter, missing = JUDGE(condition, scope, frame)
    return (letter, missing) if letter != UNKNOWN else (UNMET, ())


def _loosely(op: str, low: Any, high: Any, right_low: Any, right_high: Any) -> str:
    return ORDERED(
        {"more_than": "at_least", "after": "on_or_after"}.get(op, op), low, high, right_low, right_high
    )


def _unknown_is_another(left: Any, right: list[Any]) -> str:
    return EQUAL(left, right) if left.certain else UNMET


def _waived_anyway(requirement: Any, scope: Scope) -> Result:
    found = RESULT_OF(requirement, scope)
    return "waived" if found == "unmet" and requirement.waiver else found


INTERVAL, POSITION, NUMBERED = measures._interval, measures._position, measures._numbered
AT_LEAST, REQUIREMENT = compiling._Builder.at_least, compiling._Builder.requirement
JUDGE, ORDERED, EQUAL = reference._judge, reference._ordered, reference._equal_to_any
RESULT_OF = evaluating.result_of


@pytest.mark.parametrize(
    ("place", "name", "mistake"),
    [
        (measures, "_interval", _strict_interval),
        (measures, "_interval", _lenient_interval),
        (measures, "_position", _whole_numbers),
        (measures, "_numbered", _no_half_known),
        (compiling._Builder, "at_least", _one_more),
        (compiling._Builder, "requirement", _forgets_unless),
        (reference, "_judge", _unknown_is_false),
        (reference, "_ordered", _loosely),
        (reference, "_equal_to_any", _unknown_is_another),
        (evaluating, "result_of", _waived_anyway),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_mistake_on_either_side_is_noticed(
    place: Any, name: str, mistake: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison that cannot fail proves nothing: each of these small mistakes is found within a few
    levels."""
    monkeypatch.setattr(place, name, mistake)
    with pytest.raises(Disagreement):
        confirm_all(range(150))


def confirm_all(policies: range) -> None:
    for level, _, scope in pairs(policies, 20):
        plan = compile_level(level)
        evaluate(plan, Settler(plan.network), scope)


def test_a_wrong_letter_of_the_engine_is_noticed_wherever_it_stands() -> None:
    """No node of the network is decided without being confirmed."""
    for level, _, scope in pairs(range(20), 2):
        plan = compile_level(level)
        letters = settle(plan.network, plan.measured(scope))
        seen = {node if node >= 0 else ~node for _, node in plan.conditions}
        seen |= {passing.passed for passing in plan.passings} | {plan.outcome}
        for node in {node if node >= 0 else ~node for node in seen}:
            for letter in {MET, UNMET, UNKNOWN} - {letters[node]}:
                wrong = letters[:node] + letter + letters[node + 1 :]
                with pytest.raises(Disagreement):
                    evaluate(plan, Scripted(wrong), scope)


class Scripted:
    """Decides as it was told."""

    def __init__(self, letters: str) -> None:
        self.letters = letters

    def decide(self, measures: list[Measure]) -> str:  # noqa: ARG002 - it answers whatever is asked
        return self.letters


# ── what must not matter ────────────────────────────────────────────────────────────────────────────────────


def shape(level: Level, scope: Scope) -> Any:
    """All that a judgement says: results, outcome, and what would settle each requirement."""
    judgement = judge(level, scope)
    return judgement.outcome, [
        (asked.id, result, judgement.missing(asked.condition)) for asked, result in judgement.results
    ]


def anew(scope: Scope, facts: dict[str, Any]) -> Scope:
    return Scope(facts=facts, as_of=scope.as_of, truth=scope.truth, waivers=scope.waivers)


def backwards(value: Any) -> Any:
    """The same with the fields of every entry in the opposite order."""
    if isinstance(value, tuple):
        return tuple(map(backwards, value))
    if isinstance(value, dict):
        return dict(reversed(list(value.items())))
    return value


def test_the_order_of_facts_and_fields_does_not_matter() -> None:
    """JSON objects have no order, so no order may decide anything."""
    for level, _, scope in pairs(range(60), 6):
        turned = {name: backwards(value) for name, value in reversed(list(scope.facts.items()))}
        assert shape(level, anew(scope, turned)) == shape(level, scope)


def test_a_fact_that_no_policy_declares_does_not_matter() -> None:
    """Undeclared facts never reach a rule."""
    for level, _, scope in pairs(range(60), 6):
        more = {"undeclared": 1, **scope.facts, "trainings.hours": 3}
        assert shape(level, anew(scope, more)) == shape(level, scope)


def test_a_fact_that_a_level_does_not_mention_does_not_matter() -> None:
    """Advice and coverage rest on knowing what a condition depends on."""
    changed = 0
    for level, drawn, scope in pairs(range(60), 6):
        mentioned = Mentions().of_level(level)
        others = {name: drawn.told(FACTS[name], 0.3) for name in FACTS if name not in mentioned}
        changed += len(others)
        assert shape(level, anew(scope, {**scope.facts, **others})) == shape(level, scope)
    assert changed > 500


def test_whole_levels_have_leaves_of_every_shape() -> None:
    """One-sided, two-sided and exact; certain and ranged: durable-rules has rules of its own for each."""
    shapes = Counter(
        (node.at_least is None, node.at_most is None, node.at_least == node.at_most, node.ranged)
        for level, _, _ in pairs(range(100), 1)
        for node in compile_level(level).network.nodes
        if isinstance(node, Within)
    )
    assert len(shapes) == 8
    assert min(shapes.values()) >= 3


def test_every_comparison_is_held_against_its_own_words() -> None:
    """The generator writes conditions as the loader does: quantifiers are counts, and each has a place."""
    kinds: Counter[str] = Counter()
    for level, _, _ in pairs(range(100), 1):
        for condition, _ in compile_level(level).conditions:
            assert condition.place is not None
            if isinstance(condition, Comparison):
                kinds[condition.form] += 1
    assert set(kinds) == set(get_args(Form))
