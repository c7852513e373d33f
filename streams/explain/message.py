"""A customer's tier explained, as it is written: amounts with at least 2 decimals, times in the policy's zone."""

from collections.abc import Sequence

import msgspec

from streams.contracts.outputs import PolicyName


class LastChange(msgspec.Struct, frozen=True, kw_only=True):
    """The change that gave the served tier. written: whether a worker has decided it, or it is due since."""

    id: str
    direction: str
    previous_tier: str | None
    reason: str
    decided_at: str
    value: str | None
    cause: str | None
    written: bool


class Window(msgspec.Struct, frozen=True):
    """The days that a figure looks at, both included; `from` is None where it is one day's."""

    from_: str | None = msgspec.field(name="from")
    to: str


class MeasureNow(msgspec.Struct, frozen=True, kw_only=True):
    """A figure; and the one of the next rating by the calendar, if nothing else happens. No window: it is of now."""

    measure: str
    is_: str = msgspec.field(name="is")
    window: Window | None
    at_next_rating: str | None
    window_at_next_rating: Window | None


class ConditionNow(msgspec.Struct, frozen=True, kw_only=True):
    """A floor of a tier to enter or to keep it, now and at the next rating; missing: what the figure lacks."""

    tier: str
    rule: str
    measure: str
    is_: str = msgspec.field(name="is")
    at_least: str
    met: bool
    missing: str
    at_next_rating: str | None
    met_at_next_rating: bool | None
    missing_at_next_rating: str | None


class DepositWay(msgspec.Struct, frozen=True, kw_only=True):
    """So much more of assets from now on, held until then: gives the next tier at that time."""

    amount: str
    held_until: str
    at: str


class NextTierNow(msgspec.Struct, frozen=True, kw_only=True):
    """The tier above the served one. needs: all or any of its conditions, of which these are not met.

    by_itself_at: when it comes if nothing else happens. deposits: the soonest way first; empty where none helps.
    """

    tier: str
    needs: str
    missing: Sequence[ConditionNow]
    by_itself_at: str | None
    deposits: Sequence[DepositWay]


class PinNow(msgspec.Struct, frozen=True):
    """A tier fixed by a person, above all rules."""

    tier: str
    until: str
    by: str
    reason: str


class KeepsNow(msgspec.Struct, frozen=True, kw_only=True):
    """What holds the served tier: null, 0 and empty where that is not in play."""

    is_lowest: bool
    earned: bool
    floor_to_keep: bool
    pin: PinNow | None
    standing: str
    capped_at: str | None
    protected_until: str | None
    below_since: str | None
    grace_until: str | None
    ratings_below: int
    ratings_needed: int
    term_until: str | None
    term_grace_until: str | None
    last_ratings: Sequence[str]
    effective_at: str | None
    next_rise_rated_at: str | None
    next_fall_rated_at: str | None


class ChangeToCome(msgspec.Struct, frozen=True, kw_only=True):
    """A tier change that comes if nothing else happens."""

    at: str
    direction: str
    previous_tier: str
    tier: str
    earned_tier: str
    reason: str


class DepositKeeps(msgspec.Struct, frozen=True, kw_only=True):
    """So much more of assets from now on, held until then, and the tier is not lost at that time.

    It is lost then, if it is: where the deposit is held on, where it is withdrawn at held_until. lasting_amount: what
    keeps the tier for good, held on.
    """

    amount: str
    held_until: str
    falls_if_held_at: str | None
    falls_if_withdrawn_at: str | None
    lasting_amount: str | None


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """The years to come, until then; falls: the first change to a tier below the served one."""

    until: str
    changes: Sequence[ChangeToCome]
    falls: ChangeToCome | None
    deposit: DepositKeeps | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why this tier, what is missing for the next, what keeps this one and until when."""

    customer_id: str
    at: str
    tier: str
    earned_tier: str
    currency: str
    value: str | None
    policy: PolicyName
    policy_in_force: PolicyName | None
    change: LastChange | None
    last_rating_at: str | None
    next_rating_at: str | None
    measures: Sequence[MeasureNow]
    conditions: Sequence[ConditionNow]
    next_tier: NextTierNow | None
    keeps: KeepsNow
    outlook: Ahead
