"""Frozen versions: a policy set and the place of a verdict log in; a refusal where a version that has issued
verdicts no longer means the same.

Reads the log without opening it for writing, so that it may be asked while the service runs. What a version
means is `policy.versions_frozen`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from service.errors import PolicyError, Problem
from service.ledger.address import Place, is_there
from service.ledger.embedded.opening import issued_in_file
from service.policy.model import PolicySet
from service.policy.versions_frozen import changed


def issued_in(place: Place) -> Mapping[str, set[str]]:
    """By the name of a version, the digests under which it has issued verdicts.

    Raises:
        LogUnavailable: There is no verdict log at this place, or it cannot be read.
    """
    if isinstance(place, Path):
        return issued_in_file(place)
    from service.ledger.postgres.opening import issued_in_database

    return issued_in_database(place)


def refuse_changed(policies: PolicySet, place: Place, *, may_be_missing: bool = False) -> tuple[Problem, ...]:
    """Hold the versions of a policy set against those that have issued verdicts.

    Args:
        policies: As they are now.
        place: The verdict log.
        may_be_missing: Where there is no file of a log yet, nothing is frozen.

    Returns:
        A warning for each version that has issued verdicts and is gone.

    Raises:
        PolicyError: A version that has issued verdicts means something else now.
        LogUnavailable: The log cannot be read.
    """
    if may_be_missing and not is_there(place):
        return ()
    problems, warnings = changed(policies, issued_in(place))
    if problems:
        raise PolicyError(problems)
    return tuple(warnings)
