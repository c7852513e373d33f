"""How a tier is held: up when it is earned, down when nothing puts the fall off any more.

at once        below -> fall
after days     below ... N days in a row ... -> fall, and not before the protection of the last upgrade ends
after months   a rating below, N of them in a row -> fall
term           |--- sure for N months ---|-- grace --> fall; a rating that meets the floor renews the term
last two       a rating below, and the next one, too -> fall to the higher of the two
"""

from typing import NamedTuple

from streams.engine.policy import Policy
from streams.engine.state import CustomerState, Tenure


class Moment(NamedTuple):
    """What is decided at an instant: whether customers can rise, whether falls are rated, or the last rating anew."""

    now_ms: int
    rises: bool
    falls: bool
    corrects: bool = False


class Settled(NamedTuple):
    """The tier to serve, by rank, and whether it is a fall that had been put off."""

    rank: int
    was_put_off: bool = False


def settle(state: CustomerState, earned: int, policy: Policy, moment: Moment) -> Settled:
    """The tier to serve by the rules, pins aside, to a customer who is served one; moves the tenure on, in place."""
    held = policy.rank[state.tier or policy.tiers[0].id]
    cap = policy.caps.get(state.standing or "good")
    if cap is not None and held > cap:
        reset(state.tenure)
        return Settled(cap)
    if policy.next_month and not _takes_effect(state.tenure, policy, moment):
        return Settled(held)
    if earned >= held:
        return _stay_or_rise(state.tenure, held, earned, policy, moment)
    return _fall(state.tenure, held, earned, policy, moment)


def reset(tenure: Tenure) -> None:
    """Forgets how long the tier was held or missed: a pin stands above it, or the standing caps it.

    The protection of the last upgrade is not forgotten: it holds for whatever is served at the pin's end.
    """
    tenure.below_since_ms = tenure.term_ends_ms = tenure.effective_ms = None
    tenure.ratings_below = tenure.ratings_below_before = 0


def falls_due_ms(tenure: Tenure, policy: Policy) -> int | None:
    """When a customer who stays below will fall by time alone, between ratings."""
    if tenure.below_since_ms is None:
        return None
    grace_ends_ms = policy.calendar.days_later_ms(tenure.below_since_ms, policy.falling.after_days)
    return max(grace_ends_ms, tenure.protected_until_ms or grace_ends_ms)


def _takes_effect(tenure: Tenure, policy: Policy, moment: Moment) -> bool:
    """Where tiers change with the month: whether this is its beginning; else notes when the next one begins."""
    if policy.calendar.month_begins_ms(moment.now_ms) == moment.now_ms:
        tenure.effective_ms = None
        return True
    tenure.effective_ms = policy.calendar.next_month_begins_ms(moment.now_ms)
    return False


def _stay_or_rise(tenure: Tenure, held: int, earned: int, policy: Policy, moment: Moment) -> Settled:
    falling, calendar = policy.falling, policy.calendar
    tenure.below_since_ms = None
    if moment.falls:
        tenure.ratings_below_before, tenure.ratings_below = tenure.ratings_below, 0
    if earned > held:
        if falling.protection_days:
            tenure.protected_until_ms = calendar.days_later_ms(moment.now_ms, falling.protection_days)
        _begin_term(tenure, moment.now_ms, policy)
    elif moment.falls and tenure.term_ends_ms is not None and moment.now_ms >= tenure.term_ends_ms:
        _begin_term(tenure, moment.now_ms, policy)
    return Settled(earned)


def _fall(tenure: Tenure, held: int, earned: int, policy: Policy, moment: Moment) -> Settled:
    falling = policy.falling
    was_below = tenure.below_since_ms is not None or tenure.ratings_below > 0
    if not _is_ripe(tenure, policy, moment):
        return Settled(held)
    to = earned
    if falling.to == "higher_of_last_two":
        to = max(earned, min(held, policy.rank.get(tenure.former or "", 0)))
    elif falling.to == "one_step":
        to = held - 1
    if to < held:
        tenure.below_since_ms = moment.now_ms if to > earned and falling.after_days else None
        tenure.ratings_below_before, tenure.ratings_below = tenure.ratings_below, 0
        _begin_term(tenure, moment.now_ms, policy)
    return Settled(to, was_below)


def _is_ripe(tenure: Tenure, policy: Policy, moment: Moment) -> bool:
    """Whether a customer below the held tier's floor falls now; counts and begins what it takes."""
    falling, now_ms = policy.falling, moment.now_ms
    if moment.falls:
        before = tenure.ratings_below_before if moment.corrects else tenure.ratings_below
        tenure.ratings_below_before, tenure.ratings_below = before, before + 1
    if falling.after_months:
        ripe = moment.falls and tenure.ratings_below >= falling.after_months
    elif falling.term_months:
        ends_ms = tenure.term_ends_ms
        grace_ms = None if ends_ms is None else policy.calendar.months_later_ms(ends_ms, falling.grace_months)
        ripe = moment.falls and (grace_ms is None or now_ms >= grace_ms)
    elif falling.after_days:
        if tenure.below_since_ms is None:
            tenure.below_since_ms = now_ms
        ripe = now_ms >= policy.calendar.days_later_ms(tenure.below_since_ms, falling.after_days)
    else:
        ripe = True
        if tenure.protected_until_ms is not None and now_ms < tenure.protected_until_ms and moment.falls:
            tenure.below_since_ms = tenure.below_since_ms or now_ms
    return ripe and (tenure.protected_until_ms is None or now_ms >= tenure.protected_until_ms)


def _begin_term(tenure: Tenure, now_ms: int, policy: Policy) -> None:
    if policy.falling.term_months:
        tenure.term_ends_ms = policy.calendar.months_later_ms(now_ms, policy.falling.term_months)
