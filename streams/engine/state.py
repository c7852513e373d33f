"""What is kept of one customer: one record, small, complete, and independent of every other customer's."""

import msgspec

from streams.engine.events import TOPICS, Pin, Product, Standing

NEVER_MS = -(10**15)
REMEMBERED_PER_TOPIC = 64
FINGERPRINT_BYTES = 8
ACCOUNTS_LIMIT = 2_000
LOANS_LIMIT = 2_000


class Account(msgspec.Struct, array_like=True, gc=False):
    """The newest balance of one account."""

    as_of_ms: int
    balance_e4: int
    currency: str
    product: Product


class Bucket(msgspec.Struct, array_like=True, gc=False):
    """Transactions of one type and currency on one local day: how many, and how much."""

    count: int = 0
    amount_e4: int = 0


class Window(msgspec.Struct, array_like=True, gc=False):
    """The running sum of a window of days that ends with `through_day`; saves summing its days at every event.

    `moves_on_day` is the next day on which the sum changes by time alone; None where nothing is in it.
    """

    through_day: int
    sum_e4_by_currency: dict[str, int]
    moves_on_day: int | None = None


class Tenure(msgspec.Struct, array_like=True, gc=False):
    """How a customer holds the served tier: the ratings to come and past, and what puts a fall off.

    Instants in epoch milliseconds. `last` and `former` are the tiers earned at the last scheduled rating and at the
    one before it. A correction rates anew: for that, `since_ms` is when the served tier began (that of the rating
    which gave it, even if late), `held_before` the tier and `term_before_ms` its term's end before the last rating.
    """

    rises_ms: int | None = None
    falls_ms: int | None = None
    rated_ms: int | None = None
    below_since_ms: int | None = None
    ratings_below: int = 0
    since_ms: int | None = None
    protected_until_ms: int | None = None
    term_ends_ms: int | None = None
    effective_ms: int | None = None
    last: str | None = None
    former: str | None = None
    held_before: str | None = None
    term_before_ms: int | None = None


class Course(msgspec.Struct, array_like=True, gc=False):
    """Where a campaign stands with a customer. Instants in epoch milliseconds; what each kind keeps: occasions.py."""

    looks_at_ms: int | None = None  # when time alone may make an occasion of it
    since_ms: int | None = None  # since when it has been true in a row
    settled_ms: int | None = None  # the newest occasion that is dealt with
    triggered_ms: int | None = None  # the newest trigger, where the kind of campaign recalls it


class WatchedLoan(msgspec.Struct, array_like=True, gc=False):
    """A loan that is monitored: what it was decided on, and which alerts it has had."""

    until_ms: int
    amount_e4: int
    currency: str
    assets_e16: str  # a decimal integer: it passes 64 bits
    worst: Standing
    alerts: int = 0
    shares_e4: list[int] = []  # of the assets, at which there was an alert


class CustomerState(msgspec.Struct, array_like=True, gc=False):
    """A customer's measures and tier. A take-over reads the first fields of a million customers (StateHeader)."""

    tier: str | None = None
    due_ms: int | None = None
    earned_tier: str | None = None
    sequence: int = 0
    decided_at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    policy_mark: int = 0
    accounts: dict[str, Account] = {}
    assets_e4_by_currency: dict[str, int] = {}
    days: dict[int, bytes] = {}  # by local day: see buckets_of() and keep_buckets()
    windows: list[Window] = []
    standing: Standing | None = None
    standing_as_of_ms: int = NEVER_MS
    score: str | None = None
    remembered: list[bytes] = msgspec.field(default_factory=lambda: [b""] * len(TOPICS))
    opted_out: bool = False
    pin: Pin | None = None
    change: bytes = b""  # the newest tier change as contracts.packing keeps it; not looked at here
    loans_e4_by_currency: dict[str, int] = {}
    first_day: int | None = None  # the local day of the first balance
    daily: dict[str, dict[int, int]] = {}  # by "assets.TWD", by local day: how the closing total changed (closings.py)
    tenure: Tenure = msgspec.field(default_factory=Tenure)
    tier_due_ms: int | None = None  # when time alone may decide the tier; due_ms is the earliest of all that falls due
    first_event_ms: int | None = None
    last_transaction_ms: int = NEVER_MS
    occasions: dict[str, int] = {}  # by campaign: how many triggers there were
    courses: dict[str, Course] = {}  # by campaign
    contacts_ms: list[int] = []  # the newest triggers of the campaigns that count together
    loans: dict[str, WatchedLoan] = {}  # by loan_id
    decided_loans: bytes = b""  # fingerprints, one after the other


def buckets_of(state: CustomerState, day: int) -> dict[str, Bucket]:
    """A day's buckets by "type.currency". Days stay packed until they are looked at: most events look at one alone."""
    packed = state.days.get(day)
    return {} if packed is None else _decode_buckets(packed)


def keep_buckets(state: CustomerState, day: int, buckets: dict[str, Bucket]) -> None:
    """Puts a day's buckets back."""
    state.days[day] = _encode(buckets)


_encode = msgspec.msgpack.Encoder().encode
_decode_buckets = msgspec.msgpack.Decoder(dict[str, Bucket]).decode


class StateHeader(msgspec.Struct, array_like=True, gc=False):
    """The leading fields of a CustomerState, read alone where the rest is not needed."""

    tier: str | None = None
    due_ms: int | None = None
    earned_tier: str | None = None
    sequence: int = 0
    decided_at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    policy_mark: int = 0
