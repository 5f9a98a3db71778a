"""The policy read aloud, as plain text: what `verdict.aloud` says in; lines for a terminal or a mail, out.

Nothing but letters, spaces and dashes, so that it can be pasted anywhere. Knows nothing of policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from service.verdict.aloud import HEADINGS, Said, SaidLevel, SaidPolicy, SaidRequirement, SaidVersion, Term

WIDTH = 88
_LIST, _BELOW = "- ", "  "


def policy_text(policy: SaidPolicy) -> str:
    """The whole policy, with an empty line between its parts and one line end at the end."""
    lines: list[str] = []
    for version in policy.versions:
        lines += [*_version(version), ""]
    for heading, terms in ((HEADINGS["facts"], policy.facts), (HEADINGS["calculated"], policy.calculated)):
        if terms:
            lines += [*_underlined(heading, "="), "", *_terms(terms), ""]
    return "\n".join([*lines, f"{HEADINGS['digest']}: {policy.digest}", ""])


def _version(version: SaidVersion) -> Iterator[str]:
    yield from _underlined(version.title, "=")
    yield ""
    yield from _filled(" ".join((version.kind, version.period)))
    if version.source:
        yield from _filled(f"{HEADINGS['source']}: {version.source}")
    for level in version.levels:
        yield ""
        yield from _level(level)


def _level(level: SaidLevel) -> Iterator[str]:
    yield from _underlined(level.title, "-")
    yield ""
    yield f"{', '.join(filter(None, (level.grade, level.pay)))}."
    yield from _filled(level.way_in)
    if level.mastery:
        yield from _filled(level.mastery)
    if level.way_back:
        yield from _filled(level.way_back)
    if level.requires:
        yield from ("", f"{HEADINGS['requires']}:")
    for requirement in level.requires:
        yield ""
        yield from _requirement(requirement)
    if level.afterwards:
        yield from ("", f"{HEADINGS['afterwards']}:", "")
        for duty in level.afterwards:
            yield from _filled(duty, _LIST, _BELOW)


def _requirement(requirement: SaidRequirement) -> Iterator[str]:
    yield from _filled(" ".join(filter(None, (requirement.text, requirement.advisory))), _LIST, _BELOW)
    yield from _labelled("why", requirement.why)
    yield from _said("asks", requirement.asks)
    for label, said in (("applies_when", requirement.applies_when), ("unless", requirement.unless)):
        if said is not None:
            yield from _said(label, said)
    yield from _labelled("to_meet", requirement.to_meet)
    yield from _labelled("waiver", requirement.waiver)
    yield from _labelled("source", requirement.source)


def _labelled(label: str, text: str) -> Iterator[str]:
    if text:
        yield from _filled(f"{HEADINGS[label]}: {text}", _BELOW, _BELOW * 2)


def _said(label: str, said: Said) -> Iterator[str]:
    yield from _labelled(label, said.text)
    yield from _parts(said, _BELOW * 2)


def _parts(said: Said, indent: str) -> Iterator[str]:
    for part in said.parts:
        yield from _filled(part.text, indent + _LIST, indent + _BELOW)
        yield from _parts(part, indent + _BELOW)


def _terms(terms: tuple[Term, ...]) -> Iterator[str]:
    for term in terms:
        yield from _filled(f"{term.word}: {term.meaning}" if term.meaning else term.word, _LIST, _BELOW)


def _underlined(text: str, mark: str) -> list[str]:
    return [text, mark * len(text)]


def _filled(text: str, first: str = "", after: str = "") -> list[str]:
    """A text in lines that fit; words are never broken."""
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )
