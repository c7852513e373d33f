"""What becomes of a customer if nothing else happens, and what keeps the tier. Structs alone; see tiers/outlook.py."""

import msgspec

from streams.engine.outcomes import Figures, TierChange
from streams.values.events import Pin


class Rated(msgspec.Struct, frozen=True):
    """Figures, and the last day that their windows look at; is_over: at the midnight that ends it."""

    figures: Figures
    day: int
    is_over: bool


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """What the served tier is held by; None and 0 where that is not in play. Instants in epoch milliseconds."""

    earned: bool  # the measures give it, or one above
    floor_to_keep: bool  # by its condition to stay alone
    pin: Pin | None
    cap: str | None  # the highest tier that the credit standing lets be served
    protected_until_ms: int | None
    below_since_ms: int | None
    grace_until_ms: int | None  # the end of the days or months in a row below
    ratings_below: int
    ratings_needed: int  # so many in a row below, and it falls
    term_until_ms: int | None
    term_grace_until_ms: int | None
    last_ratings: tuple[str, ...]  # what the newest ones earned, where it falls to the higher of the two
    effective_ms: int | None  # when what was earned at the last rating is served
    next_rise_ms: int | None
    next_fall_ms: int | None


class Deposit(msgspec.Struct, frozen=True):
    """So many cents more of the policy's currency on an account from now on, until this midnight at the least."""

    cents: int
    until_ms: int


class Rise(msgspec.Struct, frozen=True):
    """When the next tier is served, and by which deposit: one cent less does not do, nor does one day less."""

    at_ms: int
    deposit: Deposit


class Rescue(msgspec.Struct, frozen=True):
    """The smallest deposit with which the tier is not lost by the time it is lost without; and when it is lost then.

    None: not until the horizon. lasting_cents: the smallest deposit that keeps it until then, if it is held on.
    """

    deposit: Deposit
    falls_if_held_ms: int | None
    falls_if_withdrawn_ms: int | None
    lasting_cents: int | None


class Outlook(msgspec.Struct, frozen=True):
    """The tier changes of the years to come, until the horizon, if nothing else happens; and ways out of them."""

    horizon_ms: int
    changes: tuple[TierChange, ...]
    fall: TierChange | None  # the first of them to a tier below the one served now
    rescue: Rescue | None  # None: no deposit keeps the tier
    rises: tuple[Rise, ...]  # empty: no deposit is needed, or none helps
