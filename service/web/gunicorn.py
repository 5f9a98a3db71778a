"""The server: settings go in; gunicorn, answering with the app, comes out and stays until it is told to stop.

Policies are loaded and proved once, before the workers are forked; each worker opens the verdict log for
itself, and follows the reloads that come later (`web.reload`). The master stays without threads and without
anything that a reload does, so that it can fork at any time.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service import __version__
from service.ledger.address import Place
from service.ledger.deliveries import Deliveries, EmbeddedDeliveries
from service.ledger.frozen import refuse_changed
from service.ledger.log import keys_folder
from service.ledger.log_keys import LogKeys
from service.ledger.witness import read_witnesses
from service.settings import Settings
from service.verdict.judge import Judge
from service.web.access_setup import KeyKeeper
from service.web.anchored import anchor_of, anchored_log, refuse_another_log
from service.web.app import create_app
from service.web.background import Background
from service.web.cores import core_for_next, usable_cores
from service.web.freezing import Freeze
from service.web.ids import new_id
from service.web.journal import ServerJournal, journal
from service.web.judges import Judges, ready_judge
from service.web.keeping import Keeper
from service.web.metrics import Metrics
from service.web.named import read_named
from service.web.own_log import OwnLog
from service.web.parts import Parts
from service.web.proving import proved
from service.web.publishing import Publishing
from service.web.reload import Reloader, first_set, note_first_set
from service.web.runtime import Runtime
from service.web.webhooks.subscribers import Subscribers
from service.web.worker import Worker, worker_with


class Server(BaseApplication):
    """gunicorn with this service's app and none of gunicorn's own configuration files."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self._settings, self._runtime = settings, runtime
        named = read_named(settings)
        keys = named.fetched_keys
        self._key_keeper = KeyKeeper(keys, settings.token_keys_s) if keys is not None else None
        refuse_another_log(settings, _now)
        self._log = OwnLog(lambda: anchored_log(settings, _now))
        folder, bytes_digest = first_set(runtime, settings.policies)
        self._judge = _proved(folder)
        frozen_by = settings.log if settings.freeze else None
        if frozen_by is not None:
            for gone in refuse_changed(self._judge.policies, frozen_by, may_be_missing=True):
                journal().warning("version-gone", where=str(gone.where), why=gone.message)
        note_first_set(runtime, bytes_digest, self._judge.policies, _now())
        metrics = Metrics()
        judges = Judges(runtime, self._judge, ready_judge, _now)
        reloader = Reloader(
            runtime,
            settings.policies,
            every_s=settings.reload_s,
            metrics=metrics,
            now=_now,
            freeze=None if frozen_by is None else Freeze(judges, frozen_by),
        )
        subscribers = Subscribers(
            named.subscriptions,
            self._log,
            lambda: _deliveries(settings.log),
            now=_now,
            counts=metrics,
            traces=named.traces,
        )
        publishing = Publishing(
            runtime,
            self._log,
            anchor=anchor_of(settings),
            keys=LogKeys(keys_folder(settings.log, settings.keys)),
            witnesses=read_witnesses(settings.witness or ""),
            now=_now,
            metrics=metrics,
        )
        self._background = Background(runtime, judges, reloader, metrics, [subscribers, publishing])
        self._keeper = Keeper(self._log, judges, runtime, _now, freeze=settings.freeze)
        self._parts = Parts(
            judges=judges,
            runtime=runtime,
            metrics=metrics,
            access=named.access,
            metrics_open=settings.metrics_open,
            traces=named.traces,
            webhooks=subscribers,
            log=self._log,
            keeper=self._keeper,
            now=_now,
            new_id=new_id,
            body_limit=settings.body_limit,
            batch_limit=settings.batch_limit,
        )
        super().__init__()

    def run(self) -> None:
        """Serve until told to stop."""
        Master(self).run()

    def ask_for_reload(self) -> None:
        """Have the policies read again."""
        self._runtime.ask()

    def load_config(self) -> None:
        """Tell gunicorn what the settings say."""
        for name, value in {**options(self._settings, self._count_refused), **self._hooks()}.items():
            self.cfg.set(name, value)

    def _count_refused(self, status: int) -> None:
        """A request was answered before it came to the app; at once, once that was clear."""
        self._parts.metrics.count_request("any", "none", status, 0.0)

    def load(self) -> Flask:
        """The app; gunicorn asks once, before it forks."""
        app = create_app(self._parts)
        gc.collect()
        gc.freeze()  # what is here now stays, and workers share its memory as long as nobody touches it
        return app

    def _hooks(self) -> dict[str, Any]:
        return {
            "when_ready": self._when_ready,
            "post_worker_init": self._begin_work,
            "worker_exit": self._end_work,
            "child_exit": self._forget_worker,
        }

    def _when_ready(self, arbiter: Any) -> None:
        """Say where the service listens: with port 0 nobody else knows."""
        policies = self._judge.policies
        journal().info(
            "listening",
            url=_url(arbiter.LISTENERS[0].sock.getsockname()),
            version=__version__,
            policies=str(self._settings.policies),
            policy_set=policies.digest,
            warnings=len(policies.warnings),
            log=str(self._settings.log),
            open_to="known callers" if self._settings.access_control else "anyone on this machine",
        )
        if self._settings.anchor is None:
            journal().warning(
                "no-anchor",
                why="nobody can show whether verdicts were removed from the log; LADDERS_ANCHOR names a file"
                " on another disk that keeps its checkpoints (docs/verdict-log.md)",
            )
        if not self._settings.access_control:
            journal().warning(
                "no-access-control",
                why="anyone on this machine may do everything, under no name; LADDERS_API_KEYS or"
                " LADDERS_TOKEN_ISSUER say who may (docs/access.md)",
            )

    def _begin_work(self, worker: Any) -> None:
        """Be ready before the first request comes."""
        try:
            self._parts.judges.begin()
        except Exception as error:  # another worker may fare better; gunicorn starts one
            journal().error("policies-not-ready", error=type(error).__name__, why=str(error), pid=worker.pid)
            sys.exit(1)
        try:
            self._log.check_writable()
            self._keeper.keep(self._parts.judges.in_force.policies)
        except Exception as refused:  # reported, and tried again: `/health/ready` answers 503 meanwhile
            journal().error("log-unavailable", why=str(refused))
        self._parts.traces.begin()
        self._background.start()
        if self._key_keeper is not None:
            self._key_keeper.start()

    def _end_work(self, _arbiter: Any, _worker: Any) -> None:
        if self._key_keeper is not None:
            self._key_keeper.stop()
        self._background.stop()
        self._parts.traces.end()
        self._log.close()

    def _forget_worker(self, _arbiter: Any, worker: Any) -> None:
        self._runtime.forget_worker(worker.pid)


class Master(Arbiter):
    """gunicorn's master, which on SIGHUP has the policies read again and keeps its workers."""

    app: Server

    def handle_hup(self) -> None:
        """Ask for a reload; a worker sees to it."""
        self.app.ask_for_reload()


def options(settings: Settings, refused: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """gunicorn's settings; `refused` counts requests that never come to the app."""
    return {
        "bind": f"[{settings.host}]:{settings.port}"
        if ":" in settings.host
        else f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": worker_with(
            body_limit=settings.body_limit,
            read_timeout_s=settings.read_timeout_s,
            queue=settings.queue,
            refused=refused,
        ),
        "preload_app": True,
        "pre_fork": _give_core,
        "max_requests": 0,  # nothing grows, so nothing needs to be recycled
        "timeout": 30,
        "graceful_timeout": settings.stop_timeout_s,
        "keepalive": 15,
        "limit_request_line": 8_190,
        "limit_request_fields": 60,
        "limit_request_field_size": 8_190,
        "control_socket_disable": True,
        "accesslog": None,
        "logger_class": ServerJournal,
        "proc_name": "ladders",
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108, PTH112 - heartbeats, not on a slow disk
    }


def _give_core(arbiter: Any, worker: Worker) -> None:
    """Say which core a worker is to keep to, beside those that there are."""
    kept = [each.core for each in arbiter.WORKERS.values()]
    worker.core = core_for_next(arbiter.num_workers, usable_cores(), kept)


def _deliveries(log: Place) -> Deliveries:
    if isinstance(log, Path):
        return EmbeddedDeliveries(log.with_name(f"{log.name}.deliveries"))
    from service.ledger.postgres.deliveries import PostgresDeliveries

    return PostgresDeliveries(log)


def _proved(folder: Path) -> Judge:
    return proved(folder, _now().date())


def _now() -> datetime:
    return datetime.now(UTC)


def _url(address: Any) -> str:
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
