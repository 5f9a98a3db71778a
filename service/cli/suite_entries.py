"""The results of policy tests as entries of a report: a suite goes in; what came of each case comes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from service.cli.report import Entry
from service.simulate.model import Checked
from service.simulate.said import differences_said
from service.simulate.suite import Suite


def entries_of_suite(suite: Suite, folder: Path, too_low: str = "") -> Iterator[Entry]:
    """An entry for each case: a failing one and a skip that has ended are errors, another skip is a notice.

    Args:
        suite: The results.
        folder: The policy folder, as it is put before the names of files.
        too_low: What to say when the coverage is too low; empty when it is not.
    """
    for each in suite.checked:
        yield _entry(each, folder)
    if too_low:
        yield Entry(
            name="coverage", file="", of="coverage", title="coverage", state="failure", mark="error",
            said=too_low,
        )  # fmt: skip


def _entry(each: Checked, folder: Path) -> Entry:
    test = each.test
    case = Entry(
        name=test.name, file=test.place.file, line=test.place.line, of=test.selection.level.name,
        title=test.name,
    )  # fmt: skip
    if each.state == "failed":
        lines = list(differences_said(each, folder.as_posix()))
        return replace(
            case, state="failure", mark="error", marked_line=each.differences[0].test.line, said=lines[0],
            details="\n".join(lines),
        )  # fmt: skip
    if test.skip is None or each.state == "passed":
        return case
    if each.state == "overdue":
        ended = test.skip.overdue
        return replace(case, state="error", mark="error", marked_line=ended.where.line, said=ended.message)
    said = f"skipped until {test.skip.until}: {test.skip.reason}"
    return replace(case, state="skipped", mark="notice", said=said)
