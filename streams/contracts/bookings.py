"""The bytes of a balance or a transaction to its event.

They are read in their usual form first, which takes the fewest steps. What is in another form, or wrong, is read again
by the functions that take all forms, and say what is wrong.
"""

from streams.contracts.fields import (
    UnfitError,
    amount_of,
    currency_of,
    decoder,
    invalid,
    product_of,
    reversed_at,
    time_of,
)
from streams.contracts.inputs import (
    BalanceMessage,
    JointMessage,
    TransactionMessage,
    UsualBalance,
    UsualTransaction,
)
from streams.contracts.rejection import NOT_COUNTED
from streams.contracts.times import FUTURE_LIMIT_MS
from streams.policy.policy import Policy
from streams.values.events import TRANSACTION_TYPES, Balance, Transaction
from streams.values.money import amount_from_text


def transaction(value: bytes, policy: Policy) -> Transaction:
    """Reads a transaction.

    Raises:
        UnfitError: A field does not fit.
        msgspec.DecodeError: It is no JSON object with these fields.
    """
    try:
        message = _USUAL_TRANSACTION(value)
        amount_e4 = amount_from_text(message.amount)
    except ValueError:
        return any_transaction(value, policy)
    if (
        amount_e4 < 0
        or message.currency not in policy.to_value
        or message.reverses is not None
        or message.joint is not None
    ):
        return any_transaction(value, policy)
    kind, at_ms = message.type, message.occurred_at
    if kind not in TRANSACTION_TYPES:
        kind = _type_in_capitals(kind)
    return Transaction(message.event_id, message.customer_id, at_ms, kind, amount_e4, message.currency, at_ms)


def any_transaction(value: bytes, policy: Policy) -> Transaction:
    """Reads a transaction in any form. Raises what `transaction` does."""
    message = _TRANSACTION(value)
    at_ms = time_of("occurred_at", message.occurred_at)
    belongs_at_ms = at_ms
    if message.reverses is not None:
        belongs_at_ms = reversed_at(message)
        if belongs_at_ms > at_ms + FUTURE_LIMIT_MS:
            raise invalid("it undoes what is more than 24 hours ahead of it - at `$.reversed_at`")
    amount_e4, currency = amount_of("amount", message.amount, 0), currency_of(message.currency, policy)
    if message.joint is not None:
        amount_e4 = _counted(amount_e4, message.joint, policy)
        if policy.joint == "first" and message.joint.place > 1:
            raise UnfitError(NOT_COUNTED)
    return Transaction(
        message.event_id,
        message.customer_id,
        at_ms,
        message.type if message.type in TRANSACTION_TYPES else _type_in_capitals(message.type),
        amount_e4,
        currency,
        belongs_at_ms,
        message.reverses,
    )


def _type_in_capitals(word: str) -> str:
    known = word.lower()
    return known if known in TRANSACTION_TYPES else "other"


def balance(value: bytes, policy: Policy) -> Balance:
    """Reads a balance. Raises what `transaction` does."""
    try:
        message = _USUAL_BALANCE(value)
        balance_e4 = amount_from_text(message.balance)
    except ValueError:
        return any_balance(value, policy)
    if message.currency not in policy.to_value or message.joint is not None:
        return any_balance(value, policy)
    product = product_of(message.product, policy) if message.product else None
    return Balance(
        message.event_id,
        message.customer_id,
        message.as_of,
        message.account_id,
        balance_e4,
        message.currency,
        product,
    )


def any_balance(value: bytes, policy: Policy) -> Balance:
    """Reads a balance in any form. Raises what `transaction` does."""
    message = _BALANCE(value)
    balance_e4 = amount_of("balance", message.balance)
    if message.joint is not None:
        balance_e4 = _counted(balance_e4, message.joint, policy)
    return Balance(
        message.event_id,
        message.customer_id,
        time_of("as_of", message.as_of),
        message.account_id,
        balance_e4,
        currency_of(message.currency, policy),
        product_of(message.product, policy) if message.product else None,
    )


def _counted(amount_e4: int, joint: JointMessage, policy: Policy) -> int:
    """Gives what of an amount of a joint account counts to this owner, rounded to ten-thousandths, halves up."""
    share = joint.share
    if not share.is_finite() or not 0 <= share <= 1:
        raise invalid("a share is from 0 to 1 - at `$.joint.share`")
    if policy.joint == "shares":
        part, whole = share.as_integer_ratio()
        size = (2 * abs(amount_e4) * part + whole) // (2 * whole)
        return size if amount_e4 >= 0 else -size
    return amount_e4 if policy.joint == "each" or joint.place == 1 else 0


_USUAL_TRANSACTION = decoder(UsualTransaction)
_USUAL_BALANCE = decoder(UsualBalance)
_TRANSACTION = decoder(TransactionMessage)
_BALANCE = decoder(BalanceMessage)
