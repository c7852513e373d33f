"""Credit standings by their own time: where all is rated by the calendar, a rating looks at the one of its own instant.

Such policies keep the standings since the first rating that a correction makes again, and the one before. For all
others the newest one is enough, and nothing more is kept.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from streams.engine.measures.spans import oldest_rated_day
from streams.engine.sections import tenure_of
from streams.engine.state import CustomerState
from streams.policy.policy import Policy
from streams.values.events import Credit
from streams.values.standings import STANDING_UNLESS_KNOWN, Standing

Standings = tuple[tuple[int, Standing, str | None], ...]
"""By their own time, with the score."""

_LIMIT = 400  # so many are kept at most: more than one a day between two ratings of a half-year


def place_standing(state: CustomerState, event: Credit, policy: Policy) -> None:
    """Puts a standing where it belongs in time, of two with the same time behind the other, and drops what is over."""
    known = standings_kept(state)
    if not known and state.standing is not None and state.standing_as_of_ms is not None:
        known = ((state.standing_as_of_ms, state.standing, state.score),)
    at = bisect_right(known, event.at_ms, key=_time)
    known = (*known[:at], (event.at_ms, event.standing, event.score), *known[at:])
    rated = oldest_rated_day(state, policy)
    if rated is not None:
        before = bisect_left(known, policy.calendar.midnight_ms(rated + 1), key=_time)
        known = known[max(before - 1, 0) :]
    tenure_of(state).standings = known[-_LIMIT:]


def keep_standings(state: CustomerState, known: Sequence[tuple[int, Standing, str | None]]) -> None:
    """Keeps standings, which are by their time; the newest ones, where they are too many."""
    tenure_of(state).standings = tuple(known[-_LIMIT:])


def standings_kept(state: CustomerState) -> Standings:
    """Gives the standings that are kept by their time, to be read."""
    return () if state.tenure is None else state.tenure.standings


def standing_then(state: CustomerState, policy: Policy, day: int, *, is_over: bool) -> tuple[Standing, str | None]:
    """Gives the standing and the score that go for figures as of a day: the newest, or those of a rating that is over.

    What comes at the very instant of a rating is of the time after it.
    """
    if is_over and standings_kept(state):
        return _at(state, policy.calendar.midnight_ms(day + 1))
    return state.standing or STANDING_UNLESS_KNOWN, state.score


def standings_since(state: CustomerState, at_ms: int | None) -> set[Standing]:
    """Gives the standings that the customer has had since an instant, that at the instant included."""
    known = standings_kept(state)
    if at_ms is None or not known:
        return {state.standing or STANDING_UNLESS_KNOWN}
    later = known[bisect_left(known, at_ms, key=_time) :]
    return {_at(state, at_ms)[0], *(standing for _, standing, _ in later)}


def _at(state: CustomerState, at_ms: int) -> tuple[Standing, str | None]:
    known = standings_kept(state)
    number = bisect_left(known, at_ms, key=_time)
    if not number:
        return STANDING_UNLESS_KNOWN, None
    _, standing, score = known[number - 1]
    return standing, score


def _time(known: tuple[int, Standing, str | None]) -> int:
    return known[0]
