"""What becomes of a customer if nothing else happens, and what keeps the tier. Structs alone.

tiers/outlook.py works them out, and tiers/rated.py makes Rated.
"""

import msgspec

from streams.engine.outcomes import Figures, TierChange
from streams.values.events import Pin


class Rated(msgspec.Struct, frozen=True):
    """Figures, and the last day that their windows look at.

    is_over: they are as of the midnight that ends this day.
    """

    figures: Figures
    day: int
    is_over: bool


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """What the served tier is held by. None and 0: the rule is not at work. Instants are epoch milliseconds."""

    earned: bool  # the figures earn this tier, or a higher one
    floor_to_keep: bool  # the condition to keep the tier is met, and the one to enter it is not
    pin: Pin | None
    cap: str | None  # the highest tier that the credit standing allows
    protected_until_ms: int | None
    below_since_ms: int | None  # since when the floor has been missed without a break
    grace_until_ms: int | None  # the end of the days or months in a row below
    ratings_below: int  # how many of the last ratings in a row missed the floor
    ratings_needed: int  # how many in a row below it takes to lose the tier
    term_until_ms: int | None
    term_grace_until_ms: int | None
    last_ratings: tuple[str, ...]  # the tiers that the last two earned; only with to = "higher_of_last_two"
    effective_ms: int | None  # when an earned tier will be served, with effect = "next_month"
    next_rise_ms: int | None  # the next rating at which a tier can be gained
    next_fall_ms: int | None  # the next rating at which the tier can be lost


class Deposit(msgspec.Struct, frozen=True):
    """So many cents of the policy's currency more on an account, from now until this midnight at least."""

    cents: int
    until_ms: int


class Rise(msgspec.Struct, frozen=True):
    """When a higher tier is served by way of a deposit.

    The deposit is the smallest that is enough, held for as short as is enough: one cent or one day less is not.
    """

    at_ms: int
    deposit: Deposit


class Rescue(msgspec.Struct, frozen=True):
    """The smallest deposit that keeps the tier when it would be lost, and when it is lost after all.

    falls_if_held_ms, falls_if_withdrawn_ms: None where the tier is kept until the horizon. lasting_cents: the smallest
    deposit that keeps it until the horizon, if the deposit is held; None where none does.
    """

    deposit: Deposit
    falls_if_held_ms: int | None
    falls_if_withdrawn_ms: int | None
    lasting_cents: int | None


class Outlook(msgspec.Struct, frozen=True):
    """The tier changes until the horizon if nothing else happens, and which deposits would change them."""

    horizon_ms: int
    changes: tuple[TierChange, ...]
    fall: TierChange | None  # the first change to a tier below the one served now
    rescue: Rescue | None  # None: the tier does not fall, or no deposit keeps it
    rises: tuple[Rise, ...]  # empty: there is no higher tier, no deposit is needed, or none helps
