"""durable-rules as the tests hand it to the adapter: the real one, watched, and made to fail where they want.

Holds no tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import durable_rules_engine

#: Calls instead of the real one, with the real function and its arguments.
Instead = Callable[..., Any]


class Watched:
    """The real engine, except where `instead` names a function and what is to be called in its place."""

    def __init__(self) -> None:
        self.instead: dict[str, Instead] = {}
        self.rules: list[str] = []  #: every ruleset ever built, as text
        self.facts: list[str] = []  #: every fact ever asserted, as text
        self.calls: Counter[tuple[str, int]] = Counter()  #: by function and handle
        self.live: set[int] = set()  #: handles of rulesets that were built and not deleted

    def _call(self, name: str, *arguments: Any) -> Any:
        real = getattr(durable_rules_engine, name)
        if name in self.instead:
            return self.instead[name](real, *arguments)
        return real(*arguments)

    def create_ruleset(self, name: str, rules: str, /) -> int:
        self.rules.append(rules)
        handle: int = self._call("create_ruleset", name, rules)
        self.live.add(handle)
        return handle

    def delete_ruleset(self, handle: int, /) -> object:
        self.calls["delete_ruleset", handle] += 1
        self.live.discard(handle)
        return self._call("delete_ruleset", handle)

    def assert_fact(self, handle: int, fact: str, /) -> tuple[int, int]:
        self.facts.append(fact)
        answer: tuple[int, int] = self._call("assert_fact", handle, fact)
        return answer

    def start_action_for_state(self, handle: int, state: int, /) -> tuple[str, str] | None:
        answer: tuple[str, str] | None = self._call("start_action_for_state", handle, state)
        return answer

    def complete_and_start_action(self, handle: int, state: int, /) -> str | None:
        answer: str | None = self._call("complete_and_start_action", handle, state)
        return answer

    def delete_state(self, handle: int, sid: str, /) -> object:
        self.calls["delete_state", handle] += 1
        return self._call("delete_state", handle, sid)
