"""What the engine gives: figures, tier changes, campaign triggers, decisions and alerts of loans. Structs alone."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from streams.policy.campaigns import Campaign
from streams.policy.loans import LoanOutcome, Stricter
from streams.policy.measures import Condition, Floor
from streams.policy.rates import DayRate
from streams.values.events import Cause
from streams.values.money import Figure

# States hold both by number (contracts/kept.py): a new word comes last.
Direction = Literal["initial", "upgrade", "downgrade"]
Reason = Literal[
    "first_event",
    "threshold_crossed",
    "window_moved",
    "grace_ended",
    "credit_changed",
    "pin_set",
    "pin_ended",
    "policy_changed",
    "correction",
    "merged",
    "rates_changed",
]
Group = Literal["treated", "held_out"]
AlertReason = Literal["assets_fell", "standing_worse"]

# --- tiers ---


class Figures(msgspec.Struct, frozen=True, gc=False):
    """All figures of a customer at one instant, in units of 10**-16.

    measures: by the number of each in Policy.measures. value: what a floor without a measure is held against, which is
    the sum of its three parts: activity, the terms of transactions; assets, all other terms; credit, the adjustment by
    credit standing.
    """

    measures: tuple[Figure, ...]
    assets: Figure
    activity: Figure
    credit: Figure
    value: Figure


class Unrated(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """What a customer holds in a currency that the policy has no rate for: it counts as nothing in every figure."""

    currency: str
    assets_e4: int
    loans_e4: int


class TierChange(msgspec.Struct, frozen=True, gc=False):
    """A change of the tier that a customer is served, with the figures and the standing that it was decided on.

    The message is docs/messages.md#tierchanges. sequence: counts the customer's changes from 1. cause: None where time
    alone or another policy decided.
    """

    customer_id: str
    sequence: int
    direction: Direction
    previous_tier: str | None
    tier: str
    earned_tier: str
    reason: Reason
    decided_at_ms: int
    figures: Figures
    standing: str | None
    cause: Cause | None
    unrated: tuple[Unrated, ...] = ()
    rates: tuple[DayRate, ...] = ()  # those of a topic that the figures are made with


class FloorCheck(NamedTuple):
    """A floor, the figure that is held against it, and whether the figure reaches it."""

    floor: Floor
    figure: Figure
    met: bool


class Above(NamedTuple):
    """The tier above another, and its floor to enter.

    enter: None where the tier is not entered by one floor: by several conditions, or by a standing.
    """

    tier: str
    enter: Condition | None


# --- campaigns ---


class Offer(msgspec.Struct, frozen=True, gc=False):
    """What a campaign has for a customer now.

    period: the month that it is for, such as 2026-11. missing: how far the figure is from the floor. due_ms: by when
    the customer has to act.
    """

    period: str | None = None
    amount_e4: int | None = None
    missing: Figure | None = None
    due_ms: int | None = None


class Trigger(msgspec.Struct, frozen=True, gc=False):
    """A campaign acts for a customer (docs/messages.md#tiercampaigns).

    number: counts the customer's triggers of this campaign from 1. cause: None where time alone gave the occasion.
    """

    customer_id: str
    campaign: Campaign
    tier: str
    number: int
    group: Group
    triggered_at_ms: int
    offer: Offer
    cause: Cause | None


# --- loans ---


class LoanCheck(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A rule that was looked at: a figure held against bounds, or a standing (word) against the rule's (equals).

    tier: the tier whose limit it is. outcome: what the rule makes of an application if it is met; None in an alert.
    """

    measure: str
    figure: Figure | None = None
    at_least: Figure | None = None
    more_than: Figure | None = None
    at_most: Figure | None = None
    word: str | None = None
    equals: str | None = None
    tier: str | None = None
    outcome: Stricter | None = None
    met: bool


class LoanDecision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The decision on a loan application (docs/messages.md#tierrisk).

    amount_e4: in the loan's own currency. is_new: nothing was known of the customer before. monitored_until_ms: None
    where the loan is not watched.
    """

    customer_id: str
    loan_id: str
    outcome: LoanOutcome
    tier: str
    amount_e4: int
    currency: str
    is_new: bool
    decided_at_ms: int
    monitored_until_ms: int | None
    checks: tuple[LoanCheck, ...]
    cause: Cause
    rates: tuple[DayRate, ...] = ()


class LoanAlert(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The customer of a watched loan has fewer assets, or a worse standing (docs/messages.md#tierrisk).

    number: counts the loan's alerts from 1.
    """

    customer_id: str
    loan_id: str
    number: int
    reason: AlertReason
    tier: str
    amount_e4: int
    currency: str
    decided_at_ms: int
    monitored_until_ms: int
    checks: tuple[LoanCheck, ...]
    cause: Cause
    rates: tuple[DayRate, ...] = ()


RiskMessage = LoanDecision | LoanAlert


# --- erases ---


class Erasure(msgspec.Struct, frozen=True, gc=False):
    """A customer is erased (docs/messages.md#tiererasures).

    last_sequence: the number of the last tier change before it; 0: there was none. cause: the erase.
    """

    customer_id: str
    last_sequence: int
    decided_at_ms: int
    cause: Cause


class Outcome(NamedTuple):
    """What comes of one decision, in the order in which it is written.

    changes: one at most, but for the first event of a customer, whose initial change a rating of before may correct.
    left_in_peace: campaigns whose triggers the contact limits held back; nothing is written of them.
    """

    changes: Sequence[TierChange]
    triggers: Sequence[Trigger] = ()
    risks: Sequence[RiskMessage] = ()
    left_in_peace: Sequence[str] = ()


NOTHING = Outcome(())
