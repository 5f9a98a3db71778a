"""The verdict log for auditors: find, show and prove entries, judge them again, disclose single fields."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time
from typing import Any, Final

import orjson
from flask import Response, request
from flask_smorest import Blueprint

from service.errors import Fault, NotFound, RequestError, did_you_mean
from service.facts.strict import read_strictly
from service.ledger.audit_record import audit_record
from service.ledger.decision_record import candidate_of, happened
from service.ledger.disclosure import disclosure_record
from service.ledger.entry_document import contents, envelope
from service.ledger.log import Entry, Wanted, entry_under, may_hold, tracks_judged
from service.ledger.log_proofs import checkpoint_of, entry_proof, growth
from service.ledger.note import encoded
from service.ledger.record import moment
from service.ledger.replay import Replayer
from service.ledger.sought import slips
from service.verdict.judge import ENGINE
from service.web import observe
from service.web.access import caller
from service.web.answers import documented, in_json
from service.web.api.log_schemas import (
    DisclosureRequestSchema,
    DisclosureSchema,
    EntrySchema,
    FoundSchema,
    LogSchema,
    ReplaySchema,
    SearchSchema,
)
from service.web.asked import query, unfit
from service.web.body import json_body
from service.web.errors import Refused
from service.web.parts import parts

_MOST_ABOUT: Final = 1000
_PAGE: Final = 1000
_PLAIN: Final = "text/plain; charset=utf-8"
_LINES: Final = "application/x-ndjson"
_SEARCH: Final = SearchSchema()
_DISCLOSURE: Final = DisclosureRequestSchema()
_WHICH: Final = {
    "name": "which",
    "in": "path",
    "required": True,
    "description": "the index or the id of an entry",
    "schema": {"type": "string", "pattern": "^([0-9]{1,15}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"},
}


def _body(schema: type, example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": schema, "examples": {"plain": {"value": example}}}
    return {"required": True, "content": {"application/json": content}}


def _number(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


_TEXT: Final = {"type": "string"}

blueprint = Blueprint("log", __name__, url_prefix="/v1/log", description="The verdict log, for auditors")


@blueprint.get("")
@blueprint.response(200, LogSchema)
@documented(400, 503)
def show_log() -> Response:
    """Show the size, the root and the last checkpoint of the log"""
    query()
    log = parts().log
    head, note = log.head(), log.last_checkpoint()
    return in_json(
        {
            "name": log.name,
            "size": head.size,
            "root": encoded(head.root),
            "last_entry_at": moment(head.last_us).isoformat() if head.size else None,
            "checkpoint": None if note is None else note.decode(),
        }
    )


@blueprint.post("/searches")
@blueprint.doc(
    requestBody=_body(SearchSchema, {"track": "people-lead", "outcome": "not_eligible", "limit": 50})
)
@blueprint.response(200, FoundSchema)
@documented(400, 413, 415, 422, 503)
def find_entries() -> Response:
    """Find entries, oldest first

    What is found tells nothing about a person; the entry itself does. An id of a person is sent in the body,
    so that it stands in no address. To go on, send the same with `after` as it was answered, also when
    nothing was found yet: what no index answers is asked of 200,000 entries at a time. A track that is
    neither in the policies nor in the log is refused, and so is a kind, an outcome or a result that there is
    not. The search is recorded.
    """
    query()
    told, _, faults = read_strictly(_SEARCH, json_body(request, parts().body_limit).value)
    faults += [Fault(f"/{name}", said, wanted, "another text") for name, said, wanted in slips(told)]
    if faults:
        raise RequestError(faults)
    after, limit = told.pop("after", None), told.pop("limit")
    _refuse_misspelt(told.get("track"))
    conditions = sorted(told)
    wanted = Wanted(**{**told, "since": _midnight(told.get("since")), "until": _midnight(told.get("until"))})
    found = parts().log.search(wanted, after=after, limit=limit)
    _note_read("find", [entry.receipt.index for entry in found.entries], conditions=conditions)
    return in_json({"entries": [envelope(entry) for entry in found.entries], "after": found.after})


@blueprint.get("/entries/<which>")
@blueprint.doc(parameters=[_WHICH])
@blueprint.response(200, EntrySchema)
@documented(400, 404, 503)
def show_entry(which: str) -> Response:
    """Show an entry with what is private in it, and what happened to it since

    The read is recorded.
    """
    query()
    entry = _entry(which)
    about = None
    if entry.kind == "verdict":
        about = happened(parts().log.find(Wanted(about=entry.receipt.index), limit=_MOST_ABOUT))
    _note_read("show", [entry.receipt.index])
    return in_json({"envelope": envelope(entry), "contents": contents(entry), "happened": about})


@blueprint.get("/entries/<which>/proof")
@blueprint.doc(parameters=[_WHICH])
@blueprint.response(200, _TEXT, content_type=_PLAIN, description="a file of the form c2sp.org/tlog-proof")
@documented(400, 404, 503)
def prove_entry(which: str) -> Response:
    """Prove that an entry is in the log, to whoever trusts a checkpoint of it"""
    query()
    index = _entry(which).receipt.index
    signed = checkpoint_of(parts().log)
    if signed is None or signed.checkpoint.size <= index:
        raise NotFound("no checkpoint covers this entry yet; ask again in a second")
    return Response(entry_proof(parts().log, index, signed), content_type=_PLAIN)


@blueprint.post("/entries/<which>/replays")
@blueprint.doc(parameters=[_WHICH])
@blueprint.response(200, ReplaySchema)
@documented(400, 404, 503)
def replay_entry(which: str) -> Response:
    """Judge the request of a verdict again, from the log alone

    By the policies that the log keeps, as of the moment at which it was judged. The read is recorded.
    """
    query()
    entry = _entry(which)
    if entry.kind != "verdict":
        raise NotFound("this entry is no verdict, so there is nothing to judge again")
    with closing(Replayer(parts().log)) as replayer:
        came = replayer.replay(entry)
    _note_read("replay", [entry.receipt.index], results={came.result: 1})
    observe.note(replayed=came.result)
    differences = [
        {"pointer": each.pointer, "recorded": each.recorded, "now": each.now} for each in came.differences
    ]
    return in_json(
        {"result": came.result, "engine": came.engine, "why": came.why, "differences": differences}
    )


@blueprint.post("/entries/<which>/disclosures")
@blueprint.doc(
    parameters=[_WHICH],
    requestBody=_body(
        DisclosureRequestSchema,
        {
            "fields": ["/verdict/outcome", "/facts/wants_people_role"],
            "to": "labour court",
            "purpose": "case 7 C 12/27",
        },
    ),
)
@blueprint.response(201, DisclosureSchema)
@documented(400, 404, 410, 413, 415, 422, 503)
def disclose_fields(which: str) -> Response:
    """Show single fields of an entry, each with a proof that it is what the log commits to

    The other fields stay hidden from whoever gets the answer. The disclosure is recorded before it is made.
    """
    query()
    told, _, faults = read_strictly(_DISCLOSURE, json_body(request, parts().body_limit).value)
    if faults:
        raise RequestError(faults)
    entry = _entry(which)
    pointers = list(dict.fromkeys(told["fields_"]))
    found = parts().log.disclosed(entry.receipt.index, pointers)
    if found is None:
        raise Refused("erased", "there is nothing private in this entry, or nothing any more")
    record = disclosure_record(
        entry.receipt.index,
        pointers,
        person=candidate_of(entry, parts().log.entry),
        to=told["to"],
        purpose=told["purpose"],
        id_=parts().new_id(),
        shown_at=parts().now(),
        engine=ENGINE,
        caller=caller().owner,
    )
    receipt = parts().log.append([record])[0]
    response = in_json(
        {
            "index": entry.receipt.index,
            "leaf": b64encode(entry.leaf).decode(),
            "fields": [each.document() for each in found],
            "recorded": receipt.index,
        }
    )
    response.status_code = 201
    return response


@blueprint.get("/checkpoint")
@blueprint.response(
    200, _TEXT, content_type=_PLAIN, description="a signed checkpoint, c2sp.org/tlog-checkpoint"
)
@documented(400, 404, 503)
def show_checkpoint() -> Response:
    """Show the last signed checkpoint"""
    query()
    note = parts().log.last_checkpoint()
    if note is None:
        raise NotFound("there is no checkpoint yet; ask again in a second")
    return Response(note, content_type=_PLAIN)


@blueprint.get("/growth")
@blueprint.doc(parameters=[_number("from", "the size that you know", required=True)])
@blueprint.response(
    200, _TEXT, content_type=_PLAIN, description="`old SIZE`, the hashes, and the last checkpoint"
)
@documented(400, 404, 503)
def prove_growth() -> Response:
    """Prove that the log only grew since a size that you know"""
    old = _whole(query("from"), "from")
    if old is None:
        raise unfit("from", "there; send the size that you know")
    signed = checkpoint_of(parts().log)
    if signed is None or old > signed.checkpoint.size:
        raise NotFound("there is no checkpoint of that size or a larger one yet")
    return Response(growth(parts().log, old, signed), content_type=_PLAIN)


@blueprint.get("/leaves")
@blueprint.doc(
    parameters=[_number("from", "the first index; without it, 0"), _number("to", "before this index")]
)
@blueprint.response(200, _TEXT, content_type=_LINES, description="one leaf a line, in base64, with its hash")
@documented(400, 503)
def stream_leaves() -> Response:
    """Stream the leaves, one JSON object a line, as many as there are

    Leaves tell nothing about a person. Whoever has all of them, and a checkpoint, can verify the whole log.
    """
    asked = query("from", "to")
    start, stop = _whole(asked, "from") or 0, _whole(asked, "to")
    log = parts().log
    size = log.size()
    leaves = log.leaves(start, size if stop is None else min(stop, size))
    return Response(_lines(leaves, start), content_type=_LINES)


def _lines(leaves: Iterator[tuple[bytes, bytes]], start: int) -> Iterator[bytes]:
    for index, (leaf, leaf_hash) in enumerate(leaves, start):
        told = {"index": index, "leaf": b64encode(leaf).decode(), "leaf_hash": encoded(leaf_hash)}
        yield orjson.dumps(told) + b"\n"


def _refuse_misspelt(track: str | None) -> None:
    """Refuse a track that is nowhere, for nothing found would not tell that it is misspelt."""
    log, policies = parts().log, parts().policies.tracks
    if track is None or track in policies or may_hold(log, Wanted(track=track)):
        return
    message = f"there is no track `{track[:100]}` in the policies or in the log"
    hint = did_you_mean(track[:100], sorted({*policies, *tracks_judged(log)}))
    raise RequestError([Fault("/track", f"{message}{hint}", "the name of a track", "an unknown name")])


def _entry(which: str) -> Entry:
    """The entry with this index or id."""
    found = entry_under(parts().log, which)
    if found is None:
        raise NotFound("the verdict log has no such entry")
    observe.note(index=found.receipt.index)
    return found


def _note_read(what: str, indexes: Sequence[int], **detail: Any) -> None:
    """Record that the caller reads these entries, before they are shown."""
    record = audit_record(
        what,
        indexes,
        id_=parts().new_id(),
        read_at=parts().now(),
        engine=ENGINE,
        caller=caller().owner,
        detail=detail,
    )
    parts().log.append([record])


def _whole(asked: dict[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    text = asked[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise unfit(name, "a whole number")
    return int(text)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
