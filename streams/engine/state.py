"""What is kept of one customer: one small record that needs no other customer's. Structs alone.

Structs are packed as arrays, so the order of the fields is the form of the record in the changelog. Every change of it
needs a new version (contracts/packing.py; docs/adr/0003-exact-money-and-packed-state.md): a release before refuses what
it does not know, since it would drop that when it writes. A new field that comes last and has a default needs no reader
of the version before, every other change does.
"""

import msgspec

from streams.values.calendar import NEVER_MS
from streams.values.events import Pin
from streams.values.products import Product
from streams.values.standings import Standing

ACCOUNTS_LIMIT = 2_000
LOANS_LIMIT = 2_000
# Of a packed state, without the event ids that are remembered (measures/limits.py).
STATE_BYTES_LIMIT = 3_000_000


class Account(msgspec.Struct, frozen=True, gc=False):
    """The newest balance of one account in one currency, and the newest word for its product."""

    as_of_ms: int
    balance_e4: int
    currency: str
    product: Product
    product_told_ms: int = NEVER_MS  # the own time of the balance that told it


class Bucket(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """The transactions of one type and currency on one local day: number and sum, without what is reversed."""

    count: int = 0
    amount_e4: int = 0


class Blocks(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """What is remembered of one topic but the newest events, in full blocks, the oldest first (remember.py)."""

    events: bytes = b""
    counts: list[int] = []  # by block: how many events it has
    newest_ms: list[int] = []  # of transactions, by block: no own time in it is newer
    dropped_ms: int | None = None  # of transactions: the newest own time of what was dropped; None: nothing was


class Reversal(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """A reversal, as long as it may matter. Beside what it names: what it takes off (measures/reversals.py)."""

    mark: bytes  # the fingerprint of its event id
    target: bytes  # that of the event that it names
    at_ms: int  # its own time, and not before that of what it names
    day: int  # the local day of what it names
    name: str  # "type.currency"
    amount_e4: int
    origin: int = 0  # whether what it names was counted: ABSENT, PERHAPS, PART, COUNTED or OTHER
    is_taken: bool = False  # whether its amount is off the bucket of that day now


class Window(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """The running sum of a measure over the days up to `through_day`; it saves adding them up at every event.

    Under a measure that counts transactions, the sums are their numbers. moves_on_day: the next day on which the sum
    changes by time alone; None where it never does.
    """

    through_day: int
    sum_e4_by_currency: dict[str, int]
    moves_on_day: int | None = None


class Tenure(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """How a customer holds the served tier: the ratings by the calendar, and what puts a fall off. Epoch milliseconds.

    `held_before` and `term_before_ms` say how it was before the last rating, so that a correction can make that again.
    """

    rises_ms: int | None = None  # the next rating at which a tier can be gained
    falls_ms: int | None = None  # the next rating at which a tier can be lost
    rated_ms: int | None = None  # the last rating
    below_since_ms: int | None = None  # since when the floor has been missed without a break
    ratings_below: int = 0  # how many of the last ratings in a row missed the floor
    since_ms: int | None = None  # when the served tier began; after a correction: at the rating that was corrected
    protected_until_ms: int | None = None  # until then the last upgrade keeps the tier from falling
    term_ends_ms: int | None = None
    effective_ms: int | None = None  # when an earned tier will be served
    last: str | None = None  # the tier that the last rating earned
    former: str | None = None  # the tier that the rating before it earned
    held_before: str | None = None  # the tier before the last rating
    term_before_ms: int | None = None  # the end of the term before the last rating
    standings: tuple[tuple[int, Standing, str | None], ...] = ()  # by time, with the score (measures/standings.py)


class Progress(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """How far a campaign has come with a customer, in epoch milliseconds (each kind: engine/campaigns)."""

    due_ms: int | None = None  # when time alone may trigger the campaign
    since_ms: int | None = None  # since when its condition has been true without a break
    settled_ms: int | None = None  # the newest occasion that was dealt with
    triggered_ms: int | None = None  # the newest trigger, where the campaign recalls it (Campaign.recalls)
    # Of cash back alone (campaigns/cash_back.py); amounts as decimal text, since they can pass 64 bits.
    spent_e16: dict[int, str] = {}  # by month that is paid for: what it had when it was settled last
    late_months: list[int] = []  # those that have changed since
    carried_e16: str = ""  # what is to be taken off the next payment, below 0; of each transaction also what is owed
    basis: int = 0  # a mark of the rates and types that the months were settled by
    paid_e4: dict[int, bytes] = {}  # of each transaction, by its local day (campaigns/each_paid.py)


class WatchedLoan(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """A loan that is watched: what it was decided on, and which alerts it has had."""

    until_ms: int
    amount_e4: int
    currency: str
    assets_e16: str  # at the decision; as decimal text, since it can pass 64 bits
    worst: Standing  # the worst standing since the decision
    alerts: int = 0
    shares_e4: list[int] = []  # of the assets at the decision: those that there was an alert for
    applied_ms: int = NEVER_MS  # the own time of the application


class Courses(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """How far the campaigns have come with a customer. Without it, none has begun."""

    progress: dict[str, Progress] = {}  # by campaign id
    trigger_counts: dict[str, int] = {}  # by campaign id
    contacts_ms: list[int] = []  # the newest triggers of the campaigns that share contact limits


class Closings(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """What totals and accounts were on earlier days. Only policies that look at closing totals keep it."""

    first_day: int | None = None  # the local day of the first balance
    daily: dict[str, dict[int, int]] = {}  # by "assets.TWD", by local day: the change of the closing total
    accounts: dict[str, bytes] = {}  # by the key of accounts: closing balances of earlier days (measures/closings.py)


class Special(msgspec.Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """What few customers have: pins, consents, erases, loans, reversals. Without it, all is as the defaults say."""

    pin: Pin | None = None
    pinned_ms: int | None = None  # of the newest pin or unpin, whether a pin holds or not
    opted_out: bool = False
    consent_ms: int | None = None  # the own time of the newest opt-out or opt-in
    erased_ms: int | None = None  # of the newest erase: what is not later is not heard any more
    loans: bytes = b""  # those that are watched, packed (codec.py)
    decided_loans: bytes = b""  # fingerprints of loan ids, one after the other
    applied_ms: int | None = None  # the own time of the newest application for a loan
    reversals: bytes = b""  # packed (measures/reversals.py)
    earliest_ms: int | None = None  # the own time of the earliest event, actions aside; None: first_event_ms is
    unplaced_before_ms: int | None = None  # late balances from before it find no place: what was then was not kept
    unplaced_until_ms: int | None = None  # of accounts not known neither (measures/closed_accounts.py)


class CustomerState(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """All that is kept of one customer.

    The first fields are those of StateHeader: a take-over reads them alone, of every customer. Fields of bytes are
    sections: they stay packed until a rule asks, and are opened and kept by the functions of the module that is named.
    What a customer has nothing of is None, so that it takes no time and no room (engine/sections.py). Some fields are
    packed otherwise than they are here (codec.py): those that follow from others, or are near to them.
    """

    tier: str | None = None
    due_ms: int | None = None  # when time alone may next decide something: the tier, or a campaign
    earned_tier: str | None = None
    sequence: int = 0  # counts the tier changes
    decided_at_ms: int = NEVER_MS  # the newest tier change
    newest_ms: int = NEVER_MS  # the newest event, or decision by time alone
    policy_mark: int = 0  # of the policy that rated the customer last

    # What most events look at.
    account_keys: bytes = b""  # currency and account_id of each (measures/account_rows.py)
    account_rows: bytes = b""  # the newest balance of each
    assets_e4_by_currency: dict[str, int] = {}
    days: bytearray = bytearray()  # transactions by local day (measures/days.py)
    day_currencies: str = ""  # of the transactions, by number: codes, one after the other
    windows: tuple[Window, ...] = ()  # by their number in Policy.windows
    # By topic number: the newest events that are remembered; by ~number: those before them, as Blocks (remember.py).
    remembered: dict[int, bytes] = {}
    change: bytes = b""  # the newest tier change, as contracts/newest_change.py packs it; the engine does not read it
    first_event_ms: int | None = None  # of the first event that arrived, actions aside
    # The worker's clock when the first event arrived, actions aside; None: long ago, or the policy had no campaigns.
    heard_ms: int | None = None
    last_transaction_ms: int | None = None  # of the newest one, reversals aside

    # What some rules and campaigns look at.
    tier_due_ms: int | None = None  # when time alone may decide the tier; due_ms covers campaigns, too
    standing: Standing | None = None
    standing_as_of_ms: int | None = None
    score: str | None = None
    loans_e4_by_currency: dict[str, int] | None = None
    tenure: Tenure | None = None
    courses: Courses | None = None
    closings: Closings | None = None
    special: Special | None = None


class StateHeader(msgspec.Struct, array_like=True, gc=False):
    """The leading fields of a CustomerState as it is packed, for reading them without the rest.

    earned_tier, decided_at_ms: packed otherwise than they are (codec.py).
    """

    tier: str | None = None
    due_ms: int | None = None
    earned_tier: str | None = None
    sequence: int = 0
    decided_at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    policy_mark: int = 0
