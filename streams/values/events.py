"""The input events as the engine takes them, decoded and checked (docs/messages.md#inputs).

`at_ms` is the event's own time, in epoch milliseconds. Amounts are ten-thousandths of `currency` (`_e4`). The order of
the fields is that of the content marks in the states (fingerprint.py): a new field comes last.

The events are final, so `type(event) is Balance` tells what an event is by one comparison. `isinstance` would ask the
metaclass of msgspec's structs each time that it is another one, which took a twentieth of an event's time.
"""

from typing import Literal, final

import msgspec

from streams.values.products import Product
from streams.values.standings import Standing

# Numbers and names of the input topics. Of events at the same time, those of the lower number are worked first
# (docs/messages.md#what-happens-to).
BALANCES, TRANSACTIONS, CREDIT, LOANS, CUSTOMERS = range(5)
TOPICS = ("balances", "transactions", "credit", "loans", "customers")
# Beside them, what `tierflow intake` joins to events of customers: both keyed by account (docs/intake.md).
ACCOUNTS, BY_ACCOUNT = 5, 6
WAYS_IN = (*TOPICS, "accounts", "by-account")
# What every partition reads: rates, which are nobody's (docs/messages.md#bankrates).
RATES = 7
IN_FILES = (*WAYS_IN, "rates")

Action = Literal["pin", "unpin", "opt_out", "opt_in", "erase"]

TRANSACTION_TYPES = frozenset(
    {
        *("deposit", "withdrawal", "transfer_in", "transfer_out", "purchase", "cash"),
        *("interest", "fee", "refund", "loan_payment", "securities", "other"),
    }
)


@final
class Transaction(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Money that was moved; its direction is in `type`, which is one of TRANSACTION_TYPES.

    `belongs_at_ms` is the time whose day it counts in: its own or, of a reversal, that of the reversed transaction.
    `reverses` is the event_id that a reversal names; None for any other.
    """

    event_id: str
    customer_id: str
    at_ms: int
    type: str
    amount_e4: int
    currency: str
    belongs_at_ms: int
    reverses: str | None = None


@final
class Balance(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an account held at a time; below 0 it is an overdraft.

    product: None where it is not told; it is then the one last known of the account.
    """

    event_id: str
    customer_id: str
    at_ms: int
    account_id: str
    balance_e4: int
    currency: str
    product: Product | None


@final
class Credit(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The customer's credit standing as of a time. `score` is as it was sent; it need not be a number."""

    event_id: str
    customer_id: str
    at_ms: int
    standing: Standing
    score: str | None


@final
class Loan(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An application for a loan."""

    event_id: str
    customer_id: str
    at_ms: int
    loan_id: str
    amount_e4: int
    currency: str


class Pin(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """A tier that a person has fixed for a customer until a time: who did it, and why."""

    tier: str
    until_ms: int
    reason: str
    by: str


@final
class CustomerAction(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a person or a system asks for a customer. `pin` is there for the action "pin" alone."""

    event_id: str
    customer_id: str
    at_ms: int
    action: Action
    pin: Pin | None


@final
class Merge(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a bank says of a former id: its customer is the one of the id `into`."""

    event_id: str
    customer_id: str
    at_ms: int
    into: str


@final
class TakeIn(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What tierflow writes to itself after a Merge: the state of the id `former`, packed, for `customer_id`.

    source: which tierflow wrote it: others read the same topic. via: the former ids that it came through, the newest
    last.
    """

    event_id: str
    customer_id: str
    at_ms: int
    source: str
    former: str
    via: tuple[str, ...]
    state: bytes


Event = Transaction | Balance | Credit | Loan | CustomerAction


class Cause(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The event that led to a decision, and its place in the partition's log: topic number in TOPICS, and offset."""

    event_id: str
    topic: int
    offset: int
    occurred_at_ms: int


@final
class HandedOn(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What tierflow writes to itself after a Merge: an event that came under the id `former`, for `customer_id`.

    source, via: as of TakeIn. topic: the number of its own topic. event: as that of `customer_id`. value: as it came.
    """

    event_id: str
    customer_id: str
    at_ms: int
    source: str
    former: str
    topic: int
    event: Event
    value: bytes
    via: tuple[str, ...] = ()


Handed = Merge | TakeIn | HandedOn
"""What two ids being one customer brings about (docs/merging.md)."""
