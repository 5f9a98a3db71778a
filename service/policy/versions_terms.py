"""Terms of a version: the lines `withdrawn` and `grandfathering` of a track file in; what they mean, out.

A version may be published and withdrawn again before its first day. A version may say what becomes of
requests that were submitted before it, and take effect under it. Which version then judges is
`policy.versions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol, cast, get_args

from service.facts.calendar import spoken
from service.policy.figures import day_of
from service.policy.model import Grandfathering, Used, Withdrawal
from service.policy.reader import Fields, Report, quoted

TERMS = ("withdrawn", "grandfathering")
_WITHDRAWN = "withdrawn: {on: 2026-11-02, why: The works council asked for more time}"
_GRANDFATHERING = (
    "grandfathering: {submitted_before: 2027-01-01, honour_until: 2027-06-30, use: more_favourable}"
)


class Draft(Protocol):
    """What is asked of a version here."""

    start: date
    lines: Fields
    withdrawn: Withdrawal | None
    grandfathering: Grandfathering | None


def read_withdrawal(lines: Fields, start: date) -> Withdrawal | None:
    """When and why a version was withdrawn, which must be before its first day."""
    node, report = lines.get("withdrawn"), lines.report
    inner = None if node is None else Fields.of(node, report, "`withdrawn`", ("on", "why"), _WITHDRAWN)
    if inner is None:
        return None
    inner.need("on", "on: 2026-11-02")
    on, why = day_of(inner, "on"), inner.text("why", "why: The works council asked for more time")
    if on is not None and on >= start:
        message = (
            f"a version can be withdrawn before its first day, {start}, and not after; to end it, write the "
            "first day on which it no longer holds as `to:` into `in_force`"
        )
        report.at(inner.node.entries["on"].value, message)
        return None
    return None if on is None else Withdrawal(on=on, why=why)


def read_grandfathering(lines: Fields, start: date) -> Grandfathering | None:
    """What becomes of requests that were submitted before, and take effect under this version."""
    node, report = lines.get("grandfathering"), lines.report
    known = ("submitted_before", "honour_until", "use")
    inner = None if node is None else Fields.of(node, report, "`grandfathering`", known, _GRANDFATHERING)
    if inner is None:
        return None
    use = inner.one_of("use", get_args(Used), "", "use: more_favourable")
    inner.need("submitted_before", f"submitted_before: {start}")
    before, until = day_of(inner, "submitted_before"), day_of(inner, "honour_until")
    if use == "new":
        if "honour_until" in inner:
            message = "with `use: new` nothing old is honoured, so that this day means nothing; take it out"
            report.warn(inner.key("honour_until"), message)
            until = None
    elif use:
        inner.need("honour_until", "honour_until: 2027-06-30")
        if until is not None and until < start:
            message = (
                "this version is not in force then: the day until which the older version is honoured lies "
                f"on {start} or later"
            )
            report.at(inner.node.entries["honour_until"].value, message)
            return None
    if not use or before is None or (until is None and use != "new"):
        return None
    return Grandfathering(submitted_before=before, honour_until=until, use=cast(Used, use))


def check_terms(drafts: Mapping[str, Sequence[Draft]], report: Report) -> None:
    """Grandfathering needs an older version, and people who may have asked for it."""
    for versions in drafts.values():
        for index, version in enumerate(versions):
            terms = version.grandfathering
            if terms is None:
                continue
            key = version.lines.key("grandfathering")
            if index == 0:
                message = "no older version of this track could be honoured; take `grandfathering` out"
                report.at(key, message)
            elif terms.submitted_before <= versions[index - 1].start:
                first = spoken(versions[index - 1].start)
                message = (
                    f"nobody can have submitted a request to the older version before {first}, its first "
                    f"day; write a later day as {quoted('submitted_before')}"
                )
                report.at(key, message)


def spoken_terms(terms: Grandfathering) -> str:
    """Grandfathering in a sentence, without capital and full stop."""
    whom = f"requests submitted before {spoken(terms.submitted_before)}"
    if terms.honour_until is None:
        return f"{whom} are judged by this version, too"
    by = "the older version" if terms.use == "old" else "the more favourable of both versions"
    return f"{whom} are judged by {by} if they take effect until {spoken(terms.honour_until)}"
