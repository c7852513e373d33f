"""What is kept of one customer: one record, small, complete, and independent of every other customer's."""

import msgspec

from streams.engine.events import TOPICS, Pin

NEVER_MS = -(10**15)
REMEMBERED_PER_TOPIC = 64
FINGERPRINT_BYTES = 8
ACCOUNTS_LIMIT = 2_000
NO_CHANGE = msgspec.Raw(b"\xc0")  # nil


class Account(msgspec.Struct, array_like=True):
    """The newest balance of one account."""

    as_of_ms: int
    balance_e4: int
    currency: str
    product: str


class Bucket(msgspec.Struct, array_like=True):
    """Transactions of one type and currency on one local day: how many, and how much."""

    count: int = 0
    amount_e4: int = 0


class Window(msgspec.Struct, array_like=True):
    """The running sum of a window of days that ends with `through_day`; saves summing its days at every event.

    `moves_on_day` is the next day on which the sum changes by time alone; None where nothing is in it.
    """

    through_day: int
    sum_e4_by_currency: dict[str, int]
    moves_on_day: int | None = None


class CustomerState(msgspec.Struct, array_like=True):
    """A customer's measures and tier. The first two fields are what a take-over reads of a million customers."""

    tier: str | None = None
    due_ms: int | None = None
    earned_tier: str | None = None
    sequence: int = 0
    decided_at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    policy_mark: int = 0
    accounts: dict[str, Account] = {}
    assets_e4_by_currency: dict[str, int] = {}
    days: dict[int, dict[str, Bucket]] = {}
    windows: list[Window] = []
    standing: str | None = None
    standing_as_of_ms: int = NEVER_MS
    score: str | None = None
    remembered: list[bytes] = msgspec.field(default_factory=lambda: [b""] * len(TOPICS))
    opted_out: bool = False
    pin: Pin | None = None
    change: msgspec.Raw = NO_CHANGE  # the newest tier change as contracts.packing keeps it; not looked at here


class StateHeader(msgspec.Struct, array_like=True):
    """The leading fields of a CustomerState, read alone where the rest is not needed."""

    tier: str | None = None
    due_ms: int | None = None
