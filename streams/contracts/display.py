"""Messages in words, for people on a terminal: what happened, and why."""

from decimal import ROUND_UP, Decimal

from streams.contracts.outputs import RiskCondition
from streams.contracts.shown import ShownChange, ShownRisk, ShownTrigger
from streams.languages.writing import grouped

_DAY_CHARS = len("2026-11-24")
_KINDS = {"gift": "a gift", "dormant": "nothing heard for long", "fee_alert": "below the floor for a month"}


def move_of(change: ShownChange) -> str:
    """Says from which tier to which."""
    return f"{change.previous_tier or 'new'} -> {change.tier}"


def why_changed(change: ShownChange) -> str:
    """Names the standing that caps the tier, or the floor that was reached or missed; otherwise the reason."""
    capped = [one for one in change.conditions if one.is_not is not None and not one.met]
    if change.reason in ("threshold_crossed", "credit_changed", "correction") and capped:
        return f"standing: {capped[0].is_}"
    reached = [one.at_least for one in change.conditions if one.at_least is not None and one.met]
    missed = [one.at_least for one in change.conditions if one.at_least is not None and not one.met]
    if change.reason == "threshold_crossed" and change.direction == "upgrade" and reached:
        return f"at least {grouped(reached[-1])}"
    if change.reason == "threshold_crossed" and change.direction == "downgrade" and missed:
        return f"below {grouped(missed[0])}"
    return change.reason.replace("_", " ")


def is_held_out(trigger: ShownTrigger) -> bool:
    """Says whether the customer is held out: nobody may act (docs/policies.md#a-hold-out-to-measure-by)."""
    return trigger.group != "treated"


def what_is_offered(trigger: ShownTrigger) -> str:
    """Says what the customer gets, or what is missing and by when; and whether the customer is held out."""
    told = []
    if trigger.amount is not None:
        period = f" for {trigger.period}" if trigger.period else ""
        told.append(f"{grouped(trigger.amount)} {trigger.currency}{period}")
    if trigger.missing is not None:
        end = "keep this tier" if trigger.kind == "at_risk" else "the next tier"
        told.append(f"{grouped(trigger.missing, ROUND_UP)} to {end}")
    if trigger.due is not None:
        told.append(f"by {trigger.due[:_DAY_CHARS]}")
    words = " ".join(told) or _KINDS.get(trigger.kind, f"now {trigger.tier}")
    return f"{words} (held out)" if is_held_out(trigger) else words


def verdict_of(risk: ShownRisk) -> str:
    """Gives the outcome of a decision, or the word "alert"."""
    return risk.outcome or risk.kind


def why_decided(risk: ShownRisk) -> str:
    """Names the rules that gave the outcome or the alert; for a standard loan, the limit that it is below."""
    if risk.kind == "alert":
        told = [_alert(one) for one in risk.conditions]
    elif risk.outcome == "standard":
        told = [f"below {grouped(one.at_least)}" for one in risk.conditions if one.at_least is not None][:1]
    else:
        told = [_met(one) for one in risk.conditions if one.met and one.outcome == risk.outcome]
    if risk.customer == "new":
        told.append("nothing else known of the customer")
    return ", ".join(told)


def _met(one: RiskCondition) -> str:
    """Puts a rule that is met into words."""
    if one.measure == "amount" and one.more_than is not None:
        return f"more than the assets allow ({grouped(one.more_than)})"
    if one.measure == "amount" and one.at_least is not None:
        return f"at least {grouped(one.at_least)}"
    if one.measure == "fresh_assets":
        return f"{percent_up(one.is_)} of the assets are new"
    if one.measure == "volatile_assets":
        return f"assets went up and down by {percent_up(one.is_)}"
    return f"{one.measure} {one.is_}"


def _alert(one: RiskCondition) -> str:
    return f"assets fell to {grouped(one.is_)}" if one.measure == "assets" else f"{one.measure} now {one.is_}"


def percent_up(share: str) -> str:
    """Writes a share as a percentage, rounded up: a share just above a limit must not look equal to it."""
    return f"{(Decimal(share) * 100).to_integral_value(ROUND_UP):,}%"
