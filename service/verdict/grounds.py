"""Grounds: why a requirement came out as it did, condition by condition.

The conditions of a level in; functions out that give, for one candidate, the tree of nodes that a finding
shows under `because`. Every node has its own result, what was found, what is needed and what is lacking. A
condition that several requirements share is told once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.values import amount
from service.facts.vocabulary import Vocabulary
from service.policy.condition import Comparison, Condition, Group
from service.verdict.found import found_of, is_sensitive, needed_of, sources_of
from service.verdict.shortfall import shortfall_of
from service.verdict.telling import Telling
from service.verdict.text import heading_text
from service.verdict.wording import FOUND, WORDS, counted

Json = dict[str, Any]
Role = Literal["", "condition", "applies_when", "unless"]

RESULTS = {MET: "met", UNMET: "unmet", UNKNOWN: "unknown"}


Ground = Callable[[Telling], Json]


class Grounds:
    """The grounds of all conditions of one level, each made once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._made: dict[tuple[int, Role], Ground] = {}

    def of(self, condition: Condition, role: Role = "") -> Ground:
        """What tells one condition; `role` says what it is to the requirement, where it stands at the top."""
        made = self._made.get((id(condition), role))
        if made is None:
            tell = self._group(condition) if isinstance(condition, Group) else self._comparison(condition)
            made = self._made[id(condition), role] = _once(tell, role, len(self._made))
        return made

    def _comparison(self, condition: Comparison) -> Ground:
        text = heading_text(condition)
        found, needed = found_of(condition, self.vocabulary), needed_of(condition, self.vocabulary)
        shortfall = shortfall_of(condition)

        def tell(telling: Telling) -> Json:
            scope = telling.scope
            letter, missing = scope.holds(condition)
            known = amount(condition.left, scope)
            short = shortfall(known, scope) if letter == UNMET and shortfall is not None else None
            return {
                "text": text,
                "result": RESULTS[letter],
                "found": found(known, telling),
                "needed": needed(scope),
                "shortfall": short,
                "missing": list(missing),
                "of": [],
            }

        return tell

    def _group(self, condition: Group) -> Ground:
        text, needed = heading_text(condition), _asked_of_parts(condition)
        parts = [self.of(part) for part in condition.of]
        always: Json = {
            "label": FOUND["group"].format(parts=counted(len(parts), WORDS["parts"])),
            "from": list(sources_of(condition.of)),
        }
        if is_sensitive(condition.of, self.vocabulary):
            always["sensitive"] = True

        def tell(telling: Telling) -> Json:
            letter, missing = telling.scope.holds(condition)
            nodes = [part(telling) for part in parts]
            results = [node["result"] for node in nodes]
            met, unknown = results.count("met"), results.count("unknown")
            known: Json = {"value": None, "at_least": met, "at_most": met + unknown}
            return {
                "text": text,
                "result": RESULTS[letter],
                "found": {**(known if unknown else {"value": met}), **always},
                "needed": needed,
                "shortfall": _parts_short(condition, met, unknown) if letter == UNMET else None,
                "missing": list(dict.fromkeys(missing)),
                "of": nodes,
            }

        return tell


def _once(tell: Ground, role: Role, key: int) -> Ground:
    def ground(telling: Telling) -> Json:
        node = telling.told.get(key)
        if node is None:
            node = tell(telling) if not role else {"role": role, **tell(telling)}
            telling.told[key] = node
        return node

    return ground


def _asked_of_parts(group: Group) -> Json:
    return {"at_most": group.needed - 1} if group.kind == "none_of" else {"at_least": group.needed}


def _parts_short(group: Group, met: int, unknown: int) -> Json:
    """How many parts more, or fewer for `none_of`, would have to be met, at best."""
    unit = WORDS["parts"]
    short = met - group.needed + 1 if group.kind == "none_of" else group.needed - met - unknown
    return {"value": None, "at_least": short, "unit": unit} if unknown else {"value": short, "unit": unit}
