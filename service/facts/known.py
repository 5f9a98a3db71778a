"""What is known of a value: exactly, between two bounds, or not at all; and which facts would settle it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from service.facts.calendar import Duration


class Known(NamedTuple):
    """A value known to lie from `low` to `high`; None is an open end.

    `missing` holds the JSON pointers of the facts that would settle it, and is empty exactly when low equals
    high. Values without an order (text, choice without order, lists) are either certain or wholly unknown.
    """

    low: Any
    high: Any
    missing: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        return not self.missing

    @property
    def value(self) -> Any:
        """The value, when it is certain."""
        return self.low


_made = tuple.__new__  # what `Known(...)` comes to in the end; by far most of what is known is certain


def exactly(value: Any) -> Known:
    return _made(Known, (value, value, ()))


def unknown(missing: Iterable[str]) -> Known:
    return Known(None, None, tuple(dict.fromkeys(missing)))


def between(low: Any, high: Any, missing: Iterable[str]) -> Known:
    """A value somewhere from `low` to `high`; certain after all when both are the same."""
    missing = tuple(dict.fromkeys(missing))
    if low is not None and low == high and not (missing and isinstance(low, Duration) and low.anchors):
        return Known(low, low)
    return Known(low, high, missing)  # so many days, but perhaps counted from different days
