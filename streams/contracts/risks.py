"""Loan decisions and alerts as subscribers read them (docs/messages.md#tierrisk)."""

from collections.abc import Sequence

import msgspec

from streams.contracts.envelope import Envelope, Headers, encode
from streams.contracts.outputs import ALERT_TYPE, DECISION_TYPE, LoanRiskMessage, RiskCondition
from streams.engine.outcomes import LoanCheck, LoanDecision, RiskMessage
from streams.values.money import AMOUNT_DECIMALS, VALUE_DECIMALS, Figure, format_value

_ONE_E4 = 10 ** (VALUE_DECIMALS - AMOUNT_DECIMALS)


class RiskWriter:
    """The writer of one partition's risk messages under one policy."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope

    def value(self, risk: RiskMessage, next_offsets: Sequence[int], *, backfill: bool) -> bytes:
        """Writes a decision or alert as JSON. next_offsets: by topic number, the offset after the last one worked."""
        rfc3339 = self._envelope.policy.calendar.rfc3339
        until_ms = risk.monitored_until_ms
        return encode(
            LoanRiskMessage(
                id=risk_id(risk),
                customer_id=risk.customer_id,
                loan_id=risk.loan_id,
                kind="decision" if isinstance(risk, LoanDecision) else "alert",
                outcome=risk.outcome if isinstance(risk, LoanDecision) else msgspec.UNSET,
                customer=("new" if risk.is_new else "known") if isinstance(risk, LoanDecision) else msgspec.UNSET,
                reason=msgspec.UNSET if isinstance(risk, LoanDecision) else risk.reason,
                tier=risk.tier,
                amount=format_value(risk.amount_e4 * _ONE_E4),
                currency=risk.currency,
                decided_at=rfc3339(risk.decided_at_ms),
                backfill=backfill,
                monitored_until=None if until_ms is None else rfc3339(until_ms),
                conditions=[_condition(check) for check in risk.checks],
                cause=self._envelope.cause(risk.cause),
                policy=self._envelope.policy_name,
                positions=self._envelope.positions(next_offsets),
            )
        )

    def headers(self, risk: RiskMessage) -> Headers:
        """Gives the CloudEvents 1.0 headers of a decision or an alert."""
        kind = DECISION_TYPE if isinstance(risk, LoanDecision) else ALERT_TYPE
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
