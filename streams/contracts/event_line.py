"""A line of a file of events (docs/commands.md#a-file-of-events). Structs alone; lines.py reads them."""

from typing import NamedTuple

import msgspec


class EventLine(NamedTuple):
    """The record that a line stands for. topic: its number in events.IN_FILES."""

    topic: int
    key: bytes | None
    value: bytes


class WrittenLine(msgspec.Struct):
    """A line as JSON."""

    topic: str
    value: msgspec.Raw


class Owned(msgspec.Struct):
    """What is read of a value to give its record a key."""

    customer_id: str


class OfCurrency(msgspec.Struct):
    """The same of a rate."""

    currency: str


class OfAccount(msgspec.Struct):
    """The same of a value whose record is keyed by account."""

    account_id: str
