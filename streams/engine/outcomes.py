"""What the engine comes to: figures, tier changes, campaign triggers, decisions and alerts of loans. Structs alone."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from streams.policy.campaigns import Campaign
from streams.policy.loans import Stricter
from streams.policy.measures import Floor
from streams.values.events import Cause
from streams.values.money import Figure

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
]
Group = Literal["treated", "held_out"]
LoanOutcome = Literal["standard", "enhanced", "refer"]
AlertReason = Literal["assets_fell", "standing_worse"]

# --- tiers ---


class Figures(msgspec.Struct, frozen=True, gc=False):
    """All figures of a customer at one moment, in units of 10**-16.

    `measures` are in the order of the policy's. `value` is what the floors are held against: the sum of its three
    parts, by where they come from: holdings, transactions, credit standing.
    """

    measures: tuple[Figure, ...]
    assets: Figure
    activity: Figure
    credit: Figure
    value: Figure


class TierChange(msgspec.Struct, frozen=True, gc=False):
    """A customer's served tier has changed. Explained by the figures and the standing it was decided on."""

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


class FloorCheck(NamedTuple):
    """A floor that was looked at, the figure that it was held against, and whether that reaches it."""

    floor: Floor
    figure: Figure
    met: bool


class Missing(NamedTuple):
    """The tier above, and what its one floor wants in addition; None where it has several."""

    tier: str
    missing: Figure | None


# --- campaigns ---


class Offer(msgspec.Struct, frozen=True, gc=False):
    """What a campaign has for a customer now. due_ms: by when the customer has to act."""

    period: str | None = None
    amount_cents: int | None = None
    missing: Figure | None = None
    due_ms: int | None = None


class Trigger(msgspec.Struct, frozen=True, gc=False):
    """A campaign is to act for a customer. `number` counts the customer's triggers of the campaign from 1."""

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
    """A rule that was looked at: a figure against bounds, or a standing; what it makes of the loan if it is met."""

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
    """A loan application is decided. is_new: nothing was known of the customer before it."""

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


class LoanAlert(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something has become worse for a loan that is monitored. number: counts the loan's alerts from 1."""

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


RiskMessage = LoanDecision | LoanAlert


class Outcome(NamedTuple):
    """What came of an event, or of time alone, in the order in which it is told."""

    change: TierChange | None
    triggers: Sequence[Trigger] = ()
    risks: Sequence[RiskMessage] = ()


NOTHING = Outcome(None)
