"""The service log: events go in; one line of JSON each comes out, on the standard output.

What gunicorn and other libraries have to say comes the same way. This is not the verdict log: it may be
thrown away.
"""

from __future__ import annotations

import logging
import re
import sys
from functools import cache
from typing import Any, Final

import orjson
import structlog
from gunicorn.glogging import Logger
from structlog.typing import FilteringBoundLogger

#: How gunicorn tells of a request that it cannot read: whose it was, what is wrong, and what was sent.
_BROKEN_REQUEST: Final = re.compile(r"Invalid request from ip=\S+: ([^:]*).*", re.DOTALL)


@cache
def journal() -> FilteringBoundLogger:
    """The service log of this process."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(sys.stdout.buffer),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_written),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    ).bind()
    return log


def _written(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


class _Passage(logging.Handler):
    """Hands what libraries log on to the service log; of an exception its kind alone, and of what a client
    sent nothing, for either may be personal or secret.
    """

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        told = {"error": kind} if kind else {}
        said = str(record.msg) if kind else _BROKEN_REQUEST.sub(r"Invalid request: \1", record.getMessage())
        journal().log(record.levelno, "server", said=said, **told)


class ServerJournal(Logger):
    """gunicorn's log as part of the service log, without a line for each request: the app writes that."""

    def setup(self, cfg: Any) -> None:
        """Take over from the handlers that gunicorn would make."""
        self.cfg = cfg
        self.error_log.handlers = [_Passage()]
        self.error_log.setLevel(logging.INFO)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Say nothing."""
