"""The trace context of an input (W3C, `traceparent`), which goes on to all that comes of the input.

Only what has the form of one is handed on: nothing else of a header reaches those who listen.
"""

import re
from typing import Any

from streams.contracts.envelope import Headers

TRACEPARENT = "traceparent"
_FORM = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_of(record: object) -> Headers:
    """Gives the header of a record that names its trace; none where it has none."""
    headers: Any = getattr(record, "headers", ())  # Kafka's may have no value: compiled, a type would be checked
    for name, value in headers:
        if name == TRACEPARENT and value is not None and _FORM.fullmatch(value):
            return [(name, value)]
    return ()


def is_traceparent(text: str) -> bool:
    """Says whether a text has the form of a trace context."""
    return _FORM.fullmatch(text.encode()) is not None
