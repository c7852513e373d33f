"""How deeply the arrays and objects of a JSON text are nested, told without parsing it."""

import re

# What stands between brackets: strings, also one that is cut off, and all else.
_NO_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[^][{}"]+', re.DOTALL)
_OPENING = b"[{"


def is_nested_beyond(limit: int, text: bytes) -> bool:
    """Says whether more arrays and objects than this are open at one place of the text."""
    if text.count(b"[") + text.count(b"{") <= limit:
        return False  # nearly always
    depth = 0
    for bracket in _NO_BRACKETS.sub(b"", text):
        depth += 1 if bracket in _OPENING else -1
        if depth > limit:
            return True
    return False
