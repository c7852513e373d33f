"""The explanation of a tier as a JSON message. Structs alone; explanation.py fills them.

Amounts are decimal text with at least 2 decimals, in the policy's currency. Times are RFC 3339 in the offset of the
policy's time zone, dates ISO 8601. Null means that a field does not apply.
"""

from collections.abc import Sequence

import msgspec

from streams.contracts.outputs import PolicyName, RateOfDay, WithoutRate


class LastChange(msgspec.Struct, frozen=True, kw_only=True):
    """The change that gave the served tier. written: false where it has fallen due and no worker has written it yet."""

    id: str
    direction: str
    previous_tier: str | None
    reason: str
    decided_at: str
    value: str | None
    cause: str | None
    written: bool


class Window(msgspec.Struct, frozen=True):
    """The days that a figure looks at, both included; `from` is null where it is the figure of one day."""

    from_: str | None = msgspec.field(name="from")
    to: str


class MeasureNow(msgspec.Struct, frozen=True, kw_only=True):
    """A measure's figure now and at the next rating by the calendar, if nothing else happens.

    window: null for `value`, which is made of several parts, and for a total, a score and a standing, which are newest
    values and look at no days.
    """

    measure: str
    is_: str = msgspec.field(name="is")
    window: Window | None
    at_next_rating: str | None
    window_at_next_rating: Window | None


class ConditionNow(msgspec.Struct, frozen=True, kw_only=True):
    """A floor of a tier, now and at the next rating.

    rule: whether the floor is one to enter the tier or to keep it. missing: what the figure lacks.
    """

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
    """A way to the next tier: with `amount` more in assets from now until `held_until`, it is served at `at`."""

    amount: str
    held_until: str
    at: str


class NextTierNow(msgspec.Struct, frozen=True, kw_only=True):
    """The tier above the served one.

    needs: whether all or any of its conditions must be met. missing: those that are not.
    by_itself_at: when the tier comes if nothing else happens.
    deposits: the soonest way first; empty where no deposit helps, or none is needed.
    """

    tier: str
    needs: str
    missing: Sequence[ConditionNow]
    by_itself_at: str | None
    deposits: Sequence[DepositWay]


class PinNow(msgspec.Struct, frozen=True):
    """A pin: a tier that a person has fixed (docs/policies.md#pins)."""

    tier: str
    until: str
    by: str
    reason: str


class KeepsNow(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps the served tier; null, 0 or empty where a rule does not apply. See engine/prospects.py, Keeping."""

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
    """A future tier change, if nothing else happens."""

    at: str
    direction: str
    previous_tier: str
    tier: str
    earned_tier: str
    reason: str


class DepositKeeps(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest deposit that prevents the next loss of the tier: `amount` more in assets, held until `held_until`.

    falls_if_held_at: when the tier is lost all the same, if the deposit stays.
    falls_if_withdrawn_at: when the tier is lost, if the deposit is withdrawn at `held_until`.
    lasting_amount: the smallest deposit that keeps the tier until the end of the outlook, if it stays.
    """

    amount: str
    held_until: str
    falls_if_held_at: str | None
    falls_if_withdrawn_at: str | None
    lasting_amount: str | None


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """The outlook until `until`. falls: the first change to a tier below the served one.

    deposit: how to prevent that change; null where there is none, or no deposit prevents it.
    """

    until: str
    changes: Sequence[ChangeToCome]
    falls: ChangeToCome | None
    deposit: DepositKeeps | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole explanation: why this tier, what the next one needs, what keeps this one and until when."""

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
    without_rate: Sequence[WithoutRate]
    rates: Sequence[RateOfDay] | msgspec.UnsetType = msgspec.UNSET  # where they are of a topic
