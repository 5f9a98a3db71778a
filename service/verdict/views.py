"""Views: the whole verdict in; what one kind of reader needs of it, out. A view only removes.

`audit` is everything. `workflow` is what a program acts on: outcome, ids, short findings, questions, advice,
log and links. `candidate` is everything in words, without the bookkeeping. Values of sensitive facts are in
`audit` alone: the other two keep the result and the sentence, and lose what was found and what is lacking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Json = dict[str, Any]
ViewName = Literal["candidate", "workflow", "audit"]

#: What each view removes from the verdict, every finding, every node of `because`, every `found`.
_GONE: Mapping[str, Mapping[str, frozenset[str]]] = {
    "candidate": {
        "verdict": frozenset({"log", "engine"}),
        "policy": frozenset({"set", "files", "digest"}),
        "finding": frozenset({"where"}),
        "node": frozenset({"missing"}),
        "found": frozenset({"from", "entries"}),
    },
    "workflow": {
        "verdict": frozenset({"afterwards"}),
        "policy": frozenset(),
        "finding": frozenset({"why", "source", "where", "because", "left_out"}),
        "node": frozenset(),
        "found": frozenset({"entries", "steps"}),
    },
}

#: What may be missing in the whole verdict, its policy, a finding, a node, by the view that is shown.
LEFT_OUT: Mapping[str, frozenset[str]] = {
    kind: frozenset[str]().union(*(gone[kind] for gone in _GONE.values()))
    | (frozenset({"shortfall"}) if kind in ("finding", "node") else frozenset())
    for kind in ("verdict", "policy", "finding", "node")
}

#: What is left of what was found, or is needed, where a sensitive fact has a part in it.
_SAFE = frozenset({"label", "from", "sensitive"})


#: What is told of what happened to a verdict, and in which lists more of it stands.
_HAPPENED = ("decisions", "objections", "answers")


def happened_in_view(told: Mapping[str, Any], name: ViewName) -> Json:
    """What happened to a verdict, as one kind of reader gets it: a candidate learns roles, not names."""
    if name != "candidate":
        return dict(told)
    seen = {key: value for key, value in told.items() if key not in ("log", "by")}
    if "by" in told:
        seen["by"] = {"role": told["by"]["role"]}
    for key in _HAPPENED:
        if key in seen:
            seen[key] = [happened_in_view(each, name) for each in seen[key]]
    return seen


def view(document: Mapping[str, Any], name: ViewName) -> Json:
    """The verdict as one kind of reader gets it; the document itself stays as it is."""
    if name == "audit":
        return dict(document)
    gone = _GONE[name]
    seen = {key: value for key, value in document.items() if key not in gone["verdict"]}
    for key in _HAPPENED:
        if key in seen:
            seen[key] = [happened_in_view(each, name) for each in seen[key]]
    if "policy" in seen:
        seen["policy"] = _without(seen["policy"], gone["policy"])
    if "findings" in seen:
        seen["findings"] = [_finding(finding, gone) for finding in seen["findings"]]
    return seen


def _finding(finding: Mapping[str, Any], gone: Mapping[str, frozenset[str]]) -> Json:
    seen = _beside(finding, gone["finding"], gone)
    if "left_out" in seen:
        seen["left_out"] = [told for told in seen["left_out"] if not told.get("sensitive")]
    if "because" in seen:
        seen["because"] = [_node(node, gone) for node in seen["because"]]
    return seen


def _node(node: Mapping[str, Any], gone: Mapping[str, frozenset[str]]) -> Json:
    seen = _beside(node, gone["node"], gone)
    seen["of"] = [_node(part, gone) for part in node.get("of", ())]
    return seen


def _beside(told: Mapping[str, Any], removed: frozenset[str], gone: Mapping[str, frozenset[str]]) -> Json:
    """A finding or a node, with less of what was found, is needed and is lacking."""
    seen = _without(told, removed)
    sensitive = False
    for key in ("found", "needed"):
        part = seen.get(key)
        if not isinstance(part, Mapping):
            continue
        seen[key] = _without(part, gone["found"])
        if part.get("sensitive"):
            sensitive = True
            seen[key] = {name: value for name, value in seen[key].items() if name in _SAFE}
    if sensitive and seen.get("shortfall") is not None:  # found could be worked out from it
        del seen["shortfall"]
    return seen


def _without(told: Mapping[str, Any], removed: frozenset[str]) -> Json:
    return {key: value for key, value in told.items() if key not in removed}
