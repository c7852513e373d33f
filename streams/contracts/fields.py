"""The values of single fields of an input, checked: ids, times, amounts, currencies, products.

What does not fit raises UnfitError, which says why (docs/messages.md#how-values-are-read).
"""

import re
from collections.abc import Callable, Collection
from typing import TypeVar, cast

import msgspec

from streams.contracts.inputs import (
    CONTROL_CHARACTERS,
    EARLIEST_INTEGER_MS,
    ID_BYTES_LIMIT,
    LATEST_MS,
    TransactionMessage,
    UnreadNumber,
    UnreadText,
)
from streams.contracts.rejection import Rejection
from streams.contracts.times import instant_ms
from streams.policy.policy import Policy
from streams.values.currencies import CODES, meant_by
from streams.values.money import AMOUNT_LIMIT_E4, amount_from_json, amount_from_text
from streams.values.products import Product

DETAIL_LIMIT = 500
# The JSON decoder gives up at a depth that depends on how deep the stack is: worker and audit would not always agree.
NESTED_LIMIT = 500
NESTED_TOO_DEEPLY = "arrays or objects are nested hundreds of levels deep"
_CURRENCY = re.compile(r"[A-Z]{3}")
_CONTROL_CHARACTER = re.compile(CONTROL_CHARACTERS)
_Message = TypeVar("_Message", bound=msgspec.Struct)


class UnfitError(Exception):
    """An input that cannot be used. rejection: the reason for machines, the detail for people."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.detail)
        self.rejection = rejection


def invalid(detail: str) -> UnfitError:
    """Makes the error of a field that does not fit. detail: what is wrong, and where."""
    return UnfitError(Rejection("invalid_field", detail))


def decoder(message: type[_Message], left_out: Collection[str] = ()) -> Callable[[bytes], _Message]:
    """Gives what decodes the fields of a message that are read. left_out: others that are not."""
    fields: list[tuple[str, object] | tuple[str, object, object]] = []
    for field in msgspec.structs.fields(message):
        if field.type not in {UnreadText, UnreadNumber} and field.name not in left_out:
            name_and_type = (field.name, field.type)
            fields.append(name_and_type if field.required else (*name_and_type, field.default))
    read_fields = msgspec.defstruct(message.__name__, fields, kw_only=True, gc=False)
    return cast("Callable[[bytes], _Message]", msgspec.json.Decoder(read_fields).decode)


def id_of(field: str, text: str) -> str:
    """Gives an id.

    Raises:
        UnfitError: It holds a control character, or is too long.
    """
    if _CONTROL_CHARACTER.search(text):
        raise invalid(f"it holds a control character or half of one - at `$.{field}`")
    if len(text.encode()) > ID_BYTES_LIMIT:
        raise invalid(f"it is longer than {ID_BYTES_LIMIT} bytes - at `$.{field}`")
    return text


def time_of(field: str, written: int | str) -> int:
    """Gives the epoch milliseconds of a time.

    Raises:
        UnfitError: It is no time.
    """
    if isinstance(written, int) and EARLIEST_INTEGER_MS <= written <= LATEST_MS:
        return written  # nearly always
    try:
        return instant_ms(written)
    except ValueError as error:
        raise invalid(f"{error} - at `$.{field}`") from error


def reversed_at(message: TransactionMessage) -> int:
    """Gives the time of what a reversal undoes.

    Raises:
        UnfitError: It says none.
    """
    if message.reversed_at is None:
        raise invalid("a reversal needs reversed_at, the time of what it undoes - at `$`")
    return time_of("reversed_at", message.reversed_at)


def amount_of(field: str, raw: msgspec.Raw, least_e4: int = -AMOUNT_LIMIT_E4) -> int:
    """Gives an amount in ten-thousandths.

    Raises:
        UnfitError: It is no amount, or less than this.
    """
    written = bytes(raw)
    try:
        if written[:1] == b'"' and b"\\" not in written:
            amount_e4 = amount_from_text(written[1:-1].decode())  # nearly always
        else:
            amount_e4 = amount_from_json(written)
    except ValueError as error:
        raise invalid(f"{error} - at `$.{field}`") from error
    if amount_e4 < least_e4:
        raise invalid(f"it is below 0, a direction is told by the type - at `$.{field}`")
    return amount_e4


def code_of(currency: str) -> str:
    """Gives a currency that has the form of a code; no policy is asked.

    Raises:
        UnfitError: It has not.
    """
    if not _CURRENCY.fullmatch(currency):
        raise invalid(f"{currency!r} is no ISO 4217 code such as TWD - at `$.currency`")
    return currency


def currency_of(currency: str, policy: Policy) -> str:
    """Gives a currency for which the policy has a rate.

    Raises:
        UnfitError: It has none.
    """
    if currency in policy.to_value:
        return currency
    if code_of(currency) not in CODES:
        meant = meant_by(currency)
        write = "" if meant is None else f"; write {meant}"
        raise invalid(f"{currency} is no ISO 4217 code{write} - at `$.currency`")
    detail = f"the policy {policy.name!r} has no rate for {currency} - at `$.currency`"
    raise UnfitError(Rejection("unknown_currency", detail))


def no_rate_yet(currency: str, policy: Policy) -> Rejection:
    """Makes the rejection of an event that needs a rate of today, where the first one is of a day to come."""
    detail = f"the policy {policy.name!r} has no rate for {currency} on this day - at `$.currency`"
    return Rejection("unknown_currency", detail)


def product_of(word: str, policy: Policy) -> Product:
    """Gives the product that a word means by the policy.

    Raises:
        UnfitError: It means none.
    """
    product = policy.products.get(word) or policy.products.get(word.lower())
    if product is None:
        detail = f"the policy {policy.name!r} knows no product {word[:50]!r} - at `$.product`"
        raise UnfitError(Rejection("unknown_product", detail))
    return product
