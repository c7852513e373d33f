"""Conditions: a figure against an inclusive floor, or all or any of several; and the tiers that they earn."""

from bisect import bisect_right

from streams.engine.outcomes import Figures
from streams.policy.measures import Condition
from streams.policy.policy import Policy


def is_met(condition: Condition, figures: Figures) -> bool:
    """Says whether the condition holds; a floor includes the number itself."""
    if condition.all is not None:
        return all(is_met(part, figures) for part in condition.all)
    if condition.any is not None:
        return any(is_met(part, figures) for part in condition.any)
    figure = figures.value if condition.measure is None else figures.measures[condition.measure]
    return figure >= condition.at_least_e16


def entered_rank(figures: Figures, policy: Policy) -> int:
    """Gives the rank of the highest tier whose condition to enter is met; the lowest tier has none."""
    if policy.floors_e16 is not None:
        return bisect_right(policy.floors_e16, figures.value)
    return next(rank for rank in range(len(policy.tiers) - 1, -1, -1) if _enters(rank, figures, policy))


def kept_rank(held: int, entered: int, figures: Figures, policy: Policy) -> int:
    """Gives the rank of the highest tier, up to the held one, whose condition to keep or to enter is met."""
    if entered >= held or not policy.keeps:
        return min(entered, held)
    return next(rank for rank in range(held, -1, -1) if _stays(rank, figures, policy))


def _enters(rank: int, figures: Figures, policy: Policy) -> bool:
    enter = policy.tiers[rank].enter
    return enter is None or is_met(enter, figures)


def _stays(rank: int, figures: Figures, policy: Policy) -> bool:
    keep = policy.tiers[rank].keep
    return _enters(rank, figures, policy) or (keep is not None and is_met(keep, figures))
