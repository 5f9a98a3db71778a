"""A policy file as an editor reads it: plain JSON values, by the rules of YAML 1.2.

Knows nothing of policies.
"""

from __future__ import annotations

import re
from typing import Any

from service.policy.source import ListNode, Node, TextNode

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "": None, "~": None}


def plain(node: Node) -> Any:
    """The value that JSON Schema sees: `yes` is a text, `6` a number, a missing value nothing."""
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    if not isinstance(node, TextNode):
        return {entry.key.value: plain(entry.value) for entry in node.entries.values()}
    if node.quoted:
        return node.value
    if node.value.lower() in _WORDS:
        return _WORDS[node.value.lower()]
    if _INTEGER.fullmatch(node.value):
        return int(node.value)
    return float(node.value) if _NUMBER.fullmatch(node.value) else node.value
