"""The bytes of an input record to an event, or to a Rejection with a reason of docs/messages.md#tierdead-letters.

Whatever a record holds, `decode` raises no exception: one bad record must not stop its partition.

Balances and transactions are read in their usual form first, which takes the fewest steps. What is in another form, or
wrong, is read again by the functions that take all forms, and say what is wrong.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec
from msgspec.structs import replace

from streams.contracts.halves import without_halves
from streams.contracts.inputs import (
    CONTROL_CHARACTERS,
    EARLIEST_INTEGER_MS,
    ID_BYTES_LIMIT,
    LATEST_MS,
    SCORE_LIMIT,
    BalanceMessage,
    CreditMessage,
    CustomerMessage,
    JointMessage,
    LoanMessage,
    TransactionMessage,
    UnreadNumber,
    UnreadText,
    UsualBalance,
    UsualTransaction,
)
from streams.contracts.nesting import is_nested_beyond
from streams.contracts.rejection import NOT_COUNTED, Rejection, RejectionReason
from streams.contracts.times import instant_ms
from streams.policy.policy import Policy
from streams.values.calendar import DAY_MS
from streams.values.currencies import CODES, meant_by
from streams.values.events import (
    TOPICS,
    TRANSACTION_TYPES,
    Balance,
    Credit,
    CustomerAction,
    Event,
    Handed,
    HandedOn,
    Loan,
    Merge,
    Pin,
    TakeIn,
    Transaction,
)
from streams.values.money import AMOUNT_LIMIT_E4, amount_from_json, amount_from_text
from streams.values.products import Product

FUTURE_LIMIT_MS = DAY_MS
DETAIL_LIMIT = 500
# The JSON decoder gives up at a depth that depends on how deep the stack is: worker and audit would not always agree.
NESTED_LIMIT = 500
NESTED_TOO_DEEPLY = Rejection("malformed", "arrays or objects are nested hundreds of levels deep")
_Message = TypeVar("_Message", bound=msgspec.Struct)
_CURRENCY = re.compile(r"[A-Z]{3}")
_CONTROL_CHARACTER = re.compile(CONTROL_CHARACTERS)
_BACKSLASH, _DELETE = b"\\\x7f"
# By topic number: the fields that hold an id (inputs.Id).
_ID_FIELDS = (
    ("event_id", "customer_id", "account_id"),
    ("event_id", "customer_id", "account_id", "reverses"),
    ("event_id", "customer_id"),
    ("event_id", "customer_id", "loan_id"),
    ("event_id", "customer_id", "into"),
)


class _InvalidError(Exception):
    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, detail)


class _RejectedError(_InvalidError):
    """What was handed on cannot be used."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.reason, rejection.detail)
        self.rejection = rejection


class _NotCountedError(_InvalidError):
    """The transaction counts to another owner of the account."""

    def __init__(self) -> None:
        super().__init__(NOT_COUNTED.reason, NOT_COUNTED.detail)
        self.rejection = NOT_COUNTED


def decode(topic: int, key: bytes | None, value: bytes | None, policy: Policy) -> Event | Handed | Rejection:
    """Decodes a record of the input topic with this number; gives a Rejection if it cannot be used."""
    try:
        # Nearly every value skips this check: in ASCII without backslash and DEL, no id can hold what ids must not, and
        # what is short is not nested too deeply.
        if value is None or not value.isascii() or _BACKSLASH in value or _DELETE in value or len(value) > NESTED_LIMIT:
            value = _checked(topic, value)
        try:
            event = _READERS[topic](value, policy)
        except msgspec.ValidationError as first:
            _check_rest(value, first)
            raise
    except _InvalidError as invalid:
        return invalid.rejection
    except msgspec.ValidationError as unfit:
        return Rejection("invalid_field", str(unfit)[:DETAIL_LIMIT])
    except (msgspec.DecodeError, UnicodeDecodeError) as unread:
        return Rejection("malformed", f"not a JSON object: {unread}")
    except RecursionError:
        return NESTED_TOO_DEEPLY
    if key != event.customer_id.encode():
        return Rejection("key_mismatch", "the record's key is not the customer_id of its value")
    return event


def _checked(topic: int, value: bytes | None) -> bytes:
    """Checks a value's encoding and its ids, and gives the bytes to decode.

    For half a surrogate pair stands U+0000, which no id may hold: the event is refused only if it is in an id.

    Raises:
        _InvalidError: There is no value, or an id holds a control character or is too long.
        UnicodeDecodeError: The value is not UTF-8.
        RecursionError: It is nested too deeply.
        msgspec.DecodeError: It is not a JSON object.
    """
    if value is None:
        raise _InvalidError("malformed", "the record has no value")
    value.decode()
    if is_nested_beyond(NESTED_LIMIT, value):
        raise RecursionError
    checked = without_halves(value)
    try:
        ids = _IDS[topic](checked)
    except msgspec.ValidationError as unfit:
        _check_rest(checked, unfit)
        raise
    for name in _ID_FIELDS[topic]:
        text = getattr(ids, name)
        if isinstance(text, str) and _CONTROL_CHARACTER.search(text):
            raise _InvalidError("invalid_field", f"it holds a control character or half of one - at `$.{name}`")
        if isinstance(text, str) and len(text.encode()) > ID_BYTES_LIMIT:
            raise _InvalidError("invalid_field", f"it is longer than {ID_BYTES_LIMIT} bytes - at `$.{name}`")
    return checked


def _check_rest(value: bytes, unfit: msgspec.ValidationError) -> None:
    """Checks what was not read, since something before it does not fit: it may be no JSON, or no object.

    Raises:
        _InvalidError: It is no object.
        msgspec.DecodeError: It is no JSON.
    """
    if bytes(_JSON(value))[:1] != b"{":
        raise _InvalidError("malformed", str(unfit)[:DETAIL_LIMIT]) from unfit


def _transaction(value: bytes, policy: Policy) -> Transaction:
    try:
        message = _USUAL_TRANSACTION(value)
        amount_e4 = amount_from_text(message.amount)
    except ValueError:
        return _any_transaction(value, policy)
    if (
        amount_e4 < 0
        or message.currency not in policy.to_value
        or message.reverses is not None
        or message.joint is not None
    ):
        return _any_transaction(value, policy)
    kind, at_ms = message.type, message.occurred_at
    if kind not in TRANSACTION_TYPES:
        kind = _type_in_capitals(kind)
    return Transaction(message.event_id, message.customer_id, at_ms, kind, amount_e4, message.currency, at_ms)


def _any_transaction(value: bytes, policy: Policy) -> Transaction:
    message = _TRANSACTION(value)
    at_ms = _time("occurred_at", message.occurred_at)
    belongs_at_ms = at_ms
    if message.reverses is not None:
        belongs_at_ms = _reversed_at(message, at_ms)
    amount_e4, currency = _amount("amount", message.amount, 0), _currency(message.currency, policy)
    if message.joint is not None:
        amount_e4 = _counted(amount_e4, message.joint, policy)
        if policy.joint == "first" and message.joint.place > 1:
            raise _NotCountedError
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


def _reversed_at(message: TransactionMessage, at_ms: int) -> int:
    if message.reversed_at is None:
        raise _InvalidError("invalid_field", "a reversal needs reversed_at, the time of what it undoes - at `$`")
    reversed_at_ms = _time("reversed_at", message.reversed_at)
    if reversed_at_ms > at_ms + FUTURE_LIMIT_MS:
        raise _InvalidError("invalid_field", "it undoes what is more than 24 hours ahead of it - at `$.reversed_at`")
    return reversed_at_ms


def _balance(value: bytes, policy: Policy) -> Balance:
    try:
        message = _USUAL_BALANCE(value)
        balance_e4 = amount_from_text(message.balance)
    except ValueError:
        return _any_balance(value, policy)
    if message.currency not in policy.to_value or message.joint is not None:
        return _any_balance(value, policy)
    product = _product(message.product, policy) if message.product else None
    return Balance(
        message.event_id,
        message.customer_id,
        message.as_of,
        message.account_id,
        balance_e4,
        message.currency,
        product,
    )


def _any_balance(value: bytes, policy: Policy) -> Balance:
    message = _BALANCE(value)
    balance_e4 = _amount("balance", message.balance)
    if message.joint is not None:
        balance_e4 = _counted(balance_e4, message.joint, policy)
    return Balance(
        message.event_id,
        message.customer_id,
        _time("as_of", message.as_of),
        message.account_id,
        balance_e4,
        _currency(message.currency, policy),
        _product(message.product, policy) if message.product else None,
    )


def _credit(value: bytes, _: Policy) -> Credit:
    message = _CREDIT(value)
    score = None if message.score is None else str(message.score)
    if score is not None and len(score) > SCORE_LIMIT:
        raise _InvalidError("invalid_field", f"a score has at most {SCORE_LIMIT} characters - at `$.score`")
    return Credit(message.event_id, message.customer_id, _time("as_of", message.as_of), message.standing, score)


def _loan(value: bytes, policy: Policy) -> Loan:
    message = _LOAN(value)
    return Loan(
        message.event_id,
        message.customer_id,
        _time("applied_at", message.applied_at),
        message.loan_id,
        _amount("amount", message.amount, 0),
        _currency(message.currency, policy),
    )


def _customer(value: bytes, policy: Policy) -> CustomerAction | Handed:
    message = _CUSTOMER(value)
    at_ms = _time("at", message.at)
    match message.action:
        case "merge":
            return _merge(message, at_ms)
        case "take_in":
            return _take_in(message, at_ms)
        case "hand_on":
            return _handed_on(message, at_ms, policy)
        case action:
            pin = _pin(message, policy) if action == "pin" else None
            return CustomerAction(message.event_id, message.customer_id, at_ms, action, pin)


def _merge(message: CustomerMessage, at_ms: int) -> Merge:
    if message.into is None:
        raise _InvalidError("invalid_field", "a merge needs into - at `$`")
    if message.into == message.customer_id:
        raise _InvalidError("invalid_field", "a customer is not merged into itself - at `$.into`")
    return Merge(message.event_id, message.customer_id, at_ms, message.into)


def _take_in(message: CustomerMessage, at_ms: int) -> TakeIn:
    merged = message.merged
    if merged is None or merged.state is None:
        raise _InvalidError("invalid_field", "only tierflow writes take_in: it needs merged with a state - at `$`")
    state = _bytes("state", merged.state)
    former, via = merged.customer_id, tuple(merged.via)
    return TakeIn(message.event_id, message.customer_id, at_ms, merged.source, former, via, state)


def _handed_on(message: CustomerMessage, at_ms: int, policy: Policy) -> HandedOn:
    merged = message.merged
    if merged is None or merged.topic is None or merged.event is None:
        raise _InvalidError("invalid_field", "only tierflow writes hand_on: it needs merged with an event - at `$`")
    topic, value, former = TOPICS.index(merged.topic), _bytes("event", merged.event), merged.customer_id
    event = decode(topic, former.encode(), value, policy)
    if isinstance(event, Rejection):
        raise _RejectedError(event)
    if isinstance(event, Merge | TakeIn | HandedOn):
        raise _InvalidError("invalid_field", "a merge is not handed on - at `$.merged.event`")
    own, via = replace(event, customer_id=message.customer_id), tuple(merged.via)
    return HandedOn(message.event_id, message.customer_id, at_ms, merged.source, former, topic, own, value, via)


def _bytes(field: str, written: str) -> bytes:
    try:
        return b64decode(written, validate=True)
    except ValueError as error:
        raise _InvalidError("invalid_field", f"it is no base64 - at `$.merged.{field}`") from error


def _pin(message: CustomerMessage, policy: Policy) -> Pin:
    if message.tier is None or message.until is None or message.reason is None or message.by is None:
        raise _InvalidError("invalid_field", "a pin needs tier, until, reason and by - at `$`")
    if message.tier not in policy.rank:
        raise _InvalidError("invalid_field", f"{message.tier[:50]!r} is no tier of the policy - at `$.tier`")
    return Pin(message.tier, _time("until", message.until), message.reason, message.by)


def _time(field: str, written: int | str) -> int:
    if isinstance(written, int) and EARLIEST_INTEGER_MS <= written <= LATEST_MS:
        return written  # nearly always
    try:
        return instant_ms(written)
    except ValueError as error:
        raise _InvalidError("invalid_field", f"{error} - at `$.{field}`") from error


def _amount(field: str, raw: msgspec.Raw, least_e4: int = -AMOUNT_LIMIT_E4) -> int:
    try:
        amount_e4 = amount_from_json(bytes(raw))
    except ValueError as error:
        raise _InvalidError("invalid_field", f"{error} - at `$.{field}`") from error
    if amount_e4 < least_e4:
        raise _InvalidError("invalid_field", f"it is below 0, a direction is told by the type - at `$.{field}`")
    return amount_e4


def _counted(amount_e4: int, joint: JointMessage, policy: Policy) -> int:
    """Gives what of an amount of a joint account counts to this owner, rounded to ten-thousandths, halves up."""
    share = joint.share
    if not share.is_finite() or not 0 <= share <= 1:
        raise _InvalidError("invalid_field", "a share is from 0 to 1 - at `$.joint.share`")
    if policy.joint == "shares":
        part, whole = share.as_integer_ratio()
        size = (2 * abs(amount_e4) * part + whole) // (2 * whole)
        return size if amount_e4 >= 0 else -size
    return amount_e4 if policy.joint == "each" or joint.place == 1 else 0


def _currency(currency: str, policy: Policy) -> str:
    if currency in policy.to_value:
        return currency
    if not _CURRENCY.fullmatch(currency):
        raise _InvalidError("invalid_field", f"{currency!r} is no ISO 4217 code such as TWD - at `$.currency`")
    if currency not in CODES:
        meant = meant_by(currency)
        write = "" if meant is None else f"; write {meant}"
        raise _InvalidError("invalid_field", f"{currency} is no ISO 4217 code{write} - at `$.currency`")
    raise _InvalidError("unknown_currency", f"the policy {policy.name!r} has no rate for {currency} - at `$.currency`")


def no_rate_yet(currency: str, policy: Policy) -> Rejection:
    """Makes the rejection of an event that needs a rate of today, where the first one is of a day to come."""
    detail = f"the policy {policy.name!r} has no rate for {currency} on this day - at `$.currency`"
    return Rejection("unknown_currency", detail)


def _product(word: str, policy: Policy) -> Product:
    product = policy.products.get(word) or policy.products.get(word.lower())
    if product is None:
        detail = f"the policy {policy.name!r} knows no product {word[:50]!r} - at `$.product`"
        raise _InvalidError("unknown_product", detail)
    return product


_IDS = [
    msgspec.json.Decoder(msgspec.defstruct("Ids", [(name, Any, None) for name in names])).decode for names in _ID_FIELDS
]


def _decoder(message: type[_Message]) -> Callable[[bytes], _Message]:
    """Gives what decodes the fields of a message that are read."""
    fields: list[tuple[str, object] | tuple[str, object, object]] = []
    for field in msgspec.structs.fields(message):
        if field.type not in {UnreadText, UnreadNumber}:
            name_and_type = (field.name, field.type)
            fields.append(name_and_type if field.required else (*name_and_type, field.default))
    read_fields = msgspec.defstruct(message.__name__, fields, kw_only=True, gc=False)
    return cast("Callable[[bytes], _Message]", msgspec.json.Decoder(read_fields).decode)


_JSON = msgspec.json.Decoder(msgspec.Raw).decode
_USUAL_TRANSACTION = _decoder(UsualTransaction)
_USUAL_BALANCE = _decoder(UsualBalance)
_TRANSACTION = _decoder(TransactionMessage)
_BALANCE = _decoder(BalanceMessage)
_CREDIT = _decoder(CreditMessage)
_LOAN = _decoder(LoanMessage)
_CUSTOMER = _decoder(CustomerMessage)
# In the order of events.TOPICS.
_READERS: tuple[Callable[[bytes, Policy], Event | Handed], ...] = (_balance, _transaction, _credit, _loan, _customer)
