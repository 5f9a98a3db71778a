"""The body of a request: what stands on the wire goes in; its text and its JSON value come out.

The size is checked before the body is read, and while it is read when its length was not told. Nothing is
decompressed. Knows nothing of what the JSON says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Request

from service.errors import RequestError
from service.facts.json_text import read_json
from service.web.errors import NotJson, Refused


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent: the text, byte for byte, and its value with exact numbers."""

    text: bytes
    value: Any


def json_body(request: Request, limit: int) -> Body:
    """The JSON body of a request of at most `limit` bytes.

    Raises:
        Refused: It is not sent as JSON, is too large or did not come whole.
        NotJson: It is not JSON that can be read.
    """
    _check_content_type(request)
    text = _text(request, limit)
    if not text:
        raise Refused("not-json", "the body is empty; send one JSON object")
    try:
        return Body(text, read_json(text))
    except RequestError as refused:
        raise NotJson(refused.faults) from refused


def _check_content_type(request: Request) -> None:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Refused("wrong-content-type", f"the body is encoded as `{encoding[:50]}`; send it as it is")
    charset = request.mimetype_params.get("charset", "utf-8")
    if request.mimetype != "application/json":
        came = f"`{request.mimetype[:100]}`" if request.mimetype else "nothing"
        raise Refused(
            "wrong-content-type", f"the `Content-Type` is {came}; send the body as `application/json`"
        )
    if charset.lower() not in ("utf-8", "utf8"):
        raise Refused("wrong-content-type", f"the body is in `{charset[:50]}`; send it in UTF-8")


def _text(request: Request, limit: int) -> bytes:
    environ, length = request.environ, request.content_length
    if length is None and not environ.get("wsgi.input_terminated"):
        return b""
    too_large = Refused("too-large", f"the body has more than {limit} bytes")
    if length is not None and length > limit:
        raise too_large
    try:
        text: bytes = environ["wsgi.input"].read(limit + 1 if length is None else length)
    except (
        Exception
    ) as broken:  # whatever the server raises when the client sends no proper chunks or goes away
        raise Refused("bad-request", "the body did not come whole, or its chunks cannot be read") from broken
    if len(text) > limit:
        raise too_large
    if length is not None and len(text) < length:
        raise Refused("bad-request", f"only {len(text)} of {length} bytes of the body came")
    return text
