"""How a tier is held: up when it is earned, down when nothing puts the fall off any more.

at once        below -> fall
after days     below ... N days in a row ... -> fall, and not before the protection of the last upgrade ends
after months   a rating below, N of them in a row -> fall
term           |--- sure for N months ---|-- grace --> fall; a rating that meets the floor renews the term
last two       a rating below, and the next one, too -> fall to the higher of the two
"""

import msgspec

from streams.engine.conditions import entered_rank, kept_rank
from streams.engine.measures import measure
from streams.engine.policy import Policy
from streams.engine.state import CustomerState, Tenure


class Moment(msgspec.Struct, frozen=True, gc=False):
    """What is decided at an instant: whether customers can rise, whether falls are rated, or the last rating anew.

    The last rating is made anew for a correction, or under another policy, which did not make it.
    """

    now_ms: int
    rises: bool
    falls: bool
    corrects: bool = False
    another_policy: bool = False


class Settled(msgspec.Struct, frozen=True, gc=False):
    """The tier to serve, by rank, and whether it is a fall that had been put off."""

    rank: int
    was_put_off: bool = False


def settle(state: CustomerState, earned: int, policy: Policy, moment: Moment) -> Settled:
    """The tier to serve by the rules, pins aside, to a customer who is served one; moves the tenure on, in place."""
    held, tenure = policy.rank[state.tier or policy.tiers[0].id], state.tenure
    _rate_anew(tenure, moment)
    cap = policy.caps.get(state.standing or "good")
    if cap is not None and held > cap:
        reset(tenure)
        begin(tenure, policy, moment)
        held = cap
    elif policy.next_month and not _takes_effect(tenure, policy, moment):
        return Settled(held)
    if earned >= held:
        return _stay_or_rise(tenure, held, earned, policy, moment)
    return _fall(state, held, earned, policy, moment)


def reset(tenure: Tenure) -> None:
    """Forgets how long the tier's floor was missed: a pin stands above it, or the standing caps it.

    The protection of the last upgrade is not forgotten: it holds for whatever is served at the pin's end.
    """
    tenure.below_since_ms = tenure.effective_ms = None
    tenure.ratings_below = 0


def begin(tenure: Tenure, policy: Policy, moment: Moment) -> None:
    """The served tier begins, and with it its term. One that corrects a rating counts as if that had given it."""
    corrected_ms = tenure.rated_ms if moment.corrects else None
    tenure.since_ms = moment.now_ms if corrected_ms is None else corrected_ms
    _begin_term(tenure, moment.now_ms, policy)


def stand_above(tenure: Tenure, *, is_other: bool) -> None:
    """A pin is served. Only one of another tier ends the term of what was served."""
    reset(tenure)
    if is_other:
        tenure.since_ms = tenure.term_ends_ms = tenure.term_before_ms = None


def end_pin(tenure: Tenure, policy: Policy, moment: Moment, *, is_other: bool) -> None:
    """A pin has ended: the earned tier is served, and begins, unless it was served all along and its term runs."""
    reset(tenure)
    if is_other or tenure.since_ms is None or (tenure.term_ends_ms or moment.now_ms) <= moment.now_ms:
        begin(tenure, policy, moment)


def falls_due_ms(tenure: Tenure, policy: Policy) -> list[int | None]:
    """When a customer who stays below may fall by time alone, between ratings."""
    if policy.falling.term_months:
        return [tenure.term_ends_ms, _grace_ends_ms(tenure, policy)]
    if tenure.below_since_ms is None:
        return []
    ends_ms = _row_ends_ms(tenure.below_since_ms, policy)
    return [max(ends_ms, tenure.protected_until_ms or ends_ms)]


def counts_ratings(policy: Policy) -> bool:
    """Whether months below are counted by their ratings; otherwise they are a span of time."""
    return policy.falling.after_months > 0 and policy.falls.when in {"month_end", "dates"}


def ratings_looked_at(policy: Policy) -> int:
    """How many of the last ratings a decision goes by, and so a correction has to rate anew."""
    if counts_ratings(policy):
        return policy.falling.after_months
    return 2 if policy.falling.to == "higher_of_last_two" else 1


def _rate_anew(tenure: Tenure, moment: Moment) -> None:
    """Before a rating: keeps what its correction will need; before a correction: takes back what the rating did."""
    held_over = tenure.since_ms is None or tenure.rated_ms is None or tenure.since_ms < tenure.rated_ms
    if moment.corrects and held_over and tenure.term_before_ms is not None:
        tenure.term_ends_ms = tenure.term_before_ms
    elif moment.falls and moment.now_ms == tenure.rated_ms:
        tenure.term_before_ms = tenure.term_ends_ms


def _takes_effect(tenure: Tenure, policy: Policy, moment: Moment) -> bool:
    """Where tiers change with the month: whether the one in which this takes effect has begun; else notes when it does.

    A corrected rating takes effect when it would have if it had been right.
    """
    calendar, rated_ms = policy.calendar, moment.now_ms
    if moment.corrects and not moment.another_policy and tenure.rated_ms is not None:
        rated_ms = tenure.rated_ms
    at_beginning = calendar.month_begins_ms(rated_ms) == rated_ms
    begins_ms = rated_ms if at_beginning else calendar.next_month_begins_ms(rated_ms)
    tenure.effective_ms = None if begins_ms <= moment.now_ms else begins_ms
    return tenure.effective_ms is None


def _stay_or_rise(tenure: Tenure, held: int, earned: int, policy: Policy, moment: Moment) -> Settled:
    falling, calendar = policy.falling, policy.calendar
    tenure.below_since_ms = None
    if moment.falls:
        tenure.ratings_below = 0
    if earned > held:
        if falling.protection_days:
            tenure.protected_until_ms = calendar.days_later_ms(moment.now_ms, falling.protection_days)
        begin(tenure, policy, moment)
    elif moment.falls and tenure.term_ends_ms is not None:
        rated_ms = tenure.rated_ms if moment.corrects and tenure.rated_ms is not None else moment.now_ms
        if rated_ms >= tenure.term_ends_ms:
            _begin_term(tenure, rated_ms, policy)
    return Settled(earned)


def _fall(state: CustomerState, held: int, earned: int, policy: Policy, moment: Moment) -> Settled:
    falling, tenure = policy.falling, state.tenure
    was_below = tenure.below_since_ms is not None or tenure.ratings_below > 0 or falling.to == "higher_of_last_two"
    if not _is_ripe(state, held, policy, moment):
        return Settled(held)
    to = earned
    if falling.to == "higher_of_last_two":
        to = max(earned, min(held, policy.rank.get(tenure.former or "", 0)))
    elif falling.to == "one_step":
        to = held - 1
    if to < held:
        tenure.below_since_ms = moment.now_ms if to > earned and _is_span(policy) else None
        tenure.ratings_below = 0
        begin(tenure, policy, moment)
    return Settled(to, was_below)


def _is_ripe(state: CustomerState, held: int, policy: Policy, moment: Moment) -> bool:
    """Whether a customer below the held tier's floor falls now; counts and begins what it takes."""
    falling, tenure, now_ms = policy.falling, state.tenure, moment.now_ms
    if moment.falls:
        tenure.ratings_below = _ratings_below(state, held, policy) if moment.corrects else tenure.ratings_below + 1
    protected = tenure.protected_until_ms is not None and now_ms < tenure.protected_until_ms
    if counts_ratings(policy):
        ripe = moment.falls and tenure.ratings_below >= falling.after_months
    elif falling.term_months:
        grace_ms = _grace_ends_ms(tenure, policy)
        ripe = moment.falls if grace_ms is None else now_ms >= grace_ms
    else:
        if tenure.below_since_ms is None and (_is_span(policy) or protected):
            tenure.below_since_ms = now_ms
        ripe = tenure.below_since_ms is None or now_ms >= _row_ends_ms(tenure.below_since_ms, policy)
    return ripe and not protected


def _ratings_below(state: CustomerState, held: int, policy: Policy) -> int:
    """In a correction: how many of the last ratings in a row, since the tier began, were below its floor."""
    tenure, rated_ms, count = state.tenure, state.tenure.rated_ms, 0
    while rated_ms is not None and count < ratings_looked_at(policy):
        if tenure.since_ms is not None and rated_ms < tenure.since_ms:
            break
        figures = measure(state, policy, policy.calendar.day_of(rated_ms) - 1, is_over=True)
        if kept_rank(held, entered_rank(figures, policy), figures, policy) >= held:
            break
        count += 1
        rated_ms = policy.falls.last_ms(rated_ms - 1, policy.calendar)
    return count


def _is_span(policy: Policy) -> bool:
    return policy.falling.after_days > 0 or (policy.falling.after_months > 0 and not counts_ratings(policy))


def _row_ends_ms(since_ms: int, policy: Policy) -> int:
    """When days, or months, in a row below are over that began then."""
    if policy.falling.after_months:
        return policy.calendar.months_later_ms(since_ms, policy.falling.after_months)
    return policy.calendar.days_later_ms(since_ms, policy.falling.after_days)


def _grace_ends_ms(tenure: Tenure, policy: Policy) -> int | None:
    if tenure.term_ends_ms is None:
        return None
    return policy.calendar.months_later_ms(tenure.term_ends_ms, policy.falling.grace_months)


def _begin_term(tenure: Tenure, now_ms: int, policy: Policy) -> None:
    if policy.falling.term_months:
        tenure.term_ends_ms = policy.calendar.months_later_ms(now_ms, policy.falling.term_months)
