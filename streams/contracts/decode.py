"""Bytes -> event. What cannot be used comes back as a rejection with the contract's reason, never as an exception."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from streams.contracts.inputs import BalanceMessage, CreditMessage, CustomerMessage, LoanMessage, TransactionMessage
from streams.engine.calendar import DAY_MS, EPOCH
from streams.engine.events import (
    PRODUCTS,
    TRANSACTION_TYPES,
    Balance,
    Credit,
    CustomerAction,
    Event,
    Loan,
    Pin,
    Transaction,
)
from streams.engine.money import amount_from_json
from streams.engine.policy import Policy

RejectionReason = Literal[
    "malformed",
    "invalid_field",
    "key_mismatch",
    "unknown_currency",
    "future_event",
    "wrong_partition",
    "limit_exceeded",
]
FUTURE_LIMIT_MS = DAY_MS
DETAIL_LIMIT = 500
_CURRENCY = re.compile(r"[A-Z]{3}")
# 1900 to 9999: what calendars and 64-bit milliseconds hold without surprises.
_EARLIEST_MS = -2_208_988_800_000
_LATEST_MS = 253_402_128_000_000


class Rejection(msgspec.Struct, frozen=True):
    """An input that cannot be used: the reason for machines, the detail for people."""

    reason: RejectionReason
    detail: str


class _InvalidError(Exception):
    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, detail)


def decode(topic: int, key: bytes | None, value: bytes | None, policy: Policy) -> Event | Rejection:
    """The event in one record of the input topic with this number; a Rejection where it cannot be used."""
    if value is None:
        return Rejection("malformed", "the record has no value")
    try:
        event = _READERS[topic](value, policy)
    except _InvalidError as error:
        return error.rejection
    except msgspec.ValidationError as error:
        is_no_object = str(error).startswith("Expected `object`") and "`$" not in str(error)
        return Rejection("malformed" if is_no_object else "invalid_field", str(error)[:DETAIL_LIMIT])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejection("malformed", f"not a JSON object: {error}")
    if key != event.customer_id.encode():
        return Rejection("key_mismatch", "the record's key is not the customer_id of its value")
    return event


def _transaction(value: bytes, policy: Policy) -> Transaction:
    message = _TRANSACTION(value)
    at_ms = _time("occurred_at", message.occurred_at)
    belongs_at_ms, is_reversal = at_ms, message.reverses is not None
    if is_reversal:
        if message.reversed_at is None:
            raise _InvalidError("invalid_field", "a reversal needs reversed_at, the time of what it undoes - at `$`")
        belongs_at_ms = _time("reversed_at", message.reversed_at)
        if belongs_at_ms > at_ms + FUTURE_LIMIT_MS:
            raise _InvalidError("invalid_field", "what it undoes is more than 24 hours ahead - at `$.reversed_at`")
    amount_e4 = _amount("amount", message.amount)
    if amount_e4 < 0:
        raise _InvalidError("invalid_field", "amount is below 0; the type says the direction - at `$.amount`")
    return Transaction(
        message.event_id,
        message.customer_id,
        at_ms,
        message.type if message.type in TRANSACTION_TYPES else "other",
        amount_e4,
        _currency(message.currency, policy),
        belongs_at_ms,
        is_reversal,
    )


def _balance(value: bytes, policy: Policy) -> Balance:
    message = _BALANCE(value)
    product = message.product
    return Balance(
        message.event_id,
        message.customer_id,
        _time("as_of", message.as_of),
        message.account_id,
        _amount("balance", message.balance),
        _currency(message.currency, policy),
        product if product in PRODUCTS else "other",
    )


def _credit(value: bytes, _: Policy) -> Credit:
    message = _CREDIT(value)
    score = None if message.score is None else str(message.score)
    return Credit(message.event_id, message.customer_id, _time("as_of", message.as_of), message.standing, score)


def _loan(value: bytes, policy: Policy) -> Loan:
    message = _LOAN(value)
    amount_e4 = _amount("amount", message.amount)
    if amount_e4 < 0:
        raise _InvalidError("invalid_field", "amount is below 0 - at `$.amount`")
    at_ms = _time("applied_at", message.applied_at)
    currency = _currency(message.currency, policy)
    return Loan(message.event_id, message.customer_id, at_ms, message.loan_id, amount_e4, currency)


def _customer(value: bytes, policy: Policy) -> CustomerAction:
    message = _CUSTOMER(value)
    pin = _pin(message, policy) if message.action == "pin" else None
    return CustomerAction(message.event_id, message.customer_id, _time("at", message.at), message.action, pin)


def _pin(message: CustomerMessage, policy: Policy) -> Pin:
    if message.tier is None or message.until is None or message.reason is None or message.by is None:
        raise _InvalidError("invalid_field", "a pin needs tier, until, reason and by - at `$`")
    if message.tier not in policy.rank:
        raise _InvalidError("invalid_field", f"{message.tier[:50]!r} is no tier of the policy - at `$.tier`")
    return Pin(message.tier, _until(message.until), message.reason, message.by)


def _until(written: int | str) -> int:
    """As _time, and the last days of 9999, by which systems of banks mean for ever, are the latest time there is."""
    at_ms = written if isinstance(written, int) else _time_from_text("until", written)
    return _LATEST_MS if _LATEST_MS < at_ms < _LATEST_MS + 3 * DAY_MS else _time("until", at_ms)


def _time(field: str, written: int | str) -> int:
    at_ms = written if isinstance(written, int) else _time_from_text(field, written)
    if not _EARLIEST_MS <= at_ms <= _LATEST_MS:
        raise _InvalidError("invalid_field", f"the time is outside 1900 to 9999 - at `$.{field}`")
    return at_ms


def _time_from_text(field: str, text: str) -> int:
    try:
        at = datetime.fromisoformat(text.upper())
        if at.tzinfo is None or "T" not in text.upper():
            raise ValueError("it has no offset or no time of day")  # noqa: TRY301 - one message for all that is wrong
        return (at - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise _InvalidError(
            "invalid_field", f"{text[:50]!r} is no RFC 3339 time with an offset ({error}) - at `$.{field}`"
        ) from error


def _amount(field: str, raw: msgspec.Raw) -> int:
    try:
        return amount_from_json(bytes(raw))
    except ValueError as error:
        raise _InvalidError("invalid_field", f"{error} - at `$.{field}`") from error


def _currency(currency: str, policy: Policy) -> str:
    if currency in policy.to_value:
        return currency
    if not _CURRENCY.fullmatch(currency):
        raise _InvalidError("invalid_field", f"{currency!r} is no ISO 4217 code such as TWD - at `$.currency`")
    raise _InvalidError("unknown_currency", f"the policy {policy.name!r} has no rate for {currency} - at `$.currency`")


_TRANSACTION = msgspec.json.Decoder(TransactionMessage).decode
_BALANCE = msgspec.json.Decoder(BalanceMessage).decode
_CREDIT = msgspec.json.Decoder(CreditMessage).decode
_LOAN = msgspec.json.Decoder(LoanMessage).decode
_CUSTOMER = msgspec.json.Decoder(CustomerMessage).decode
# In the order of events.TOPICS.
_READERS: tuple[Callable[[bytes, Policy], Event], ...] = (_balance, _transaction, _credit, _loan, _customer)
