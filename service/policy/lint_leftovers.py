"""Advice on what is left lying about: the trees of a policy folder in; what is missing, unused or overdue,
out.

Looks at what is written, not at what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from service.errors import Position
from service.facts.calendar import parse_day, spoken
from service.policy.charter import CHARTER, TOPICS
from service.policy.lint_model import Hint
from service.policy.load import FACTS, Reading
from service.policy.reader import quoted
from service.policy.source import ListNode, MapNode, Node, TextNode

#: Lines whose texts are for people, and use nothing.
_WORDS = frozenset({"label", "question", "source", "title", "text", "why", "to_meet", "promise"})
_WANTED = {
    "why": "why: one sentence on what it is for",
    "source": "source: the document and clause that lay it down",
    "to_meet": "to_meet: what somebody can do to meet it",
}
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def leftovers(reading: Reading, today: date) -> Iterator[Hint]:
    """Everything that is missing, unused or overdue."""
    trees = reading.trees
    if any(each[-1].kind == "people" for each in reading.drafts.values()):
        yield from _uncharted(trees.get(CHARTER))
    yield from _missing(reading, today)
    yield from _unused(trees)
    for name, tree in trees.items():
        if name not in _ended(reading, today):
            yield from _overdue(tree, today)


def _uncharted(charter: Node | None) -> Iterator[Hint]:
    """Promises of which a charter says neither that they are made nor why they are not."""
    if not isinstance(charter, MapNode):
        what = "there is no charter, so nothing is promised about the ladders together"
        yield Hint("no-charter", Position(CHARTER, 1, 1), what, "write `charter.yaml`")
        return
    sections = (charter.entries.get(name) for name in ("promises", "not_promised"))
    said = {
        " ".join(sentence.split())
        for section in sections
        if section is not None and isinstance(section.value, ListNode)
        for item in section.value.items
        if isinstance(item, MapNode)
        for sentence in _own(item, "promise")
    }
    silent = [topic[0] for topic in TOPICS if said.isdisjoint(topic)]
    if silent:
        what = f"the charter does not say {', '.join(f'`{sentence}`' for sentence in silent)}"
        remedy = "promise it, or write under `not_promised` why not"
        yield Hint("silent-charter", charter.entries["promises"].key.span, what, remedy)


def _ended(reading: Reading, today: date) -> set[str]:
    """The files of versions that are no longer in force."""
    drafts = (draft for each in reading.drafts.values() for draft in each)
    return {draft.file for draft in drafts if draft.end is not None and draft.end <= today}


# ── what a requirement lacks ────────────────────────────────────────────────────────────────────────────────


def _missing(reading: Reading, today: date) -> Iterator[Hint]:
    ended = _ended(reading, today)
    asked: list[Node] = []
    for draft in (draft for each in reading.drafts.values() for draft in each):
        if draft.file not in ended:
            asked += draft.lines.items("at_every_level")
            asked += [item for level in draft.levels for item in level.lines.items("requires")]
    uses = [item for item in asked if isinstance(item, MapNode) and "use" in item.entries]
    for item in asked:
        if isinstance(item, MapNode) and "use" not in item.entries:
            yield from _lacking(item, [item])
    for item in (item for name, tree in reading.trees.items() for item in _shared(name, tree)):
        if isinstance(item, MapNode):
            mine = [use for use in uses if _own(use, "use") == _own(item, "id")]
            yield from _lacking(item, mine)


def _lacking(item: MapNode, asked: list[MapNode]) -> Iterator[Hint]:
    """What a requirement lacks, unless everybody who asks for it brings it along."""
    where = item.entries["id"].value
    for line, example in _WANTED.items():
        if line not in item.entries and any(line not in each.entries for each in asked):
            rule = f"no-{line.replace('_', '-')}"
            yield Hint(rule, where, f"{_quoted(where)} has no `{line}`", f"add a line such as `{example}`")


def _own(item: MapNode, name: str) -> list[str]:
    """The text of one of the lines of a requirement."""
    node = item.entries[name].value if name in item.entries else None
    return [node.value] if isinstance(node, TextNode) else []


def _shared(name: str, tree: Node) -> tuple[Node, ...]:
    """The shared requirements of a file."""
    if not name.startswith("shared/") or not isinstance(tree, MapNode) or "requirements" not in tree.entries:
        return ()
    value = tree.entries["requirements"].value
    return value.items if isinstance(value, ListNode) else ()


def _quoted(node: Node) -> str:
    return quoted(node.value) if isinstance(node, TextNode) else "this"


# ── what nobody uses ────────────────────────────────────────────────────────────────────────────────────────


def _unused(trees: Mapping[str, Node]) -> Iterator[Hint]:
    facts = trees[FACTS]
    sections = {name: _below(facts, name) for name in ("facts", "derived", "tables", "figures")}
    used = {word for tree in trees.values() for word in _words(tree)}
    heads = {part for word in used for part in (word, word.partition(".")[0])}
    for name, entry in sections["facts"].items():
        protected = _text(_below(entry, "protected", whole=True)) in ("yes", "true")
        if name not in heads and not protected:
            what = f"nobody uses the fact {quoted(name)}"
            yield Hint("unused-fact", facts_key(facts, "facts", name), what, "use it, or take it out")
    for name in sections["derived"]:
        if name not in heads:
            what = f"nobody uses the derived fact {quoted(name)}"
            yield Hint("unused-derived", facts_key(facts, "derived", name), what, "use it, or take it out")
    for section, head in (("tables", "table"), ("figures", "figure")):
        named = {word for tree in trees.values() for word in _words(tree, under=head)}
        for name in sections[section]:
            if name not in named:
                what = f"nobody uses the {head} {quoted(name)}"
                yield Hint("unused-table", facts_key(facts, section, name), what, "use it, or take it out")
    uses = {word for tree in trees.values() for word in _words(tree, under="use")}
    for item in (item for name, tree in trees.items() for item in _shared(name, tree)):
        if not isinstance(item, MapNode) or "id" not in item.entries:
            continue
        id_ = item.entries["id"].value
        if isinstance(id_, TextNode) and id_.value not in uses:
            what = f"nobody uses the shared requirement {quoted(id_.value)}"
            yield Hint("unused-shared", id_, what, f"ask for it with `use: {id_.value}`, or take it out")
        yield from _unused_params(item)


def _unused_params(item: MapNode) -> Iterator[Hint]:
    """Parameters that stand neither in the condition nor in a text."""
    named = set(_words(item, under="param"))
    texts = [entry.value for name, entry in item.entries.items() if name in _WORDS]
    named.update(
        found for text in texts if isinstance(text, TextNode) for found in _PLACEHOLDER.findall(text.value)
    )
    params = item.entries["params"].value if "params" in item.entries else None
    for name, entry in params.entries.items() if isinstance(params, MapNode) else ():
        if name not in named:
            what = f"nothing here uses the parameter {quoted(name)}"
            yield Hint(
                "unused-param",
                entry.key,
                what,
                f"write `{{param: {name}}}` where it is meant, or take it out",
            )


def facts_key(facts: Node, section: str, name: str) -> Node:
    """Where something is declared in `facts.yaml`."""
    assert isinstance(facts, MapNode)  # noqa: S101  it was read as one
    section_node = facts.entries[section].value
    assert isinstance(section_node, MapNode)  # noqa: S101  so was this
    return section_node.entries[name].key


def _below(node: Node | None, name: str, *, whole: bool = False) -> dict[str, Node]:
    """What stands below a name, by name; `whole`: the value itself, under no name."""
    if not isinstance(node, MapNode) or name not in node.entries:
        return {}
    value = node.entries[name].value
    if whole:
        return {"": value}
    return {each: entry.value for each, entry in value.entries.items()} if isinstance(value, MapNode) else {}


def _text(found: dict[str, Node]) -> str:
    node = found.get("")
    return node.value if isinstance(node, TextNode) else ""


def _words(node: Node, under: str = "", inside: str = "") -> Iterator[str]:
    """The texts of a tree that are not for people; `under`: only those that stand right below that name."""
    if isinstance(node, TextNode):
        if inside == under or not under:
            yield node.value
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _words(item, under, inside)
    else:
        for name, entry in node.entries.items():
            if name not in _WORDS or not isinstance(entry.value, TextNode):
                yield from _words(entry.value, under, name)


# ── what is overdue ─────────────────────────────────────────────────────────────────────────────────────────


def _overdue(node: Node, today: date) -> Iterator[Hint]:
    """Every `review_by` that has passed."""
    if isinstance(node, ListNode):
        for item in node.items:
            yield from _overdue(item, today)
    elif isinstance(node, MapNode):
        end = node.entries["to"].value if "to" in node.entries else None
        over = parse_day(end.value) if isinstance(end, TextNode) else None
        for name, entry in node.entries.items():
            value = entry.value
            if name == "review_by" and isinstance(value, TextNode):
                day = parse_day(value.value)
                if day is not None and day < today and (over is None or over > today):
                    what = f"the review was due by {spoken(day)}"
                    yield Hint("overdue", value, what, "look at it again, and write the next day here")
            else:
                yield from _overdue(value, today)
