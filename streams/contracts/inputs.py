"""The five inputs as they are on the wire: the contract's field names and types. JSON Schemas are made from these."""

from typing import Annotated, Any

import msgspec

from streams.engine.events import Action, Standing

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Time = Annotated[
    int | str,
    msgspec.Meta(description="epoch milliseconds, or RFC 3339 with an offset"),
]
Amount = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "description": "a decimal with at most 4 decimals, as a string (a JSON number is read exactly)",
            "anyOf": [{"type": "string", "pattern": r"^-?[0-9]{1,14}(\.[0-9]{1,4})?$"}, {"type": "number"}],
        }
    ),
]
Currency = Annotated[str, msgspec.Meta(max_length=16, description="ISO 4217 code", examples=["TWD"])]


class TransactionMessage(msgspec.Struct, kw_only=True):
    """`bank.transactions`: money moved; the type says the direction."""

    event_id: Id
    customer_id: Id
    account_id: Id
    type: str
    amount: Amount
    currency: Currency
    occurred_at: Time
    channel: Any = None
    reverses: Id | None = None
    reversed_at: Time | None = None


class BalanceMessage(msgspec.Struct, kw_only=True):
    """`bank.balances`: what an account holds at a time."""

    event_id: Id
    customer_id: Id
    account_id: Id
    balance: Amount
    currency: Currency
    as_of: Time
    product: str | None = None


class CreditMessage(msgspec.Struct, kw_only=True):
    """`bank.credit`: the credit standing as of a time."""

    event_id: Id
    customer_id: Id
    standing: Standing
    as_of: Time
    score: float | str | None = None
    days_past_due: int | None = None


class LoanMessage(msgspec.Struct, kw_only=True):
    """`bank.loans`: an application for a loan."""

    event_id: Id
    customer_id: Id
    loan_id: Id
    amount: Amount
    currency: Currency
    applied_at: Time
    purpose: str | None = None
    term_months: int | None = None


class CustomerMessage(msgspec.Struct, kw_only=True):
    """`bank.customers`: an action for a customer. A pin has tier, until, reason and by."""

    event_id: Id
    customer_id: Id
    action: Action
    at: Time
    tier: str | None = None
    until: Time | None = None
    reason: str | None = None
    by: str | None = None
