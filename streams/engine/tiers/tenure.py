"""How a tier is held: a customer rises when a higher tier is earned, and falls when no rule puts the fall off any more.

at once        below -> fall
after days     below ... N days in a row ... -> fall, and not before the protection of the last upgrade ends
after months   a rating below, N of them in a row -> fall
term           |--- sure for N months ---|-- grace --> fall; a rating that meets the floor renews the term
last two       a rating below, and the next one, too -> fall to the higher of the two
"""

from streams.engine.case import Case
from streams.engine.measures.figures import measure
from streams.engine.ratings import last_rating_ms
from streams.engine.sections import tenure_of
from streams.engine.state import Tenure
from streams.engine.tiers.caps import cap_of, capped
from streams.engine.tiers.conditions import entered_rank, kept_rank
from streams.policy.day_rates import on_day
from streams.policy.policy import Policy


def settle(case: Case, earned: int) -> tuple[int, bool]:
    """Gives the rank of the tier to serve, and whether this is a fall that had been put off. Pins are not looked at.

    For a customer who has a tier already. Moves the state's tenure on, in place. earned: the rank that is earned.
    """
    state, policy, tenure = case.state, case.policy, tenure_of(case.state)
    held = policy.rank[state.tier or policy.tiers[0].id]
    _rate_anew(case)
    cap = cap_of(case)
    if cap is not None and held > cap:
        reset(tenure)
        begin(case)
        held = cap
    elif policy.next_month and not _takes_effect(case):
        return held, False
    reached = max(earned, _earned_before(case))
    if reached > held or earned == held:
        _stay_or_rise(case, held, reached)
        return reached, False
    return _fall(case, held, earned)


def reset(tenure: Tenure) -> None:
    """Forgets how long the tier's floor has been missed. Called when a pin takes effect, or the standing caps the tier.

    The protection of the last upgrade is not forgotten: it holds for whatever is served at the pin's end.
    """
    tenure.below_since_ms = tenure.effective_ms = None
    tenure.ratings_below = 0


def begin(case: Case) -> None:
    """Begins the served tier and its term. A tier that corrects a rating begins at that rating."""
    tenure = tenure_of(case.state)
    corrected_ms = tenure.rated_ms if case.corrects else None
    tenure.since_ms = case.now_ms if corrected_ms is None else corrected_ms
    _begin_term(tenure, case.now_ms, case.policy)


def stand_above(tenure: Tenure, *, is_other: bool) -> None:
    """Notes that a pin is served. Only a pin of another tier ends the term of the tier served before."""
    reset(tenure)
    if is_other:
        tenure.since_ms = tenure.term_ends_ms = tenure.term_before_ms = None


def end_pin(case: Case, *, is_other: bool) -> None:
    """Notes that the earned tier is served again. It begins anew, unless it was served all along and its term runs."""
    tenure, now_ms = tenure_of(case.state), case.now_ms
    reset(tenure)
    if is_other or tenure.since_ms is None or (tenure.term_ends_ms or now_ms) <= now_ms:
        begin(case)


def falls_due_ms(tenure: Tenure, policy: Policy) -> list[int | None]:
    """Gives the instants at which a customer who stays below may fall by time alone, between ratings."""
    if policy.falling.term_months:
        return [tenure.term_ends_ms, _grace_ends_ms(tenure, policy)]
    if tenure.below_since_ms is None:
        return []
    ends_ms = _row_ends_ms(tenure.below_since_ms, policy)
    return [max(ends_ms, tenure.protected_until_ms or ends_ms)]


def _rate_anew(case: Case) -> None:
    """Notes at a rating when the term ended before it; restores that end when the rating is corrected."""
    tenure = tenure_of(case.state)
    held_over = tenure.since_ms is None or tenure.rated_ms is None or tenure.since_ms < tenure.rated_ms
    if case.corrects and held_over and tenure.term_before_ms is not None:
        tenure.term_ends_ms = tenure.term_before_ms
    elif case.falls and case.now_ms == tenure.rated_ms:
        tenure.term_before_ms = tenure.term_ends_ms


def _takes_effect(case: Case) -> bool:
    """Says whether a decision takes effect now, where tiers change with the month; if not, notes when it will.

    A corrected rating takes effect when it would have if it had been right.
    """
    tenure, calendar, rated_ms = tenure_of(case.state), case.policy.calendar, case.now_ms
    if case.corrects and case.reason != "policy_changed" and tenure.rated_ms is not None:
        rated_ms = tenure.rated_ms
    at_beginning = calendar.month_begins_ms(rated_ms) == rated_ms
    begins_ms = rated_ms if at_beginning else calendar.next_month_begins_ms(rated_ms)
    tenure.effective_ms = None if begins_ms <= case.now_ms else begins_ms
    return tenure.effective_ms is None


def _stay_or_rise(case: Case, held: int, earned: int) -> None:
    tenure, falling, calendar = tenure_of(case.state), case.policy.falling, case.policy.calendar
    tenure.below_since_ms = None
    if case.falls:
        tenure.ratings_below = 0
    if earned > held:
        if falling.protection_days:
            tenure.protected_until_ms = calendar.days_later_ms(case.now_ms, falling.protection_days)
        begin(case)
    elif case.falls and tenure.term_ends_ms is not None:
        rated_ms = tenure.rated_ms if case.corrects and tenure.rated_ms is not None else case.now_ms
        if rated_ms >= tenure.term_ends_ms:
            _begin_term(tenure, rated_ms, case.policy)


def _earned_before(case: Case) -> int:
    """Gives the rank that a correction finds earned at the rating before the last, where it counts for this one, too.

    The tier served then was not that one, so that none is kept of it.
    """
    policy, state = case.policy, case.state
    if policy.falling.to != "higher_of_last_two" or not case.corrects or case.reason == "policy_changed":
        return 0
    return capped(case, policy.rank.get(tenure_of(state).former or "", 0))


def _fall(case: Case, held: int, earned: int) -> tuple[int, bool]:
    policy, tenure = case.policy, tenure_of(case.state)
    falling = policy.falling
    was_below = tenure.below_since_ms is not None or tenure.ratings_below > 0 or falling.to == "higher_of_last_two"
    if not _is_ripe(case, held):
        return held, False
    to = earned
    if falling.to == "higher_of_last_two":
        to = max(earned, min(held, policy.rank.get(tenure.former or "", 0)))
    elif falling.to == "one_step":
        to = held - 1
    if to < held:
        tenure.below_since_ms = case.now_ms if to > earned and _is_span(policy) else None
        tenure.ratings_below = 0
        begin(case)
    return to, was_below


def _is_ripe(case: Case, held: int) -> bool:
    """Says whether a customer below the held tier's floor falls now; counts the days or ratings that this takes."""
    policy, tenure, now_ms = case.policy, tenure_of(case.state), case.now_ms
    if case.falls:
        tenure.ratings_below = _ratings_below(case, held) if case.corrects else tenure.ratings_below + 1
    protected = tenure.protected_until_ms is not None and now_ms < tenure.protected_until_ms
    if policy.counts_ratings:
        ripe = case.falls and tenure.ratings_below >= policy.falling.after_months
    elif policy.falling.term_months:
        grace_ms = _grace_ends_ms(tenure, policy)
        ripe = case.falls if grace_ms is None else now_ms >= grace_ms
    else:
        if tenure.below_since_ms is None and (_is_span(policy) or protected):
            tenure.below_since_ms = now_ms
        ripe = tenure.below_since_ms is None or now_ms >= _row_ends_ms(tenure.below_since_ms, policy)
    return ripe and not protected


def _ratings_below(case: Case, held: int) -> int:
    """Counts how many of the last ratings in a row, since the tier began, were below its floor. For corrections."""
    state, policy = case.state, case.policy
    tenure = tenure_of(state)
    rated_ms, since_ms, count = tenure.rated_ms, tenure.since_ms, 0
    while rated_ms is not None and count < policy.ratings_looked_at:
        if since_ms is not None and rated_ms < since_ms:
            break
        day = policy.calendar.day_of(rated_ms) - 1
        figures = measure(state, on_day(policy, day), day, is_over=True)
        if kept_rank(held, entered_rank(figures, policy), figures, policy) >= held:
            break
        count += 1
        rated_ms = last_rating_ms(policy.falls, rated_ms - 1, policy.calendar)
    return count


def _is_span(policy: Policy) -> bool:
    """Says whether a fall is put off by days or months in a row, not by a number of ratings."""
    return policy.falling.after_days > 0 or (policy.falling.after_months > 0 and not policy.counts_ratings)


def _row_ends_ms(since_ms: int, policy: Policy) -> int:
    """Gives when the customer has been below for all the days, or months, that a fall takes."""
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
