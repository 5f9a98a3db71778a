"""Putting something new into a policy file: the file, a place and new lines in; the file with them, out.

All that was there stays, notes included; the file gets the common layout on the way. Knows nothing of what
the lines mean.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.policy.layout import Block, Part, laid_out, read_block, text_of
from service.policy.source import ListNode, MapNode, Node, TextNode, read_source

Path = Sequence[str | int]  #: names of lines and places in lists, from the top: `("levels", 2, "requires")`


def inserted(
    file: str, content: bytes, path: Path, lines: Sequence[str], at: int | None = None
) -> bytes | None:
    """A file with new lines in the list, or among the lines, at a path.

    Args:
        file: Its name in the policy folder.
        content: What it holds.
        path: Where; the last name may be missing in the file, and is added.
        lines: The new entry as it is written at the left margin, with its dash when it goes into a list.
        at: Before which entry; None: after the last one.

    Returns:
        The new content; None when it cannot be done without losing something.
    """
    source, root, problems = read_source(file, content)
    new_source, new_root, wrong = read_source(file, "\n".join(lines).encode())
    if problems or wrong or root is None or new_root is None:
        return None
    nodes = list(_along(root, path))
    block = read_block(source, root, nodes)
    target = _block_at(block, path)
    if target is None:
        return None
    new = read_block(new_source, new_root).parts
    apart = any("" in part.before for part in target.parts[1:])
    new[0].before[:0] = [""] if apart and "" not in new[0].before[:1] else []
    place = len(target.parts) if at is None else at
    if place == 0 and target.parts:
        new[0].before, target.parts[0].before = target.parts[0].before, ([""] if apart else [])
    target.parts[place:place] = new
    text = laid_out(file, text_of(block).encode())
    return None if text is None else text.encode()


def lines_at(file: str, content: bytes, path: Path) -> list[str]:
    """What stands at a path, as it is written at the left margin; nothing when there is nothing."""
    source, root, problems = read_source(file, content)
    if problems or root is None:
        return []
    nodes = list(_along(root, path))
    if len(nodes) <= len(path) or isinstance(nodes[-1], TextNode):
        return []
    block = _block_at(read_block(source, root, nodes), path)
    return [] if block is None else text_of(block).splitlines()


def _along(node: Node, path: Path) -> list[Node]:
    """The nodes on the way along a path, as far as it goes."""
    found = [node]
    for step in path:
        below: Node | None = None
        if isinstance(node, MapNode) and isinstance(step, str) and step in node.entries:
            below = node.entries[step].value
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            below = node.items[step]
        if below is None:
            break
        node = below
        found.append(node)
    return found


def _block_at(block: Block, path: Path) -> Block | None:
    for step in path:
        part: Part | None
        if isinstance(step, int):
            part = block.parts[step] if step < len(block.parts) else None
        else:
            part = next((part for part in block.parts if part.key == step), None)
            if part is None:
                part = Part([], step, Block([], []), "")
                block.parts.append(part)
        if part is None or not isinstance(part.value, Block):
            return None
        block = part.value
    return block
