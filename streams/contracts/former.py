"""What a state of version 1 was made of (version_1.py). Structs alone; nothing here changes any more.

What has not changed since is taken from where it lives now. If one of these gets another form, a new last field with a
default aside, the form of version 1 belongs here.
"""

import msgspec

from streams.engine.outcomes import Direction, Reason
from streams.engine.state import Progress, Tenure, WatchedLoan, Window
from streams.values.calendar import NEVER_MS
from streams.values.events import Cause, Pin
from streams.values.products import Product
from streams.values.standings import Standing


class Account1(msgspec.Struct, array_like=True, gc=False):
    """The newest balance of one account."""

    as_of_ms: int
    balance_e4: int
    currency: str
    product: Product


class Bucket1(msgspec.Struct, array_like=True, gc=False):
    """The transactions of one type and currency on one local day."""

    count: int = 0
    amount_e4: int = 0


class Change1(msgspec.Struct, array_like=True, gc=False):
    """The newest tier change; figures are text."""

    customer_id: str
    sequence: int
    direction: Direction
    previous_tier: str | None
    tier: str
    earned_tier: str
    reason: Reason
    decided_at_ms: int
    standing: str | None
    cause: Cause | None
    measures: tuple[str, ...]
    parts: tuple[str, str, str]
    next_offsets: tuple[int, ...]
    policy_mark: int
    backfill: bool = False


class State1(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """All that was kept of one customer."""

    tier: str | None = None
    due_ms: int | None = None
    earned_tier: str | None = None
    sequence: int = 0
    decided_at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    policy_mark: int = 0
    accounts: dict[str, Account1] = {}  # by account_id
    assets_e4_by_currency: dict[str, int] = {}
    days: dict[int, bytes] = {}  # by local day: buckets by "type.currency"
    windows: list[Window] = []
    standing: Standing | None = None
    standing_as_of_ms: int = NEVER_MS
    score: str | None = None
    remembered: list[bytes] = []  # by topic: fingerprints
    opted_out: bool = False
    pin: Pin | None = None
    change: bytes = b""
    loans_e4_by_currency: dict[str, int] = {}
    first_day: int | None = None
    daily: dict[str, dict[int, int]] = {}
    tenure: Tenure = msgspec.field(default_factory=Tenure)
    tier_due_ms: int | None = None
    first_event_ms: int | None = None
    last_transaction_ms: int = NEVER_MS
    trigger_counts: dict[str, int] = {}
    progress: dict[str, Progress] = {}
    contacts_ms: list[int] = []
    loans: dict[str, WatchedLoan] = {}
    decided_loans: bytes = b""
