"""Messages as they are shown to people: the fields that a line needs, and what happened and why in words.

Other fields, and other values than are known here, are no fault: a reader may be older than the worker.
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_UP, Decimal

import msgspec

from streams.contracts.changes import Condition, NextTier
from streams.contracts.risks import RiskCondition

STYLES = {
    "upgrade": "bold green",
    "downgrade": "bold red",
    "initial": "cyan",
    "enhanced": "bold yellow",
    "refer": "bold red",
    "alert": "magenta",
}
"""How a direction, or what a loan is, is marked on a terminal."""

_CENT = Decimal("0.01")
_DAY_CHARS = len("2026-11-24")
_KINDS = {"gift": "a gift", "dormant": "nothing heard for long", "fee_alert": "below the floor for a month"}


class SeenCause(msgspec.Struct, frozen=True):
    """The time of the event that led to it."""

    occurred_at: int


class SeenChange(msgspec.Struct, frozen=True):
    """What is read of a tier change."""

    customer_id: str
    direction: str
    previous_tier: str | None
    tier: str
    reason: str
    decided_at: str
    value: str | None
    currency: str
    next_tier: NextTier | None
    conditions: Sequence[Condition] = ()
    cause: SeenCause | None = None

    @property
    def move(self) -> str:
        """From where to where."""
        return f"{self.previous_tier or 'new'} -> {self.tier}"

    def why(self) -> str:
        """The floor that was reached or missed, or what else decided."""
        capped = [one for one in self.conditions if one.is_not is not None and not one.met]
        if self.reason in ("threshold_crossed", "credit_changed", "correction") and capped:
            return f"standing: {capped[0].is_}"
        reached = [one.at_least for one in self.conditions if one.at_least is not None and one.met]
        missed = [one.at_least for one in self.conditions if one.at_least is not None and not one.met]
        if self.reason == "threshold_crossed" and self.direction == "upgrade" and reached:
            return f"at least {grouped(reached[-1])}"
        if self.reason == "threshold_crossed" and self.direction == "downgrade" and missed:
            return f"below {grouped(missed[0])}"
        return self.reason.replace("_", " ")


class SeenTrigger(msgspec.Struct, frozen=True):
    """What is read of a campaign trigger."""

    id: str
    customer_id: str
    campaign: str
    kind: str
    tier: str
    group: str
    triggered_at: str
    currency: str
    period: str | None = None
    amount: str | None = None
    missing: str | None = None
    due: str | None = None

    @property
    def is_held_out(self) -> bool:
        """Whether nobody is to act: the customer is one of those whom the others are compared with."""
        return self.group != "treated"

    def what(self) -> str:
        """What is given, or what is missing and by when; and whether nobody is to act."""
        told = []
        if self.amount is not None:
            told.append(f"{grouped(self.amount)} {self.currency}" + (f" for {self.period}" if self.period else ""))
        if self.missing is not None:
            end = "keep this tier" if self.kind == "at_risk" else "the next tier"
            told.append(f"{grouped(self.missing, ROUND_UP)} to {end}")
        if self.due is not None:
            told.append(f"by {self.due[:_DAY_CHARS]}")
        words = " ".join(told) or _KINDS.get(self.kind, f"now {self.tier}")
        return f"{words} (held out)" if self.is_held_out else words


class SeenRisk(msgspec.Struct, frozen=True):
    """What is read of a loan decision, or of an alert."""

    id: str
    customer_id: str
    loan_id: str
    kind: str
    amount: str
    currency: str
    decided_at: str
    conditions: Sequence[RiskCondition] = ()
    outcome: str | None = None
    reason: str | None = None
    customer: str | None = None

    @property
    def verdict(self) -> str:
        """The outcome of a decision; alert."""
        return self.outcome or self.kind

    def why(self) -> str:
        """The rules that made the outcome what it is; of a loan that no rule makes stricter, the limit it is below."""
        if self.kind == "alert":
            told = [_alert(one) for one in self.conditions]
        elif self.outcome == "standard":
            told = [f"below {grouped(one.at_least)}" for one in self.conditions if one.at_least is not None][:1]
        else:
            met = [one for one in self.conditions if one.met and one.outcome == self.outcome]
            told = [_met(one) for one in met]
        if self.customer == "new":
            told.append("nothing else known of the customer")
        return ", ".join(told)


def _met(one: RiskCondition) -> str:
    """A rule that is met."""
    if one.measure == "amount" and one.more_than is not None:
        return f"more than the assets allow ({grouped(one.more_than)})"
    if one.measure == "amount" and one.at_least is not None:
        return f"at least {grouped(one.at_least)}"
    if one.measure == "fresh_assets":
        return f"{_percent(one.is_)} of the assets are new"
    if one.measure == "volatile_assets":
        return f"assets went up and down by {_percent(one.is_)}"
    return f"{one.measure} {one.is_}"


def _alert(one: RiskCondition) -> str:
    return f"assets fell to {grouped(one.is_)}" if one.measure == "assets" else f"{one.measure} now {one.is_}"


def _percent(share: str) -> str:
    """Rounded up: what is above a limit does not look as if it were at it."""
    return f"{(Decimal(share) * 100).to_integral_value(ROUND_UP):,}%"


def grouped(amount: str, rounding: str = ROUND_DOWN) -> str:
    """An amount with its thousands apart and 2 decimals, none where it is whole; it never rounds up to a floor."""
    cents = Decimal(amount).quantize(_CENT, rounding)
    return f"{cents:,.0f}" if cents == cents.to_integral_value() else f"{cents:,}"


decode_change = msgspec.json.Decoder(SeenChange).decode
decode_trigger = msgspec.json.Decoder(SeenTrigger).decode
decode_risk = msgspec.json.Decoder(SeenRisk).decode
