"""A verdict in the terminal: its document goes in; a tree that a person reads from top to bottom comes out.

What is met takes one line; what is not shows why, condition by condition, and what to do. Colour only on a
terminal, and never with NO_COLOR. Works for every view of a verdict: what a view leaves out is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from service.cli.whereabouts import opened
from service.facts.calendar import spoken
from service.verdict.wording import LACKING, plural

Json = Mapping[str, Any]

WIDTH: Final = 100  #: characters, where there is no terminal to ask
_MARKS: Final[Mapping[str, tuple[str, str, str]]] = {  # result or outcome → mark, mark without Unicode, style
    "met": ("✔", "+", "green"),
    "unmet": ("✘", "x", "red"),
    "unknown": ("?", "?", "yellow"),
    "waived": ("✔", "+", "blue"),
    "not_applicable": ("–", "-", "dim"),
    "eligible": ("✔", "+", "bold green"),
    "not_eligible": ("✘", "x", "bold red"),
    "needs_information": ("?", "?", "bold yellow"),
}
_COUNTED: Final = ("entries", "parts", "answers")  #: what a bare number counts anyway
_MEASURED: Final = ("at_least", "more_than", "at_most", "less_than", "between")
_LEVELS_SHOWN: Final = 4  #: of conditions inside conditions


def show(
    document: Json, *, folder: Path | None = None, whole: bool = False, file: TextIO | None = None
) -> None:
    """Print a verdict.

    Args:
        document: The verdict, or a view of it.
        folder: The policy folder, so that its files can be opened from here; None: they are elsewhere.
        whole: Show the conditions of what is met, too.
        file: Where to; without it, the standard output.
    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=file, highlight=False, markup=False, emoji=False, width=WIDTH)
    page = _Page(plain="utf" not in console.encoding.lower(), whole=whole, folder=folder)
    for part in page.parts(document):
        console.print(part)


class _Page:
    def __init__(self, *, plain: bool, whole: bool, folder: Path | None) -> None:
        self._plain = plain
        self._whole = whole
        self._folder = folder

    def parts(self, document: Json) -> Iterator[Text | Tree]:
        """What stands on the page, from top to bottom."""
        yield self._marked(document["outcome"], document["summary"])
        yield from _about(document)
        yield Text()
        tree = _branched("Requirements", ())
        for finding in document["findings"]:
            self._finding(tree, finding)
        yield tree
        openings = [self._marked(each["outcome"], _opening(each)) for each in document["open_to_you"]]
        for title, lines in [*_sections(document), ("Open from the present level", openings)]:
            if lines:
                yield Text()
                yield _branched(title, lines)

    def _marked(self, result: str, text: str, also: str = "") -> Text:
        mark, without_unicode, style = _MARKS[result]
        line = Text.assemble((without_unicode if self._plain else mark, style), " ", text)
        return line.append(f" ({also})", style="dim") if also else line

    def _finding(self, tree: Tree, finding: Json) -> None:
        result = finding["result"]
        also = ["advice only"] if finding["kind"] == "advisory" else []
        if result in ("waived", "not_applicable"):
            also.append(result.replace("_", " "))
        branch = tree.add(self._marked(result, finding["text"], ", ".join(also)))
        waiver, failed = finding.get("waiver"), result in ("unmet", "unknown")
        if waiver:
            days = f"from {_day(waiver['granted_on'])} through {_day(waiver['until'])}"
            branch.add(Text(f"waived by the {waiver['by']} {days}: {waiver['reason']}"))
        if finding.get("exception"):
            branch.add(Text(finding["exception"]))
        if failed and finding.get("why"):
            branch.add(Text(finding["why"], style="italic"))
        if failed or self._whole:
            for node in finding.get("because", ()):
                self._node(branch, node, _LEVELS_SHOWN)
        for left_out in finding.get("left_out", ()) if failed or self._whole else ():
            branch.add(Text(left_out["text"], style="dim"))
        if failed:
            if finding.get("met_from"):
                branch.add(Text(f"met from {_day(finding['met_from'])} if only time passes"))
            if finding["to_meet"]:
                branch.add(Text.assemble(("To meet it: ", "bold"), finding["to_meet"]))
            where = finding.get("where")
            if where and self._folder is not None:
                where = opened(self._folder, where)
            source = ", ".join(filter(None, (finding.get("source"), where)))
            if source:
                branch.add(Text(source, style="dim"))

    def _node(self, branch: Tree, node: Json, levels: int) -> None:
        role = {"applies_when": "applies when: ", "unless": "unless: "}.get(node.get("role", ""), "")
        inner = branch.add(self._marked(node["result"], role + node["text"], _found(node)))
        if levels:
            for part in node["of"]:
                self._node(inner, part, levels - 1)


def _branched(title: str, lines: Iterable[Text]) -> Tree:
    tree = Tree(Text(title, style="bold"), guide_style="dim")
    for line in lines:
        tree.add(line)
    return tree


def _about(document: Json) -> Iterator[Text]:
    """Who, from where, to where, when, and by which policy."""
    to, standing, policy = document["to"], document["from"], document["policy"]
    left = f"{standing['track']}/{standing['level']}" if standing else "on no ladder, or not told"
    yield Text(
        f"{document['candidate']['id']}: {left} → {to['track']}/{to['level']} (grade {to['grade']}),"
        f" as of {_day(document['dates']['as_of'])}"
    )
    yield Text(f"Policy {policy['version']}: {policy['selected_because']}", style="dim")


def _sections(document: Json) -> Iterator[tuple[str, list[Text]]]:
    """What follows from the findings, by title."""
    told: dict[str, list[str]] = {
        "Please answer": [question["question"] for question in document["missing_facts"]],
        "What would change it": [
            f"{change['change']} (for {change['requirement']})" for change in document["what_would_change"]
        ],
    }
    if document["eligible_from"]:
        told["If only time passes"] = [f"eligible from {_day(document['eligible_from'])}"]
    if document["outcome"] == "eligible":
        told["Afterwards"] = [_duty(duty) for duty in document.get("afterwards", ())]
        back = document["way_back"]
        told["The way back"] = [f"for {back['months']} months: {back['to']}"] if back else []
    told["Please note"] = [f"{warning['pointer']}: {warning['message']}" for warning in document["warnings"]]
    for title, lines in told.items():
        yield title, [Text(line) for line in lines]


def _found(node: Json) -> str:
    """What was found and what is lacking, where that is short."""
    found, shortfall = node.get("found"), node.get("shortfall")
    if not found:
        return ""
    if found.get("value") and str(found.get("label", "")).endswith(LACKING):
        names = [str(name) for name in found.get("entries", {}).get("not_matching", ())]
        names = [name for name in names if not name.startswith("/")]  # places in the request say little here
        return f"not so for {', '.join(names) or found['value']}"
    told = []
    if found.get("value") is not None:
        told.append(f"found {_said(found['value'])}")
    elif found.get("at_least") is not None or found.get("at_most") is not None:
        bounds = {"at least": found.get("at_least"), "at most": found.get("at_most")}
        said = [f"{name} {_said(bound)}" for name, bound in bounds.items() if bound is not None]
        told.append("found " + " and ".join(said))
    elif node["result"] == "unknown":
        told.append("not known")
    needed = node.get("needed") or {}
    if "label" in needed and node["result"] != "met":  # the sentence names the amount, not what it comes to
        told += [f"needed {_said(value)}" for name, value in needed.items() if name in _MEASURED]
    if shortfall and shortfall.get("value") is not None:
        unit = shortfall.get("unit") or ""
        unit = "" if unit in _COUNTED else plural(shortfall["value"], unit)
        told.append(f"missed by {shortfall['value']} {unit}".rstrip())
    return ", ".join(told)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_said, value)) or "none"
    return str(value)


def _opening(opening: Json) -> str:
    """One level that the present one leads to, and what it still asks."""
    line = f"{opening['title']} ({opening['to']}, grade {opening['grade']})"
    told = []
    for said, result in (("lacking", "unmet"), ("not known yet:", "unknown")):
        texts = [each["text"] for each in opening["lacking"] if each["result"] == result]
        told += [f"{said} {'; '.join(texts)}"] if texts else []
    return ": ".join([line, "; ".join(told)]) if told else line


def _duty(duty: Json) -> str:
    return f"{duty['text']} (within {duty['within']})" if duty["within"] else str(duty["text"])


def _day(text: str) -> str:
    return spoken(date.fromisoformat(text))
