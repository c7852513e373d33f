"""Output messages field by field, by the structs of contracts/outputs.py: what the writers have to come to."""

from collections.abc import Sequence

from msgspec import UNSET

from streams.contracts import outputs
from streams.contracts.changes import strategy
from streams.contracts.figures import format_figure
from streams.contracts.risks import risk_id
from streams.contracts.triggers import trigger_id
from streams.engine.outcomes import LoanCheck, LoanDecision, RiskMessage, TierChange, Trigger
from streams.engine.tiers.looked_at import looked_at, missing, shown_value, tier_above
from streams.partition.setup import PartitionSetup
from streams.values.events import Cause
from streams.values.money import Figure, format_e4, format_value


def plain_change(
    setup: PartitionSetup, change: TierChange, next_offsets: Sequence[int], *, backfill: bool
) -> outputs.TierChangeMessage:
    """The message of a tier change."""
    policy, figures = setup.policy, change.figures
    return outputs.TierChangeMessage(
        id=f"{change.customer_id}:{change.sequence}",
        customer_id=change.customer_id,
        sequence=change.sequence,
        direction=change.direction,
        previous_tier=change.previous_tier,
        tier=change.tier,
        earned_tier=change.earned_tier,
        reason=change.reason,
        decided_at=policy.calendar.rfc3339(change.decided_at_ms),
        backfill=backfill,
        value=_amount(shown_value(figures, policy)),
        currency=policy.currency,
        components=outputs.Components(*map(format_value, (figures.assets, figures.activity, figures.credit))),
        without_rate=[
            outputs.WithoutRate(held.currency, format_e4(held.assets_e4), format_e4(held.loans_e4))
            for held in change.unrated
        ]
        or UNSET,
        conditions=_conditions(setup, change),
        next_tier=_next_tier(setup, change),
        policy=_policy_name(setup),
        strategy=strategy(policy, change.previous_tier, change.tier, policy.calendar.day_of(change.decided_at_ms)),
        cause=_cause(setup, change.cause),
        positions=_positions(setup, next_offsets),
    )


def plain_trigger(setup: PartitionSetup, trigger: Trigger) -> outputs.CampaignMessage:
    """The message of a campaign trigger."""
    rfc3339, offer = setup.policy.calendar.rfc3339, trigger.offer
    return outputs.CampaignMessage(
        id=trigger_id(trigger),
        customer_id=trigger.customer_id,
        campaign=trigger.campaign.id,
        kind=trigger.campaign.kind,
        sequence=trigger.number,
        tier=trigger.tier,
        group=trigger.group,
        triggered_at=rfc3339(trigger.triggered_at_ms),
        period=offer.period,
        amount=None if offer.amount_e4 is None else format_e4(offer.amount_e4),
        currency=setup.policy.currency,
        missing=_amount(offer.missing),
        due=None if offer.due_ms is None else rfc3339(offer.due_ms),
        cause=_cause(setup, trigger.cause),
        policy=_policy_name(setup),
    )


def plain_risk(
    setup: PartitionSetup, risk: RiskMessage, next_offsets: Sequence[int], *, backfill: bool
) -> outputs.LoanRiskMessage:
    """The message of a decision on a loan, or of an alert."""
    rfc3339, until_ms = setup.policy.calendar.rfc3339, risk.monitored_until_ms
    is_decision = isinstance(risk, LoanDecision)
    return outputs.LoanRiskMessage(
        id=risk_id(risk),
        customer_id=risk.customer_id,
        loan_id=risk.loan_id,
        kind="decision" if is_decision else "alert",
        outcome=risk.outcome if isinstance(risk, LoanDecision) else UNSET,
        customer=("new" if risk.is_new else "known") if isinstance(risk, LoanDecision) else UNSET,
        reason=UNSET if isinstance(risk, LoanDecision) else risk.reason,
        tier=risk.tier,
        amount=format_e4(risk.amount_e4),
        currency=risk.currency,
        decided_at=rfc3339(risk.decided_at_ms),
        backfill=backfill,
        monitored_until=None if until_ms is None else rfc3339(until_ms),
        conditions=list(map(_check, risk.checks)),
        cause=_cause(setup, risk.cause),
        policy=_policy_name(setup),
        positions=_positions(setup, next_offsets),
    )


def _conditions(setup: PartitionSetup, change: TierChange) -> list[outputs.Condition]:
    policy = setup.policy
    conditions = []
    for look in looked_at(change.figures, policy):
        rule = None if look.floor.measure is None else policy.measures[look.floor.measure]
        conditions.append(
            outputs.Condition(
                measure="value" if rule is None else rule.name,
                is_=format_figure(look.figure, rule),
                at_least=format_figure(look.floor.at_least_e16, rule),
                tier=look.floor.tier,
                rule="keep" if look.floor.rule == "keep" else None,
                met=look.met,
            )
        )
    standing = change.standing or "good"
    for capped, rank in policy.caps.items():
        tier = policy.tiers[rank].id
        conditions.append(outputs.Condition("standing", standing, is_not=capped, tier=tier, met=standing != capped))
    return conditions


def _next_tier(setup: PartitionSetup, change: TierChange) -> outputs.NextTier | None:
    above = tier_above(change.tier, setup.policy)
    if above is None:
        return None
    return outputs.NextTier(above.tier, None if above.enter is None else _amount(missing(above.enter, change.figures)))


def _check(check: LoanCheck) -> outputs.RiskCondition:
    return outputs.RiskCondition(
        measure=check.measure,
        is_=check.word if check.word is not None else format_value(check.figure or 0),
        at_least=_amount(check.at_least),
        more_than=_amount(check.more_than),
        at_most=_amount(check.at_most),
        equals=check.equals,
        tier=check.tier,
        outcome=check.outcome,
        met=check.met,
    )


def _amount(figure: Figure | None) -> str | None:
    return None if figure is None else format_value(figure)


def _policy_name(setup: PartitionSetup) -> outputs.PolicyName:
    return outputs.PolicyName(setup.policy.name, setup.policy.version, setup.policy.digest)


def _cause(setup: PartitionSetup, cause: Cause | None) -> outputs.CauseMessage | None:
    if cause is None:
        return None
    topic = setup.topics[cause.topic]
    return outputs.CauseMessage(cause.event_id, topic, setup.partition, cause.offset, cause.occurred_at_ms)


def _positions(setup: PartitionSetup, next_offsets: Sequence[int]) -> dict[str, int]:
    return {topic: offset - 1 for topic, offset in zip(setup.topics, next_offsets, strict=True) if offset > 0}
