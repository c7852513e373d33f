"""Loan decisions and alerts as subscribers read them (docs/messages.md#tierrisk)."""

from collections.abc import Sequence

from msgspec import UNSET

from streams.contracts.envelope import Envelope, Headers, optional_rates
from streams.contracts.figures import amount_json
from streams.contracts.outputs import ALERT_TYPE, DECISION_TYPE, LoanRiskMessage, RiskCondition
from streams.contracts.templates import NULL, OPTIONAL, encode, template
from streams.engine.outcomes import LoanCheck, LoanDecision, RiskMessage
from streams.values.money import Figure, format_value

_DECISION_TYPE, _ALERT_TYPE = DECISION_TYPE.encode(), ALERT_TYPE.encode()


class RiskWriter:
    """The writer of one partition's risk messages under one policy."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope
        policy = envelope.policy_name
        self._decision = template(LoanRiskMessage, kind="decision", reason=UNSET, rates=OPTIONAL, policy=policy)
        self._alert = template(
            LoanRiskMessage, kind="alert", outcome=UNSET, customer=UNSET, rates=OPTIONAL, policy=policy
        )

    def value(self, risk: RiskMessage, next_offsets: Sequence[int], *, backfill: bool) -> bytes:
        """Writes a decision or alert as JSON. next_offsets: by topic number, the offset after the last one worked."""
        envelope, until_ms = self._envelope, risk.monitored_until_ms
        found: tuple[bytes, ...]  # what only a decision, or only an alert, has
        if isinstance(risk, LoanDecision):
            message, found = self._decision, (encode(risk.outcome), encode("new" if risk.is_new else "known"))
        else:
            message, found = self._alert, (encode(risk.reason),)
        return message % (  # in the order of the message's fields
            encode(risk_id(risk)),
            encode(risk.customer_id),
            encode(risk.loan_id),
            *found,
            encode(risk.tier),
            amount_json(risk.amount_e4),
            encode(risk.currency),
            envelope.time(risk.decided_at_ms),
            encode(backfill),
            NULL if until_ms is None else encode(envelope.policy.calendar.rfc3339(until_ms)),
            optional_rates(risk.rates),
            encode([_condition(check) for check in risk.checks]),
            envelope.cause(risk.cause),
            envelope.positions(next_offsets),
        )

    def headers(self, risk: RiskMessage) -> Headers:
        """Gives the CloudEvents 1.0 headers of a decision or an alert."""
        kind = _DECISION_TYPE if isinstance(risk, LoanDecision) else _ALERT_TYPE
        return self._envelope.headers(risk_id(risk), kind, risk.decided_at_ms, risk.customer_id)


def risk_id(risk: RiskMessage) -> str:
    """Gives the id of a decision or an alert. A customer's loan has one decision; its alerts are numbered.

    A loan of several applicants is decided for each of them, so the customer is part of the id.
    """
    occasion = "decision" if isinstance(risk, LoanDecision) else f"alert:{risk.number}"
    return f"{risk.customer_id}:{risk.loan_id}:{occasion}"


def _condition(check: LoanCheck) -> RiskCondition:
    return RiskCondition(
        measure=check.measure,
        is_=check.word if check.word is not None else format_value(check.figure or 0),
        at_least=_written(check.at_least),
        more_than=_written(check.more_than),
        at_most=_written(check.at_most),
        equals=check.equals,
        tier=check.tier,
        outcome=check.outcome,
        met=check.met,
    )


def _written(figure: Figure | None) -> str | None:
    return None if figure is None else format_value(figure)
