"""How deeply the arrays and objects of a JSON text are nested, told without parsing it."""

import re

# A string, also one that is cut off, or a bracket outside of strings.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[][{}]', re.DOTALL)
_OPENING = (b"[", b"{")
_CLOSING = (b"]", b"}")


def is_nested_beyond(limit: int, text: bytes) -> bool:
    """Says whether more arrays and objects than this are open at one place of the text."""
    if text.count(b"[") + text.count(b"{") <= limit:
        return False  # nearly always
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in _OPENING:
            depth += 1
            if depth > limit:
                return True
        elif found[0] in _CLOSING:
            depth -= 1
    return False
