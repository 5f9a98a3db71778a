"""The body of a request: what stands on the wire goes in; its text and its JSON value, or its lines, come
out.

The size is checked before the body is read, and while it is read when its length was not told. Of lines no
more is held than one line and one block. Nothing is decompressed. Knows nothing of what the JSON says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask import Request

from service.errors import RequestError
from service.facts.json_text import read_items, read_json
from service.web.errors import NotJson, Refused

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
_BLOCK: Final = 65_536  #: bytes of lines that are read at a time


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent: the text, byte for byte, and its value with exact numbers."""

    text: bytes
    value: Any  #: of one of several: or the error that says why it cannot be read
    told: Any = None  #: the value without what was put in for its author; None: nothing was

    @property
    def asked(self) -> Any:
        """What somebody asked, which is the same whenever they ask again."""
        return self.value if self.told is None else self.told


def json_body(request: Request, limit: int) -> Body:
    """The JSON body of a request of at most `limit` bytes.

    Raises:
        Refused: It is not sent as JSON, is too large or did not come whole.
        NotJson: It is not JSON that can be read.
    """
    check_content_type(request, JSON)
    text = _text(request, limit)
    if not text:
        raise Refused("not-json", "the body is empty; send one JSON object")
    return _body(text)


def json_items(request: Request, name: str, limit: int, most: int) -> list[Body]:
    """The items of the list under a name in the JSON body of a request of at most `limit` bytes.

    Raises:
        Refused: As `json_body`, or there are more than `most` items.
        NotJson: It is not JSON that can be read.
        RequestError: It is not an object with such a list.
    """
    check_content_type(request, JSON)
    text = _text(request, limit)
    if not text:
        raise Refused("not-json", f"the body is empty; send one JSON object with `{name}`")
    items: list[Body] = []
    try:
        for item, value in read_items(text, name):
            if len(items) == most:
                raise Refused(
                    "too-large", f"`{name}` has more than {most} items; send them in several batches"
                )
            items.append(Body(item, NotJson(value.faults) if isinstance(value, RequestError) else value))
    except RequestError as refused:
        if refused.faults[0].came == "other text":
            raise NotJson(refused.faults) from refused
        raise
    return items


def json_lines(request: Request, limit: int) -> Iterator[Body]:
    """The lines of a body, empty ones left out, as they come; each has at most `limit` bytes. A line that
    cannot be used has an error as its value; so has the end of a body that did not come whole.
    """
    for line in _lines(request, limit):
        if isinstance(line, Refused):
            yield Body(b"", line)
        elif text := line.strip(b" \t\r"):
            try:
                yield _body(text)
            except NotJson as refused:
                yield Body(text, refused)


def check_content_type(request: Request, *wanted: str) -> None:
    """See that a body is sent as one of some media types, in UTF-8 and as it is.

    Raises:
        Refused: It is not.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Refused("wrong-content-type", f"the body is encoded as `{encoding[:50]}`; send it as it is")
    charset = request.mimetype_params.get("charset", "utf-8")
    if request.mimetype not in wanted:
        came = f"`{request.mimetype[:100]}`" if request.mimetype else "nothing"
        named = " or ".join(f"`{each}`" for each in wanted)
        raise Refused("wrong-content-type", f"the `Content-Type` is {came}; send the body as {named}")
    if charset.lower() not in ("utf-8", "utf8"):
        raise Refused("wrong-content-type", f"the body is in `{charset[:50]}`; send it in UTF-8")


def _body(text: bytes) -> Body:
    try:
        return Body(text, read_json(text))
    except RequestError as refused:
        raise NotJson(refused.faults) from refused


def _text(request: Request, limit: int) -> bytes:
    environ, length = request.environ, request.content_length
    if length is None and not environ.get("wsgi.input_terminated"):
        return b""
    too_large = Refused("too-large", f"the body has more than {limit} bytes")
    if length is not None and length > limit:
        raise too_large
    text = _read(request, limit + 1 if length is None else length)
    if len(text) > limit:
        raise too_large
    if length is not None and len(text) < length:
        raise _cut_off(len(text), length)
    return text


def _lines(request: Request, limit: int) -> Iterator[bytes | Refused]:
    """The lines of a body without their ends; in place of one that is too long, and of what is missing at the
    end, why."""
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        return
    came, begun, too_long = 0, b"", False
    while length is None or came < length:
        try:
            block = _read(request, _BLOCK if length is None else min(_BLOCK, length - came))
        except Refused as refused:
            yield refused
            return
        if not block:
            break
        came += len(block)
        *whole, begun = (begun + block).split(b"\n")
        for line in whole:
            if too_long or len(line) > limit:
                yield _long_line(limit)
            else:
                yield line
            too_long = False
        if too_long or len(begun) > limit:
            too_long, begun = True, b""
    if length is not None and came < length:
        yield _cut_off(came, length)
    elif too_long:
        yield _long_line(limit)
    else:
        yield begun


def _long_line(limit: int) -> Refused:
    return Refused("too-large", f"the line has more than {limit} bytes")


def _read(request: Request, most: int) -> bytes:
    try:
        block: bytes = request.environ["wsgi.input"].read(most)
    except TimeoutError as slow:
        raise Refused("too-slow", "the body comes too slowly") from slow
    except (
        Exception
    ) as broken:  # whatever the server raises when the client sends no proper chunks or goes away
        raise Refused("bad-request", "the body did not come whole, or its chunks cannot be read") from broken
    return block


def _cut_off(came: int, length: int) -> Refused:
    return Refused("bad-request", f"only {came} of {length} bytes of the body came")
