"""Waivers: which of those granted count for a level on a day, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.facts.calendar import add, spoken
from service.facts.request import GrantedWaiver
from service.policy.model import Level, Requirement


@dataclass(frozen=True, slots=True)
class Waivers:
    """`accepted`: requirement id → the waiver that lifts it; `refused`: each other waiver with the reason."""

    accepted: dict[str, GrantedWaiver]
    refused: tuple[tuple[GrantedWaiver, str], ...]


NO_WAIVERS = Waivers({}, ())


def weigh(granted: tuple[GrantedWaiver, ...], level: Level, as_of: date) -> Waivers:
    """Hold every granted waiver against what the level's requirements allow."""
    if not granted:
        return NO_WAIVERS
    requirements = {requirement.id: requirement for requirement in level.requires}
    accepted: dict[str, GrantedWaiver] = {}
    refused: list[tuple[GrantedWaiver, str]] = []
    for waiver in granted:
        reason = _refusal(waiver, requirements.get(waiver.requirement), as_of)
        if reason:
            refused.append((waiver, reason))
        else:
            accepted[waiver.requirement] = waiver
    return Waivers(accepted, tuple(refused))


def _refusal(waiver: GrantedWaiver, requirement: Requirement | None, as_of: date) -> str:
    if requirement is None:
        return "this level has no such requirement"
    allowed = requirement.waiver
    if allowed is None:
        return "this requirement cannot be waived"
    if waiver.by not in allowed.by:
        return f"only {' or '.join(allowed.by)} may waive this requirement"
    if waiver.granted_on > as_of:
        return f"it is granted only on {spoken(waiver.granted_on)}"
    if waiver.until < as_of:
        return f"it ended on {spoken(waiver.until)}"
    if allowed.at_most is not None and waiver.until > add(waiver.granted_on, allowed.at_most):
        return f"it runs longer than {allowed.at_most} from the day it was granted"
    return ""
