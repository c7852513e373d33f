"""What comes in, read and checked. Structs alone."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from streams.contracts.rejection import Clipped

BookingInput = Literal["balances", "transactions"]
UNKNOWN_ACCOUNT = "unknown_account"


class Counting(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An owner to whom the account counts. share_e6: in millionths; those of an account add up to a million."""

    customer_id: str
    is_joint: bool
    share_e6: int


class AccountRecord(NamedTuple):
    """Who owns an account as of a time. owners: those who count, in the order in which they were listed."""

    as_of_ms: int
    owners: tuple[Counting, ...]
    closed_ms: int | None
    product: str | None
    currency: str | None


class Booking(NamedTuple):
    """A balance or a transaction of an account.

    belongs_ms: the time whose owners have it; of a reversal, that of what it undoes. fields: the record as it was
    written, by the names of its fields.
    """

    input: BookingInput
    event_id: str
    belongs_ms: int
    amount_e4: int
    currency: str
    product: str | None
    reverses: str | None
    fields: Mapping[str, msgspec.Raw]


class Refused(NamedTuple):
    """Why a record cannot be used. value: what is known of one that was not read whole."""

    reason: str
    detail: str
    value: Clipped | None = None


Read = AccountRecord | Booking | Refused
