"""All the tests of a folder, run: tests and a judge in; every result, and what was covered, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from service.simulate.coverage import Coverage
from service.simulate.model import Checked, PolicyTest, State
from service.simulate.run import run
from service.verdict.judge import Judge

FAILING: tuple[State, ...] = ("failed", "overdue")


@dataclass(frozen=True, slots=True)
class Suite:
    """What came out of a whole folder of tests."""

    checked: tuple[Checked, ...]  #: by file and line
    coverage: Coverage

    @property
    def counts(self) -> Counter[State]:
        """How many cases passed, failed, were skipped, and are skipped for too long."""
        return Counter(each.state for each in self.checked)

    @property
    def failing(self) -> list[Checked]:
        return [each for each in self.checked if each.state in FAILING]

    @property
    def percent(self) -> Decimal:
        """How much of what can come out was seen; rounded down, so that 100 is all of it."""
        return percent(*self.coverage.total)


def percent(seen: int, of: int) -> Decimal:
    """A share in percent with one decimal, rounded down; nothing to see is all seen.

    >>> percent(2, 3), percent(999_999, 1_000_000), percent(0, 0)
    (Decimal('66.6'), Decimal('99.9'), Decimal('100.0'))
    """
    share = Decimal(100) if of == 0 else Decimal(100 * seen) / of
    return share.quantize(Decimal("0.1"), ROUND_DOWN)


def run_all(
    tests: Iterable[PolicyTest], judge: Judge, *, today: date, each: Callable[[], None] = lambda: None
) -> Suite:
    """Run policy tests one after the other.

    Args:
        tests: In the order in which they shall be reported.
        judge: The policies that they are about.
        today: Ends skips whose day has passed.
        each: Called after every case.

    Raises:
        EngineError: the engine could not decide with certainty.
    """
    coverage = Coverage(judge.policies)
    checked = []
    for test in tests:
        checked.append(run(test, judge, coverage, today))
        each()
    return Suite(tuple(checked), coverage)
