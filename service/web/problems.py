"""Problems: the kinds of error that the service answers with, in one table; a problem document (RFC 9457)
comes out.

The `type` of a kind never changes; its page at that address says what it means and what to do.
Knows nothing of exceptions (`web.errors`) or of Flask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.errors import Fault

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem."""

    name: str
    status: int
    title: str
    remedy: str  #: what to do about it

    @property
    def type(self) -> str:
        """The URI reference that identifies this kind."""
        return f"/problems/{self.name}"


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "not-json",
            400,
            "The body is not JSON that can be read",
            "Send one JSON object in UTF-8. A name stands once in an object, numbers are plain (no NaN,"
            " no 1e400), and lists and objects are nested at most 20 deep.",
        ),
        Kind(
            "wrong-query",
            400,
            "The address has a query that cannot be used",
            "Correct or remove what `problems` names; each parameter may stand once.",
        ),
        Kind(
            "bad-request",
            400,
            "The request cannot be read",
            "Check that the client sends plain HTTP/1.1 and the whole body.",
        ),
        Kind(
            "wrong-evaluation",
            400,
            "The access evaluation is not one that can be decided",
            "Correct everything that `problems` names; `docs/connecting.md` says how an evaluation stands for"
            " a promotion. Nothing was recorded.",
        ),
        Kind(
            "no-credentials",
            401,
            "This address is not open to everybody",
            "Send `Authorization: Bearer` with a token or an API key; `docs/access.md` says how to get one.",
        ),
        Kind(
            "wrong-credentials",
            401,
            "The token or API key is not accepted",
            "`detail` says what is wrong with it. Get a new token, or have the operator make a new API key.",
        ),
        Kind(
            "not-allowed",
            403,
            "This caller may not do this",
            "Ask the operator for the scope that `detail` names; `docs/access.md` says what each allows.",
        ),
        Kind(
            "not-found",
            404,
            "There is nothing at this address",
            "Check the address; `/docs` lists what there is, and `/v1/tracks` lists the tracks.",
        ),
        Kind(
            "wrong-method",
            405,
            "This address cannot be used that way",
            "Use one of the methods that the `Allow` header names.",
        ),
        Kind(
            "too-slow",
            408,
            "The request did not come in time",
            "Send it again, without pauses. A slow network may need a higher LADDERS_READ_TIMEOUT_S.",
        ),
        Kind(
            "conflict",
            409,
            "The verdict log holds something else under this id",
            "Send the request again; it gets a new id.",
        ),
        Kind(
            "request-id-reused",
            409,
            "Something else was asked for under this `request_id`",
            "Give every request a `request_id` of its own; corrected facts are another request. The same"
            " request under the same `request_id` gets the same verdict.",
        ),
        Kind(
            "not-the-latest",
            409,
            "Something newer stands here already",
            "Read the verdict again. Name the latest decision in `supersedes`, or go on with the verdict that"
            " replaced this one.",
        ),
        Kind(
            "erased",
            410,
            "This verdict was erased",
            "Nothing: its content is gone for good, as somebody asked.",
        ),
        Kind(
            "too-large",
            413,
            "The body is too large",
            "Send a smaller body, or have the operator raise LADDERS_BODY_LIMIT.",
        ),
        Kind(
            "address-too-long",
            414,
            "The address is too long",
            "Send a shorter query; an address has at most 8,190 bytes.",
        ),
        Kind(
            "headers-too-large",
            431,
            "The headers are too large",
            "Send at most 60 headers of at most 8,190 bytes, and 64 KiB together with the address.",
        ),
        Kind(
            "wrong-content-type",
            415,
            "The body is not sent as JSON",
            "Send `Content-Type: application/json`, in UTF-8 and not compressed.",
        ),
        Kind(
            "wrong-content",
            422,
            "The content of the request cannot be taken as it is",
            "Correct everything that `problems` names; `/v1/facts` says what to send. Nothing was recorded.",
        ),
        Kind(
            "wrong-policies",
            422,
            "The draft policies are wrong",
            "Correct everything that `problems` names, as `ladders check` would say it. A draft is a whole"
            " policy set.",
        ),
        Kind(
            "key-reused",
            422,
            "Something else was asked for under this `Idempotency-Key`",
            "Send a new key with every request, and the same key only with the very same request. Nothing was"
            " recorded.",
        ),
        Kind(
            "no-verdict",
            500,
            "The engine could not decide with certainty",
            "Nothing was recorded. Give the `request_id` to the operator, whose service log has the reason.",
        ),
        Kind(
            "internal-error",
            500,
            "Something in the service went wrong",
            "Nothing was recorded. Give the `request_id` to the operator, whose service log has the reason.",
        ),
        Kind(
            "access-unavailable",
            503,
            "It cannot be found out now whose token this is",
            "Send the request again after `Retry-After` seconds. When it lasts, the operator's service log"
            " has the reason.",
        ),
        Kind(
            "overloaded",
            503,
            "The service has too much to do now",
            "Nothing was recorded. Send the request again after `Retry-After` seconds.",
        ),
        Kind(
            "log-unavailable",
            503,
            "The verdict log cannot be written or read now",
            "No verdict is given that is not recorded. Send the request again after `Retry-After` seconds.",
        ),
    )
}


def document(
    kind: Kind, detail: str, request_id: str, problems: Iterable[Mapping[str, str]]
) -> dict[str, Any]:
    """The problem document of one error."""
    return {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request_id,
        "problems": list(problems),
    }


def entry(fault: Fault) -> dict[str, str]:
    """One fault as an entry of `problems`."""
    return {
        "pointer": fault.pointer,
        "message": fault.message,
        "expected": fault.expected,
        "came": fault.came,
    }
