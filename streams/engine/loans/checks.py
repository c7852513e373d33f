"""The checks of loans: an application against each rule, met or not, and a watched loan against the assets then."""

from collections.abc import Iterator
from fractions import Fraction

from streams.engine.case import Case
from streams.engine.measures.closing_totals import closing_e16, first_balance_day, newest_e16
from streams.engine.outcomes import LoanCheck
from streams.policy.loans import LoanRules, ShareLimit
from streams.values.events import Loan
from streams.values.money import ONE_E16, ONE_SHARE
from streams.values.standings import STANDING_UNLESS_KNOWN


def checks_of(case: Case, loan: Loan, rules: LoanRules, assets_e16: int) -> Iterator[LoanCheck]:
    """Holds an application against every rule that applies (docs/policies.md#loans-enhanced-or-referred).

    assets_e16: the customer's newest total. A tier without a limit has no large loans.
    """
    state, policy = case.state, case.policy
    amount_e16 = loan.amount_e4 * policy.to_value.get(loan.currency, 0)
    limit_e16 = rules.large_loan_e16.get(state.tier or "")
    if limit_e16 is not None:
        large = amount_e16 >= limit_e16
        yield LoanCheck(
            measure="amount", figure=amount_e16, at_least=limit_e16, tier=state.tier, outcome="enhanced", met=large
        )
        if rules.times_assets_e16 is not None:
            most_e16 = Fraction(max(assets_e16, 0) * rules.times_assets_e16, ONE_E16)
            yield LoanCheck(
                measure="amount",
                figure=amount_e16,
                at_least=limit_e16,
                more_than=most_e16,
                outcome=rules.against_assets,
                met=large and amount_e16 > most_e16,
            )
    standing = state.standing or STANDING_UNLESS_KNOWN
    for worse, outcome in rules.standing.items():
        yield LoanCheck(measure="standing", word=standing, equals=worse, outcome=outcome, met=standing == worse)
    if rules.fresh is not None:
        yield _share_check("fresh_assets", _came_in_e16(case, assets_e16, rules.fresh), assets_e16, rules.fresh)
    if rules.volatile is not None:
        lowest, highest = _extremes_e16(case, assets_e16, rules.volatile)
        yield _share_check("volatile_assets", highest - lowest, highest, rules.volatile)


def _share_check(measure: str, part_e16: int, whole_e16: int, limit: ShareLimit) -> LoanCheck:
    """Holds a part, as a share of the whole, against the limit. If the whole is 0 or less, the share counts as 0."""
    share = Fraction(part_e16 * ONE_E16, whole_e16) if whole_e16 > 0 else 0
    most_e16 = limit.more_than_e4 * (ONE_E16 // ONE_SHARE)
    return LoanCheck(measure=measure, figure=share, more_than=most_e16, outcome=limit.outcome, met=share > most_e16)


def _came_in_e16(case: Case, assets_e16: int, limit: ShareLimit) -> int:
    """Gives the newest total less the closing total of `limit.days` days ago, at least 0."""
    day = case.policy.calendar.day_of(case.now_ms) - limit.days
    return max(assets_e16 - closing_e16(case.state, "assets", day, case.policy), 0)


def _extremes_e16(case: Case, assets_e16: int, limit: ShareLimit) -> tuple[int, int]:
    """Gives the lowest and the highest total of the last days: closing totals, and for today the newest total.

    Days before the first balance are left out.
    """
    state, today = case.state, case.policy.calendar.day_of(case.now_ms)
    begins = first_balance_day(state)
    first = max(today - limit.days + 1, today if begins is None else begins)
    totals = [closing_e16(state, "assets", day, case.policy) for day in range(first, today)]
    totals.append(assets_e16)
    return min(totals), max(totals)


def fallen_checks(case: Case, then_e16: int, shares_e4: list[int], rules: LoanRules) -> Iterator[LoanCheck]:
    """Gives a check for each share of the assets at the decision that the assets have fallen to for the first time.

    then_e16: the assets at the decision. shares_e4: those that had an alert; the new ones are added in place.
    """
    if then_e16 <= 0:
        return
    now_e16 = newest_e16(case.state, "assets", case.policy)
    for share_e4 in rules.alert_shares_e4:
        if share_e4 not in shares_e4 and now_e16 * ONE_SHARE <= then_e16 * share_e4:
            shares_e4.append(share_e4)
            most = Fraction(then_e16 * share_e4, ONE_SHARE)
            yield LoanCheck(measure="assets", figure=now_e16, at_most=most, met=True)
