"""Traces: the address of a collector goes in; spans of every request, in the trace of who asked, go there.

An extra (`pip install ladders[tracing]`): without an address nothing of OpenTelemetry is imported. Spans hold
routes, ids, outcomes and times, never anything about a person. The trace that a caller names in `traceparent`
(W3C Trace Context) is noted in the service log whether spans are sent or not.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from flask import Flask, Response, g, request

from service import __version__
from service.errors import SettingsError

HEADER: Final = "traceparent"
_SANE: Final = re.compile(r"00-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_NOTHING: Final[AbstractContextManager[None]] = nullcontext()
_FLUSH_MS: Final = 2_000


def trace_in(traceparent: str) -> str | None:
    """The id of the trace in a `traceparent` header; None where it is not one.

    >>> trace_in("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '0af7651916cd43dd8448eb211c80319c'
    """
    sane = _SANE.fullmatch(traceparent)
    return sane["trace"] if sane else None


class Traces:
    """The spans of one service.

    Args:
        endpoint: Where an OTLP collector listens over HTTP, such as `http://collector:4318/v1/traces`; None:
            no spans.

    Raises:
        SettingsError: There is an address, but the extra is not installed.
    """

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint
        self._tracer: Any = None
        self._provider: Any = None
        if endpoint:
            try:
                import opentelemetry.exporter.otlp.proto.http
                import opentelemetry.sdk.trace  # noqa: F401 - found missing now, not at the first request
            except ImportError as missing:
                raise SettingsError(
                    ["LADDERS_TRACES: OpenTelemetry is missing; install Ladders with its extra `tracing`"]
                ) from missing

    def begin(self) -> None:
        """Start to send; in a worker, after the fork, for it takes a thread."""
        if not self._endpoint:
            return
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        about = {"service.name": "ladders", "service.version": __version__}
        self._provider = TracerProvider(resource=Resource.create(about))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=self._endpoint)))
        self._tracer = self._provider.get_tracer("ladders")

    def end(self) -> None:
        """Send what is left, for a short while."""
        if self._provider is not None:
            self._provider.force_flush(_FLUSH_MS)
            self._provider.shutdown()

    def watch(self, app: Flask) -> None:
        """Have a span for every request of an app; nothing, where no spans are sent."""
        if self._endpoint:
            app.before_request(self._open)
            app.after_request(self._close)

    def step(self, name: str) -> AbstractContextManager[Any]:
        """A span for a part of the present request."""
        if self._tracer is None:
            return _NOTHING
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(name)
        return span

    def onward(self) -> dict[str, str]:
        """The headers that carry the present trace to whoever is asked next."""
        if self._tracer is None:
            return {}
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        headers: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(headers)
        return headers

    def _open(self) -> None:
        if self._tracer is None:
            return
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        asked_in = TraceContextTextMapPropagator().extract(request.headers)
        route = request.url_rule.rule if request.url_rule else "none"
        span = self._tracer.start_span(
            f"{request.method} {route}", context=asked_in, kind=trace.SpanKind.SERVER
        )
        g.span = span, context.attach(trace.set_span_in_context(span, asked_in))

    def _close(self, response: Response) -> Response:
        opened = g.pop("span", None)
        if opened is None:
            return response
        from opentelemetry import context, trace

        span, token = opened
        told = g.get("told", {})
        span.set_attributes(
            {
                "http.request.method": request.method,
                "http.route": request.url_rule.rule if request.url_rule else "none",
                "http.response.status_code": response.status_code,
                "ladders.request_id": g.get("request_id", ""),
                **{f"ladders.{name}": told[name] for name in _TOLD if name in told},
            }
        )
        if response.status_code >= 500:
            span.set_status(trace.StatusCode.ERROR)
        context.detach(token)
        span.end()
        return response


_TOLD: Final = ("verdict_id", "outcome", "version", "policy_set")  #: what a view notes that a span tells too
