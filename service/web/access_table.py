"""The one table that says who may use which endpoint. An endpoint that is not in it stops the app from being
made; so does a row without an endpoint.

An endpoint is named as Flask names it: blueprint and function. Add a row with every view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Flask

from service.access.callers import Caller, Scope


@dataclass(frozen=True, slots=True)
class Need:
    """What a caller needs to use an endpoint: one of some scopes; or nothing at all when it stands open."""

    scopes: frozenset[Scope] = frozenset()  #: any one of these will do
    candidates: bool = False  #: a candidate may use it too
    known: bool = False  #: any caller who is known may use it, whatever their scopes
    open: bool = False  #: nobody is asked who they are

    def allows(self, caller: Caller) -> bool:
        """Whether a caller may use it."""
        if self.open:
            return True
        if caller.candidate is not None:
            return self.candidates
        return self.known or not self.scopes.isdisjoint(caller.scopes)


def one_of(*scopes: Scope, candidates: bool = False) -> Need:
    """Any of these scopes, and perhaps candidates beside."""
    return Need(scopes=frozenset(scopes), candidates=candidates)


OPEN: Final = Need(open=True)
METRICS: Final = "metrics.show"  #: may stand open by a setting, on this machine alone
KNOWN: Final = Need(known=True, candidates=True)

TABLE: Final[dict[str, Need]] = {
    "verdicts.judge_request": one_of("submit"),
    "batches.judge_batch": one_of("submit"),
    "options.list_options": one_of("submit", "simulate"),
    "simulations.simulate": one_of("simulate", "author"),  # a draft only with `author`
    "authzen.evaluate_access": one_of("submit"),
    "authzen.evaluate_accesses": one_of("submit"),
    "authzen.show_authzen_configuration": OPEN,
    "own_verdicts.find_verdicts": one_of("submit", candidates=True),
    "verdicts.read_verdict": one_of("submit", "decide", "audit", candidates=True),
    "decisions.record_decision": one_of("decide"),
    "decisions.list_decisions": one_of("submit", "decide", "audit", candidates=True),
    "decisions.record_objection": one_of("submit", "decide", candidates=True),
    "decisions.list_objections": one_of("submit", "decide", "audit", candidates=True),
    "decisions.answer_objection": one_of("decide"),
    # what is asked of people is no secret from them
    "tracks.list_tracks": KNOWN,
    "tracks.show_track": KNOWN,
    "facts.list_facts": KNOWN,
    "policies.reload_policies": one_of("operate"),
    "status.show_status": one_of("operate"),
    METRICS: one_of("operate"),
    # envelopes and proofs tell nothing about a person
    "log.show_log": one_of("audit", "operate"),
    "log.show_checkpoint": one_of("audit", "operate"),
    "log.prove_growth": one_of("audit", "operate"),
    "log.prove_entry": one_of("audit", "operate"),
    "log.stream_leaves": one_of("audit", "operate"),
    "log.find_entries": one_of("audit"),
    "log.show_entry": one_of("audit"),
    "log.replay_entry": one_of("audit"),
    "log.disclose_fields": one_of("audit"),
    "webhooks.list_webhooks": one_of("operate"),
    "webhooks.tell_subscriber_again": one_of("operate"),
    "webhooks.tell_subscriber_all_again": one_of("operate"),
    "health.check_live": OPEN,
    "health.check_ready": OPEN,
    "pages.openapi": OPEN,
    "pages.docs": OPEN,
    "pages.style": OPEN,
    "pages.problem": OPEN,
}


class Unguarded(Exception):
    """The table and the endpoints do not fit together."""


def check_table(app: Flask, table: dict[str, Need]) -> None:
    """See that every endpoint of an app has its row, and every row its endpoint.

    Raises:
        Unguarded: With the names that are missing on either side.
    """
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    missing, idle = sorted(endpoints - table.keys()), sorted(table.keys() - endpoints)
    told = [f"endpoint `{name}` has no row: say in web/access_table.py who may use it" for name in missing]
    told += [f"row `{name}` of web/access_table.py has no endpoint: remove it" for name in idle]
    if told:
        raise Unguarded("; ".join(told))
