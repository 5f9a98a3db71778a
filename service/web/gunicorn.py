"""The server: settings go in; gunicorn, answering with the app, comes out and stays until it is told to stop.

Policies are loaded and compiled once, before the workers are forked; each worker opens the verdict log for
itself.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from service import __version__
from service.errors import SettingsError
from service.ledger.log import Log, open_log
from service.policy.load import load
from service.settings import Settings
from service.verdict.judge import Judge
from service.web.app import create_app
from service.web.ids import new_id
from service.web.journal import ServerJournal, journal
from service.web.own_log import OwnLog
from service.web.parts import Parts
from service.web.worker import Worker


class Server(BaseApplication):
    """gunicorn with this service's app and none of gunicorn's own configuration files."""

    def __init__(self, settings: Settings) -> None:
        _refuse_taken(settings)
        self._settings = settings
        self._log = OwnLog(lambda: _opened(settings))
        judge = Judge(load(settings.policies))
        self._parts = Parts(
            judge=judge, log=self._log, now=_now, new_id=new_id, body_limit=settings.body_limit
        )
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn what the settings say."""
        for name, value in {**options(self._settings), **self._hooks()}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app; gunicorn asks once, before it forks."""
        return create_app(self._parts)

    def _hooks(self) -> dict[str, Any]:
        return {
            "when_ready": self._when_ready,
            "post_worker_init": self._open_log,
            "worker_exit": self._close_log,
        }

    def _when_ready(self, arbiter: Any) -> None:
        """Say where the service listens: with port 0 nobody else knows."""
        policies = self._parts.policies
        journal().info(
            "listening",
            url=_url(arbiter.LISTENERS[0].sock.getsockname()),
            version=__version__,
            policies=str(self._settings.policies),
            policy_set=policies.digest,
            warnings=len(policies.warnings),
            log=str(self._settings.log),
            open_to="anyone on this machine",
        )

    def _open_log(self, _worker: Any) -> None:
        """Open the log now, not at the first request; when it cannot be, the worker says so until it can."""
        try:
            self._log.check_writable()
        except Exception as refused:  # reported, and tried again: `/health/ready` answers 503 meanwhile
            journal().error("log-unavailable", why=str(refused))

    def _close_log(self, _arbiter: Any, _worker: Any) -> None:
        self._log.close()


def options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings."""
    return {
        "bind": f"[{settings.host}]:{settings.port}"
        if ":" in settings.host
        else f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": Worker,
        "preload_app": True,
        "max_requests": 0,  # nothing grows, so nothing needs to be recycled
        "timeout": 30,
        "graceful_timeout": settings.stop_timeout_s,
        "keepalive": 15,
        "limit_request_line": 4_094,
        "limit_request_fields": 60,
        "limit_request_field_size": 8_190,
        "control_socket_disable": True,
        "accesslog": None,
        "logger_class": ServerJournal,
        "proc_name": "ladders",
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108, PTH112 - heartbeats, not on a slow disk
    }


def _refuse_taken(settings: Settings) -> None:
    """Say at once that another program has the port; gunicorn would try for seconds, and say it less
    clearly.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as gunicorn does: not for what is closing
        try:
            trial.bind((settings.host, settings.port))
        except OSError as refused:
            port = f"LADDERS_PORT={settings.port} on {settings.host}"
            raise SettingsError(
                [f"cannot listen at {port}: {refused.strerror}; choose another port"]
            ) from refused


def _opened(settings: Settings) -> Log:
    return open_log(settings.log, clock=_now, random_bytes=os.urandom, limit_s=settings.log_timeout_s)


def _now() -> datetime:
    return datetime.now(UTC)


def _url(address: Any) -> str:
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
