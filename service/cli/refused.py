"""What a command says when it cannot be done: an error goes in; one line for whoever typed the command comes
out.
"""

from __future__ import annotations

import errno


def said_of(wrong: Exception) -> str:
    """What an error says; of a file that cannot be used, its name and why.

    Raises:
        BrokenPipeError: That was the error: whoever read has gone, and nothing more is said to them.

    >>> said_of(PermissionError(13, "Permission denied", "trust.txt"))
    '`trust.txt` cannot be used: Permission denied'
    """
    if not isinstance(wrong, OSError):
        return str(wrong)
    if wrong.errno == errno.EPIPE:
        raise wrong
    why = wrong.strerror or str(wrong)
    return why if wrong.filename is None else f"`{wrong.filename}` cannot be used: {why}"
