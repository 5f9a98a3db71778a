"""Subscribers: their subscriptions go in; what tells them, and what is remembered of it, comes out.

Nothing is opened before it is asked for, for that is after the fork.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from service.ledger.deliveries import Deliveries
from service.web.tracing import Traces
from service.web.webhooks.dispatcher import Counting, Dispatcher, Readable, Teller
from service.web.webhooks.sender import Sender
from service.web.webhooks.subscriptions import Subscription


class Subscribers:
    """Everybody who is told by one service.

    Args:
        subscriptions: Who is told of what.
        log: What they are told of.
        open_deliveries: Opens what is remembered.
        now: The time, in UTC.
        counts: Where deliveries are counted.
        traces: Where telling is traced.
    """

    def __init__(
        self,
        subscriptions: tuple[Subscription, ...],
        log: Readable,
        open_deliveries: Callable[[], Deliveries],
        *,
        now: Callable[[], datetime],
        counts: Counting,
        traces: Traces,
    ) -> None:
        self.subscriptions = subscriptions
        self._log, self._open_deliveries = log, open_deliveries
        self._now, self._counts, self._traces = now, counts, traces
        self._dispatcher = Dispatcher(self._tellers)

    @cached_property
    def deliveries(self) -> Deliveries:
        """What is remembered.

        Raises:
            LogUnavailable: It cannot be opened now.
        """
        return self._open_deliveries()

    def begin(self) -> None:
        """Start to tell; to be called in the one process that does."""
        if self.subscriptions:
            self._dispatcher.begin()

    def stop(self) -> None:
        """End; what was not told yet is told by whoever goes on."""
        self._dispatcher.stop()

    def _tellers(self) -> list[Teller]:
        return [
            Teller(each, self._log, self.deliveries, Sender(each, self._traces), self._now, self._counts)
            for each in self.subscriptions
        ]
