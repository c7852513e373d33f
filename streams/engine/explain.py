"""Why a tier was decided: every rule that was looked at, met or not, and what is missing for the next tier."""

from typing import NamedTuple

from streams.engine.measures import Figures
from streams.engine.money import Figure
from streams.engine.policy import Floor, Policy


class Look(NamedTuple):
    """A floor that was looked at, the figure that it was held against, and whether that reaches it."""

    floor: Floor
    figure: Figure
    met: bool


class Missing(NamedTuple):
    """The tier above, and what its one floor wants in addition; None where it has several."""

    tier: str
    missing: Figure | None


def looked_at(figures: Figures, policy: Policy) -> list[Look]:
    """All floors of all tiers, from the lowest up."""
    held = [(floor, figure_of(floor.measure, figures)) for floor in policy.floors]
    return [Look(floor, figure, figure >= floor.at_least_e16) for floor, figure in held]


def next_tier(tier: str, figures: Figures, policy: Policy) -> Missing | None:
    """What the tier above the served one wants; None at the top."""
    above = policy.rank[tier] + 1
    if above >= len(policy.tiers):
        return None
    enter = policy.tiers[above].enter
    is_word = enter is not None and enter.measure is not None and policy.measures[enter.measure].kind == "standing"
    if enter is None or enter.all is not None or enter.any is not None or is_word:
        return Missing(policy.tiers[above].id, None)
    return Missing(policy.tiers[above].id, max(enter.at_least_e16 - figure_of(enter.measure, figures), 0))


def shown_value(figures: Figures, policy: Policy) -> Figure | None:
    """The figure that is held against the floors to enter; None where there are several."""
    held = policy.held_measures
    return figure_of(held[0], figures) if len(held) == 1 else None


def figure_of(measure: int | None, figures: Figures) -> Figure:
    """A measure's figure by its number, or the value."""
    return figures.value if measure is None else figures.measures[measure]
