"""Requirements: the lines of one in; a checked `Requirement` out.

The same for those that a level writes itself and for shared ones (`policy.shared_requirements`), which
bring parameters. Which requirements a level asks for, and its route, is said in `policy.tracks` and
`policy.routes`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, cast

from service.errors import did_you_mean
from service.facts.calendar import Duration
from service.facts.types import Time
from service.policy import conditions
from service.policy.condition import Condition
from service.policy.figures import day_of
from service.policy.literals import Mistake, read_literal, spoken_value
from service.policy.model import Requirement, RequirementKind, Waiver
from service.policy.reader import ID, Fields, checked, place_of, quoted, within
from service.policy.scope import Bound, Names, Scope
from service.policy.source import MapNode, Node, TextNode
from service.policy.trees import MOST_DIGITS, TOO_LONG, extent
from service.policy.words import WORDS

KINDS = ("required", "advisory")
ROUTE = "route"  #: the id of the finding about the way in
OWN = (
    "id",
    "text",
    "about",
    "why",
    "source",
    "kind",
    "to_meet",
    "waiver",
    "applies_when",
    "unless",
    "condition",
    "review_by",
)
OVERRIDES = (
    "id",
    "kind",
    "text",
    "why",
    "source",
    "review_by",
    "to_meet",
    "applies_when",
    "unless",
    "waiver",
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def read_requirement(node: MapNode, scope: Scope, beside: tuple[str, ...] = ()) -> Requirement | None:
    """A requirement with its own condition; `beside` names what else may stand among its lines."""
    own = (*OWN, *beside)
    lines = Fields(node, scope.report, "a requirement", (*own, *WORDS), rest=True)
    id_ = requirement_id(lines)
    text = texts_of(lines, ("text",), scope).get("text", "")
    more = read_more(lines, OWN, scope)
    condition = _condition(lines, own, scope)
    about = tuple(item.value for item in lines.names("about", "a subject"))
    if id_ is None or condition is None or more is None:
        return None
    return Requirement(id=id_, text=text, condition=condition, about=about, place=place_of(node), **more)


def requirement_id(lines: Fields) -> str | None:
    """The id of a requirement, which must be one that authors may give."""
    node = lines.word("id", "id: manager-training")
    if node is None:
        return None
    if node.value == ROUTE:
        lines.report.at(
            node, f"`{ROUTE}` is the id of the way into a level; give this requirement another id"
        )
        return None
    return checked(node, ID, lines.report, "an id")


def read_more(lines: Fields, names: Collection[str], scope: Scope) -> Mapping[str, Any] | None:
    """What may stand beside any requirement or use of one: only what is there; None, with a problem."""
    found: dict[str, Any] = texts_of(
        lines, [name for name in ("why", "source", "to_meet") if name in lines], scope
    )
    whole = True
    if "review_by" in lines:
        found["review_by"] = day_of(lines, "review_by")
    if "kind" in lines:
        found["kind"] = cast(RequirementKind, lines.one_of("kind", KINDS, "required"))
    for name in ("applies_when", "unless"):
        if name in lines and name in names:
            node = lines.get(name)
            found[name] = None if node is None else conditions.read_all(node, scope)
            whole = whole and found[name] is not None and fits(lines.key(name), found[name], scope)
    if "waiver" in lines:
        found["waiver"] = _waiver(lines, scope.names)
        whole = whole and found["waiver"] is not None
    return found if whole else None


def fits(where: Any, condition: Condition, scope: Scope) -> bool:
    """Whether a condition, with all it builds on, is small enough to be judged and explained."""
    reach = extent(condition, scope.names.extents)
    if not reach.fits:
        said = "this asks for more than one requirement can hold; split it into several requirements"
    elif reach.digits > MOST_DIGITS:
        said = f"this {TOO_LONG}"
    else:
        return True
    scope.report.at(where, said)
    return False


def texts_of(lines: Fields, names: Collection[str], scope: Scope) -> dict[str, Any]:
    """Texts that people read, with the parameters of a shared requirement filled in."""
    found = {}
    for name in names:
        text = lines.text(name, "text: Manager training is finished" if name == "text" else None)
        node = lines.node.entries[name].value if name in lines else None
        found[name] = text if scope.params is None or node is None else _filled(text, node, scope)
    return found


def _filled(text: str, node: Node, scope: Scope) -> str:
    params: Mapping[str, Bound | None] = scope.params or {}

    def fill(match: re.Match[str]) -> str:
        bound = params.get(match[1])
        if match[1] not in params:
            where = within(node, match[0]) if isinstance(node, TextNode) else node
            hint = did_you_mean(match[1], params) or "; declare it under `params:`, or leave the braces out"
            scope.report.at(where, f"`{match[0]}` names no parameter of this requirement{hint}")
        return spoken_value(bound.value.value) if bound else match[0]

    return _PLACEHOLDER.sub(fill, text)


def _condition(lines: Fields, own: tuple[str, ...], scope: Scope) -> Condition | None:
    node = lines.node
    rest = [name for name in node.entries if name not in own]
    if "condition" in lines:
        value = lines.get("condition")
        for name in rest[:1]:
            hint = did_you_mean(name, own) or "; beside `condition:` no other condition may stand"
            scope.report.at(
                node.entries[name].key, f"{quoted(name)} does not belong in this requirement{hint}"
            )
        condition = None if value is None else conditions.read_all(value, scope)
        where: Any = lines.key("condition")
    elif rest:
        inline = MapNode({name: node.entries[name] for name in rest}, node.span)
        condition, where = conditions.read(inline, scope, own), inline
    else:
        message = (
            "this requirement asks for nothing yet; add a condition such as `fact: rating` with `is: meets`"
        )
        scope.report.missing(node, message)
        return None
    return condition if condition is not None and fits(where, condition, scope) else None


def _waiver(lines: Fields, names: Names) -> Waiver | None:
    node, report = lines.get("waiver"), lines.report
    if node is None:
        return None
    inner = Fields.of(
        node, report, "a waiver", ("by", "at_most"), "waiver: {by: [people-director], at_most: 90 days}"
    )
    if inner is None:
        return None
    inner.need("by", "by: [people-director]")
    by = tuple(item.value for item in inner.names("by", "a role"))
    at_most = length_of(inner, "at_most", names)
    return Waiver(by=by, at_most=at_most) if by else None


def length_of(lines: Fields, name: str, names: Names) -> Duration | None:
    """A length of time."""
    node = lines.word(name)
    value = None if node is None else read_literal(node, Time(), spills=names.spills)
    if isinstance(value, Mistake) and node is not None:
        lines.report.at(node, value.message)
    return value if isinstance(value, Duration) else None
