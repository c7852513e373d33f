"""The fields that a mapping fills, by input: those of contracts/inputs.py, each with its kind."""

from typing import Any, Literal, NamedTuple, get_args

import msgspec

from streams.contracts.inputs import (
    AccountMessage,
    Amount,
    AmountFromZero,
    BalanceMessage,
    CreditMessage,
    Currency,
    CustomerMessage,
    Id,
    JointMessage,
    LoanMessage,
    MergedMessage,
    OwnerMessage,
    Product,
    SaidAction,
    Time,
    TransactionMessage,
    TransactionType,
    UnreadNumber,
    WrittenAction,
)
from streams.values.events import TRANSACTION_TYPES, WAYS_IN
from streams.values.products import PRODUCTS
from streams.values.standings import Standing

Kind = Literal[
    "id", "money", "time", "currency", "type", "product", "standing", "action", "whole", "score", "owners", "text"
]


class InputField(NamedTuple):
    """A field of an input. is_from_zero: of money, whether it is never below 0."""

    name: str
    kind: Kind
    is_required: bool
    is_from_zero: bool = False


_KINDS: tuple[tuple[Any, Kind], ...] = (
    (Id, "id"),
    (Time, "time"),
    (Amount, "money"),
    (AmountFromZero, "money"),
    (Currency, "currency"),
    (TransactionType, "type"),
    (Product, "product"),
    (Standing, "standing"),
    (WrittenAction, "action"),
    (UnreadNumber, "whole"),
    (float, "score"),
    (list[OwnerMessage], "owners"),
)
WORDS: dict[Kind, tuple[str, ...]] = {
    "type": tuple(sorted(TRANSACTION_TYPES)),
    "standing": get_args(Standing),
    "action": get_args(SaidAction),
}
"""The words that there are; a policy may have further products."""
KNOWN_PRODUCTS = tuple(sorted(PRODUCTS))


# It follows from who owns the account, and tierflow alone writes it after a merge.
_OUR_OWN = (JointMessage | None, MergedMessage | None)


def _fields(message: Any) -> tuple[InputField, ...]:
    return tuple(
        InputField(field.name, _kind(field.type), field.required, field.type == AmountFromZero)
        for field in msgspec.structs.fields(message)
        if field.type not in _OUR_OWN
    )


def _kind(written: Any) -> Kind:
    return next((kind for known, kind in _KINDS if written == known or known in get_args(written)), "text")


_MESSAGES = (BalanceMessage, TransactionMessage, CreditMessage, LoanMessage, CustomerMessage, AccountMessage)
INPUTS: dict[str, tuple[InputField, ...]] = dict(zip(WAYS_IN[: len(_MESSAGES)], map(_fields, _MESSAGES), strict=True))
"""By the names of the inputs, in the order of their topic numbers."""
WITHOUT_CUSTOMER = ("balances", "transactions")
"""Those that may be told by account alone: their customers are the account's owners."""
