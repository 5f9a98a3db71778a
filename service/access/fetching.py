"""Fetching a key set: its address goes in; the bytes that are there come out.

Over HTTPS, or plainly from this machine itself; never by way of a redirection, which could lead to anyone's
keys.
"""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import Any, Final
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from service.access.key_sets import LARGEST

_WAIT_S: Final = 3.0
_PIECE: Final = 65_536


class _Straight(HTTPRedirectHandler):
    """Follows nothing: the answer that redirects is then an error."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetch(address: str) -> bytes:
    """What is at an address that was checked when the settings were read.

    Raises:
        OSError: Nothing can be had there now.
    """
    ends_s = time.monotonic() + _WAIT_S
    request = Request(address, headers={"Accept": "application/json"})  # noqa: S310 - https, or this machine
    try:
        with _opener(address).open(request, timeout=_WAIT_S) as answer:
            read = b""
            while piece := answer.read1(_PIECE):
                read += piece
                if len(read) > LARGEST:
                    raise OSError(f"more than {LARGEST} bytes")
                if time.monotonic() > ends_s:
                    raise TimeoutError("too slow")
            return read
    except HTTPException as broken:
        raise OSError(f"no HTTP: {type(broken).__name__}") from broken


def _opener(address: str) -> OpenerDirector:
    """The way to an address: by the proxy of the environment, but never plainly through anybody's hands."""
    if address.startswith("https:"):
        return build_opener(_Straight)
    return build_opener(_Straight, ProxyHandler({}))
