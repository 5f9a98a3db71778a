"""The page on problems: every kind that the service answers with is explained there, as its table has it."""

from __future__ import annotations

import re

import pytest

from service.web.problems import KINDS, Kind
from tests.docs.examples import page

PAGE = "problems.md"
SECTIONS = dict(re.findall(r"^### (\S+)\n\n(.*?)(?=^##|\Z)", page(PAGE), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_of_problem_is_explained(kind: Kind) -> None:
    """Whoever meets it looks it up; the page of the service and this one say the same."""
    text = " ".join(SECTIONS[kind.name].split())
    assert text.startswith(f"{kind.status}: {kind.title}. {kind.remedy}")


def test_no_problem_is_explained_that_does_not_exist() -> None:
    """A client that handles it would wait for ever."""
    assert set(SECTIONS) == set(KINDS)
