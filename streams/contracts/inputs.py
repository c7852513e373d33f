"""The messages of the five input topics (docs/messages.md#inputs). Structs alone.

JSON Schemas are made from them: the structs' docstrings are the schemas' descriptions (schemas.py). Fields that a rule
reads or that a record keeps are strict. Fields that nobody reads (`UnreadText`, `UnreadNumber`) take any value, so that
they make no event unusable.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from streams.values.events import TRANSACTION_TYPES, Action
from streams.values.products import PRODUCTS
from streams.values.standings import Standing

# Times from 1900 to the end of 9999 in any time zone. Those after LATEST_MS (9999-12-30T00:00:00Z) count as LATEST_MS:
# banks' systems write 9999-12-31 for "no end", and the calendar of every time zone can still hold LATEST_MS.
EARLIEST_MS = -2_208_988_800_000
LATEST_MS = 253_402_128_000_000
LATEST_WRITTEN_MS = 253_402_387_199_999
# 1990-01-01. An integer before it is no milliseconds: seconds and days of any year to 9999 are smaller. Microseconds
# and nanoseconds since 1990 are all larger than LATEST_WRITTEN_MS.
EARLIEST_INTEGER_MS = 631_152_000_000
RFC3339_PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
CONTROL_CHARACTERS = "[\u0000-\u001f\u007f-\u009f]"
ID_BYTES_LIMIT = 256
SCORE_LIMIT = 64

_AMOUNT_EXAMPLES = ["1234.50"]


_AMOUNT = "a decimal with at most 4 decimals, as a string (a JSON number is read exactly)"
_DIGITS = r"[0-9]{1,14}(\.[0-9]{1,4}0*)?$"


Id = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=ID_BYTES_LIMIT,
        description=f"1 to {ID_BYTES_LIMIT} bytes of UTF-8, without control characters",
        extra_json_schema={"not": {"pattern": CONTROL_CHARACTERS}},
    ),
]
Time = Annotated[
    Annotated[
        int,
        msgspec.Meta(
            description="epoch milliseconds since 1990, written without a point or an exponent",
            examples=[1795483800125],
            extra_json_schema={"minimum": EARLIEST_INTEGER_MS, "maximum": LATEST_WRITTEN_MS},
        ),
    ]
    | Annotated[
        str,
        msgspec.Meta(
            description="RFC 3339 with an offset; cut to the millisecond",
            examples=["2026-11-24T09:30:00.125+08:00"],
            extra_json_schema={"format": "date-time", "pattern": RFC3339_PATTERN},
        ),
    ],
    msgspec.Meta(description="when, in the time of the source"),
]
Amount = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "description": _AMOUNT,
            "anyOf": [
                {"type": "string", "pattern": f"^-?{_DIGITS}"},
                {"type": "number", "exclusiveMinimum": -(10**14), "exclusiveMaximum": 10**14},
            ],
            "examples": _AMOUNT_EXAMPLES,
        }
    ),
]
AmountFromZero = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "description": _AMOUNT,
            "anyOf": [
                {"type": "string", "pattern": f"^{_DIGITS}"},
                {"type": "number", "minimum": 0, "exclusiveMaximum": 10**14},
            ],
            "examples": _AMOUNT_EXAMPLES,
        }
    ),
]
Currency = Annotated[
    str,
    msgspec.Meta(
        max_length=16,
        description="ISO 4217 code, or that of a withdrawn currency; the policy in force must have a rate for it",
        examples=["TWD"],
        extra_json_schema={"pattern": "^[A-Z]{3}$"},
    ),
]
TransactionType = Annotated[
    str,
    msgspec.Meta(
        description=f"known: {', '.join(sorted(TRANSACTION_TYPES))}; capitals do not matter; an unknown one "
        "counts as other",
        examples=sorted(TRANSACTION_TYPES),
    ),
]
Product = Annotated[
    str,
    msgspec.Meta(
        description=f"{', '.join(sorted(PRODUCTS))}, or a word that the policy in force maps to one of these; capitals "
        "do not matter; a missing or empty one is the one last known of the account and currency, else other",
        examples=sorted(PRODUCTS),
    ),
]
UnreadText = Annotated[
    Any,
    msgspec.Meta(
        description="read by no rule; any value is taken",
        extra_json_schema={"type": ["string", "null"]},
    ),
]
UnreadNumber = Annotated[
    Any,
    msgspec.Meta(
        description="read by no rule; any value is taken",
        extra_json_schema={"type": ["integer", "null"]},
    ),
]


class JointMessage(msgspec.Struct, kw_only=True, gc=False):
    """Of an account with several owners who count: this one's place among them, from 1, and the share, 1 at most.

    How it counts is the policy's (`[accounts] joint`). Without it an account is wholly the customer's.
    """

    place: Annotated[int, msgspec.Meta(ge=1)]
    share: Decimal


class TransactionMessage(msgspec.Struct, kw_only=True, gc=False):
    """Money moved; the type says the direction. A reversal bears the type of what it undoes."""

    event_id: Id
    customer_id: Id
    account_id: Id
    type: TransactionType
    amount: AmountFromZero
    currency: Currency
    occurred_at: Time
    channel: UnreadText = None
    reverses: Id | None = None
    reversed_at: Time | None = None
    joint: JointMessage | None = None


class BalanceMessage(msgspec.Struct, kw_only=True, gc=False):
    """What an account holds at a time. The newest as_of of an account wins."""

    event_id: Id
    customer_id: Id
    account_id: Id
    balance: Amount
    currency: Currency
    as_of: Time
    product: Product | None = None
    joint: JointMessage | None = None


UsualTime = Annotated[int, msgspec.Meta(ge=EARLIEST_INTEGER_MS, le=LATEST_MS)]


class UsualTransaction(TransactionMessage, kw_only=True, gc=False):
    """A transaction in the form that nearly all have: the amount a string, the time an integer."""

    amount: str  # type: ignore[assignment]
    occurred_at: UsualTime


class UsualBalance(BalanceMessage, kw_only=True, gc=False):
    """A balance in the form that nearly all have, in the same way."""

    balance: str  # type: ignore[assignment]
    as_of: UsualTime


class CreditMessage(msgspec.Struct, kw_only=True, gc=False):
    """The credit standing as of a time. The newest as_of wins."""

    event_id: Id
    customer_id: Id
    standing: Standing
    as_of: Time
    score: int | float | Annotated[str, msgspec.Meta(max_length=SCORE_LIMIT)] | None = None
    days_past_due: UnreadNumber = None


class LoanMessage(msgspec.Struct, kw_only=True, gc=False):
    """An application for a loan."""

    event_id: Id
    customer_id: Id
    loan_id: Id
    amount: AmountFromZero
    currency: Currency
    applied_at: Time
    purpose: UnreadText = None
    term_months: UnreadNumber = None


SaidAction = Literal[Action, "merge"]
"""What others ask for a customer."""
WrittenAction = Literal[SaidAction, "take_in", "hand_on"]


class MergedMessage(msgspec.Struct, kw_only=True, gc=False):
    """What tierflow writes after a merge: of a former id, its state (take_in) or an event that came late (hand_on).

    source: of the app id that wrote it; others pass over it. customer_id: the former id. via: further ones that it came
    through. state: packed; event: as it came, on topic; both in base64.
    """

    source: str
    customer_id: Id
    via: list[Id] = []
    state: str | None = None
    topic: Literal["balances", "transactions", "credit", "loans", "customers"] | None = None
    event: str | None = None


class CustomerMessage(msgspec.Struct, kw_only=True, gc=False):
    """An action for a customer. A pin has tier, until, reason and by; a merge has into.

    take_in and hand_on are for tierflow alone: it writes them after a merge, with merged.
    """

    event_id: Id
    customer_id: Id
    action: WrittenAction
    at: Time
    tier: str | None = None
    until: Time | None = None
    reason: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    by: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    into: Id | None = None
    merged: MergedMessage | None = None


RateText = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "description": "what one unit of the currency is worth in the other one: a decimal above 0 with at most 8 "
            "decimals, as a string (a JSON number is read exactly)",
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,8}0*)?$"},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10**10},
            ],
            "examples": ["32.15"],
        }
    ),
]
RateCurrency = Annotated[
    str,
    msgspec.Meta(
        max_length=16,
        description="ISO 4217 code, or that of a withdrawn currency",
        examples=["USD"],
        extra_json_schema={"pattern": "^[A-Z]{3}$"},
    ),
]


class RateMessage(msgspec.Struct, kw_only=True, gc=False):
    """A rate of the local day of its time. Of a day the newest time wins, at equal times the later record."""

    currency: RateCurrency
    against: RateCurrency
    rate: RateText
    at: Time


ROLES = ("owner", "joint", "authorised", "authorized")
Role = Annotated[
    str,
    msgspec.Meta(
        description="owner, joint or authorised; capitals do not matter; a missing one is owner",
        examples=["owner", "joint", "authorised"],
    ),
]


class OwnerMessage(msgspec.Struct, kw_only=True, gc=False):
    """Somebody who has to do with an account. Who is authorised, and does not own, does not count."""

    customer_id: Id
    role: Role = "owner"
    share: Decimal | None = None


class AccountMessage(msgspec.Struct, kw_only=True, gc=False):
    """Whose an account is as of a time. It takes the place of what was said as of an earlier time."""

    account_id: Id
    owners: list[OwnerMessage]
    as_of: Time
    opened: Time | None = None
    closed: Time | None = None
    product: Product | None = None
    currency: Currency | None = None
