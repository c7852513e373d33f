"""Half surrogate pairs in JSON, such as an escaped d83d alone: text that was cut inside an emoji has them.

Such a half is no character, and the JSON decoder refuses the whole text for one. So other characters stand in for it.
"""

import re

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",
    re.DOTALL,
)
_NUMBERED = re.compile(rb"\\u[0-9a-fA-F]{4}")
_NULL = b"\\u0000"


def without_halves(text: bytes) -> bytes:
    """Puts U+0000 in the place of each half, which no id may hold."""
    return _ESCAPE.sub(lambda escape: _NULL if escape["half"] else escape[0], text)


def with_stand_ins(text: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Puts an escape that the text does not hold in the place of each half; gives, too, which half each stands for."""
    halves = sorted({escape["half"] for escape in _ESCAPE.finditer(text) if escape["half"]})
    taken = set(_NUMBERED.findall(text))
    escapes = [b"\\u%04x" % number for number in range(len(taken) + len(halves))]
    free = [escape for escape in escapes if escape not in taken]
    by_half = dict(zip(halves, free, strict=False))
    replaced = _ESCAPE.sub(lambda escape: by_half.get(escape["half"], escape[0]), text)
    return replaced, {escape: half for half, escape in by_half.items()}
