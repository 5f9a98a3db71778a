"""One piece of advice, as those who find it tell it to `policy.lint`, which adds why it matters and shows
the line."""

from __future__ import annotations

from typing import NamedTuple

from service.errors import Position
from service.policy.source import Node, Span


class Hint(NamedTuple):
    """What could be better, where, and what to write."""

    rule: str
    where: Node | Span | Position
    what: str
    remedy: str
