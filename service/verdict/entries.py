"""Which entries count: a comparison over records or a list in; its entries sorted by whether they match, out.

An entry matches when it is what the condition speaks of: for `some`, `no`, `count` and sums, when `where`
holds; for `every`, `latest` and `for_each`, when what they ask of each entry holds. Entries dated after
`as_of` have not happened and are named nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.engine.network import MET, OPPOSITE, UNKNOWN, UNMET
from service.engine.scope import both
from service.engine.values import amount, looked_at
from service.facts.known import Known
from service.facts.types import Records
from service.policy.condition import (
    Average,
    Comparison,
    Constant,
    Count,
    Derived,
    Expression,
    Extreme,
    FactRef,
    Sum,
    TimeIn,
    type_of,
)
from service.verdict.plain import plain
from service.verdict.telling import Telling

#: No more entries are named under each heading; a reader would not look at more.
MOST_NAMED = 20

Sorted = dict[str, list[Any]]
Sorting = Callable[[Known, Telling], Sorted]


def sorting(comparison: Comparison) -> Sorting | None:
    """What sorts the entries of a comparison, given what is known of its amount; None where it has none.

    Entries are named by their pointers, items of a list in the policy by themselves.
    """
    gathered = gathered_in(comparison.left)
    if gathered is None:
        return None
    entries = gathered.entries
    has = gathered.has if isinstance(gathered, Count) else None
    lacking = comparison.form in ("every", "for_each")  # these count the entries that lack what is asked
    of_each = lacking or comparison.form == "latest"
    plainly = isinstance(gathered, Count) and gathered.once_per is None and gathered.ceiling is None
    one_by_one = entries.newest is not None or (of_each and entries.where is not None) or not plainly
    pointers_in = _pointers(entries.of)

    def sort_out(known: Known, telling: Telling) -> Sorted:
        if not amount(entries.of, telling.scope).certain:
            return {"matching": [], "not_matching": [], "unknown": []}
        pointers = pointers_in(telling)
        if not one_by_one and known.certain and known.low in (0, len(pointers)):
            matching = (known.low != 0) is not lacking
            return _under_headings(dict.fromkeys(pointers, MET if matching else UNMET))
        letters: dict[Any, str] = {} if of_each else dict.fromkeys(pointers, UNMET)
        for inner, letter, _ in looked_at(entries, telling.scope, ()):
            if has is not None:
                letter = both((letter, ()), telling.scope.holds(has, inner))[0]
            letters[inner[0][0]] = OPPOSITE[letter] if lacking else letter
        return _under_headings(letters)

    if isinstance(entries.of, Constant) and isinstance(entries.of.value, tuple):
        return _by_name(sort_out, [plain(item) for item in entries.of.value])
    return sort_out


def gathered_in(amount: Expression) -> Count | Sum | TimeIn | Extreme | Average | None:
    """The amount over entries that an amount is, perhaps under the name of a derived fact."""
    while isinstance(amount, Derived):
        amount = amount.of
    return amount if isinstance(amount, Count | Sum | TimeIn | Extreme | Average) else None


def _pointers(of: Expression) -> Callable[[Telling], list[str]]:
    while isinstance(of, Derived):
        of = of.of
    if isinstance(of, Constant) and isinstance(of.value, tuple):
        written = [f"/{index}" for index in range(len(of.value))]
        return lambda telling: written  # noqa: ARG005 - what the policy lists is the same for everybody
    if not isinstance(of, FactRef):
        return lambda telling: []  # noqa: ARG005 - what is calculated has no place in the request
    kind, name = type_of(of), of.name
    dated_by = kind.dated_by if isinstance(kind, Records) else None
    return lambda telling: telling.happened(name, dated_by)


def _under_headings(letters: dict[Any, str]) -> Sorted:
    found: dict[str, list[Any]] = {MET: [], UNMET: [], UNKNOWN: []}
    for name, letter in letters.items():
        found[letter].append(name)
    return {
        "matching": found[MET][:MOST_NAMED],
        "not_matching": found[UNMET][:MOST_NAMED],
        "unknown": found[UNKNOWN][:MOST_NAMED],
    }


def _by_name(sort_out: Sorting, names: list[Any]) -> Sorting:
    """The same, with the items of a list in the policy called by what they are."""

    def sort_out_by_name(known: Known, telling: Telling) -> Sorted:
        return {
            heading: [names[int(pointer[1:])] for pointer in pointers]
            for heading, pointers in sort_out(known, telling).items()
        }

    return sort_out_by_name
