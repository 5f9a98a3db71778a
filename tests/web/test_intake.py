"""Intake: a request is whole when all of it has come, not before, in whatever pieces it comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.web.intake import HEAD_LIMIT, Arrival

LIMIT = 1_000
LINE = b"POST /v1/verdicts HTTP/1.1\r\nHost: a\r\n"


def told(data: bytes, cuts: list[int]) -> list[str]:
    """What is said after each piece."""
    arrival = Arrival(LIMIT)
    edges = sorted({cut % len(data) for cut in cuts} - {0})
    pieces = [data[at:end] for at, end in zip([0, *edges], [*edges, len(data)], strict=True)]
    said = []
    for piece in pieces:
        said.append(str(arrival.take(piece)))
        if said[-1] != "more":
            break
    return said


def chunked(parts: list[bytes], more: bytes = b"") -> bytes:
    """A body in chunks."""
    return b"".join(b"%x%b\r\n%b\r\n" % (len(part), more, part) for part in parts) + b"0\r\n\r\n"


bodies = st.binary(max_size=200).map(lambda body: LINE + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
chunks = st.tuples(
    st.lists(st.binary(min_size=1, max_size=60), max_size=6), st.sampled_from([b"", b";a=b"])
).map(lambda drawn: LINE + b"transfer-encoding: Chunked\r\n\r\n" + chunked(*drawn))
heads = st.sampled_from([b"GET /v1/tracks HTTP/1.1\r\nHost: a\r\n\r\n", b"NONSENSE\r\n\r\n"])


@given(bodies | chunks | heads, st.lists(st.integers(0, 10_000), max_size=8))
def test_a_request_is_whole_with_its_last_byte(data: bytes, cuts: list[int]) -> None:
    """A thread that gets it sooner would wait for a client; one that gets it later answers late."""
    said = told(data, cuts)
    assert said == ["more"] * (len(said) - 1) + ["whole"]
    assert told(data[:-1], cuts)[-1] == "more"


@pytest.mark.parametrize(
    ("data", "progress"),
    [
        (b"POST /v1/verdicts/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "open"),
        (LINE + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", "open"),
        (LINE + b"Content-Length: 1001\r\n\r\n", "open"),
        (LINE + b"Content-Length: 1000\r\n\r\n", "more"),
        (LINE + b"Content-Length: 99999999999999999999\r\n\r\n", "open"),
        (LINE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "whole"),
        (LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "whole"),
        (LINE + b"Content-Length: -5\r\n\r\n", "whole"),
        (LINE + b"Content-Length: x\r\n\r\n", "whole"),
        (LINE + b"Transfer-Encoding: gzip\r\n\r\n", "open"),
        (LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "open"),
        (LINE + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", "open"),
        (LINE + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n", "open"),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "open"),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\n0000000000000005\r\n", "open"),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\n" + b"5;" + b"a" * 2_000, "open"),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", "open"),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n", "more"),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", "whole"),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + b"b" * 70_000, "open"),
        (b"GET /" + b"a" * HEAD_LIMIT, "too much"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000, "too much"),
        (b"GET / HTTP/1.1\nHost: a\n\n", "more"),
    ],
)
def test_what_is_not_kept_whole_is_known_from_its_head(data: bytes, progress: str) -> None:
    """Batches and large bodies are read by whoever answers them; what is malformed is for the parser, at
    once.
    """
    assert told(data, [])[-1] == progress


class Waiting(Exception):
    """The parser wants more than has come."""


def come(data: bytes) -> Iterator[bytes]:
    """What has come, and no more."""
    yield data
    raise Waiting


def waits(data: bytes) -> bool:
    """Whether gunicorn's parser would hold a thread, with so much of a request."""
    try:
        request = Request(Config(), IterUnreader(come(data)), ("127.0.0.1", 1))
        while request.body.read(65_536):
            pass
    except Waiting:
        return True
    except Exception:  # it refuses what has come
        return False
    return False


lengths = st.sampled_from([b"0", b"5", b"05", b"-5", b"+5", b"5 ", b"5,5", b"x", b""])
codings = st.lists(
    st.sampled_from([b"chunked", b"gzip", b"identity", b"x", b"", b" Chunked"]), min_size=1, max_size=3
)
fields = st.one_of(
    lengths.map(lambda length: b"Content-Length: " + length),
    codings.map(lambda names: b"Transfer-Encoding: " + b",".join(names)),
    st.sampled_from([b"X: y", b"Content-Length : 5", b"X: a\nContent-Length: 5", b"content_length: 5"]),
)
rests = st.lists(
    st.sampled_from(
        [b"\r\n", b"\n", b"0", b"5", b"0" * 17, b";", b" ", b"=", b"abcde", b"a" * 1_100, b"Trailer: x"]
    ),
    max_size=7,
).map(b"".join)


@settings(max_examples=settings().max_examples * 3)
@example([b"Transfer-Encoding: gzip, chunked"], b"")
@example([b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"], b"")
@example([b"Transfer-Encoding: chunked"], b"0;a=" + b"a" * 1_100)
@example([b"Transfer-Encoding: chunked"], b"0" * 17 + b"5\r\n")
@given(st.lists(fields, max_size=3), rests)
def test_the_parser_never_waits_for_more_of_what_is_whole(fields: list[bytes], rest: bytes) -> None:
    """Both read the head and the chunks, each in its own way; where they differ, as many clients as there are
    threads can hold all of them.
    """
    data = LINE + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + rest
    if Arrival(LIMIT).take(data) == "whole":
        assert not waits(data)


@given(st.binary(max_size=300), st.lists(st.integers(0, 1000), max_size=5))
def test_nothing_that_comes_breaks_it(data: bytes, cuts: list[int]) -> None:
    """Anybody can connect."""
    assert set(told(LINE + b"Transfer-Encoding: chunked\r\n\r\n" + data, cuts)) <= {"more", "whole", "open"}
