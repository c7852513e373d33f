"""What the environment decides about HTTP servers: how many may be connected, for how long, with how much."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from streams.errors import UsageError

_MOST: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class HttpLimits:
    """The limits of one server. Made by `from_variables`, which checks them."""

    connections: int = 256
    connections_per_address: int = 128
    head_ms: int = 5_000
    idle_ms: int = 75_000
    answer_ms: int = 10_000
    head_bytes: int = 16_384
    body_bytes: int = 4_096

    @classmethod
    def from_variables(cls, given: Mapping[str, str]) -> "HttpLimits":
        """Reads and checks the limits. given: the environment and the .env file.

        Raises:
            UsageError: One of them is no number that can be.
        """
        return cls(
            connections=_number(given, "TIERFLOW_HTTP_CONNECTIONS", cls.connections, 8),
            connections_per_address=_number(
                given, "TIERFLOW_HTTP_CONNECTIONS_PER_ADDRESS", cls.connections_per_address, 4
            ),
            head_ms=_number(given, "TIERFLOW_HTTP_HEAD_MS", cls.head_ms, 100),
            idle_ms=_number(given, "TIERFLOW_HTTP_IDLE_MS", cls.idle_ms, 100),
            answer_ms=_number(given, "TIERFLOW_HTTP_ANSWER_MS", cls.answer_ms, 3_000),
            head_bytes=_number(given, "TIERFLOW_HTTP_HEAD_BYTES", cls.head_bytes, 1_024),
            body_bytes=_number(given, "TIERFLOW_HTTP_BODY_BYTES", cls.body_bytes, 0),
        )


def _number(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    value = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,7}", value) or not least <= int(value) <= _MOST:
        raise UsageError(f"{name} is {value!r}; write a whole number from {least:,} to {_MOST:,}, without a comma")
    return int(value)
