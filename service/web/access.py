"""Access: the `Authorization` header of a request goes in; its `Caller` comes out, or the request is refused.

`web.access_table` alone says what an endpoint needs. Who is known by what is handed in with the parts; where
nothing is, everybody is anyone and may do everything.
"""

from __future__ import annotations

from typing import Final, cast

from flask import Flask, g, request

from service.access.callers import ANYONE, NOBODY, Caller, Scope
from service.errors import NotKnown
from service.verdict.views import ViewName
from service.web import observe
from service.web.access_table import METRICS, TABLE, check_table
from service.web.errors import Refused
from service.web.parts import parts

_REALM: Final = 'Bearer realm="ladders"'


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
        raise not_allowed(f"the view `{asked}` is not for this caller; ask for {shown}", "audit")
    return asked


def own_view(asked: ViewName | None) -> ViewName:
    """The view in which a caller gets what it asks for now.

    Raises:
        Refused: The caller may not have the view that was asked for.
    """
    known = caller()
    return chosen_view(asked, known.views(known.owner, None))


def not_allowed(detail: str, *scopes: Scope) -> Refused:
    """The refusal of a caller who is known and lacks one of these scopes."""
    challenge = f'{_REALM}, error="insufficient_scope", scope="{" ".join(sorted(scopes))}"'
    return Refused("not-allowed", detail, challenge=challenge)


def _admit() -> None:
    endpoint = request.endpoint
    if endpoint is None:
        return  # there is nothing at this address, and that is all that is said
    need = TABLE[endpoint]
    if need.open or (endpoint == METRICS and parts().metrics_open):
        return
    g.caller = known = _known()
    observe.note(caller=known.name, caller_kind=known.kind)
    if not need.allows(known):
        wanted = "this needs the scope " + " or ".join(f"`{scope}`" for scope in sorted(need.scopes))
        if known.candidate is not None:  # the token may have that scope, and its owner wonder
            wanted += ", in a token that is not a candidate's"
        raise not_allowed(wanted, *need.scopes)


def _known() -> Caller:
    """Whoever sent the present request."""
    access = parts().access
    if access is None:
        return ANYONE
    authorization = request.environ.get("HTTP_AUTHORIZATION")
    if authorization is None:
        raise Refused(
            "no-credentials",
            "there is no token and no API key; send one as `Authorization: Bearer …`",
            challenge=_REALM,
        )
    try:
        return access.caller_of(authorization)
    except NotKnown as stranger:
        why = str(stranger)
        observe.note(refused=why)
        told = why.replace("`", "'")  # a description has no backticks in a header of RFC 6750
        challenge = f'{_REALM}, error="invalid_token", error_description="{told}"'
        raise Refused("wrong-credentials", why, challenge=challenge) from None
