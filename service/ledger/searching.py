"""Searching: what is wanted goes in; the places of the entries that fit, asked of a store in SQL, come out.

Some conditions are answered by an index of the store; for the others each entry must be looked at, and one
question looks at a part of them only, so that nobody else waits for long. Knows nothing of connections; in
what little SQL differs between the stores is given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.ledger.record import digest_bytes, microseconds
from service.ledger.rows import Wanted

LOOKED_AT: Final = 20_000  #: entries that one question looks at
_DECIDING: Final = ("unmet", "unknown")  #: results that decide against somebody, where none is named
_Condition = tuple[str, Any]  #: in SQL, with its one value


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a store is asked; a value is marked by `?`."""

    entry: str  #: the table
    priv: str
    has_one_of: str  #: the condition that the leaf holds one of some texts
    texts: Callable[[list[str]], Any]  #: the value of that condition


def places(
    ask: Callable[[str, Sequence[Any]], list[int]],
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
    narrowing = [("e.seq > ?", after), *_narrowing(wanted, subj)]
    looking = list(_looking(wanted, caller, dialect))
    near, values = _values(narrowing), _values(looking)
    # places first: where an index gives them in another order, whole entries would be sorted otherwise
    indexed = _question(dialect.entry, dialect.priv if subj else None, narrowing)
    if not looking:
        found = ask(f"{indexed} LIMIT ?", [*near, limit])
        return found, found[-1] if len(found) == limit else None
    part = f"({indexed} LIMIT ?) part JOIN {dialect.entry}"
    query = _question(part, dialect.priv if caller else None, looking, "USING (seq)")
    found = ask(f"{query} LIMIT ?", [*near, LOOKED_AT, *values, limit])
    if len(found) == limit:
        return found, found[-1]
    last = ask(f"{indexed} LIMIT 1 OFFSET ?", [*near, LOOKED_AT - 1])
    return found, last[0] if last else None


def _question(entry: str, priv: str | None, conditions: Sequence[_Condition], by: str = "") -> str:
    beside = f"JOIN {priv} p USING (seq)" if priv else ""
    where = " AND ".join(text for text, _ in conditions)
    return f"SELECT e.seq FROM {entry} e {by} {beside} WHERE {where} ORDER BY e.seq"  # noqa: S608 - our own text; values are bound


def _values(conditions: Sequence[_Condition]) -> list[Any]:
    return [value for _, value in conditions]


def _narrowing(wanted: Wanted, subj: bytes | None) -> Iterator[_Condition]:
    """Each condition that an index answers; that of a file knows a person by the first two bytes."""
    for column, value in (
        ("substr(p.subj, 1, 2)", subj and subj[:2]),
        ("p.subj", subj),
        ("e.track", wanted.track),
        ("e.outcome", None if wanted.track is None else wanted.outcome),
        ("e.about", wanted.about),
        ("e.policy", wanted.policy_set and digest_bytes(wanted.policy_set)),
    ):
        if value is not None:
            yield f"{column} = ?", value
    if wanted.kind not in (None, "verdict"):
        yield "e.kind <> 'verdict' AND e.kind = ?", wanted.kind
    if wanted.since is not None:
        yield "e.decided_us >= ?", microseconds(wanted.since)
    if wanted.until is not None:
        yield "e.decided_us < ?", microseconds(wanted.until)


def _looking(wanted: Wanted, caller: bytes | None, dialect: Dialect) -> Iterator[_Condition]:
    """Each condition for which the entries themselves are looked at."""
    for column, value in (
        ("p.caller", caller),
        ("e.level", wanted.level),
        ("e.outcome", wanted.outcome if wanted.track is None else None),
        ("e.kind", wanted.kind if wanted.kind == "verdict" else None),
    ):
        if value is not None:
            yield f"{column} = ?", value
    if wanted.overridden is not None:
        yield f"{_overridden(dialect)} = ?", wanted.overridden
    if wanted.requirement is not None or wanted.result is not None:
        yield dialect.has_one_of, dialect.texts(_rules(wanted))


def _overridden(dialect: Dialect) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {dialect.entry} d"  # noqa: S608 - our own text
        " WHERE d.about = e.seq AND d.kind = 'decision' AND d.outcome = 'overridden')"
    )


def _rules(wanted: Wanted) -> list[str]:
    """How a wanted rule stands in a leaf, in each way that fits: no text there can hold its quotes."""
    start = f'["{wanted.requirement}",' if wanted.requirement is not None else ","
    return [f'{start}"{result}"' for result in ([wanted.result] if wanted.result else _DECIDING)]
