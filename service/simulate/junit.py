"""JUnit XML, as build servers read it: a suite in; the text of the report out.

One `testsuite` a test file. A failing case is a `failure`, a skip that lasted too long an `error`, and
coverage that is too low a failing case of its own.
"""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from service.simulate.model import Checked
from service.simulate.said import differences_said
from service.simulate.suite import Suite

#: Characters that XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(suite: Suite, *, folder: str, too_low: str = "") -> str:
    """The report of a suite.

    Args:
        suite: What came out.
        folder: The policy folder, as it is put before the names of files.
        too_low: What to say when the coverage is too low; empty when it is not.
    """
    root = Element("testsuites", name="ladders test")
    for file, group in groupby(suite.checked, key=lambda each: each.test.place.file):
        cases = list(group)
        states = [each.state for each in cases]
        holder = _suite(root, f"{folder}/{file}", len(cases), states.count("failed"), states.count("overdue"))
        holder.set("skipped", str(states.count("skipped")))
        for each in cases:
            _case(holder, each, folder)
    if too_low:
        holder = _suite(root, "coverage", 1, 1, 0)
        case = SubElement(holder, "testcase", name="coverage", classname="coverage")
        SubElement(case, "failure", message=_xml(too_low))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, name: str, tests: int, failures: int, errors: int) -> Element:
    counted = {"tests": str(tests), "failures": str(failures), "errors": str(errors)}
    return SubElement(root, "testsuite", {"name": _xml(name), **counted})


def _case(holder: Element, each: Checked, folder: str) -> None:
    test = each.test
    case = SubElement(
        holder, "testcase",
        name=_xml(test.name),
        classname=_xml(test.selection.level.name),
        file=_xml(f"{folder}/{test.place.file}"),
        line=str(test.place.line),
    )  # fmt: skip
    if each.state == "failed":
        lines = list(differences_said(each, folder))
        failure = SubElement(case, "failure", message=_xml(lines[0]))
        failure.text = _xml("\n".join(lines))
    elif each.state == "overdue" and test.skip is not None:
        SubElement(case, "error", message=_xml(test.skip.overdue.message))
    elif each.state == "skipped" and test.skip is not None:
        SubElement(case, "skipped", message=_xml(f"{test.skip.reason} (until {test.skip.until})"))


def _xml(text: str) -> str:
    """A text without what XML cannot hold; quotes and brackets are escaped when it is written."""
    return _NOT_XML.sub("\ufffd", text)
