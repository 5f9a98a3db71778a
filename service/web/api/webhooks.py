"""Webhooks: how far each subscriber was told, what was given up, and to have that tried once more."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Response
from flask_smorest import Blueprint

from service.errors import NotFound, did_you_mean
from service.ledger.record import moment
from service.web import observe
from service.web.answers import documented, in_json
from service.web.api.webhook_schemas import AllRevivedSchema, RevivedSchema, WebhooksSchema
from service.web.asked import query
from service.web.parts import parts
from service.web.webhooks.subscriptions import Subscription

_WHO: Final = {
    "name": "subscriber",
    "in": "path",
    "required": True,
    "description": "the name of a subscription, as the operator's file has it",
    "schema": {"type": "string"},
}
_WHICH: Final = {
    "name": "index",
    "in": "path",
    "required": True,
    "description": "the index of an entry that was given up",
    "schema": {"type": "integer", "minimum": 0},
}

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}")

blueprint = Blueprint("webhooks", __name__, url_prefix="/v1/webhooks", description="Who is told of what")


@blueprint.get("")
@blueprint.response(200, WebhooksSchema)
@documented(400, 503)
def list_webhooks() -> Response:
    """List the subscribers, how far each was told, and what was given up"""
    query()
    size = parts().log.size()
    return in_json({"subscribers": [_told(each, size) for each in parts().webhooks.subscriptions]})


@blueprint.post("/<subscriber>/dead/<index>/again")
@blueprint.doc(parameters=[_WHO, _WHICH])
@blueprint.response(202, RevivedSchema)
@documented(400, 404, 503)
def tell_subscriber_again(subscriber: str, index: str) -> Response:
    """Have an entry that was given up told once more

    It is tried soon; when that fails too, it stays with the new reason.
    """
    query()
    _see(subscriber)
    if not _INDEX.fullmatch(index) or not parts().webhooks.deliveries.revive(subscriber, int(index)):
        raise NotFound("this entry was not given up; `/v1/webhooks` lists what was")
    observe.note(subscriber=subscriber, index=int(index))
    response = in_json({"subscriber": subscriber, "index": int(index), "again": True})
    response.status_code = 202
    return response


@blueprint.post("/<subscriber>/dead/again")
@blueprint.doc(parameters=[_WHO])
@blueprint.response(202, AllRevivedSchema)
@documented(400, 404, 503)
def tell_subscriber_all_again(subscriber: str) -> Response:
    """Have everything that was given up told once more

    In the order of the log, and soon; what fails again stays with the new reason.
    """
    query()
    _see(subscriber)
    entries = parts().webhooks.deliveries.revive(subscriber, None)
    observe.note(subscriber=subscriber, entries=entries)
    response = in_json({"subscriber": subscriber, "entries": entries})
    response.status_code = 202
    return response


def _see(subscriber: str) -> None:
    """See that there is such a subscriber."""
    names = [each.name for each in parts().webhooks.subscriptions]
    if subscriber not in names:
        raise NotFound(f"there is no subscriber `{subscriber[:100]}`{did_you_mean(subscriber[:100], names)}")


def _told(subscription: Subscription, size: int) -> dict[str, Any]:
    deliveries, name = parts().webhooks.deliveries, subscription.name
    cursor = deliveries.cursor(name, 0 if subscription.from_start else size)
    return {
        "subscriber": name,
        "events": sorted(subscription.events),
        "next": cursor.next,
        "lag": max(0, size - cursor.next),  # it may have been told more meanwhile
        "tries": cursor.tries,
        "due_at": moment(cursor.due_us).isoformat() if cursor.tries else None,
        "why": cursor.why or None,
        "dead": [
            {
                "index": each.index,
                "at": moment(each.given_up_us).isoformat(),
                "why": each.why,
                "again": each.again,
            }
            for each in deliveries.dead(name)
        ],
    }
