"""Which rating a customer is rated at, and by which figures: of today, or of that rating where all is rated so."""

from streams.engine.measures.figures import measure
from streams.engine.prospects import Rated
from streams.engine.ratings import last_rating_ms
from streams.engine.sections import tenure_of
from streams.engine.state import CustomerState
from streams.policy.day_rates import on_day
from streams.policy.policy import Policy
from streams.values.calendar import NEVER_MS, earliest


def rated_day(state: CustomerState, policy: Policy, now_ms: int, *, corrects: bool = False) -> tuple[int, bool]:
    """Gives the last day that windows look at, and whether it is over.

    That is today, or the day that ended at the midnight of a rating. Where all is rated by the calendar, nothing is
    earned between ratings, so a decision then goes by the figures of the last rating.
    """
    today = policy.calendar.day_of(now_ms)
    if policy.at_once:
        return today, False
    tenure = tenure_of(state)
    if corrects and tenure.rated_ms is not None:
        return policy.calendar.day_of(tenure.rated_ms) - 1, True
    if now_ms in (tenure.rises_ms, tenure.falls_ms):
        return today - 1, True
    if policy.rises_at_once or policy.falls_at_once:
        return today, False
    calendar = policy.calendar
    last_ms = max(last_rating_ms(policy.rises, now_ms, calendar), last_rating_ms(policy.falls, now_ms, calendar))
    return calendar.day_of(last_ms) - 1, True


def figures_now(state: CustomerState, policy: Policy, now_ms: int) -> Rated:
    """Gives what the rules look at now: today's figures or, where all is rated by the calendar, the last rating's."""
    day, is_over = rated_day(state, policy, now_ms)
    return Rated(measure(state, on_day(policy, day), day, is_over=is_over), day, is_over)


def last_rated_ms(policy: Policy, now_ms: int) -> int:
    """Gives the last rating at which a customer could both rise and fall; at once: now."""
    calendar = policy.calendar
    return min(last_rating_ms(policy.rises, now_ms, calendar), last_rating_ms(policy.falls, now_ms, calendar))


def known_since_ms(state: CustomerState) -> int:
    """Gives the own time of the customer's earliest event. At ratings before it there was nobody to rate."""
    earliest_ms = None if state.special is None else state.special.earliest_ms
    since_ms = state.first_event_ms if earliest_ms is None else earliest_ms
    return NEVER_MS if since_ms is None else since_ms


def next_rated_ms(state: CustomerState) -> int | None:
    """Gives the next rating by the calendar; None where there is none."""
    tenure = tenure_of(state)
    return earliest((tenure.rises_ms, tenure.falls_ms))


def figures_then(state: CustomerState, policy: Policy, rating_ms: int) -> Rated:
    """Gives the figures of a rating to come, if nothing else happens."""
    day = policy.calendar.day_of(rating_ms) - 1
    return Rated(measure(state, on_day(policy, day), day, is_over=True), day, is_over=True)
