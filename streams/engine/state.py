"""What is kept of one customer: one record, small, complete, and independent of every other customer's.

Structs alone. The order of the fields is the form in the changelog: new ones come at the end.
"""

import msgspec

from streams.values.calendar import NEVER_MS
from streams.values.events import TOPICS, Pin
from streams.values.products import Product
from streams.values.standings import Standing

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


class Progress(msgspec.Struct, array_like=True, gc=False):
    """How far a campaign has come with a customer, in epoch milliseconds. What each kind keeps: engine/campaigns."""

    due_ms: int | None = None  # when time alone may make an occasion of it
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
    due_ms: int | None = None  # when time alone may next decide something: the tier, or an offer
    earned_tier: str | None = None
    sequence: int = 0
    decided_at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    policy_mark: int = 0  # of the policy that rated last
    accounts: dict[str, Account] = {}  # by account_id
    assets_e4_by_currency: dict[str, int] = {}
    days: dict[int, bytes] = {}  # by local day: the buckets, packed (measures/days.py)
    windows: list[Window] = []  # in the order of Policy.windows
    standing: Standing | None = None
    standing_as_of_ms: int = NEVER_MS
    score: str | None = None
    remembered: list[bytes] = msgspec.field(default_factory=lambda: [b""] * len(TOPICS))  # by topic: fingerprints
    opted_out: bool = False
    pin: Pin | None = None
    change: bytes = b""  # the newest tier change as contracts.packing keeps it; not looked at here
    loans_e4_by_currency: dict[str, int] = {}
    first_day: int | None = None  # the local day of the first balance
    daily: dict[str, dict[int, int]] = {}  # by "assets.TWD", by local day: how the closing total changed
    tenure: Tenure = msgspec.field(default_factory=Tenure)
    tier_due_ms: int | None = None  # when time alone may decide the tier; due_ms is the earliest of all that falls due
    first_event_ms: int | None = None
    last_transaction_ms: int = NEVER_MS
    trigger_counts: dict[str, int] = {}  # by campaign
    progress: dict[str, Progress] = {}  # by campaign
    contacts_ms: list[int] = []  # the newest triggers of the campaigns that count together
    loans: dict[str, WatchedLoan] = {}  # by loan_id
    decided_loans: bytes = b""  # fingerprints, one after the other


class StateHeader(msgspec.Struct, array_like=True, gc=False):
    """The leading fields of a CustomerState, read alone where the rest is not needed."""

    tier: str | None = None
    due_ms: int | None = None
    earned_tier: str | None = None
    sequence: int = 0
    decided_at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    policy_mark: int = 0
