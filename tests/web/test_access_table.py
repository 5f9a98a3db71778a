"""The table of who may do what: it and the endpoints cover each other, and a view keeps to it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from service.access.callers import ANYONE, NOBODY, SCOPES, Caller, candidate_caller
from service.web.access_table import KNOWN, OPEN, TABLE, Need, Unguarded, check_table, one_of
from tests.docs.examples import rows_below


def test_every_endpoint_has_its_row_and_every_row_its_endpoint(app: Flask) -> None:
    """The app could not have been made otherwise; this says so where a reader looks."""
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(TABLE)


def test_the_page_about_access_lists_every_address_with_who_may_use_it(app: Flask) -> None:
    """Whoever gives out scopes reads the page, not the code; a new endpoint needs a row there too."""
    rows = rows_below("access.md", "Where several scopes are named")
    told = {place.strip("`"): cell for place, cell in rows}
    there = {
        f"{method} {path_of(rule.rule)}": who(TABLE[rule.endpoint])
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert told == there, "correct the table in docs/access.md"
    assert len(rows) == len(there)


def path_of(rule: str) -> str:
    """A path as pages write it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def who(need: Need) -> str:
    """The cell of the table that says who may."""
    if need.open:
        return "open"
    if need.known:
        return "any caller"
    return ", ".join([*(f"`{scope}`" for scope in sorted(need.scopes)), *["candidates"] * need.candidates])


def test_an_endpoint_without_a_row_stops_the_app_from_being_made() -> None:
    """Whoever forgets to say who may use it must not open it to everybody."""
    app = Flask("app", static_folder=None)
    app.add_url_rule("/forgotten", "forgotten.show", lambda: "")
    with pytest.raises(Unguarded, match=r"endpoint `forgotten\.show` has no row"):
        check_table(app, {})
    with pytest.raises(Unguarded, match=r"row `gone\.show` .* has no endpoint"):
        check_table(app, {"forgotten.show": OPEN, "gone.show": OPEN})
    check_table(app, {"forgotten.show": OPEN})


def test_only_health_and_the_documentation_stand_open() -> None:
    """A probe has no token, and whoever has none yet must be able to read how to get one."""
    assert {name for name, need in TABLE.items() if need.open} == {
        "authzen.show_authzen_configuration",
        "health.check_live",
        "health.check_ready",
        "pages.openapi",
        "pages.docs",
        "pages.style",
        "pages.problem",
    }


def test_a_need_is_met_by_any_of_its_scopes_and_by_candidates_only_where_it_says_so() -> None:
    """Scopes do not contain each other: an operator is no auditor."""
    submitter = Caller("workday", "key", frozenset({"submit"}))
    candidate = candidate_caller("E-1042")
    need = one_of("submit", "audit")
    assert need.allows(submitter)
    assert need.allows(ANYONE)
    assert not one_of("operate").allows(submitter)
    assert not need.allows(candidate)
    assert one_of("audit", candidates=True).allows(candidate)
    assert KNOWN.allows(candidate)
    assert KNOWN.allows(submitter)
    assert not need.allows(NOBODY)


def test_a_candidate_never_has_more_than_a_candidate() -> None:
    """Whatever scopes came with the token: it is about one person, and for that person."""
    both = Caller("candidate", "candidate", frozenset(SCOPES), "E-1042")
    assert not one_of("submit").allows(both)


@pytest.mark.parametrize(
    ("caller", "owner", "person", "views"),
    [
        (Caller("a", "key", frozenset({"submit"})), "key:a", "E-1", ("workflow", "candidate")),
        (Caller("a", "key", frozenset({"submit"})), "key:b", "E-1", ()),
        (Caller("a", "key", frozenset({"submit"})), "token:a", "E-1", ()),
        (Caller("a", "key", frozenset({"submit"})), None, None, ()),
        (Caller("a", "key", frozenset({"decide"})), "key:b", "E-1", ("workflow", "candidate")),
        (Caller("a", "key", frozenset({"audit"})), "key:b", "E-1", ("audit", "workflow", "candidate")),
        (Caller("a", "key", frozenset({"audit"})), None, None, ("audit", "workflow", "candidate")),
        (candidate_caller("E-1"), "key:a", "E-1", ("candidate",)),
        (candidate_caller("E-1"), "key:a", "E-2", ()),
        (candidate_caller("E-1"), None, None, ()),
        (ANYONE, "key:b", "E-1", ("audit", "workflow", "candidate")),
    ],
)
def test_what_a_caller_may_see_of_a_verdict(
    caller: Caller, owner: str | None, person: str | None, views: tuple[str, ...]
) -> None:
    """Its own, in the view for it; auditors everything; a candidate what was said about them."""
    assert caller.views(owner, person) == views


def test_the_id_of_a_candidate_is_in_no_text_about_the_caller() -> None:
    """A caller may be written to a log whole."""
    assert "E-1042" not in repr(candidate_caller("E-1042"))
    assert "E-1042" not in candidate_caller("E-1042").owner
