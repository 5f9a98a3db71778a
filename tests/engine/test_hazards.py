"""Each known danger of durable-rules, and why it cannot reach anybody through the adapter."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import combinations, count, pairwise
from pathlib import Path
from typing import Any

import durable_rules_engine
import pytest

from service.engine.durable import MOST_NODES, MOST_REFUSED, MOST_RULES, DurableEngine, Ruleset
from service.engine.network import BOUND, AtLeast, Measure, Network, Within, leaf_paths, settle
from service.errors import EngineFault
from tests.engine.bindings import Instead, Watched

HOUSE = Path(__file__).parents[2]
FORKED = Path(__file__).with_name("forked.py")
HEAP = Path(__file__).with_name("heap.py")

MIXED = Network(
    (
        Within(3, None),
        Within(3, 5),
        Within(4, 4),
        Within(3, 5, ranged=True),
        AtLeast(2, (0, 1, ~2)),
        AtLeast(1, (2, 3)),
        AtLeast(2, (4, ~5)),
    )
)
CASE: list[Measure] = [(4, 4), (6, 6), None, (2, 4)]
OTHER: list[Measure] = [(1, 1), None, (4, 4), (3, 5)]


def wide(leaf: Within) -> Network:
    """A network of 300 equal leaves, with a group for each, and one for them all."""
    groups = [AtLeast(1 + index % 2, (index, ~((index + 7) % 300))) for index in range(300)]
    return Network((*[leaf] * 300, *groups, AtLeast(100, tuple(range(300, 600)))))


def run(script: Path, *arguments: str, **environment: str) -> str:
    """What a script prints that must end well; it may crash, and that must not end the tests."""
    ended = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, "PYTHONPATH": str(HOUSE), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, f"ended with {ended.returncode}: {ended.stderr}"
    return ended.stdout


# -------------------------------------------------------------------------------------- limits of one ruleset

SHAPES = [
    Within(3, None),
    Within(3, 5),
    Within(4, 4),
    Within(None, 5, ranged=True),
    Within(3, 5, ranged=True),
]


@pytest.mark.parametrize("leaf", SHAPES)
def test_a_network_of_hundreds_is_split_over_rulesets(leaf: Within) -> None:
    """65 conditions that hold for one fact are an error, and 512 beside each other hang the process."""
    network = wide(leaf)
    chance = random.Random(1)
    with closing(DurableEngine(network)) as engine:
        for measure in (None, (2, 2), (4, 4), (6, 6)):
            case: list[Measure] = [measure] * 300
            assert engine.decide(case) == settle(network, case)
        mixed: list[Measure] = [
            chance.choice([None, (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)]) for _ in range(300)
        ]
        assert engine.decide(mixed) == settle(network, mixed)


def test_every_ruleset_stays_far_from_the_limits_of_the_engine() -> None:
    """The rules themselves, for wide networks of each shape, against the limits that were measured."""
    binding = Watched()
    for leaf in SHAPES:
        DurableEngine(wide(leaf), binding).close()
    assert len(binding.rules) > 100
    for rules in binding.rules:
        paths = re.findall(r'\{"k":1\},(.*?)\]\}', rules)
        assert rules.count('"k":1') == len(paths) + 1, "every rule is guarded, the last by that alone"
        assert len(paths) <= MOST_RULES
        assert len(re.findall(r'"a\d+":', rules)) <= 3 * MOST_RULES < 511
        assert rules.count("$nex") <= MOST_NODES < 127
        assert len(set(re.findall(r'"a\d+":', rules))) <= 2 * MOST_NODES < 250
        assert len(set(paths)) == len(paths), (
            "256 rules that end in one condition crash, or fire another rule"
        )


def test_a_ruleset_that_is_too_large_is_refused_before_it_is_built() -> None:
    """A failed build leaks a megabyte, and some that succeed hang later; so the limit is checked first."""
    binding = Watched()
    path = leaf_paths(Within(3, None), 0, 0)
    for paths in ([path] * (MOST_NODES + 1), [path * 12] * 3):
        with pytest.raises(EngineFault, match="do not fit"):
            Ruleset(paths, "{}", binding)
    assert binding.rules == []


def test_more_leaves_at_once_than_the_stack_holds_decide_right() -> None:
    """In one ruleset each of these would take a place on the engine's stack of 64; split, none comes near."""
    network = Network((*[Within(3, 5)] * 65, AtLeast(65, tuple(range(65)))))
    case: list[Measure] = [(5, 5)] * 65
    with closing(DurableEngine(network)) as engine:
        assert engine.decide(case) == "M" * 66
        assert engine.decide([*case[:-1], (6, 6)]) == "M" * 64 + "NN"


# ------------------------------------------------------------------------------------ what the engine may see


def test_only_whole_numbers_under_names_of_ours_reach_the_engine() -> None:
    """Strings, exponents, NaN, nesting and names of callers are where it errs or crashes; there are none.

    Whole numbers also look alike under every locale, while the engine reads `0.5` as 0 under a German one.
    """
    binding = Watched()
    network = Network((Within(-BOUND, BOUND), *MIXED.nodes[1:]))
    with closing(DurableEngine(network, binding)) as engine:
        engine.decide(CASE)
        engine.decide([(-BOUND, -BOUND), (BOUND, BOUND), (-1, -1), (-BOUND, BOUND)])
    fact = re.compile(r'\{"sid":"1","id":"f","k":1(,"a\d+":(0|-?[1-9]\d{0,15}))*\}')
    condition = r'\{("\$(lt|lte|gt|gte|neq|nex)":\{)?"a\d+":(0|-?[1-9]\d{0,15})\}?\}'
    rule = rf'"[MNU][a-z]":\{{"all":\[\{{"m":\{{"\$and":\[\{{"k":1\}}(,{condition})+\]\}}\}}\]\}}'
    ruleset = re.compile(rf'\{{({rule},)+"Z[a-z]":\{{"all":\[\{{"m":\{{"k":1\}}\}}\],"pri":9\}}\}}')
    assert [text for text in binding.facts if not fact.fullmatch(text)] == []
    assert [text for text in binding.rules if not ruleset.fullmatch(text)] == []
    assert len(binding.facts) > 20


class Whole(int):
    """A number that is not quite one."""


@pytest.mark.parametrize(
    "measure",
    [
        (BOUND + 1, BOUND + 1),
        (-BOUND - 1, 0),
        (10**30, 10**30),
        (True, True),
        (0, True),
        (1.0, 1.0),
        (float("nan"), float("nan")),
        (float("inf"), float("inf")),
        ("3", "3"),
        "33",
        (Whole(3), Whole(3)),
        (5, 4),
        (None, 3),
        (3,),
        (3, 3, 3),
        (),
        3,
        [3, 3],
        {3: 3},
    ],
    ids=repr,
)
@pytest.mark.parametrize("leaf", [0, 3])
def test_what_is_no_measure_is_refused_before_the_engine_sees_it(measure: Any, leaf: int) -> None:
    """To it `10` equals the text `1`, yes equals 1, and numbers beyond 64 bits saturate: so none gets in."""
    binding = Watched()
    with closing(DurableEngine(MIXED, binding)) as engine:
        asked = len(binding.facts)
        with pytest.raises(EngineFault, match=f"measure {leaf}"):
            engine.decide([*CASE[:leaf], measure, *CASE[leaf + 1 :]])
        assert len(binding.facts) == asked
        assert engine.decide(CASE) == settle(MIXED, CASE)
        assert engine.rebuilds == 0, "a wrong measure is the caller's fault and spoils nothing"


def test_a_range_for_a_leaf_made_for_single_numbers_is_refused() -> None:
    """Such a leaf reads one attribute; half of the range would be lost in silence."""
    with (
        closing(DurableEngine(MIXED)) as engine,
        pytest.raises(EngineFault, match="measure 0 is a range"),
    ):
        engine.decide([(2, 4), *CASE[1:]])


@pytest.mark.parametrize("given", [0, 3, 5])
def test_too_few_or_too_many_measures_are_refused(given: int) -> None:
    """The others would be read by their neighbours' leaves."""
    with closing(DurableEngine(MIXED)) as engine, pytest.raises(EngineFault, match=f"given {given}"):
        engine.decide((CASE * 2)[:given])


def fnv(name: str) -> int:
    """The 32 bits by which durable-rules tells names apart."""
    number = 2166136261
    for byte in name.encode():
        number = (number ^ byte) * 16777619 % 2**32
    return number


def test_no_two_names_that_the_engine_sees_have_the_same_hash() -> None:
    """It compares names by 32 bits alone: `score` is `wbfrfjc` to it."""
    assert fnv("score") == fnv("wbfrfjc")
    own = [f"a{index}" for index in range(2 * MOST_NODES)]
    reserved = ["sid", "id", "k", "m", "all", "any", "pri", "count", "cap", "dist", "name"]
    reserved += ["$s", "$m", "$i", "$l", "$r", "$forward", "$time", "$timerName", "$baseTime"]
    reserved += ["$lt", "$lte", "$gt", "$gte", "$eq", "$neq", "$ex", "$nex", "$mt", "$imt", "$iall", "$iany"]
    reserved += ["$or", "$and", "$not", "$all", "$any", "$add", "$sub", "$mul", "$div", "time", "timerName"]
    names = own + reserved
    collisions = [(one, other) for one, other in combinations(names, 2) if fnv(one) == fnv(other)]
    assert collisions == []


# ------------------------------------------------------------------------------------- an engine made to fail

Misdeed = Callable[..., Any]


def fail(_real: Misdeed, *_arguments: Any) -> Any:
    raise durable_rules_engine.error("Could not do it, error code: 303")


def run_out_of_memory(_real: Misdeed, *_arguments: Any) -> Any:
    raise MemoryError


def say_that_the_fact_was_there(real: Misdeed, *arguments: Any) -> Any:
    return 2, real(*arguments)[1]


def say_that_nothing_matched(real: Misdeed, *arguments: Any) -> Any:
    return 1, real(*arguments)[1]


def have_nothing_more(_real: Misdeed, *_arguments: Any) -> Any:
    return None


def skip_one(real: Misdeed, *arguments: Any) -> Any:
    real(*arguments)
    return real(*arguments)


def leave_out_the_last(real: Misdeed, *arguments: Any) -> Any:
    firing = real(*arguments)
    return None if firing is None or firing.startswith('{"Z') else firing


def go_on_after_the_last(real: Misdeed, *arguments: Any) -> Any:
    return real(*arguments) or '{"Ma":{"sid":"1"}}'


def never_end(_real: Misdeed, *_arguments: Any) -> Any:
    return '{"Ma":{}}'


def fire_another(_real: Misdeed, *_arguments: Any) -> Any:
    return '{"Na":{"sid":"1"}}'


def fire_something_else(real: Misdeed, *arguments: Any) -> Any:
    firing = real(*arguments)
    return firing and '{"X' + firing[3:]


def say_nothing(_real: Misdeed, *_arguments: Any) -> Any:
    return ""


def say_something_odd(_real: Misdeed, *_arguments: Any) -> Any:
    return 7


MISDEEDS = [
    ("assert_fact", fail),
    ("assert_fact", run_out_of_memory),
    ("assert_fact", say_that_the_fact_was_there),
    ("assert_fact", say_that_nothing_matched),
    ("start_action_for_state", fail),
    ("start_action_for_state", have_nothing_more),
    ("complete_and_start_action", fail),
    ("complete_and_start_action", run_out_of_memory),
    ("complete_and_start_action", have_nothing_more),
    ("complete_and_start_action", skip_one),
    ("complete_and_start_action", leave_out_the_last),
    ("complete_and_start_action", go_on_after_the_last),
    ("complete_and_start_action", never_end),
    ("complete_and_start_action", fire_another),
    ("complete_and_start_action", fire_something_else),
    ("complete_and_start_action", say_nothing),
    ("complete_and_start_action", say_something_odd),
    ("delete_state", fail),
]


def after(calls: int, instead: Instead, until: int = sys.maxsize) -> Instead:
    """The real function for so many calls, then something else, then the real one again."""
    counted = count()

    def sometimes(real: Misdeed, *arguments: Any) -> Any:
        return instead(real, *arguments) if calls <= next(counted) < until else real(*arguments)

    return sometimes


@pytest.mark.parametrize("times", [1, 1000], ids=["once", "on and on"])
@pytest.mark.parametrize("calls", [0, 1, 2])
@pytest.mark.parametrize(("function", "misdeed"), MISDEEDS)
def test_a_fault_gives_no_answer_and_the_next_question_is_answered_right(
    function: str, misdeed: Misdeed, calls: int, times: int
) -> None:
    """Whatever the engine does, in the first ruleset or a later one: no answer, and no lasting harm."""
    if misdeed in (leave_out_the_last, go_on_after_the_last):
        times = 1000  # they wait for the last firing, and do nothing before
    binding = Watched()
    with closing(DurableEngine(MIXED, binding)) as engine:
        binding.instead[function] = after(calls, misdeed, calls + times)
        with pytest.raises(EngineFault):
            engine.decide(CASE)
        binding.instead.clear()
        assert engine.decide(OTHER) == settle(MIXED, OTHER)
        assert engine.decide(CASE) == settle(MIXED, CASE)
        assert engine.rebuilds == 1
    assert binding.live == set(), "the spoilt rulesets are given back too"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_decision_spoils_the_rules_as_a_fault_does(interruption: type[BaseException]) -> None:
    """A worker told to stop may be stopped anywhere; what it leaves in the engine is nobody's answer."""

    def interrupt(_real: Misdeed, *_arguments: Any) -> Any:
        raise interruption

    binding = Watched()
    with closing(DurableEngine(MIXED, binding)) as engine:
        binding.instead["complete_and_start_action"] = after(2, interrupt)
        with pytest.raises(interruption):
            engine.decide(CASE)
        binding.instead.clear()
        assert engine.decide(OTHER) == settle(MIXED, OTHER)
        assert engine.rebuilds == 1


@pytest.mark.parametrize(
    ("function", "misdeed", "calls"),
    [
        ("create_ruleset", fail, 0),
        ("assert_fact", fail, 0),
        ("assert_fact", fail, 9),
        *[(*m, 5) for m in MISDEEDS],
    ],
)
def test_rules_that_cannot_be_mended_yet_give_faults_until_they_can(
    function: str, misdeed: Misdeed, calls: int
) -> None:
    """Building anew can fail too, at its start, in priming or in its proof; each question tries again."""
    binding = Watched()
    with closing(DurableEngine(MIXED, binding)) as engine:
        binding.instead["assert_fact"] = after(0, fail)
        with pytest.raises(EngineFault):
            engine.decide(CASE)
        for _ in range(2):
            binding.instead = {function: after(calls, misdeed)}
            with pytest.raises(EngineFault):
                engine.decide(CASE)
        binding.instead.clear()
        assert engine.decide(CASE) == settle(MIXED, CASE)
        assert engine.rebuilds == 3


def test_rules_that_fail_again_and_again_are_built_ever_more_rarely_and_still_mended() -> None:
    """A build takes long and may leave a ruleset behind, so it is not tried at each question for hours; and
    once it works, answers come again without anybody's help."""
    binding = Watched()
    with closing(DurableEngine(MIXED, binding)) as engine:
        binding.instead["assert_fact"] = after(0, fail, 10**9)
        tried = []
        for question in range(1000):
            before = engine.rebuilds
            with pytest.raises(EngineFault):
                engine.decide(CASE)
            if engine.rebuilds > before:
                tried.append(question)
        assert tried[:6] == [1, 2, 3, 5, 8, 13]
        gaps = [later - earlier for earlier, later in pairwise(tried)]
        assert gaps == sorted(gaps)
        assert gaps[-1] == MOST_REFUSED + 1
        binding.instead.clear()
        for _ in range(MOST_REFUSED):
            with suppress(EngineFault):
                engine.decide(CASE)
        assert engine.decide(CASE) == settle(MIXED, CASE)
        assert engine.decide(OTHER) == settle(MIXED, OTHER)


@pytest.mark.parametrize(
    ("function", "misdeed", "calls"),
    [
        ("create_ruleset", fail, 0),
        ("create_ruleset", fail, 2),
        *((*m, calls) for m in MISDEEDS for calls in (0, 1, 40)),
    ],
)
def test_rules_that_do_not_work_from_the_start_are_never_offered(
    function: str, misdeed: Misdeed, calls: int
) -> None:
    """A policy set is swapped in only when all of its levels decide, so a fault at load changes nothing."""
    binding = Watched()
    binding.instead[function] = after(calls, misdeed)
    with pytest.raises(EngineFault):
        DurableEngine(MIXED, binding)
    assert len(binding.live) <= 1, "all are given back but one that may not be"


@pytest.mark.parametrize(("function", "misdeed"), MISDEEDS)
def test_a_ruleset_that_fails_its_first_fact_is_left_behind(function: str, misdeed: Misdeed) -> None:
    """Its state holds uninitialised pointers; to delete it would free them, where a leak is harmless."""
    binding = Watched()
    binding.instead[function] = after(0, misdeed)
    with pytest.raises(EngineFault):
        DurableEngine(MIXED, binding)
    assert len(binding.live) == 1
    (handle,) = binding.live
    assert binding.calls["delete_ruleset", handle] == 0
    assert binding.calls["delete_state", handle] <= 1, "at the end of a whole evaluation, and never again"


# ----------------------------------------------------------------------------------- memory that is not clean


@pytest.mark.parametrize("perturb", ["0", "165", "255"])
def test_a_dirty_heap_and_states_that_were_never_primed_do_not_crash(perturb: str) -> None:
    """The engine can free pointers it never set; here all blocks hold old bytes, and faults come anywhere."""
    run(HEAP, "dirty", MALLOC_PERTURB_=perturb)


@pytest.mark.parametrize("what", ["build", "decide", "mend"])
def test_memory_stays_flat(what: str) -> None:
    """1,500 reloads, 30,000 decisions, 500 faults: a ruleset not given back keeps 124 kB, a state 75 kB."""
    assert float(run(HEAP, what)) < 8


# -------------------------------------------------------------------------------------- threads and processes


@pytest.fixture
def hectic() -> Iterator[None]:
    """Threads take turns after nearly every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hectic")
def test_threads_on_one_engine_get_their_own_answers() -> None:
    """All use one state in the engine, in turn; two at once would crash, or read each other's firings."""
    wrong: list[object] = []
    with closing(DurableEngine(MIXED)) as engine:

        def ask(seed: int) -> None:
            chance = random.Random(seed)
            try:
                for _ in range(150):
                    numbers = [chance.randint(1, 7) for _ in CASE]
                    case: list[Measure] = [chance.choice([None, (number, number)]) for number in numbers]
                    if engine.decide(case) != settle(MIXED, case):
                        wrong.append(case)
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert engine.rebuilds == 0
    assert wrong == []


@pytest.mark.usefixtures("hectic")
def test_closing_under_a_decision_gives_right_answers_then_faults() -> None:
    """A reload closes the old rules while requests still hold them; those ask again, of the new ones."""
    for _ in range(20):
        engine = DurableEngine(MIXED)
        started = threading.Barrier(5)
        answers: list[str] = []

        def ask(
            engine: DurableEngine = engine, started: threading.Barrier = started, answers: list[str] = answers
        ) -> None:
            started.wait()
            with suppress(EngineFault):
                for _ in range(10_000):
                    answers.append(engine.decide(CASE))
            answers.append("fault")

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        started.wait()
        while len(answers) < 8:
            pass
        engine.close()
        for thread in threads:
            thread.join()
        assert set(answers) == {settle(MIXED, CASE), "fault"}
        assert answers.count("fault") == 4


def test_rules_built_before_a_fork_work_in_every_child() -> None:
    """Workers are forked when the policies are loaded, and may be while a thread decides.

    The child of such a fork has half an evaluation in its engine, under a lock that nobody will release.
    """
    lines = sorted(run(FORKED).splitlines())
    assert lines == [
        "at rest's child: 0 wrong, 0 rebuilt",
        "at rest: 0 wrong, 0 rebuilt",
        "parent: 0 wrong, 0 rebuilt",
        "within a decision's child: 0 wrong, 1 rebuilt",
        "within a decision: 0 wrong, 1 rebuilt",
    ]
