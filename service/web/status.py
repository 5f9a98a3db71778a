"""Status: what the processes of the service have told goes in; one account of the whole service comes out.

It says which set each worker judges by, what came of the last reload, and how the log stands; nothing about a
person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service import __version__
from service.errors import LogUnavailable
from service.ledger.log import Log
from service.verdict.judge import ENGINE
from service.web.publishing import PUBLISHED
from service.web.reload import ATTEMPT, SET, STAGES
from service.web.runtime import Runtime


def status_of(runtime: Runtime, log: Log, now: datetime) -> dict[str, Any]:
    """How the service stands now."""
    in_force, last = runtime.told(SET) or {}, runtime.told(ATTEMPT) or {}
    workers = [_worker(told, runtime.in_force) for told in runtime.workers()]
    return {
        "version": __version__,
        "engine": ENGINE,
        "started_at": runtime.began.isoformat(),
        "uptime_s": int((now - runtime.began).total_seconds()),
        "policy_set": in_force.get("policy_set"),
        "policy_files": in_force.get("policy_files"),
        "in_force_since": in_force.get("since"),
        "warnings": in_force.get("warnings"),
        "reload": _reload(runtime, last),
        "workers": workers,
        "rebuilds": sum(worker["rebuilds"] for worker in workers),
        "log": (standing := _log(log)),
        "published": _published(runtime, standing["size"]),
    }


def _reload(runtime: Runtime, last: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "now": STAGES[runtime.stage],
        "asked": runtime.asked,
        "answered": last.get("asked"),
        "result": last.get("result"),
        "at": last.get("at"),
        "took_s": last.get("took_s"),
        "problems": last.get("problems"),
        "problem_count": last.get("count"),
        "counts": last.get("counts"),
    }


def _worker(told: Mapping[str, Any], in_force: int) -> dict[str, Any]:
    ready = told["ready"]
    return {
        "pid": told["pid"],
        "started_at": told["started_at"],
        "policy_set": ready.get(str(in_force)),
        "rebuilds": told["rebuilds"],
    }


def _log(log: Log) -> dict[str, Any]:
    try:
        size = log.size()
        return {"name": log.name, "size": size, "last_index": size - 1 if size else None, "why": None}
    except LogUnavailable as refused:
        return {"name": None, "size": None, "last_index": None, "why": str(refused)}


def _published(runtime: Runtime, size: int | None) -> dict[str, Any]:
    """How far the checkpoints of the log have come, and how many entries the anchor lacks."""
    told = runtime.told(PUBLISHED) or {}
    anchored = told.get("anchored")
    return {
        "size": told.get("size"),
        "anchored": anchored,
        "behind": None if anchored is None or size is None else max(0, size - anchored),
        "at": told.get("at"),
        "why": told.get("why"),
        "witnesses": told.get("witnesses", {}),
    }
