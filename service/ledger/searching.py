"""Searching: what is wanted goes in; the places of the entries that fit, asked of a store in SQL, come out.

One index at most leads to entries, and the other conditions are held against these one by one. One question
looks at a part of them only, so that nobody else waits for long, however large the log is. Knows nothing of
connections; in what little SQL differs between the stores is given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.ledger.record import digest_bytes, microseconds
from service.ledger.rows import Wanted

LOOKED_AT: Final = 20_000  #: entries that one question looks at
FEW: Final = 100_000  #: entries that are put in order for one question, where an index has them in another
_QUESTIONS: Final = 10  #: for one answer
_AS_LONG_AS: Final = 5  #: others, an entry that lies apart
_DECIDING: Final = ("unmet", "unknown")  #: results that decide against somebody, where none is named
_Ask = Callable[[str, Sequence[Any]], list[int]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a store is asked; a value is marked by `?`."""

    entry: str  #: the table
    priv: str
    join: str  #: of a table that is to be looked up for what stands before it
    has_one_of: str  #: the condition that the leaf holds one of some texts
    texts: Callable[[list[str]], Any]  #: the value of that condition


@dataclass(frozen=True, slots=True)
class _Condition:
    """A part of what is wanted, in SQL."""

    text: str
    values: tuple[Any, ...]
    private: bool = False  #: it stands beside the entry


@dataclass(frozen=True, slots=True)
class _Way:
    """An index, by the conditions that it answers."""

    answers: tuple[str, ...]
    sorts_by: str | None = None  #: what its entries come in the order of; None: of their places
    apart: bool = False  #: its entries lie far from each other, so that each takes as long as several others


#: The first of these that serves is taken; the last is to go from entry to entry.
_WAYS: Final = (
    _Way(("person",)),
    _Way(("about",)),
    _Way(("days",), sorts_by="e.decided_us"),
    _Way(("track", "outcome"), apart=True),
    _Way(("track",), sorts_by="e.outcome", apart=True),
    _Way(("kind",)),
    _Way(("policy",)),
    _Way(()),
)


def places(
    ask: _Ask,
    dialect: Dialect,
    wanted: Wanted,
    subj: bytes | None,
    caller: bytes | None,
    after: int,
    limit: int,
) -> tuple[list[int], int | None]:
    """Where the first entries stand that fit, and behind which entry to go on; None: this is the end.

    Args:
        ask: Answers a question, given with its values.
        dialect: Of the store.
        wanted: What is looked for.
        subj: The person as the store knows them.
        caller: Likewise.
        after: Only what stands behind this entry is looked for.
        limit: So many at most.
    """
    conditions = dict(_conditions(wanted, subj, caller, dialect))
    way = next(way for way in _WAYS if _serves(way, conditions, ask, dialect))
    near = [conditions.pop(name) for name in way.answers]
    found: list[int] = []
    go_on: int | None = after
    for _ in range(_QUESTIONS):
        if go_on is None or len(found) == limit:
            break
        fitting, go_on = _part(ask, dialect, way, near, list(conditions.values()), go_on, limit - len(found))
        found += fitting
    return found, go_on


def _part(
    ask: _Ask,
    dialect: Dialect,
    way: _Way,
    near: list[_Condition],
    left: list[_Condition],
    after: int,
    limit: int,
) -> tuple[list[int], int | None]:
    """As `places`, from one question, given what the index of a way answers and what is left."""
    # `+` keeps a store from going from place to place instead, through all that the index leaves out
    seq = "e.seq" if way.sorts_by is None else "+e.seq"
    # places first: where an index gives them in another order, whole entries would be sorted otherwise
    indexed = _question(dialect.entry, dialect, [*near, _Condition(f"{seq} > ?", (after,))], seq)
    values = [*_values(near), after]
    if not left:
        found = ask(f"{indexed} LIMIT ?", [*values, limit])
        return found, found[-1] if len(found) == limit else None
    looked_at = max(1, LOOKED_AT // _AS_LONG_AS) if way.apart else LOOKED_AT
    # before what fits: an entry that comes between the two questions would be passed over otherwise
    last = ask(
        f"{indexed} LIMIT 1 OFFSET ?", [*values, looked_at - 1] if near else [after + looked_at - 1, 0]
    )
    part = f"({indexed} LIMIT ?) part {dialect.join} {dialect.entry}"
    query = _question(part, dialect, left, "e.seq", "USING (seq)")
    found = ask(f"{query} LIMIT ?", [*values, looked_at, *_values(left), limit])
    if len(found) == limit:
        return found, found[-1]
    return found, last[0] if last else None


def _serves(way: _Way, conditions: dict[str, _Condition], ask: _Ask, dialect: Dialect) -> bool:
    """Whether an index answers something that is wanted, with few entries where they must be put in order."""
    if not conditions.keys() >= set(way.answers):
        return False
    if way.sorts_by is None:
        return True
    near = [conditions[name] for name in way.answers]
    query = _question(dialect.entry, dialect, near, way.sorts_by, what="1")
    return not ask(f"{query} LIMIT 1 OFFSET ?", [*_values(near), FEW])


def _question(
    entry: str,
    dialect: Dialect,
    conditions: Sequence[_Condition],
    order: str,
    by: str = "",
    what: str = "e.seq",
) -> str:
    join = dialect.join if by else "JOIN"
    beside = f"{join} {dialect.priv} p USING (seq)" if any(each.private for each in conditions) else ""
    where = " AND ".join(each.text for each in conditions)
    return f"SELECT {what} FROM {entry} e {by} {beside} WHERE {where} ORDER BY {order}"  # noqa: S608 - our own text; values are bound


def _values(conditions: Sequence[_Condition]) -> list[Any]:
    return [value for each in conditions for value in each.values]


def _conditions(
    wanted: Wanted, subj: bytes | None, caller: bytes | None, dialect: Dialect
) -> Iterator[tuple[str, _Condition]]:
    """Each condition under the name by which `_WAYS` has it, if an index answers it."""
    if subj is not None:  # the index of a file knows a person by the first two bytes
        yield "person", _Condition("substr(p.subj, 1, 2) = ? AND p.subj = ?", (subj[:2], subj), private=True)
    if caller is not None:
        yield "caller", _Condition("p.caller = ?", (caller,), private=True)
    for name, column, value in (
        ("track", "track", wanted.track),
        ("level", "level", wanted.level),
        ("outcome", "outcome", wanted.outcome),
        ("about", "about", wanted.about),
        ("policy", "policy", wanted.policy_set and digest_bytes(wanted.policy_set)),
        ("verdict", "kind", wanted.kind if wanted.kind == "verdict" else None),
    ):
        if value is not None:
            yield name, _Condition(f"e.{column} = ?", (value,))
    if wanted.kind not in (None, "verdict"):
        yield "kind", _Condition("e.kind <> 'verdict' AND e.kind = ?", (wanted.kind,))
    if days := [
        (f"e.decided_us {sign} ?", microseconds(day))
        for sign, day in ((">=", wanted.since), ("<", wanted.until))
        if day is not None
    ]:
        yield "days", _Condition(" AND ".join(text for text, _ in days), tuple(us for _, us in days))
    if wanted.overridden is not None:
        yield "overridden", _Condition(f"{_overridden(dialect)} = ?", (wanted.overridden,))
    if wanted.requirement is not None or wanted.result is not None:
        yield "rules", _Condition(dialect.has_one_of, (dialect.texts(_rules(wanted)),))


def _overridden(dialect: Dialect) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {dialect.entry} d"  # noqa: S608 - our own text
        " WHERE d.about = e.seq AND d.kind = 'decision' AND d.outcome = 'overridden')"
    )


def _rules(wanted: Wanted) -> list[str]:
    """How a wanted rule stands in a leaf, in each way that fits: no text there can hold its quotes."""
    start = f'["{wanted.requirement}",' if wanted.requirement is not None else ","
    return [f'{start}"{result}"' for result in ([wanted.result] if wanted.result else _DECIDING)]
