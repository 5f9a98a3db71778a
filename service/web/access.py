"""Access: the `Authorization` header of a request goes in; its `Caller` comes out, or the request is refused.

`web.access_table` alone says what an endpoint needs. How a caller is known is handed in with the parts: an
`Access` that knows tokens or API keys, or one that is open to anyone.
"""

from __future__ import annotations

from typing import Final, Protocol, cast

from flask import Flask, g, request

from service.verdict.views import ViewName
from service.web import observe
from service.web.access_table import TABLE, Need, check_table
from service.web.callers import ANYONE, NOBODY, Caller
from service.web.errors import Refused
from service.web.parts import parts


class Access(Protocol):
    """Knows callers."""

    def caller_of(self, authorization: str | None) -> Caller:
        """Who sends this `Authorization` header.

        Raises:
            Refused: Nobody that is known, for the reason it gives.
        """


class OpenAccess:
    """Takes everybody for anyone, and lets them do everything."""

    def caller_of(self, authorization: str | None) -> Caller:  # noqa: ARG002 - nobody is asked
        """Anyone."""
        return ANYONE


OPEN_ACCESS: Final = OpenAccess()


def guard(app: Flask) -> None:
    """Let no request come to a view of the app that the table does not allow; to be called when all views are
    there.

    Raises:
        Unguarded: A view has no row in the table, or a row no view.
    """
    check_table(app, TABLE)
    app.before_request(_admit)


def caller() -> Caller:
    """Who asks the present question."""
    return cast(Caller, g.get("caller", NOBODY))


def chosen_view(asked: ViewName | None, allowed: tuple[ViewName, ...]) -> ViewName:
    """The view that is shown: the one asked for, or the first of those that the caller may have.

    Raises:
        Refused: The caller may not have the view that was asked for.
    """
    if asked is None:
        return allowed[0]
    if asked not in allowed:
        shown = " or ".join(f"`{name}`" for name in allowed)
        raise Refused("not-allowed", f"the view `{asked}` is not for this caller; ask for {shown}")
    return asked


def _admit() -> None:
    endpoint = request.endpoint
    if endpoint is None:
        return  # there is nothing at this address, and that is all that is said
    need = TABLE[endpoint]
    if need.open:
        return
    g.caller = known = parts().access.caller_of(request.headers.get("Authorization"))
    observe.note(caller=known.name, caller_kind=known.kind)
    if not need.allows(known):
        raise _not_allowed(need)


def _not_allowed(need: Need) -> Refused:
    wanted = " or ".join(f"`{scope}`" for scope in sorted(need.scopes))
    detail = f"this needs the scope {wanted}" if wanted else "this is not for candidates"
    return Refused("not-allowed", detail, challenge=_insufficient(need))


def _insufficient(need: Need) -> str:
    return f'Bearer realm="ladders", error="insufficient_scope", scope="{" ".join(sorted(need.scopes))}"'
