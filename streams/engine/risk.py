"""Risk control: every loan application is decided on the customer's state at that moment, and watched if it was large.

All of it looks at plain assets: the newest total, before any adjustment by credit standing. An outcome is the strictest
of those whose rule is met: standard < enhanced < refer.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, get_args

import msgspec

from streams.engine.closings import closing_e16, newest_e16
from streams.engine.events import Balance, Cause, Credit, Event, Loan, Standing
from streams.engine.money import ONE_SHARE, VALUE_DECIMALS, Figure
from streams.engine.policy import Policy
from streams.engine.remember import is_decided, remember_loan
from streams.engine.risk_rules import Stricter
from streams.engine.state import CustomerState, WatchedLoan

Outcome = Literal["standard", "enhanced", "refer"]
AlertReason = Literal["assets_fell", "standing_worse"]

_STRICTNESS: dict[Outcome, int] = {outcome: number for number, outcome in enumerate(get_args(Outcome))}
_STANDINGS: tuple[Standing, ...] = get_args(Standing)  # from the best to the worst
_ONE_E16 = 10**VALUE_DECIMALS


class ShareLimit(msgspec.Struct, frozen=True):
    """More than a share, over the last days."""

    days: int
    more_than_e4: int
    outcome: Stricter


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """The risk rules of a policy, compiled. large_loan_e16: by tier."""

    large_loan_e16: dict[str, int]
    standing: dict[Standing, Stricter]
    times_assets_e16: int | None
    against_assets: Stricter
    fresh: ShareLimit | None
    volatile: ShareLimit | None
    monitor_days: int
    alert_shares_e4: tuple[int, ...]


class RiskLook(msgspec.Struct, frozen=True, gc=False, kw_only=True):
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
    outcome: Outcome
    tier: str
    amount_e4: int
    currency: str
    is_new: bool
    decided_at_ms: int
    monitored_until_ms: int | None
    looks: tuple[RiskLook, ...]
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
    looks: tuple[RiskLook, ...]
    cause: Cause


RiskMessage = LoanDecision | LoanAlert


def look_at_risk(  # noqa: PLR0913, PLR0917 - an event and what it finds
    state: CustomerState, event: Event, cause: Cause, policy: Policy, risk: Risk, now_ms: int, *, is_new: bool
) -> list[RiskMessage]:
    """What an event says of loans, once the tier is decided: a decision, or alerts; notes them in the state."""
    match event:
        case Loan():
            decision = _decide_loan(state, event, cause, policy, risk, now_ms, is_new=is_new)
            return [] if decision is None else [decision]
        case Balance() | Credit() if state.loans:
            return list(_watch(state, event, cause, policy, risk, now_ms))
        case _:
            return []


def _decide_loan(  # noqa: PLR0913, PLR0917 - as above
    state: CustomerState, event: Loan, cause: Cause, policy: Policy, risk: Risk, now_ms: int, *, is_new: bool
) -> LoanDecision | None:
    if is_decided(state, event.loan_id):
        return None
    remember_loan(state, event.loan_id)
    assets_e16 = newest_e16(state, "assets", policy)
    looks = tuple(_looks(state, event, assets_e16, policy, risk, now_ms))
    met: list[Outcome] = [look.outcome for look in looks if look.met and look.outcome is not None]
    outcome: Outcome = max(["standard", *met], key=_STRICTNESS.__getitem__)
    until_ms = None
    if outcome != "standard" and risk.monitor_days:
        until_ms = policy.calendar.days_later_ms(now_ms, risk.monitor_days)
        state.loans[event.loan_id] = WatchedLoan(
            until_ms, event.amount_e4, event.currency, str(assets_e16), state.standing or "good"
        )
    return LoanDecision(
        customer_id=event.customer_id,
        loan_id=event.loan_id,
        outcome=outcome,
        tier=state.tier or policy.tiers[0].id,
        amount_e4=event.amount_e4,
        currency=event.currency,
        is_new=is_new,
        decided_at_ms=now_ms,
        monitored_until_ms=until_ms,
        looks=looks,
        cause=cause,
    )


def _looks(  # noqa: PLR0913, PLR0917 - as above
    state: CustomerState, event: Loan, assets_e16: int, policy: Policy, risk: Risk, now_ms: int
) -> Iterator[RiskLook]:
    amount_e16 = event.amount_e4 * policy.to_value.get(event.currency, 0)
    limit_e16 = risk.large_loan_e16.get(state.tier or "")
    if limit_e16 is not None:
        large = amount_e16 >= limit_e16
        yield RiskLook(
            measure="amount", figure=amount_e16, at_least=limit_e16, tier=state.tier, outcome="enhanced", met=large
        )
        if risk.times_assets_e16 is not None:
            most_e16 = Fraction(max(assets_e16, 0) * risk.times_assets_e16, _ONE_E16)
            yield RiskLook(
                measure="amount",
                figure=amount_e16,
                at_least=limit_e16,
                more_than=most_e16,
                outcome=risk.against_assets,
                met=large and amount_e16 > most_e16,
            )
    standing = state.standing or "good"
    for worse, outcome in risk.standing.items():
        yield RiskLook(measure="standing", word=standing, equals=worse, outcome=outcome, met=standing == worse)
    if risk.fresh is not None:
        came_in_e16 = _came_in_e16(state, assets_e16, policy, risk.fresh, now_ms)
        yield _share_look("fresh_assets", came_in_e16, assets_e16, risk.fresh)
    if risk.volatile is not None:
        lowest, highest = _extremes_e16(state, policy, risk.volatile, now_ms)
        yield _share_look("volatile_assets", highest - lowest, highest, risk.volatile)


def _share_look(measure: str, part_e16: int, whole_e16: int, limit: ShareLimit) -> RiskLook:
    """A part against a share of the whole; of nothing, no share is too large."""
    share = Fraction(part_e16 * _ONE_E16, whole_e16) if whole_e16 > 0 else 0
    most_e16 = limit.more_than_e4 * (_ONE_E16 // ONE_SHARE)
    return RiskLook(measure=measure, figure=share, more_than=most_e16, outcome=limit.outcome, met=share > most_e16)


def _came_in_e16(state: CustomerState, assets_e16: int, policy: Policy, limit: ShareLimit, now_ms: int) -> int:
    """The newest total less the closing total so many days ago, not below 0."""
    day = policy.calendar.day_of(now_ms) - limit.days
    return max(assets_e16 - closing_e16(state, "assets", day, policy), 0)


def _extremes_e16(state: CustomerState, policy: Policy, limit: ShareLimit, now_ms: int) -> tuple[int, int]:
    """The lowest and the highest of the last days' totals, today's newest among them; not before the first balance."""
    today = policy.calendar.day_of(now_ms)
    first = max(today - limit.days + 1, today if state.first_day is None else state.first_day)
    totals = [closing_e16(state, "assets", day, policy) for day in range(first, today)]
    totals.append(newest_e16(state, "assets", policy))
    return min(totals), max(totals)


def _watch(  # noqa: PLR0913, PLR0917 - as above
    state: CustomerState, event: Balance | Credit, cause: Cause, policy: Policy, risk: Risk, now_ms: int
) -> Iterator[LoanAlert]:
    """The alerts that a balance or a standing gives; loans that are watched no longer are let go."""
    state.loans = {loan_id: loan for loan_id, loan in state.loans.items() if loan.until_ms > now_ms}
    for loan_id, loan in state.loans.items():
        looks = _fallen(state, loan, policy, risk) if isinstance(event, Balance) else _worse(state, loan)
        for look in looks:
            loan.alerts += 1
            yield LoanAlert(
                customer_id=event.customer_id,
                loan_id=loan_id,
                number=loan.alerts,
                reason="assets_fell" if isinstance(event, Balance) else "standing_worse",
                tier=state.tier or policy.tiers[0].id,
                amount_e4=loan.amount_e4,
                currency=loan.currency,
                decided_at_ms=now_ms,
                monitored_until_ms=loan.until_ms,
                looks=(look,),
                cause=cause,
            )


def _fallen(state: CustomerState, loan: WatchedLoan, policy: Policy, risk: Risk) -> Iterator[RiskLook]:
    """Each share of the assets at the decision that the assets have come down to for the first time."""
    then_e16 = int(loan.assets_e16)
    if then_e16 <= 0:
        return
    now_e16 = newest_e16(state, "assets", policy)
    for share_e4 in risk.alert_shares_e4:
        if share_e4 not in loan.shares_e4 and now_e16 * ONE_SHARE <= then_e16 * share_e4:
            loan.shares_e4.append(share_e4)
            most = Fraction(then_e16 * share_e4, ONE_SHARE)
            yield RiskLook(measure="assets", figure=now_e16, at_most=most, met=True)


def _worse(state: CustomerState, loan: WatchedLoan) -> Iterator[RiskLook]:
    """A standing worse than any since the decision."""
    standing = state.standing or "good"
    if _STANDINGS.index(standing) > _STANDINGS.index(loan.worst):
        yield RiskLook(measure="standing", word=standing, equals=standing, met=True)
        loan.worst = standing
