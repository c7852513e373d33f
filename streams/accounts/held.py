"""Who owned an account when, what an owner held, and what is told of it. Structs alone; see timeline and telling."""

from collections.abc import Mapping
from typing import NamedTuple

from streams.accounts.records import BookingInput
from streams.accounts.state import Ownership


class Joint(NamedTuple):
    """The place of an owner among several, from 1, and the share."""

    place: int
    share_e6: int


class Held(NamedTuple):
    """What an owner holds from a time on."""

    amount_e4: int
    product: str | None
    joint: Joint | None


class At(NamedTuple):
    """Since when, in which currency, who."""

    at_ms: int
    currency: str
    customer_id: str


Parties = Mapping[str, Joint | None]
"""Those who own an account at a time, in the order of their places."""


class Reign(NamedTuple):
    """Who owned an account from a time on."""

    since_ms: int
    parties: Parties
    said: Ownership


class Told(NamedTuple):
    """A record of an input: its name, and whom it is told."""

    input: BookingInput
    customer_id: str
    value: bytes
