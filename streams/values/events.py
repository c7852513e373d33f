"""The input events as the engine takes them: checked, times in epoch milliseconds, amounts in ten-thousandths."""

from typing import Literal

import msgspec

from streams.values.products import Product
from streams.values.standings import Standing

# The input topics in the order that decides ties of event time (contract, "The clock and the order").
BALANCES, TRANSACTIONS, CREDIT, LOANS, CUSTOMERS = range(5)
TOPICS = ("balances", "transactions", "credit", "loans", "customers")

Action = Literal["pin", "unpin", "opt_out", "opt_in", "erase"]

TRANSACTION_TYPES = frozenset(
    {
        *("deposit", "withdrawal", "transfer_in", "transfer_out", "purchase", "cash"),
        *("interest", "fee", "refund", "loan_payment", "securities", "other"),
    }
)


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """Money moved. `belongs_at_ms` is the time whose day it counts in: its own, or that of what it undoes."""

    event_id: str
    customer_id: str
    at_ms: int
    type: str
    amount_e4: int
    currency: str
    belongs_at_ms: int
    is_reversal: bool


class Balance(msgspec.Struct, frozen=True, gc=False):
    """What an account held at a time."""

    event_id: str
    customer_id: str
    at_ms: int
    account_id: str
    balance_e4: int
    currency: str
    product: Product


class Credit(msgspec.Struct, frozen=True, gc=False):
    """The customer's credit standing as of a time."""

    event_id: str
    customer_id: str
    at_ms: int
    standing: Standing
    score: str | None


class Loan(msgspec.Struct, frozen=True, gc=False):
    """An application for a loan."""

    event_id: str
    customer_id: str
    at_ms: int
    loan_id: str
    amount_e4: int
    currency: str


class Pin(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A tier fixed by a person until a time, with who and why."""

    tier: str
    until_ms: int
    reason: str
    by: str


class CustomerAction(msgspec.Struct, frozen=True, gc=False):
    """What a person or a system asks for a customer: a pin, its end, campaign consent, or to be forgotten."""

    event_id: str
    customer_id: str
    at_ms: int
    action: Action
    pin: Pin | None


Event = Transaction | Balance | Credit | Loan | CustomerAction


class Cause(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The event that led to a decision, and where it stands in the log: its topic's number in TOPICS, its offset."""

    event_id: str
    topic: int
    offset: int
    occurred_at_ms: int
