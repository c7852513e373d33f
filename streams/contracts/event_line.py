"""A line of a file of events. Structs alone; lines.py reads them."""

from typing import NamedTuple

import msgspec


class EventLine(NamedTuple):
    """What a line puts into an input topic; `topic` is its number in events.TOPICS."""

    topic: int
    key: bytes | None
    value: bytes


class WrittenLine(msgspec.Struct):
    """What a line is made of."""

    topic: str
    value: msgspec.Raw


class Owned(msgspec.Struct):
    """What a value says of its owner."""

    customer_id: str
