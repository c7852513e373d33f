"""The bytes of a record of an account to what it says, or to why it cannot be used. It raises no exception.

A record with `owners` says whose the account is; one with `balance` or `amount` is a balance or a transaction in the
form of that input, without the customer. What depends on a policy (rates, products) is left to the workers.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import msgspec

from streams.accounts.owners import ONE_E12, Listed, counting
from streams.accounts.records import AccountRecord, Booking, Read, Refused
from streams.contracts.halves import without_halves
from streams.contracts.inputs import (
    CONTROL_CHARACTERS,
    ID_BYTES_LIMIT,
    LATEST_MS,
    ROLES,
    AccountMessage,
    BalanceMessage,
    OwnerMessage,
    TransactionMessage,
)
from streams.contracts.nesting import is_nested_beyond
from streams.contracts.times import instant_ms
from streams.values.money import amount_from_json, amount_from_text

OWNERS_LIMIT = 100
SHARE_LIMIT = 10**9
_DETAIL_LIMIT = 500
_NESTED_LIMIT = 500
_CURRENCY = re.compile(r"[A-Z]{3}")
_CONTROL_CHARACTER = re.compile(CONTROL_CHARACTERS)
_NOT_READ = {"customer_id", "channel", "joint"}


class _UnfitError(ValueError):
    """What is wrong with a field, for people."""


def read(key: bytes | None, value: bytes | None) -> Read:
    """Reads a record of `{app id}-by-account`."""
    if value is None:
        return Refused("malformed", "the record has no value; an account that is closed says so by closed")
    try:
        if is_nested_beyond(_NESTED_LIMIT, value):
            return Refused("malformed", "arrays or objects are nested hundreds of levels deep")
        checked = without_halves(value)
        fields = _FIELDS(checked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused("malformed", f"not a JSON object: {error}"[:_DETAIL_LIMIT])
    try:
        account_id, found = _read(checked, fields)
    except (_UnfitError, msgspec.DecodeError, UnicodeDecodeError) as unfit:
        return Refused("invalid_field", str(unfit)[:_DETAIL_LIMIT])
    if key != account_id.encode():
        return Refused("key_mismatch", "the record's key is not the account_id of its value")
    return found


def _read(written: bytes, fields: Mapping[str, msgspec.Raw]) -> tuple[str, AccountRecord | Booking]:
    if "owners" in fields:
        account = _ACCOUNT(written)
        return _id("account_id", account.account_id), _account(account)
    if "balance" in fields:
        balance = _BALANCE(written)
        return _id("account_id", balance.account_id), _balance(balance, fields)
    if "amount" in fields:
        transaction = _TRANSACTION(written)
        return _id("account_id", transaction.account_id), _transaction(transaction, fields)
    raise _UnfitError("there is no owners (of an account), no balance and no amount - at `$`")


def _account(message: AccountMessage) -> AccountRecord:
    if len(message.owners) > OWNERS_LIMIT:
        raise _UnfitError(f"there are more than {OWNERS_LIMIT} - at `$.owners`")
    closed_ms = None if message.closed is None else _time("closed", message.closed)
    if message.opened is not None:
        _time("opened", message.opened)
    return AccountRecord(
        _time("as_of", message.as_of),
        counting(map(_listed, message.owners)),
        None if closed_ms == LATEST_MS else closed_ms,  # 9999-12-31 means that it is not
        message.product or None,
        None if not message.currency else _currency(message.currency),
    )


def _listed(owner: OwnerMessage) -> Listed:
    role = owner.role.lower()
    if role not in ROLES:
        raise _UnfitError(f"{owner.role[:50]!r} is no role; write owner, joint or authorised - at `$.owners`")
    share = None if owner.share is None else _share(owner.share)
    return _id("owners.customer_id", owner.customer_id), role, share


def _share(share: Decimal) -> int:
    if not share.is_finite() or not 0 <= share < SHARE_LIMIT:
        raise _UnfitError(f"{str(share)[:50]} is no share such as 0.5 - at `$.owners.share`")
    return int(share * ONE_E12)


def _balance(message: BalanceMessage, fields: Mapping[str, msgspec.Raw]) -> Booking:
    return Booking(
        "balances",
        _id("event_id", message.event_id),
        _time("as_of", message.as_of),
        _amount("balance", message.balance),
        _currency(message.currency),
        message.product or None,
        None,
        fields,
    )


def _transaction(message: TransactionMessage, fields: Mapping[str, msgspec.Raw]) -> Booking:
    at_ms, reverses = _time("occurred_at", message.occurred_at), message.reverses
    belongs_ms = at_ms
    if reverses is not None:
        if message.reversed_at is None:
            raise _UnfitError("a reversal needs reversed_at, the time of what it undoes - at `$`")
        belongs_ms, reverses = _time("reversed_at", message.reversed_at), _id("reverses", reverses)
    amount_e4 = _amount("amount", message.amount)
    event_id, currency = _id("event_id", message.event_id), _currency(message.currency)
    return Booking("transactions", event_id, belongs_ms, amount_e4, currency, None, reverses, fields)


def _id(field: str, text: str) -> str:
    if _CONTROL_CHARACTER.search(text):
        raise _UnfitError(f"it holds a control character or half of one - at `$.{field}`")
    if len(text.encode()) > ID_BYTES_LIMIT:
        raise _UnfitError(f"it is longer than {ID_BYTES_LIMIT} bytes - at `$.{field}`")
    return text


def _time(field: str, written: int | str) -> int:
    try:
        return instant_ms(written)
    except ValueError as error:
        raise _UnfitError(f"{error} - at `$.{field}`") from error


def _amount(field: str, raw: msgspec.Raw) -> int:
    written = bytes(raw)
    try:
        if written[:1] == b'"' and b"\\" not in written:
            return amount_from_text(written[1:-1].decode())  # nearly always
        return amount_from_json(written)
    except ValueError as error:
        raise _UnfitError(f"{error} - at `$.{field}`") from error


def _currency(currency: str) -> str:
    if not _CURRENCY.fullmatch(currency):
        raise _UnfitError(f"{currency[:50]!r} is no ISO 4217 code such as TWD - at `$.currency`")
    return currency


def _decoder(message: Any) -> Any:
    """Gives what decodes the fields that are read here: a customer is not, and what no rule reads may be anything."""
    fields: list[Any] = [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(message)
        if field.name not in _NOT_READ
    ]
    made = msgspec.defstruct(message.__name__, fields, kw_only=True, gc=False)
    return cast("Any", msgspec.json.Decoder(made).decode)


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ACCOUNT = msgspec.json.Decoder(AccountMessage).decode
_BALANCE = _decoder(BalanceMessage)
_TRANSACTION = _decoder(TransactionMessage)
