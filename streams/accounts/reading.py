"""The bytes of a record of an account to what it says, or to why it cannot be used. It raises no exception.

A record with `owners` says whose the account is; one with `balance` or `amount` is a balance or a transaction in the
form of that input, without the customer. What depends on a policy (rates, products) is left to the workers.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from streams.accounts.owners import ONE_E12, Listed, counting
from streams.accounts.records import AccountRecord, Booking, Read, Refused
from streams.contracts.fields import (
    DETAIL_LIMIT,
    NESTED_LIMIT,
    NESTED_TOO_DEEPLY,
    UnfitError,
    amount_of,
    code_of,
    decoder,
    id_of,
    invalid,
    reversed_at,
    time_of,
)
from streams.contracts.halves import without_halves
from streams.contracts.inputs import (
    LATEST_MS,
    ROLES,
    AccountMessage,
    BalanceMessage,
    OwnerMessage,
    TransactionMessage,
)
from streams.contracts.nesting import is_nested_beyond

OWNERS_LIMIT = 100
SHARE_LIMIT = 10**9
_OF_ITS_OWNERS = ("customer_id", "joint")


def read(key: bytes | None, value: bytes | None) -> Read:
    """Reads a record of `{app id}-by-account`."""
    if value is None:
        return Refused("malformed", "the record has no value; an account that is closed says so by closed")
    try:
        if is_nested_beyond(NESTED_LIMIT, value):
            return Refused("malformed", NESTED_TOO_DEEPLY)
        checked = without_halves(value)
        fields = _FIELDS(checked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused("malformed", f"not a JSON object: {error}"[:DETAIL_LIMIT])
    try:
        account_id, found = _read(checked, fields)
    except (UnfitError, msgspec.DecodeError, UnicodeDecodeError) as unfit:
        return Refused("invalid_field", str(unfit)[:DETAIL_LIMIT])
    if key != account_id.encode():
        return Refused("key_mismatch", "the record's key is not the account_id of its value")
    return found


def _read(written: bytes, fields: Mapping[str, msgspec.Raw]) -> tuple[str, AccountRecord | Booking]:
    if "owners" in fields:
        account = _ACCOUNT(written)
        return id_of("account_id", account.account_id), _account(account)
    if "balance" in fields:
        balance = _BALANCE(written)
        return id_of("account_id", balance.account_id), _balance(balance, fields)
    if "amount" in fields:
        transaction = _TRANSACTION(written)
        return id_of("account_id", transaction.account_id), _transaction(transaction, fields)
    raise invalid("there is no owners (of an account), no balance and no amount - at `$`")


def _account(message: AccountMessage) -> AccountRecord:
    if len(message.owners) > OWNERS_LIMIT:
        raise invalid(f"there are more than {OWNERS_LIMIT} - at `$.owners`")
    closed_ms = None if message.closed is None else time_of("closed", message.closed)
    if message.opened is not None:
        time_of("opened", message.opened)
    return AccountRecord(
        time_of("as_of", message.as_of),
        counting(map(_listed, message.owners)),
        None if closed_ms == LATEST_MS else closed_ms,  # 9999-12-31 means that it is not
        message.product or None,
        None if not message.currency else code_of(message.currency),
    )


def _listed(owner: OwnerMessage) -> Listed:
    role = owner.role.lower()
    if role not in ROLES:
        raise invalid(f"{owner.role[:50]!r} is no role; write owner, joint or authorised - at `$.owners`")
    share = None if owner.share is None else _share(owner.share)
    return id_of("owners.customer_id", owner.customer_id), role, share


def _share(share: Decimal) -> int:
    if not share.is_finite() or not 0 <= share < SHARE_LIMIT:
        raise invalid(f"{str(share)[:50]} is no share such as 0.5 - at `$.owners.share`")
    return int(share * ONE_E12)


def _balance(message: BalanceMessage, fields: Mapping[str, msgspec.Raw]) -> Booking:
    return Booking(
        "balances",
        id_of("event_id", message.event_id),
        time_of("as_of", message.as_of),
        amount_of("balance", message.balance),
        code_of(message.currency),
        message.product or None,
        None,
        fields,
    )


def _transaction(message: TransactionMessage, fields: Mapping[str, msgspec.Raw]) -> Booking:
    at_ms, reverses = time_of("occurred_at", message.occurred_at), message.reverses
    belongs_ms = at_ms
    if reverses is not None:
        belongs_ms, reverses = reversed_at(message), id_of("reverses", reverses)
    amount_e4 = amount_of("amount", message.amount)
    event_id, currency = id_of("event_id", message.event_id), code_of(message.currency)
    return Booking("transactions", event_id, belongs_ms, amount_e4, currency, None, reverses, fields)


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ACCOUNT = msgspec.json.Decoder(AccountMessage).decode
_BALANCE = decoder(BalanceMessage, _OF_ITS_OWNERS)
_TRANSACTION = decoder(TransactionMessage, _OF_ITS_OWNERS)
