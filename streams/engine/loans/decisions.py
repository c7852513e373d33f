"""What an event means for loans, once the tier is decided: a decision on an application, or alerts of watched loans."""

from collections.abc import Iterator

from streams.engine.case import Case
from streams.engine.codec import decode_loans, encode_loans
from streams.engine.loans.checks import checks_of, fallen_checks
from streams.engine.measures.accounts import rates_of
from streams.engine.measures.closing_totals import newest_e16
from streams.engine.outcomes import LoanAlert, LoanCheck, LoanDecision, RiskMessage
from streams.engine.remember import is_decided, remember_loan
from streams.engine.sections import note, special_of
from streams.engine.state import CustomerState, WatchedLoan
from streams.policy.loans import STRICTNESS, LoanOutcome, LoanRules
from streams.values.events import Balance, Cause, Credit, Event, Loan
from streams.values.standings import STANDING_UNLESS_KNOWN, is_worse


def risks_of(case: Case, event: Event, cause: Cause, rules: LoanRules) -> list[RiskMessage]:
    """Decides an application, or gives the alerts that a balance or a standing causes; notes them in the state."""
    match event:
        case Loan():
            decision = _decide(case, event, cause, rules)
            return [] if decision is None else [decision]
        case Balance() | Credit() if special_of(case.state).loans:
            return list(_watch(case, event, cause, rules))
        case _:
            return []


def _decide(case: Case, loan: Loan, cause: Cause, rules: LoanRules) -> LoanDecision | None:
    """Decides an application; None where this loan was decided before."""
    state, policy = case.state, case.policy
    if is_decided(state, loan.loan_id):
        return None
    remember_loan(state, loan.loan_id)
    assets_e16 = newest_e16(state, "assets", policy)
    checks = tuple(checks_of(case, loan, rules, assets_e16))
    met: list[LoanOutcome] = [check.outcome for check in checks if check.met and check.outcome is not None]
    outcome: LoanOutcome = max(["standard", *met], key=STRICTNESS.__getitem__)
    until_ms = None
    if outcome != "standard" and rules.monitor_days:
        until_ms = policy.calendar.days_later_ms(case.now_ms, rules.monitor_days)
        standing = state.standing or STANDING_UNLESS_KNOWN
        watched = WatchedLoan(until_ms, loan.amount_e4, loan.currency, str(assets_e16), standing, applied_ms=loan.at_ms)
        note(state, loans=encode_loans({**_watched(state), loan.loan_id: watched}))
    return LoanDecision(
        customer_id=case.customer_id,
        loan_id=loan.loan_id,
        outcome=outcome,
        tier=state.tier or policy.tiers[0].id,
        amount_e4=loan.amount_e4,
        currency=loan.currency,
        is_new=case.tier_before is None,
        decided_at_ms=case.now_ms,
        monitored_until_ms=until_ms,
        checks=checks,
        cause=cause,
        rates=rates_of(state, policy, loan.currency),
    )


def _watch(case: Case, event: Balance | Credit, cause: Cause, rules: LoanRules) -> Iterator[LoanAlert]:
    """Gives the alerts that a balance or a standing causes, and drops the loans that are no longer watched."""
    state = case.state
    loans = {loan_id: loan for loan_id, loan in _watched(state).items() if loan.until_ms > case.now_ms}
    for loan_id, loan in loans.items():
        if isinstance(event, Balance):
            checks = fallen_checks(case, int(loan.assets_e16), loan.shares_e4, rules)
        else:
            checks = _worse_checks(case, loan)
        for check in checks:
            loan.alerts += 1
            yield LoanAlert(
                customer_id=case.customer_id,
                loan_id=loan_id,
                number=loan.alerts,
                reason="assets_fell" if isinstance(event, Balance) else "standing_worse",
                tier=state.tier or case.policy.tiers[0].id,
                amount_e4=loan.amount_e4,
                currency=loan.currency,
                decided_at_ms=case.now_ms,
                monitored_until_ms=loan.until_ms,
                checks=(check,),
                cause=cause,
                rates=rates_of(state, case.policy),
            )
    note(state, loans=encode_loans(loans) if loans else b"")


def _watched(state: CustomerState) -> dict[str, WatchedLoan]:
    packed = special_of(state).loans
    return decode_loans(packed) if packed else {}


def _worse_checks(case: Case, loan: WatchedLoan) -> Iterator[LoanCheck]:
    """Gives a check if the standing is worse than any since the decision, and notes this standing as the worst."""
    standing = case.state.standing or STANDING_UNLESS_KNOWN
    if is_worse(standing, loan.worst):
        yield LoanCheck(measure="standing", word=standing, equals=standing, met=True)
        loan.worst = standing
