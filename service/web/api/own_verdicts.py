"""One's own verdicts: found again by what was judged and when, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from service.facts.strict import LONGEST_NAME
from service.ledger.log import Entry, Wanted, may_hold
from service.ledger.verdict_record import document_in
from service.verdict.schema import OUTCOMES, VerdictCandidateSchema, VerdictDatesSchema
from service.web.access import caller
from service.web.answers import documented, in_json
from service.web.asked import LARGEST, day, name, no_such, number, one_of, query, refusal
from service.web.parts import parts

MOST: Final = 500  #: verdicts of one page
USUAL: Final = 100


class FoundToSchema(Schema):
    track = fields.String(required=True)
    level = fields.String(required=True)


class FoundLinksSchema(Schema):
    self = fields.String(required=True)


class FoundVerdictSchema(Schema):
    """A verdict in short; `links.self` has all of it."""

    verdict_id = fields.String(required=True)
    index = fields.Integer(required=True, metadata={"description": "its place in the verdict log"})
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    to = fields.Nested(FoundToSchema, required=True)
    version = fields.String(required=True, metadata={"description": "the version of the track"})
    erased = fields.Boolean(
        required=True, metadata={"description": "true: what was personal is gone, and null here"}
    )
    request_id = fields.String(required=True, allow_none=True)
    candidate = fields.Nested(VerdictCandidateSchema, required=True, allow_none=True)
    dates = fields.Nested(VerdictDatesSchema, required=True, allow_none=True)
    summary = fields.String(required=True, allow_none=True)
    links = fields.Nested(FoundLinksSchema, required=True)


class PageLinksSchema(Schema):
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the next page, also where this one is empty; null: this is the end"},
    )


class FoundVerdictsSchema(Schema):
    verdicts = fields.List(
        fields.Nested(FoundVerdictSchema),
        required=True,
        metadata={"description": "the oldest first; fewer than `limit`, or none, also where more follow"},
    )
    links = fields.Nested(PageLinksSchema, required=True)


def _parameter(called: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": called,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


_NAME: Final = {"minLength": 1, "maxLength": LONGEST_NAME}
_PARAMETERS: Final = [
    _parameter("track", "on requests for a level of this track", **_NAME),
    _parameter("level", "on requests for this level", **_NAME),
    _parameter("outcome", "with this outcome", enum=list(OUTCOMES)),
    _parameter("since", "judged on this day (UTC) or later", format="date"),
    _parameter("until", "judged on this day (UTC) or earlier", format="date"),
    _parameter("after", "behind this place in the log", type="integer", minimum=0),
    _parameter("limit", f"so many at most; without it, {USUAL}", type="integer", minimum=1, maximum=MOST),
]

blueprint = Blueprint(
    "own_verdicts", __name__, url_prefix="/v1/verdicts", description="Find one's own verdicts again"
)


@blueprint.get("")
@blueprint.doc(parameters=_PARAMETERS)
@blueprint.response(200, FoundVerdictsSchema)
@documented(400, 503)
def find_verdicts() -> Response:
    """Find verdicts again

    Those on the caller's own requests, or for a candidate those about them; the oldest first. `links.next`
    leads to the next page, and stays right while more are recorded. So that every answer comes soon, a page
    may hold fewer than `limit`, or none, and not be the last: the last is the one whose `links.next` is null.
    A track or level that is in no policy, and on which the caller has no verdict either, is refused.
    """
    asked = query(*_PARAMETERS)
    limit = number(asked, "limit", USUAL, 1, MOST) or USUAL
    after = number(asked, "after", None, 0, LARGEST)
    found = parts().log.search(_wanted(asked), after, limit + 1)
    shown = found.entries[:limit]
    if not shown and after is None:
        _refuse_misspelt(asked)
    go_on = shown[-1].receipt.index if found.entries[limit:] else found.after
    following = None if go_on is None else f"/v1/verdicts?{urlencode({**asked, 'after': go_on})}"
    return in_json({"verdicts": [_told(entry) for entry in shown], "links": {"next": following}})


def _wanted(asked: dict[str, str]) -> Wanted:
    """What is looked for: the caller's own, and of these what was asked for."""
    since, until = day(asked, "since", None), day(asked, "until", None)
    return replace(
        _own(),
        track=name(asked, "track", LONGEST_NAME),
        level=name(asked, "level", LONGEST_NAME),
        outcome=one_of(asked, "outcome", OUTCOMES),
        since=_begin(since),
        until=_begin(until, days_later=1),
    )


def _own() -> Wanted:
    whose = caller()
    return Wanted(
        kind="verdict", caller=whose.owner if whose.candidate is None else None, person=whose.candidate
    )


def _refuse_misspelt(asked: dict[str, str]) -> None:
    """Refuse the name of a track or level that is in no policy and on none of the caller's own verdicts: an
    empty list would not tell that it is misspelt. Verdicts of others do not count, for that would show them.
    """
    log, tracks = parts().log, parts().policies.tracks
    levels = {level.level for versions in tracks.values() for version in versions for level in version.levels}
    faults = [
        *no_such(asked, "track", tracks, lambda track: may_hold(log, replace(_own(), track=track))),
        *no_such(asked, "level", levels, lambda level: may_hold(log, replace(_own(), level=level))),
    ]
    if faults:
        raise refusal(faults)


def _begin(on: date | None, *, days_later: int = 0) -> datetime | None:
    """The first moment of a day, or of a later one."""
    return None if on is None else datetime.combine(on, time(), UTC) + timedelta(days=days_later)


def _told(entry: Entry) -> dict[str, Any]:
    leaf = orjson.loads(entry.leaf)
    document: Mapping[str, Any] = document_in(entry) or {}
    return {
        "verdict_id": entry.id,
        "index": entry.receipt.index,
        "outcome": leaf["outcome"],
        "to": {"track": leaf["track"], "level": leaf["level"]},
        "version": leaf["policy"]["version"],
        "erased": not document,
        **{each: document.get(each) for each in ("request_id", "candidate", "dates", "summary")},
        "links": {"self": f"/v1/verdicts/{entry.id}"},
    }
