"""GitHub annotations: what is wrong, and where, in; the lines that mark it in a pull request, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from service.errors import Problem
from service.simulate.said import differences_said
from service.simulate.suite import Suite

Kind = Literal["error", "warning", "notice"]


def annotation(
    kind: Kind, message: str, *, file: str = "", line: int = 0, column: int = 0, title: str = ""
) -> str:
    """One annotation; whatever the texts hold, it stays one line with these properties.

    >>> annotation("error", "50% of it\\nis wrong", file="policies/tests/a,b.yaml", line=3)
    '::error file=policies/tests/a%2Cb.yaml,line=3::50%25 of it%0Ais wrong'
    """
    told = {"file": file, "line": line or "", "col": column or "", "title": title}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in told.items() if value)
    return f"::{kind}{' ' if properties else ''}{properties}::{_escaped(message)}"


def problems_marked(problems: Iterable[Problem], folder: str) -> Iterator[str]:
    """An error for each problem of the files in `folder`."""
    for problem in problems:
        where = problem.where
        yield annotation(
            "error", problem.message, file=f"{folder}/{where.file}", line=where.line, column=where.column
        )


def suite_marked(suite: Suite, folder: str, too_low: str = "") -> Iterator[str]:
    """An error for each case that fails, a notice for each that is skipped."""
    for each in suite.checked:
        test, skip = each.test, each.test.skip
        at, line = f"{folder}/{test.place.file}", test.place.line
        if each.state == "failed":
            first = each.differences[0].test.line
            message = "\n".join(differences_said(each, folder))
            yield annotation("error", message, file=at, line=first, title=test.name)
        elif skip is not None and each.state == "overdue":
            yield annotation(
                "error", skip.overdue.message, file=at, line=skip.overdue.where.line, title=test.name
            )
        elif skip is not None:
            message = f"skipped until {skip.until}: {skip.reason}"
            yield annotation("notice", message, file=at, line=line, title=test.name)
    if too_low:
        yield annotation("error", too_low, title="coverage")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
