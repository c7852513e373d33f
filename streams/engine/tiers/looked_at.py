"""Why a tier was decided: every floor that was looked at, met or not, and what is missing for the next tier."""

from streams.engine.outcomes import Above, Figures, FloorCheck
from streams.policy.measures import Condition, Floor
from streams.policy.policy import Policy
from streams.values.money import Figure


def looked_at(figures: Figures, policy: Policy) -> list[FloorCheck]:
    """Holds the figures against all floors of all tiers, from the lowest up."""
    held = [(floor, figure_of(floor.measure, figures)) for floor in policy.floors]
    return [FloorCheck(floor, figure, reaches(figure, floor)) for floor, figure in held]


def reaches(figure: Figure, floor: Floor) -> bool:
    """Says whether a figure reaches a floor, which is inclusive."""
    return figure >= floor.at_least_e16


def tier_above(tier: str, policy: Policy) -> Above | None:
    """Gives the tier above the served one, and its floor; None where the highest is served."""
    above = policy.rank[tier] + 1
    if above >= len(policy.tiers):
        return None
    enter = policy.tiers[above].enter
    is_word = enter is not None and enter.measure is not None and policy.measures[enter.measure].kind == "standing"
    if enter is None or enter.all is not None or enter.any is not None or is_word:
        return Above(policy.tiers[above].id, None)
    return Above(policy.tiers[above].id, enter)


def missing(enter: Condition, figures: Figures) -> Figure:
    """Gives how far the figure is from the one floor to enter a tier."""
    return max(enter.at_least_e16 - figure_of(enter.measure, figures), 0)


def shown_value(figures: Figures, policy: Policy) -> Figure | None:
    """Gives the figure that is held against the floors to enter; None where these look at more than one measure."""
    held = policy.held_measures
    return figure_of(held[0], figures) if len(held) == 1 else None


def figure_of(measure: int | None, figures: Figures) -> Figure:
    """Gives the figure of a measure by its number in Policy.measures; None stands for the value."""
    return figures.value if measure is None else figures.measures[measure]
