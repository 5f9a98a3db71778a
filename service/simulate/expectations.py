"""What a case expects: its lines in; `Expected`, with the line of every word of it, out.

A misspelt requirement, fact, level or duty is a problem with the nearest name, never an expectation that no
verdict can fulfil.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Literal, cast, get_args

from service.engine.evaluate import Outcome, Result
from service.facts.types import Date, Records
from service.policy.condition import Place
from service.policy.literals import Mistake, read_literal
from service.policy.model import Level, PolicySet
from service.policy.reader import Fields, place_of, quoted, shape, unknown_word
from service.policy.selection import Selection
from service.policy.source import ListNode, Node, TextNode
from service.simulate.model import NAMED, Expected, Named
from service.simulate.told import NONE, Telling

OUTCOMES = get_args(Outcome)
RESULTS = get_args(Result)
EXPECTED = ("expect", *NAMED, "missing", "eligible_from", "open_to_you", "afterwards", "findings")
NEVER: Literal["never"] = "never"


def read_expected(
    lines: Fields, selection: Selection, policies: PolicySet, telling: Telling
) -> Expected | None:
    """What a case expects of a verdict by `selection`; None, with problems, when that is unclear."""
    before, level = len(lines.report.problems), selection.level
    deciding = [requirement.id for requirement in level.requires if requirement.kind == "required"]
    advisory = [requirement.id for requirement in level.requires if requirement.kind == "advisory"]
    outcome = cast(Outcome, lines.one_of("expect", OUTCOMES, "eligible", "expect: eligible"))
    at: dict[str, Place] = {"expect": place_of(lines.get("expect") or lines.node)}
    named: dict[Named, tuple[str, ...]] = {}
    for word in NAMED:
        listed = _words(lines, word)
        if listed is not None:
            at[word] = place_of(lines.get(word) or lines.node)
            named[word] = tuple(_requirements(listed, deciding, advisory, level, lines))
    for each in ("missing", "eligible_from", "open_to_you", "afterwards"):
        node = lines.get(each)
        if node is not None:
            at[each] = place_of(node)
    findings = _findings(lines, level, at)
    missing, open_now, after = (_words(lines, word) for word in ("missing", "open_to_you", "afterwards"))
    expected = Expected(
        outcome=outcome,
        named=named,
        findings=findings,
        missing=None if missing is None else tuple(_facts(missing, telling)),
        eligible_from=_day(lines),
        open_to_you=None if open_now is None else tuple(_levels(open_now, policies, lines)),
        afterwards=None if after is None else tuple(_duties(after, selection, lines)),
        at=at,
    )
    if len(lines.report.problems) == before:
        _contradictions(lines, expected)
    return None if len(lines.report.problems) > before else expected


def _words(lines: Fields, name: str) -> list[TextNode] | None:
    """One text or a list of texts; `none` and `[]` are the empty list; None when nothing is said."""
    node = lines.get(name)
    if node is None:
        return None
    if isinstance(node, TextNode) and node.value == NONE:
        return []
    words = []
    for item in node.items if isinstance(node, ListNode) else (node,):
        if isinstance(item, TextNode) and item.value:
            words.append(item)
        else:
            lines.report.at(item, f"here stands {shape(item)}, but {quoted(name)} takes names, or `{NONE}`")
    return words


def _requirements(
    words: list[TextNode], deciding: Collection[str], advisory: Collection[str], level: Level, lines: Fields
) -> Iterator[str]:
    for word in words:
        if word.value in deciding:
            yield word.value
        elif word.value in advisory:
            message = f"{quoted(word.value)} is advisory and never decides; expect it under `findings`"
            lines.report.at(word, message)
        else:
            what = f"a requirement of {quoted(level.name)}"
            lines.report.at(word, unknown_word(word.value, deciding, what))


def _findings(lines: Fields, level: Level, at: dict[str, Place]) -> dict[str, Result]:
    node = lines.get("findings")
    if node is None:
        return {}
    known = [requirement.id for requirement in level.requires]
    own = Fields.of(node, lines.report, "`findings`", known, f"{known[-1]}: met")
    found: dict[str, Result] = {}
    for name in own.node.entries if own is not None else ():
        if own is not None and name in known:
            found[name] = cast(Result, own.one_of(name, RESULTS, "met"))
            at[f"findings.{name}"] = place_of(own.key(name))
    return found


def _facts(words: list[TextNode], telling: Telling) -> Iterator[str]:
    for word in words:
        name, dot, field = word.value.partition(".")
        if word.value == "from":
            yield word.value
            continue
        fact = telling.fact(TextNode(name, word.quoted, word.span))
        if fact is None:
            continue
        fields = fact.type.fields if isinstance(fact.type, Records) else {}
        if dot and field not in fields:
            telling.report.at(word, unknown_word(field, fields, f"a field of {quoted(name)}"))
        else:
            yield word.value


def _levels(words: list[TextNode], policies: PolicySet, lines: Fields) -> Iterator[str]:
    known = {
        level.name for versions in policies.tracks.values() for each in versions for level in each.levels
    }
    for word in words:
        if word.value in known:
            yield word.value
        else:
            lines.report.at(word, unknown_word(word.value, known, "a level; write `track/level`"))


def _duties(words: list[TextNode], selection: Selection, lines: Fields) -> Iterator[str]:
    """Where several versions judge, any of them may be the one whose duties follow."""
    levels = (selection.level, *(level for _, level in selection.favourable))
    known = dict.fromkeys(duty.id for level in levels for duty in level.afterwards)
    for word in words:
        if word.value in known:
            yield word.value
        else:
            message = unknown_word(word.value, known, f"a duty after {quoted(selection.level.name)}")
            lines.report.at(word, message if known else f"{message}; none follows there, so write `{NONE}`")


def _day(lines: Fields) -> date | Literal["never"] | None:
    node: Node | None = lines.word("eligible_from")
    if not isinstance(node, TextNode):
        return None
    if node.value == NEVER:
        return NEVER
    day = read_literal(node, Date())
    if isinstance(day, Mistake):
        lines.report.at(node, f"{day.message}, or `{NEVER}`")
    return day if isinstance(day, date) else None


def _contradictions(lines: Fields, expected: Expected) -> None:
    """What no verdict can fulfil is a slip of the pen: say so before it is run."""
    outcome, unmet = expected.outcome, expected.named.get("unmet")
    wrong: dict[str, str] = {}
    if unmet and outcome != "not_eligible":
        wrong["unmet"] = "an unmet requirement makes it `not_eligible`"
    if unmet == () and outcome == "not_eligible":
        wrong["unmet"] = "only an unmet requirement makes it so, and none is named here"
    if expected.named.get("unknown") and outcome == "eligible":
        wrong["unknown"] = "an unknown requirement leaves it open"
    if expected.missing and outcome != "needs_information":
        wrong["missing"] = "facts are asked for only when it is `needs_information`"
    if expected.eligible_from is not None and outcome == "eligible":
        wrong["eligible_from"] = "a day from which is only for somebody who is not eligible yet"
    for name, why in wrong.items():
        node = lines.get(name)
        if node is not None:
            message = f"the case expects `{outcome}`, but {why}; change one of the two"
            lines.report.at(node, message)
