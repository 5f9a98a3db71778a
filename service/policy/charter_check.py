"""Keeping promises: a charter and the whole policy in; a problem for every promise that is broken out.

Each promise is checked on every day on which a version begins or ends. A broken promise is told once, for
the first day on which it is broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.facts.calendar import spoken
from service.facts.vocabulary import Vocabulary
from service.policy.charter import PROTECTED, Carrier, Charter
from service.policy.charter_ladders import Breach, breaches, follows
from service.policy.charter_proofs import Proofs
from service.policy.in_force import Places, days_of_change
from service.policy.model import TrackVersion
from service.policy.reader import Report, opening, quoted
from service.policy.scope import Names
from service.policy.source import MapNode, Node, Span
from service.policy.tracks import TrackDraft


def check_charter(
    charter: Charter,
    vocabulary: Vocabulary,
    facts: Node,
    names: Names,
    drafts: Mapping[str, list[TrackDraft]],
    tracks: Mapping[str, tuple[TrackVersion, ...]],
) -> None:
    """Report every promise that the policy breaks; `facts` is the tree of `facts.yaml`."""
    report, places = names.report, Places(drafts)
    proofs = Proofs(charter, vocabulary, places)
    following = follows(dict(tracks))
    told: set[tuple[str, Span]] = set()
    first = None
    for carriers in charter.stands_for.values():
        _check_silence(carriers, vocabulary, report)
    for ladders in days_of_change(tracks):
        first = first or ladders.day
        for breach in (*breaches(ladders, places, following), *proofs.breaches(ladders)):
            promise = charter.promise(breach.sentence)
            where = breach.where if isinstance(breach.where, Span) else opening(breach.where)
            if promise is None or (promise.id, where) in told:
                continue
            told.add((promise.id, where))
            since = "" if ladders.day == first else f" (from {spoken(ladders.day)})"
            report.at(where, _message(breach, promise.id, since))
    protected = charter.promise(PROTECTED)
    if protected is not None:
        for where, message in _protected_uses(facts, names):
            report.at(
                where, f"{message}, against the promise {quoted(protected.id)} of `charter.yaml`; take it out"
            )


def _message(breach: Breach, id_: str, since: str) -> str:
    return f"{breach.what}{since}, against the promise {quoted(id_)} of `charter.yaml`; {breach.remedy}"


def _check_silence(carriers: tuple[Carrier, ...], vocabulary: Vocabulary, report: Report) -> None:
    """Silence must not stand for what is promised to be asked."""
    for carrier in carriers:
        fact = vocabulary.facts.get(carrier.name)
        good = True if carrier.good is None else carrier.good
        if fact is not None and isinstance(good, bool | str) and fact.absent_means == good:
            message = f"{quoted(carrier.name)} counts as told when nobody says anything"
            report.at(carrier.where, f"{message}; take its `absent_means` out of `facts.yaml`")


# ── protected facts ─────────────────────────────────────────────────────────────────────────────────────────


def _protected_uses(facts: Node, names: Names) -> Iterator[tuple[Span, str]]:
    """Derived facts that rest on protected ones, used or not; that no condition does, the loader sees to."""
    for name in (*names.derivations.names(), *names.derivations.fields()):
        records, _, field = name.rpartition(".")
        path = ("facts", records, "derived", field) if records else ("derived", field)
        where = _key(facts, path)
        settled = names.derivations.fact(name, where)
        if settled is not None and settled.tainted:
            chain = settled.tainted[0]
            way = " → ".join((field, *chain))
            yield where, f"{quoted(field)} rests on {quoted(chain[-1])} ({way}), which is protected"


def _key(node: Node, path: tuple[str, ...]) -> Span:
    """Where the last of some names stands, each below the one before."""
    where = node.span
    for name in path:
        if isinstance(node, MapNode) and name in node.entries:
            where, node = node.entries[name].key.span, node.entries[name].value
    return where
