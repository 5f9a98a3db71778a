"""Tracks: what the policies hold, as people may read it: levels, pay, ways in and what each level asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from flask import Response
from flask_smorest import Blueprint

from service.errors import NotFound, did_you_mean
from service.policy.model import Level, Requirement, TrackVersion
from service.web.answers import documented, in_json, plain
from service.web.api.schemas import TrackSchema, TracksSchema
from service.web.asked import day, query
from service.web.parts import parts

_ON: Final = {
    "name": "on",
    "in": "query",
    "description": "the day, YYYY-MM-DD, whose version is shown; without it, today (UTC)",
    "schema": {"type": "string", "format": "date"},
    "example": "2026-11-20",
}
_WHICH: Final = {
    "name": "track",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "example": "people-lead",
}

blueprint = Blueprint(
    "tracks", __name__, url_prefix="/v1/tracks", description="The ladders, and what each level asks"
)


@blueprint.get("")
@blueprint.doc(parameters=[_ON])
@blueprint.response(200, TracksSchema)
@documented(400)
def list_tracks() -> Response:
    """List the tracks with their levels, craft tracks first"""
    on = day(query("on"), "on", parts().today())
    policies = parts().policies
    tracks = [
        _brief(track, policies.version(track, on), versions) for track, versions in policies.tracks.items()
    ]
    return in_json({"on": on.isoformat(), "policy_set": policies.digest, "tracks": tracks})


@blueprint.get("/<track>")
@blueprint.doc(parameters=[_WHICH, _ON])
@blueprint.response(200, TrackSchema)
@documented(400, 404)
def show_track(track: str) -> Response:
    """Show one track: its versions, and all that its levels ask on a day"""
    on = day(query("on"), "on", parts().today())
    policies = parts().policies
    versions = policies.tracks.get(track)
    if versions is None:
        raise NotFound(f"there is no track `{track[:100]}`{did_you_mean(track[:100], policies.tracks)}")
    shown = policies.version(track, on)
    return in_json(
        {
            **_brief(track, shown, versions),
            "on": on.isoformat(),
            "policy_set": policies.digest,
            "versions": [_span(version) for version in versions],
            "levels": [_level(level) for level in shown.levels] if shown else [],
        }
    )


def _brief(track: str, shown: TrackVersion | None, versions: tuple[TrackVersion, ...]) -> dict[str, Any]:
    """A track as it is on a day; its title and kind are those of the newest version when none is in force."""
    told = shown or versions[-1]
    return {
        "track": track,
        "title": told.title,
        "kind": told.kind,
        "source": told.source,
        "version": shown.name if shown else None,
        "levels": [_rung(level) for level in shown.levels] if shown else [],
        "links": {"self": f"/v1/tracks/{track}"},
    }


def _rung(level: Level) -> dict[str, Any]:
    return {"level": level.level, "title": level.title, "grade": level.grade}


def _span(version: TrackVersion) -> dict[str, Any]:
    return {"version": version.name, "from": _iso(version.start), "until": _iso(version.end)}


def _level(level: Level) -> dict[str, Any]:
    pay, way_back = level.pay, level.way_back
    return {
        **_rung(level),
        "mastery": level.mastery,
        "pay": pay and {"from": plain(pay.low), "to": plain(pay.high), "currency": pay.currency},
        "enter_from": None if level.enter_from is None else list(level.enter_from),
        "way_back": way_back and {"to": way_back.to, "months": way_back.months},
        "requires": [_requirement(requirement) for requirement in level.requires],
        "afterwards": [
            {"id": duty.id, "text": duty.text, "within": duty.within and str(duty.within)}
            for duty in level.afterwards
        ],
        "links": {"facts": f"/v1/facts?for={level.name}"},
    }


def _requirement(requirement: Requirement) -> dict[str, Any]:
    told = dict(_sentences(requirement))
    waiver = requirement.waiver
    lifted = waiver and {"by": list(waiver.by), "at_most": waiver.at_most and str(waiver.at_most)}
    return {**told, "about": list(requirement.about), "waiver": lifted, "where": str(requirement.place)}


def _sentences(requirement: Requirement) -> Iterator[tuple[str, str]]:
    for name in ("id", "kind", "text", "why", "source", "to_meet"):
        yield name, getattr(requirement, name)


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
