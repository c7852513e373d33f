"""A campaign trigger as subscribers read it (docs/messages.md#tiercampaigns), and as a candidate for a budget."""

import msgspec

from streams.contracts.envelope import Envelope, Headers, encode
from streams.contracts.outputs import (
    TRIGGER_TYPE,
    BudgetMessage,
    CampaignMessage,
    CandidateMessage,
)
from streams.engine.outcomes import Trigger
from streams.policy.campaigns import Budget
from streams.values.money import format_e4, format_value


class TriggerWriter:
    """The writer of one partition's triggers under one policy."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope

    def value(self, trigger: Trigger) -> bytes:
        """Writes the trigger as JSON."""
        rfc3339, offer = self._envelope.policy.calendar.rfc3339, trigger.offer
        return encode(
            CampaignMessage(
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
                currency=self._envelope.policy.currency,
                missing=None if offer.missing is None else format_value(offer.missing),
                due=None if offer.due_ms is None else rfc3339(offer.due_ms),
                cause=self._envelope.cause(trigger.cause),
                policy=self._envelope.policy_name,
            )
        )

    def headers(self, trigger: Trigger) -> Headers:
        """Gives the CloudEvents 1.0 headers of the trigger."""
        return self._envelope.headers(trigger_id(trigger), TRIGGER_TYPE, trigger.triggered_at_ms, trigger.customer_id)

    def candidate(self, trigger: Trigger, budget: Budget) -> bytes:
        """Writes a candidate: the trigger as it would go out, and the limits of its campaign's budget."""
        at = self._envelope.policy.calendar.rfc3339(trigger.triggered_at_ms)
        length = {"ever": 0, "year": 4, "month": 7, "day": 10}[budget.per]
        return encode(
            CandidateMessage(
                customer_id=trigger.customer_id,
                id=trigger_id(trigger),
                spends=trigger.group == "treated",
                amount_e4=trigger.offer.amount_e4 or 0,
                budget=BudgetMessage(
                    campaign=trigger.campaign.id,
                    period=at[:length],
                    triggers=budget.triggers,
                    amount_e4=budget.amount_e4,
                ),
                at=at,
                trigger=msgspec.Raw(self.value(trigger)),
            )
        )


def trigger_id(trigger: Trigger) -> str:
    """Gives the id of a trigger: customer, campaign and occasion, which is the period or else the number."""
    occasion = trigger.number if trigger.offer.period is None else trigger.offer.period
    return f"{trigger.customer_id}:{trigger.campaign.id}:{occasion}"
