"""A failing case in words: what was expected, what was found, and the lines of the test and of the policy."""

from __future__ import annotations

from collections.abc import Iterator

from service.policy.condition import Place
from service.simulate.model import Checked, Difference


def differences_said(checked: Checked, folder: str) -> Iterator[str]:
    """Each difference of a failing case on a line of its own, with what was found below it."""
    for difference in checked.differences:
        yield headline(difference)
        yield f"    {lines_of(difference, folder)}"
        for line in difference.because:
            yield f"      {line}"


def headline(difference: Difference) -> str:
    """`manager-training`: expected met, found unmet."""
    return f"{difference.what}: expected {difference.expected}, found {difference.found}"


def lines_of(difference: Difference, folder: str) -> str:
    """Where the test says so, and where the policy."""
    said = f"test {_at(difference.test, folder)}"
    return said if difference.policy is None else f"{said}, policy {_at(difference.policy, folder)}"


def _at(place: Place, folder: str) -> str:
    return f"{folder}/{place.file}:{place.line}"
