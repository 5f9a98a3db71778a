"""Names in a policy: what the whole set knows, and what one place in it can see.

`Names` is filled while a folder is loaded; a `Scope` looks a name up in it: a field of the entry at hand
first, then a named entry, then facts. A name that is nowhere is a problem with the nearest one. Knows
nothing of conditions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from service.errors import did_you_mean
from service.facts.types import Fact, FactType, ListOf, Records
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.condition import Constant, DerivedField, Expression, FactRef, FieldRef
from service.policy.reader import Report, listed, quoted
from service.policy.source import Node, Span, TextNode
from service.policy.trees import Extent

if TYPE_CHECKING:  # these read definitions with a Scope of their own
    from service.policy.derivations import Derivations
    from service.policy.shared_requirements import Shared
    from service.policy.tables import Tables

DEEPEST = 20  #: conditions and amounts inside each other

#: Always-there facts whose texts name tracks, levels or places.
_NAMING = {"from.track": "track", "to.track": "track", "from.level": "level", "to.level": "level",
           "from.place": "place", "to.place": "place"}  # fmt: skip


class Amount(NamedTuple):
    """An amount with the type of its values; `naming`: its texts name a `track`, `level` or `place`."""

    expr: Expression
    type: FactType
    naming: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a parameter of a shared requirement stands for in one use; a `sample` is for checking alone."""

    type: FactType
    value: Constant
    where: TextNode | None
    sample: bool = False


@dataclass(slots=True)
class Names:
    """Everything that has a name in the policy set; a fact that is None was declared wrongly."""

    report: Report
    facts: dict[str, Fact | None] = field(default_factory=dict)
    facts_whole: bool = (
        True  #: False: the vocabulary could not be read to its end, so that a name may be missing
    )
    naming: dict[str, frozenset[str]] = field(
        default_factory=dict
    )  #: `track`, `level`, `place` → all there are
    spills: bool = False  #: months too short end on the first day of the next one
    derivations: Derivations = field(init=False)
    tables: Tables = field(init=False)
    shared: Shared = field(init=False)
    extents: dict[int, Extent] = field(
        default_factory=dict
    )  #: of derived facts, by the identity of their amount
    _refs: dict[str, FactRef] = field(default_factory=dict)

    def ref(self, fact: Fact) -> FactRef:
        """The one reference to a fact: the engine shares what is the same object."""
        if fact.name not in self._refs:
            self._refs[fact.name] = FactRef(fact.name, fact.type, fact.label)
        return self._refs[fact.name]

    def known(self) -> list[str]:
        """Every fact that a condition may name."""
        return [*self.facts, *self.derivations.names(), *ALWAYS_THERE]


@dataclass(frozen=True, slots=True)
class AtHand:
    """An entry that a condition or amount looks at: of `records`, or an item of a list."""

    slot: int
    name: str  #: "" when it has none; an item of a list is `it` unless it is named
    type: FactType  #: Records, or the type of a list's items
    label: str
    records: str = ""  #: the fact it is an entry of

    def fields(self, names: Names) -> list[str]:
        if not isinstance(self.type, Records):
            return []
        return [*self.type.fields, *names.derivations.fields_of(self.records)]


@dataclass(frozen=True, slots=True)
class Scope:
    """What can be named at one place of a policy."""

    names: Names
    entries: tuple[AtHand, ...] = ()
    first_slot: int = 0
    params: dict[str, Bound] | None = None  #: None outside shared requirements
    depth: int = 0
    judging: bool = False  #: inside a condition, where protected facts may not stand
    through: tuple[str, ...] = ()  #: tables looked through, for the chain to a protected fact
    using: tuple[str, ...] = ()  #: shared requirements being read
    tainted: list[tuple[str, ...]] | None = None  #: takes the ways to protected facts outside conditions

    @property
    def report(self) -> Report:
        return self.names.report

    def deeper(self, node: Node, *, judging: bool | None = None) -> Scope | None:
        """The scope one level further in; None, with a problem, when that is too deep."""
        if self.depth >= DEEPEST:
            self.report.at(
                node, f"this stands more than {DEEPEST} conditions or amounts deep; split it into several"
            )
            return None
        judging = self.judging if judging is None else judging
        # not `replace`, which costs as much as all the rest of reading a condition
        return Scope(
            self.names, self.entries, self.first_slot, self.params, self.depth + 1, judging, self.through,
            self.using, self.tainted,
        )  # fmt: skip

    def inside(self, source: Amount, name: str) -> tuple[Scope, AtHand]:
        """The scope inside the entries of a records or list amount."""
        slot = self.first_slot + len(self.entries)
        label = getattr(source.expr, "label", "") or "entry"
        if isinstance(source.type, ListOf):
            entry = AtHand(slot, name or "it", source.type.of, label)
        else:
            entry = AtHand(slot, name, source.type, label, self._records_of(source.expr))
        return replace(self, entries=(*self.entries, entry)), entry

    def _records_of(self, of: Expression) -> str:
        """The name of records; of those inside an entry, after the name of its own records and a point."""
        if not isinstance(of, FieldRef):
            return str(getattr(of, "name", ""))
        outer = next((entry.records for entry in self.entries if entry.slot == of.slot), "")
        return f"{outer}.{of.name}"

    def field(self, entry: AtHand, name: str, where: Span) -> Amount | bool | None:
        """A field of an entry; False when there is none of that name."""
        if not isinstance(entry.type, Records):
            return (
                Amount(FieldRef(entry.slot, "", entry.type, entry.label), entry.type)
                if name == "it"
                else False
            )
        fact = entry.type.fields.get(name)
        if fact is not None:
            self._guard(fact.protected, (f"{entry.records}.{name}",), where)
            return Amount(FieldRef(entry.slot, name, fact.type, fact.label), fact.type)
        if not self.names.derivations.has_field(entry.records, name):
            return False
        found = self.names.derivations.field(entry.records, name, where)
        if found is None:
            return None
        for chain in found.tainted:
            self._guard(True, (name, *chain), where)
        return Amount(DerivedField(entry.slot, name, found.of, found.type, found.label), found.type)

    def entry_field(self, node: TextNode) -> Amount | None:
        """A field of the innermost entry, which must have it."""
        entry = self.entries[-1]
        found = self.field(entry, node.value, node.span)
        if isinstance(found, bool):
            fields = entry.fields(self.names)
            what = f"a field of `{entry.records}`" if entry.records else "`it`, the item of the list"
            hint = did_you_mean(node.value, fields) or (
                f"; its fields are {listed(fields)}" if fields else ""
            )
            self.report.at(node, f"{quoted(node.value)} is not {what}{hint}")
            return None
        return found

    def resolve(self, node: TextNode) -> Amount | None:
        """What a name stands for; None, with a problem, when it stands for nothing that can be used."""
        name = node.value
        found = self._entry(name, node.span)
        if not isinstance(found, bool):
            return found
        names = self.names
        if name in names.facts or name in ALWAYS_THERE:
            fact = names.facts.get(name) if name in names.facts else ALWAYS_THERE[name]
            if fact is None:
                return None
            self._guard(fact.protected, (name,), node.span)
            return Amount(names.ref(fact), fact.type, _NAMING.get(name, ""))
        if names.derivations.has(name):
            derived = names.derivations.fact(name, node.span)
            if derived is None:
                return None
            for chain in derived.tainted:
                self._guard(True, (name, *chain), node.span)
            return Amount(derived.ref, derived.type)
        self._unknown(node)
        return None

    def _entry(self, name: str, where: Span) -> Amount | bool | None:
        """What a name stands for among the entries at hand; False when for nothing there."""
        if not self.entries:
            return False
        if not isinstance(found := self.field(self.entries[-1], name, where), bool):
            return found
        head, _, rest = name.partition(".")
        for entry in reversed(self.entries):
            if not entry.name or entry.name != head:
                continue
            if not isinstance(entry.type, Records):
                return self.field(entry, "it", where) if not rest else False
            if not rest:
                fields = listed(entry.fields(self.names), "or")
                self.report.at(
                    where, f"{quoted(name)} is a whole entry; name one of its fields after a point: {fields}"
                )
                return None
            return self.field(entry, rest, where)
        return False

    def _guard(self, protected: bool, chain: tuple[str, ...], where: Span) -> None:
        """Protected facts stay out of conditions, also where something else stands between."""
        if not protected:
            return
        if not self.judging:
            if self.tainted is not None:
                self.tainted.append((*self.through, *chain))
        elif len(chain) == 1:
            self.report.at(where, f"{quoted(chain[0])} is protected and may not decide anything; take it out")
        else:
            way = " → ".join(chain)
            message = (
                f"{quoted(chain[0])} rests on {quoted(chain[-1])}, which is protected and may "
                "not decide anything"
            )
            self.report.at(where, f"{message} ({way}); take it out")

    def _unknown(self, node: TextNode) -> None:
        name, names = node.value, self.names
        if not names.facts_whole:
            return
        head, _, rest = name.partition(".")
        fact = names.facts.get(head)
        if rest and fact is not None and isinstance(fact.type, Records):
            self.report.at(
                node,
                f"{quoted(head)} holds several entries; say which count: `some: {head}` with "
                f"`where:`, or `latest: {name}`",
            )
            return
        if written := names.tables.written(name):
            self.report.at(node, written)
            return
        fields = self.entries[-1].fields(names) if self.entries else []
        named = [
            f"{entry.name}.{name}" for entry in self.entries if entry.name for name in entry.fields(names)
        ]
        named += [entry.name for entry in self.entries if entry.name and not isinstance(entry.type, Records)]
        hint = did_you_mean(name, [*fields, *named, *names.known()])
        if not hint and fields:
            hint = f"; here stand the fields {listed(fields)}, and the facts of `facts.yaml`"
        elif not hint:
            hint = "; declare it in `facts.yaml`, or use one that is there"
        self.report.at(node, f"{quoted(name)} is not a fact{' or field' if fields else ''}{hint}")
