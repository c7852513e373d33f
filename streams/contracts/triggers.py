"""A campaign trigger as subscribers read it (docs/messages.md#tiercampaigns), and as a candidate for a budget."""

import msgspec

from streams.contracts.envelope import Envelope, Headers
from streams.contracts.figures import amount_json, value_json
from streams.contracts.outputs import (
    TRIGGER_TYPE,
    BudgetMessage,
    CampaignMessage,
    CandidateMessage,
)
from streams.contracts.templates import NULL, encode, template
from streams.engine.outcomes import Trigger
from streams.policy.campaigns import Budget

_TYPE = TRIGGER_TYPE.encode()


class TriggerWriter:
    """The writer of one partition's triggers under one policy."""

    def __init__(self, envelope: Envelope) -> None:
        policy = envelope.policy
        self._envelope = envelope
        self._messages = {
            campaign.id: template(
                CampaignMessage,
                campaign=campaign.id,
                kind=campaign.kind,
                currency=policy.currency,
                policy=envelope.policy_name,
            )
            for campaign in policy.campaigns
        }

    def value(self, trigger: Trigger) -> bytes:
        """Writes the trigger as JSON."""
        envelope, offer = self._envelope, trigger.offer
        return self._messages[trigger.campaign.id] % (  # in the order of the message's fields
            encode(trigger_id(trigger)),
            encode(trigger.customer_id),
            encode(trigger.number),
            encode(trigger.tier),
            encode(trigger.group),
            envelope.time(trigger.triggered_at_ms),
            encode(offer.period),
            NULL if offer.amount_e4 is None else amount_json(offer.amount_e4),
            NULL if offer.missing is None else value_json(offer.missing),
            NULL if offer.due_ms is None else encode(envelope.policy.calendar.rfc3339(offer.due_ms)),
            envelope.cause(trigger.cause),
        )

    def headers(self, trigger: Trigger) -> Headers:
        """Gives the CloudEvents 1.0 headers of the trigger."""
        return self._envelope.headers(trigger_id(trigger), _TYPE, trigger.triggered_at_ms, trigger.customer_id)

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
