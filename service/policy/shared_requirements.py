"""Shared requirements: the files of `shared/` in; a requirement for every `use`, with its values, out.

Two uses with the same values hold the identical condition, which the engine relies on to judge it once.
Every shared requirement is checked with its defaults even when nothing uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from service.errors import did_you_mean
from service.facts.calendar import Duration
from service.facts.types import FactType, Number, Text, Time, YesNo
from service.policy import requirements
from service.policy.condition import Condition, Constant
from service.policy.figures import GIVES
from service.policy.literals import Mistake, read_literal
from service.policy.model import Requirement
from service.policy.operators import said
from service.policy.reader import NAME, Fields, checked, place_of, quoted, shape, unknown_word
from service.policy.requirements import OVERRIDES, read_more, requirement_id, texts_of
from service.policy.scope import Bound, Names, Scope
from service.policy.source import MapNode, Node, Span, TextNode

LONGEST_CHAIN = 5  #: shared requirements that use one another
MOST_USES = 1000  #: of one shared requirement with different values

_SAMPLES: Mapping[type[FactType], Any] = {
    Time: Duration(months=1), Number: 1, Text: "text", YesNo: True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: what it takes, and what it is when left out; `default` None: it must be given."""

    type: FactType
    default: Bound | None


@dataclass(slots=True)
class Definition:
    """A shared requirement as it is written, and what came of reading it, by the values of its parameters."""

    id: str
    node: MapNode
    where: Span
    params: Mapping[str, Param | None]  #: None: declared wrongly
    broken: bool = False  #: its own text has problems, which are told once and not at every use
    uses: dict[tuple[Any, ...], Requirement | None] | None = None
    #: what stands where others `use` it: by the identity of a requirement, its condition under its own text
    called: dict[int, Condition] = field(default_factory=dict)


class Shared:
    """All shared requirements by id."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._found: dict[str, Definition | None] = {}
        self.whole = True  #: False: a file could not be read to its end, so that one may be missing

    def declare(self, node: Node) -> None:
        """One file of `shared/`."""
        report = self._names.report
        lines = Fields.of(
            node, report, "a file of shared requirements", ("requirements",), "requirements: […]"
        )
        if lines is None:
            self.whole = False
            return
        self.whole = self.whole and "requirements" in lines
        for item in lines.items("requirements", "requirements: [{id: good-standing, …}]"):
            if not isinstance(item, MapNode):
                report.at(
                    item,
                    "a shared requirement is written in lines such as `id: good-standing`, not "
                    f"{shape(item)}",
                )
                continue
            one = Fields(item, report, "a shared requirement")
            word = one.word("id", "id: good-standing")
            id_ = requirement_id(one) if word is not None else None
            if word is None or id_ is None:
                if word is not None:
                    self._found[word.value] = None
                continue
            earlier = self._found.get(id_)
            if earlier is not None:
                place = f"line {earlier.where.line} of `{earlier.where.file}`"
                report.at(
                    word,
                    f"the shared requirement {quoted(id_)} stands already on {place}; give one another id",
                )
                continue
            self._found[id_] = Definition(id_, item, word.span, self._params(one), uses={})

    def check(self) -> None:
        """Read every shared requirement once, with its defaults or with samples."""
        for definition in self._found.values():
            if definition is None:
                continue
            report = self._names.report
            before = len(report.problems)
            bound = {name: _sample(param) for name, param in definition.params.items() if param is not None}
            whole = len(bound) == len(definition.params)
            found = self._read(definition, bound, Scope(self._names)) if whole else None
            definition.broken = found is None or len(report.problems) > before

    def use(self, node: MapNode, scope: Scope) -> Requirement | None:
        """What a level asks for with `use:`; its own lines come before those of the shared requirement."""
        lines = Fields(node, scope.report, "the use of a shared requirement", ("use", "with", *OVERRIDES))
        found = self._bound(lines, scope)
        own_id = requirement_id(lines) if "id" in lines else ""
        if found is None or own_id is None:
            return None
        definition, values = found
        filled = replace(scope, params=values)
        changes = dict(texts_of(lines, [name for name in ("text",) if name in lines], filled))
        changes.update(
            texts_of(lines, [name for name in ("why", "source", "to_meet") if name in lines], filled)
        )
        more = read_more(lines, OVERRIDES, scope)
        base = self._instance(definition, values, scope)
        if base is None or more is None:
            return None
        return replace(base, **{"id": own_id or base.id, "place": place_of(node), **more, **changes})

    def condition_of(self, node: MapNode, scope: Scope) -> Condition | None:
        """The condition that `{use: …, with: …}` stands for inside another condition."""
        found = self._bound(Fields(node, scope.report, "the use of a shared requirement"), scope)
        if found is None:
            return None
        definition, values = found
        if definition.id in scope.using:
            way = " → ".join([*scope.using[scope.using.index(definition.id) :], definition.id])
            message = f"{quoted(definition.id)} uses itself ({way}); take one of these uses out"
            scope.report.at(node.entries["use"].value, message)
            return None
        if len(scope.using) > LONGEST_CHAIN:
            message = (
                f"more than {LONGEST_CHAIN} shared requirements use one another here; write the condition out"
            )
            scope.report.at(node.entries["use"].value, message)
            return None
        requirement = self._instance(definition, values, scope)
        if requirement is None:
            return None
        called = definition.called.get(id(requirement))
        if called is None:
            called = replace(requirement.condition, called=requirement.text)
            definition.called[id(requirement)] = called
        return called

    def _bound(self, lines: Fields, scope: Scope) -> tuple[Definition, dict[str, Bound]] | None:
        """The shared requirement that is used, and the values of its parameters."""
        word = lines.word("use", "use: good-standing")
        if word is None:
            return None
        if word.value not in self._found:
            if self.whole:
                what = "a shared requirement"
                hint = unknown_word(word.value, self._found, what)
                lines.report.at(word, hint if self._found else f"{hint}; write one in `shared/`")
            return None
        definition = self._found[word.value]
        given_node = lines.get("with")
        given: Mapping[str, Any] = {}
        if isinstance(given_node, MapNode):
            given = given_node.entries
        elif given_node is not None:
            lines.report.at(
                given_node, "`with` holds values for parameters, such as `with: {months: 6 months}`"
            )
            return None
        if definition is None:
            return None
        values: dict[str, Bound] = {}
        whole = True
        for name, entry in given.items():
            if name not in definition.params:
                what = f"a parameter of {quoted(definition.id)}"
                lines.report.at(entry.key, unknown_word(name, definition.params, what))
                whole = False
        for name, param in definition.params.items():
            value = None if param is None else self._value(name, param, given, word, scope)
            if value is None:
                whole = False
            else:
                values[name] = value
        return (definition, values) if whole else None

    def _value(
        self, name: str, param: Param, given: Mapping[str, Any], word: TextNode, scope: Scope
    ) -> Bound | None:
        if name not in given:
            if param.default is None and not any(did_you_mean(each, (name,)) for each in given):
                example = {Time: "12 months", Number: "2", YesNo: "yes"}.get(type(param.type), "…")
                message = (
                    f"{quoted(word.value)} needs a value for {quoted(name)}; add `with: "
                    f"{{{name}: {example}}}`"
                )
                scope.report.missing(word, message)
            return param.default
        node = given[name].value
        if isinstance(node, MapNode) and list(node.entries) == ["param"] and scope.params is not None:
            inner = Fields(node, scope.report, "a parameter").word("param")
            outer = None if inner is None else scope.params.get(inner.value)
            if inner is not None and inner.value not in scope.params:
                what = "a parameter of this shared requirement"
                scope.report.at(inner, unknown_word(inner.value, scope.params, what))
            if outer is None or type(outer.type) is type(param.type):
                return outer
            scope.report.at(
                node, f"here stands {said(outer.type)}, but {quoted(name)} takes {said(param.type)}"
            )
            return None
        return _literal(node, param.type, scope.names)

    def _instance(self, definition: Definition, values: dict[str, Bound], scope: Scope) -> Requirement | None:
        """The requirement with these values, read once."""
        slot = scope.first_slot + len(scope.entries)
        key = (slot, *((name, bound.value, str(bound.value.value)) for name, bound in sorted(values.items())))
        uses = definition.uses if definition.uses is not None else {}
        if definition.broken:
            return None
        if key not in uses:
            if len(uses) >= MOST_USES:
                message = (
                    f"{quoted(definition.id)} is used with more than {MOST_USES} different "
                    "values; write another one"
                )
                scope.report.at(definition.where, message)
                return None
            inner = Scope(scope.names, first_slot=slot, using=scope.using)
            uses[key] = self._read(definition, values, inner)
        return uses[key]

    def _read(self, definition: Definition, values: dict[str, Bound], scope: Scope) -> Requirement | None:
        scope = replace(scope, params=dict(values), using=(*scope.using, definition.id))
        return requirements.read_requirement(definition.node, scope, ("params",))

    def _params(self, lines: Fields) -> dict[str, Param | None]:
        report, node = self._names.report, lines.get("params")
        if node is None:
            return {}
        if not isinstance(node, MapNode):
            report.at(
                node, "`params` holds one line for each, such as `months: {type: time, default: 12 months}`"
            )
            return {}
        params: dict[str, Param | None] = {}
        for entry in node.entries.values():
            name, what = entry.key.value, f"the parameter {quoted(entry.key.value)}"
            params[name] = None
            checked(entry.key, NAME, report, "the name of a parameter")
            one = Fields.of(
                entry.value, report, what, ("type", "default"), "{type: time, default: 12 months}"
            )
            type_ = None if one is None else GIVES.get(one.one_of("type", GIVES, "", "type: time"))
            if one is None or type_ is None:
                continue
            default_node = one.get("default")
            default = None if default_node is None else _literal(default_node, type_, self._names)
            if default is not None or "default" not in one:
                params[name] = Param(type_, default)
        return params


def _literal(node: Node, type_: FactType, names: Names) -> Bound | None:
    if not isinstance(node, TextNode):
        names.report.at(node, f"here a plain value is wanted, {said(type_)}, not {shape(node)}")
        return None
    value = read_literal(node, type_, spills=names.spills)
    if isinstance(value, Mistake):
        names.report.at(node, value.message)
        return None
    return Bound(type_, Constant(value, type_), node)


def _sample(param: Param) -> Bound:
    value = _SAMPLES.get(type(param.type), date(2026, 1, 1))
    return param.default or Bound(param.type, Constant(value, param.type), None, sample=True)
