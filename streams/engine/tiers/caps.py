"""Caps: the highest tier that a credit standing allows."""

from streams.engine.case import Case
from streams.engine.measures.standings import standings_since
from streams.engine.sections import tenure_of
from streams.values.standings import STANDING_UNLESS_KNOWN


def cap_of(case: Case) -> int | None:
    """Gives the rank of the highest tier that the standing allows; None where it allows all.

    Where a rating is to look at the standing of its own time, a tier that was capped since then is not gained before
    the next rating, so that the strictest of the standings since then counts.
    """
    policy = case.policy
    if not policy.caps:
        return None
    if not policy.standings_count_then:
        return policy.caps.get(case.state.standing or STANDING_UNLESS_KNOWN)
    tenure = tenure_of(case.state)
    is_rating = not case.corrects and case.now_ms in (tenure.rises_ms, tenure.falls_ms)
    since_ms = case.now_ms if is_rating else tenure.rated_ms
    caps = [policy.caps[word] for word in standings_since(case.state, since_ms) if word in policy.caps]
    return min(caps, default=None)


def capped(case: Case, rank: int) -> int:
    """Gives the rank, or that of the highest tier that the standing allows."""
    if not case.policy.caps:
        return rank
    cap = cap_of(case)
    return rank if cap is None else min(rank, cap)
