"""Tables: a table and what is known of its key in; what is known of the value out."""

from __future__ import annotations

from typing import Any

from service.facts import totals
from service.facts.known import Known, exactly
from service.facts.types import NOTHING
from service.policy.condition import Expression, FactRef, FieldRef, Lookup


def looked_up(table: Lookup, key: Known) -> Known:
    """What a table gives for a key that may be known only in part."""
    if key.certain:
        return exactly(row_at(table, key.value))
    possible = [value for _, value in table.rows]
    if table.bands and key.low is not None and key.high is not None:
        inside = [value for bound, value in table.rows if key.low < bound <= key.high]
        possible = [row_at(table, key.low), *inside]
    elif table.otherwise is not None:
        possible.append(table.otherwise)
    elif may_be_nothing(table.at):
        possible.append(NOTHING)
    return totals.hull([exactly(value) for value in possible], key.missing)


def may_be_nothing(unknown: Expression) -> bool:
    """Whether an amount that is not known may turn out to be nothing; what is merely not told never does."""
    if isinstance(unknown, FactRef):
        return unknown.name.startswith("from.")  # on no ladder
    return not isinstance(unknown, FieldRef)


def row_at(table: Lookup, key: Any) -> Any:
    """The value of a table at a key; NOTHING when neither a row nor `otherwise` gives one."""
    if table.bands:
        found = [value for bound, value in table.rows if bound <= key] if key is not NOTHING else []
    else:
        found = [value for row, value in table.rows if row == key]
    if found:
        return found[-1]
    return NOTHING if table.otherwise is None else table.otherwise
