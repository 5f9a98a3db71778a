"""The names of the language: which may stand in an amount and in a condition, and which beside which.

Knows nothing of files; `policy.amounts`, `policy.conditions` and `policy.quantifiers` give the names their
meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.policy.operators import OPERATORS
from service.policy.source import MapNode

ARITHMETIC = ("plus", "minus", "times")
QUANTIFIERS = ("some", "no", "every", "for_each")
GROUPS = ("all_of", "any_of", "none_of", "at_least")

_OVER = frozenset({"of", "where", "as"})
_BESIDE: Mapping[str, frozenset[str]] = {
    "fact": frozenset(),
    "count": frozenset({"where", "has", "by", "last", "once_per", "at_most_per", "as"}),
    "sum": _OVER | {"by", "last", "once_per", "at_most_per"},
    "time_in": frozenset({"where", "from", "to", "since", "until", "within_last", "breaks_at_most", "as"}),
    "average": _OVER | {"by", "last", "rounded_to"},
    "latest": _OVER | {"by"}, "earliest": _OVER | {"by"},
    "highest": _OVER | {"by", "last"}, "lowest": _OVER | {"by", "last"},
    "full": frozenset({"since", "until", "of"}),
    "table": frozenset({"at"}),
    "figure": frozenset(),
    "choose": frozenset({"otherwise"}),
    "yes_when": frozenset(),
    "fiscal_quarter": frozenset({"year_starts"}),
    "year_of": frozenset(),
    "period_start": frozenset({"period", "counted_from"}),
    "next_period": frozenset({"period", "counted_from"}),
    "param": frozenset(),
}  # fmt: skip
SUBJECTS = tuple(_BESIDE)  #: the heads of amounts, without the arithmetic ones
HEADS = (*SUBJECTS, *QUANTIFIERS, "all_of", "any_of", "use")

#: Every name that may stand among the lines of a condition.
WORDS = tuple(
    dict.fromkeys(
        (
            *HEADS,
            *GROUPS,
            *OPERATORS,
            *ARITHMETIC,
            *sorted(frozenset().union(*_BESIDE.values())),
            "by",
            "last",
            "with",
        )
    )
)


def beside(head: str) -> frozenset[str]:
    """The names that may stand beside the head of an amount."""
    return frozenset() if head in ARITHMETIC else _BESIDE[head] | frozenset(ARITHMETIC)


def amount_heads(node: MapNode) -> list[str]:
    """The heads of amounts among some lines; `plus` and its like only where nothing else is the head."""
    heads = [name for name in node.entries if name in _BESIDE]
    return heads or [name for name in node.entries if name in ARITHMETIC]


def condition_heads(node: MapNode) -> list[str]:
    """What a condition is about: the names among its lines that could say so; `of` is a counted group."""
    names = list(node.entries)
    if "for_each" in names:
        return ["for_each"]
    if "latest" in names and "of" not in names and ("by" in names or "last" in names):
        return ["latest"]
    heads = [name for name in names if name in HEADS]
    if "of" in names and not any(head in SUBJECTS for head in heads):
        heads.append("of")
    return heads or [name for name in names if name == "none_of" or name in ARITHMETIC]
