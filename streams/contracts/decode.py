"""The bytes of an input record to an event, or to a Rejection with a reason of docs/messages.md#tierdead-letters.

Whatever a record holds, `decode` raises no exception: one bad record must not stop its partition. Balances and
transactions are read in bookings.py, single fields in fields.py.
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from streams.contracts.bookings import balance, transaction
from streams.contracts.fields import (
    DETAIL_LIMIT,
    NESTED_LIMIT,
    NESTED_TOO_DEEPLY,
    UnfitError,
    amount_of,
    currency_of,
    decoder,
    id_of,
    invalid,
    time_of,
)
from streams.contracts.halves import without_halves
from streams.contracts.inputs import SCORE_LIMIT, CreditMessage, CustomerMessage, LoanMessage
from streams.contracts.nesting import is_nested_beyond
from streams.contracts.rejection import Rejection
from streams.policy.policy import Policy
from streams.values.events import (
    TOPICS,
    Credit,
    CustomerAction,
    Event,
    Handed,
    HandedOn,
    Loan,
    Merge,
    Pin,
    TakeIn,
)

_BACKSLASH, _DELETE = b"\\\x7f"
# By topic number: the fields that hold an id (inputs.Id).
_ID_FIELDS = (
    ("event_id", "customer_id", "account_id"),
    ("event_id", "customer_id", "account_id", "reverses"),
    ("event_id", "customer_id"),
    ("event_id", "customer_id", "loan_id"),
    ("event_id", "customer_id", "into"),
)


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
    except UnfitError as unfit:
        return unfit.rejection
    except msgspec.ValidationError as invalid_field:
        return Rejection("invalid_field", str(invalid_field)[:DETAIL_LIMIT])
    except (msgspec.DecodeError, UnicodeDecodeError) as unread:
        return Rejection("malformed", f"not a JSON object: {unread}")
    except RecursionError:
        return Rejection("malformed", NESTED_TOO_DEEPLY)
    if key != event.customer_id.encode():
        return Rejection("key_mismatch", "the record's key is not the customer_id of its value")
    return event


def _checked(topic: int, value: bytes | None) -> bytes:
    """Checks a value's encoding and its ids, and gives the bytes to decode.

    For half a surrogate pair stands U+0000, which no id may hold: the event is refused only if it is in an id.

    Raises:
        UnfitError: There is no value, or an id holds a control character or is too long.
        UnicodeDecodeError: The value is not UTF-8.
        RecursionError: It is nested too deeply.
        msgspec.DecodeError: It is not a JSON object.
    """
    if value is None:
        raise UnfitError(Rejection("malformed", "the record has no value"))
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
        if isinstance(text, str):
            id_of(name, text)
    return checked


def _check_rest(value: bytes, unfit: msgspec.ValidationError) -> None:
    """Checks what was not read, since something before it does not fit: it may be no JSON, or no object.

    Raises:
        UnfitError: It is no object.
        msgspec.DecodeError: It is no JSON.
    """
    if bytes(_JSON(value))[:1] != b"{":
        raise UnfitError(Rejection("malformed", str(unfit)[:DETAIL_LIMIT])) from unfit


def _credit(value: bytes, _: Policy) -> Credit:
    message = _CREDIT(value)
    score = None if message.score is None else str(message.score)
    if score is not None and len(score) > SCORE_LIMIT:
        raise invalid(f"a score has at most {SCORE_LIMIT} characters - at `$.score`")
    return Credit(message.event_id, message.customer_id, time_of("as_of", message.as_of), message.standing, score)


def _loan(value: bytes, policy: Policy) -> Loan:
    message = _LOAN(value)
    return Loan(
        message.event_id,
        message.customer_id,
        time_of("applied_at", message.applied_at),
        message.loan_id,
        amount_of("amount", message.amount, 0),
        currency_of(message.currency, policy),
    )


def _customer(value: bytes, policy: Policy) -> CustomerAction | Handed:
    message = _CUSTOMER(value)
    at_ms = time_of("at", message.at)
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
        raise invalid("a merge needs into - at `$`")
    if message.into == message.customer_id:
        raise invalid("a customer is not merged into itself - at `$.into`")
    return Merge(message.event_id, message.customer_id, at_ms, message.into)


def _take_in(message: CustomerMessage, at_ms: int) -> TakeIn:
    merged = message.merged
    if merged is None or merged.state is None:
        raise invalid("only tierflow writes take_in: it needs merged with a state - at `$`")
    state = _bytes("state", merged.state)
    former, via = merged.customer_id, tuple(merged.via)
    return TakeIn(message.event_id, message.customer_id, at_ms, merged.source, former, via, state)


def _handed_on(message: CustomerMessage, at_ms: int, policy: Policy) -> HandedOn:
    merged = message.merged
    if merged is None or merged.topic is None or merged.event is None:
        raise invalid("only tierflow writes hand_on: it needs merged with an event - at `$`")
    topic, value, former = TOPICS.index(merged.topic), _bytes("event", merged.event), merged.customer_id
    event = decode(topic, former.encode(), value, policy)
    if isinstance(event, Rejection):
        raise UnfitError(event)
    if isinstance(event, Merge | TakeIn | HandedOn):
        raise invalid("a merge is not handed on - at `$.merged.event`")
    own, via = replace(event, customer_id=message.customer_id), tuple(merged.via)
    return HandedOn(message.event_id, message.customer_id, at_ms, merged.source, former, topic, own, value, via)


def _bytes(field: str, written: str) -> bytes:
    try:
        return b64decode(written, validate=True)
    except ValueError as error:
        raise invalid(f"it is no base64 - at `$.merged.{field}`") from error


def _pin(message: CustomerMessage, policy: Policy) -> Pin:
    if message.tier is None or message.until is None or message.reason is None or message.by is None:
        raise invalid("a pin needs tier, until, reason and by - at `$`")
    if message.tier not in policy.rank:
        raise invalid(f"{message.tier[:50]!r} is no tier of the policy - at `$.tier`")
    return Pin(message.tier, time_of("until", message.until), message.reason, message.by)


_IDS = [
    msgspec.json.Decoder(msgspec.defstruct("Ids", [(name, Any, None) for name in names])).decode for names in _ID_FIELDS
]
_JSON = msgspec.json.Decoder(msgspec.Raw).decode
_CREDIT = decoder(CreditMessage)
_LOAN = decoder(LoanMessage)
_CUSTOMER = decoder(CustomerMessage)
# In the order of events.TOPICS.
_READERS: tuple[Callable[[bytes, Policy], Event | Handed], ...] = (balance, transaction, _credit, _loan, _customer)
