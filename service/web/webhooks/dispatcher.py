"""The dispatcher: the log, its subscribers and a clock go in; every subscriber is told of every entry that it
wants, in the order of the log, at least once.

An entry that does not arrive is tried again with growing pauses, and the later ones wait for it; after a day,
or at once where the receiver refuses it for good, it is given up, stays visible as dead, and the later ones
go on. One process of all that serve a log has the turn to tell a subscriber; whoever takes over from it goes
on from the cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from threading import Event as Signal
from threading import Thread
from typing import Final, Protocol

from service.errors import LogUnavailable
from service.ledger.deliveries import Cursor, Deliveries
from service.ledger.log import Entry
from service.ledger.record import microseconds
from service.web.journal import journal
from service.web.webhooks.events import Event, event_of
from service.web.webhooks.sender import Failed
from service.web.webhooks.subscriptions import Subscription

PAUSES_S: Final = (1, 5, 30, 120, 600, 1800, *[3600] * 24)  #: after the first failure, the second, …
_PAGE: Final = 100
_IDLE_S: Final = 0.5
_WAIT_S: Final = 1.0  #: before asking again whether it is our turn
_TROUBLE_S: Final = 5.0
_STOP_S: Final = 2.0


class Readable(Protocol):
    """The log, as far as it is read here."""

    @property
    def name(self) -> str: ...

    def size(self) -> int: ...

    def entries(self, start: int, stop: int) -> Iterator[Entry]: ...


class Sending(Protocol):
    """What sends: `webhooks.sender.Sender`."""

    def send(self, event: Event, at_s: int) -> Failed | None: ...

    def close(self) -> None: ...


class Counting(Protocol):
    """What counts: `web.metrics.Metrics`."""

    def count_delivery(self, subscriber: str, result: str) -> None: ...

    def note_webhook_lag(self, subscriber: str, entries: int) -> None: ...


class Teller:
    """Tells one subscriber."""

    def __init__(
        self,
        subscription: Subscription,
        log: Readable,
        deliveries: Deliveries,
        sender: Sending,
        now: Callable[[], datetime],
        counts: Counting,
    ) -> None:
        self.subscription = subscription
        self._log, self._deliveries, self._sender = log, deliveries, sender
        self._now, self._counts = now, counts

    def step(self) -> float:
        """Tell as much as can be told now; gives the seconds after which to go on.

        Raises:
            LogUnavailable: The log cannot be read, or the turn was lost.
        """
        name = self.subscription.name
        is_our_turn = self._deliveries.take(name)  # before the cursor is read, which another may have moved
        size = self._log.size()
        cursor = self._deliveries.cursor(name, 0 if self.subscription.from_start else size)
        self._counts.note_webhook_lag(name, max(0, size - cursor.next))  # it may just have been told more
        if not is_our_turn:
            return _WAIT_S
        self._tell_revived()
        now_us = microseconds(self._now())
        if cursor.due_us > now_us:
            return min(_IDLE_S, (cursor.due_us - now_us) / 1e6)
        if cursor.next >= size:
            return _IDLE_S
        stop = min(size, cursor.next + _PAGE)
        told_to = cursor.next
        for entry in self._log.entries(cursor.next, stop):
            event = self._event(entry)
            if event is not None:
                failed = self._send(event)
                if failed is not None and not self._moves_on(
                    replace(cursor, next=entry.receipt.index), failed
                ):
                    return 0.0
                if failed is None:
                    self._deliveries.advance(name, entry.receipt.index + 1)
                cursor = Cursor(entry.receipt.index + 1)
            told_to = entry.receipt.index + 1
        self._deliveries.advance(name, told_to)
        self._counts.note_webhook_lag(name, size - told_to)
        return 0.0 if told_to < size else _IDLE_S

    def leave(self) -> None:
        """Leave the turn to others, who may fare better."""
        self._deliveries.leave(self.subscription.name)

    def close(self) -> None:
        """Let go of everything."""
        self._sender.close()
        self.leave()

    def _event(self, entry: Entry) -> Event | None:
        return event_of(entry, self._log.name) if entry.kind in self.subscription.events else None

    def _send(self, event: Event) -> Failed | None:
        self._deliveries.check_turn(self.subscription.name)
        failed = self._sender.send(event, int(self._now().timestamp()))
        self._counts.count_delivery(self.subscription.name, "delivered" if failed is None else "failed")
        return failed

    def _moves_on(self, cursor: Cursor, failed: Failed) -> bool:
        """Whether to go on after a failure, because it is given up."""
        name, now_us = self.subscription.name, microseconds(self._now())
        if failed.for_good or cursor.tries >= len(PAUSES_S):
            self._deliveries.give_up(name, cursor.next, now_us, failed.why)
            self._counts.count_delivery(name, "dead")
            journal().error("webhook-dead", subscriber=name, index=cursor.next, why=failed.why)
            return True
        pause_s = max(PAUSES_S[cursor.tries], failed.after_s)
        later = Cursor(cursor.next, cursor.tries + 1, now_us + pause_s * 1_000_000, failed.why)
        self._deliveries.postpone(name, later)
        return False

    def _tell_revived(self) -> None:
        """Tell once more what somebody asked for; while the receiver is away one at a time, so that the
        others do not keep those waiting that were never told.
        """
        name = self.subscription.name
        for dead in self._deliveries.dead(name, again=True):
            failed = None
            for entry in self._log.entries(dead.index, dead.index + 1):
                event = self._event(entry)
                failed = None if event is None else self._send(event)
            why = None if failed is None else failed.why
            self._deliveries.settle(name, dead.index, why, microseconds(self._now()))
            if failed is not None and not failed.for_good:
                return


class Dispatcher:
    """A thread for each subscriber, so that one who is slow holds up nobody else."""

    def __init__(self, make: Callable[[], list[Teller]]) -> None:
        self._make = make
        self._threads: list[Thread] = []
        self._enough = Signal()

    def begin(self) -> None:
        """Start to tell, unless that was begun."""
        if not self._threads:
            self._threads = [
                Thread(
                    target=self._work, args=(teller,), name=f"webhook-{teller.subscription.name}", daemon=True
                )
                for teller in self._make()
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End soon; what has not arrived is told by whoever goes on."""
        self._enough.set()
        for thread in self._threads:
            thread.join(_STOP_S)

    def _work(self, teller: Teller) -> None:
        pause_s = 0.0
        while not self._enough.wait(pause_s):
            try:
                pause_s = teller.step()
            except LogUnavailable as refused:
                journal().warning("webhooks", subscriber=teller.subscription.name, why=str(refused))
                teller.leave()
                pause_s = _TROUBLE_S
            except Exception as error:  # tell, and try again; what it says may be personal
                journal().error("webhooks", subscriber=teller.subscription.name, error=type(error).__name__)
                teller.leave()
                pause_s = _TROUBLE_S
        teller.close()
