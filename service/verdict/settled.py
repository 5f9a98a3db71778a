"""Settling: a request and the versions that may judge it in; the one that counts, with its judgement, out.

Of several versions that judge, the most favourable counts: eligible before needs_information before
not_eligible, and of equals the newest. All are judged by whatever decides. Knows nothing of which versions
there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from service.engine.evaluate import Judgement, Outcome
from service.policy.model import Level, TrackVersion
from service.policy.selection import Selection

#: The more favourable, the lower.
RANK: Final[Mapping[Outcome, int]] = {"eligible": 0, "needs_information": 1, "not_eligible": 2}
Beside = tuple[TrackVersion, Outcome]  #: a version that was judged as well, and what came out


def settle(
    selection: Selection, decide: Callable[[Level], Judgement]
) -> tuple[Selection, Judgement, tuple[Beside, ...]]:
    """The selection with the version that counts, its judgement, and the others that were judged, newest
    first.

    Args:
        selection: As selected, with every version that judges or is compared.
        decide: What judges a level for this request.
    """
    judgement = decide(selection.level)
    if not selection.favourable and not selection.compared:
        return selection, judgement, ()
    found = [(selection.version, selection.level, judgement)]
    found += [(version, level, decide(level)) for version, level in selection.favourable]
    best = min(found, key=lambda each: RANK[each[2].outcome])  # of equals the first, which is the newest
    beside = [(version, judged.outcome) for version, _, judged in found if version is not best[0]]
    compared = [(version, decide(level).outcome) for version, level in selection.compared]
    because = selection.because
    if len(found) > 1:
        because += f"; {_which(best[0], best[2].outcome, beside)}"
    settled = replace(selection, version=best[0], level=best[1], because=because)
    every = sorted((*beside, *compared), key=lambda each: each[0].start, reverse=True)
    return settled, best[2], tuple(every)


def _which(best: TrackVersion, outcome: Outcome, beside: list[Beside]) -> str:
    if all(other == outcome for _, other in beside):
        return f"all of them give {_said(outcome)}, so that `{best.name}`, the newest, is used"
    others = ", ".join(f"by `{version.name}` it is {_said(other)}" for version, other in beside)
    return f"by `{best.name}` it is {_said(outcome)}, {others}"


def _said(outcome: Outcome) -> str:
    return f"`{outcome.replace('_', ' ')}`"
