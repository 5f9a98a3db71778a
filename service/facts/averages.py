"""Averages of numbers that may be only partly known; entries that count or may count in, `Known` out.

An average is the one amount that need not end after some decimal places. It is cut after `PLACES` of them, or
rounded where the policy says so: half a place is rounded up.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any, Final

from service.facts.known import Known, between, exactly, unknown
from service.facts.totals import EXACT, Item, plus
from service.facts.types import NOTHING

PLACES: Final = 15  #: so many that no entry of a thousand and no figure of a policy tells two averages apart


def average(items: Iterable[Item], places: int | None) -> Known:
    """The average of the amounts; NOTHING where there is no entry."""
    held = [item for item in items if item.amount.low is not NOTHING]
    missing = [pointer for item in held for pointer in (*item.missing, *item.amount.missing)]
    if not held:
        return exactly(NOTHING)
    if not any(item.certain for item in held):
        return unknown(missing)  # it may turn out to be of nothing
    low = _least([(item.amount.low, item.certain) for item in held], 1, places)
    high = _least([(item.amount.high, item.certain) for item in held], -1, places)
    return between(low, high, missing)


def _least(told: list[tuple[Any, bool]], sign: int, places: int | None) -> Any:
    """The least average there can be (the greatest, for `sign` -1); None where it has no end."""
    if any(value is None for value, _ in told):
        return None
    total, n = 0, 0
    for value, certain in told:
        if certain:
            total, n = plus(total, value), n + 1
    for value in sorted((value for value, certain in told if not certain), reverse=sign < 0):
        if sign * Fraction(value) * n >= sign * Fraction(total):
            break  # it, and those after it, would not bring the average further down
        total, n = plus(total, value), n + 1
    return share(total, n, places)


def share(total: int | Decimal, n: int, places: int | None) -> int | Decimal:
    """One of `n` equal parts, rounded to some decimal places, or cut after `PLACES`.

    >>> share(10, 4, None), share(10, 4, 0), share(12, 4, 1), share(10, 3, 2)
    (Decimal('2.5'), 3, 3, Decimal('3.33'))
    """
    scale: int = 10 ** (PLACES if places is None else places)
    scaled = Fraction(total) / n * scale
    whole = floor(scaled if places is None else scaled + Fraction(1, 2))
    if whole % scale == 0:
        return whole // scale
    return EXACT.divide(Decimal(whole), Decimal(scale)).normalize(EXACT)
