"""Why a tier was decided: every rule that was looked at, met or not, and what is missing for the next tier."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from streams.engine.conditions import is_met
from streams.engine.measures import Figures
from streams.engine.money import Figure
from streams.engine.policy import Condition, Policy


class Look(NamedTuple):
    """A floor that was looked at: which tier's, to enter or to keep it, and whether the figure reaches it.

    measure: its number in the policy; None for the value.
    """

    tier: str
    rule: Literal["enter", "keep"]
    measure: int | None
    figure: Figure
    at_least_e16: int
    met: bool


class Missing(NamedTuple):
    """The tier above, and what its one floor wants in addition; None where it has several."""

    tier: str
    missing: Figure | None


def looked_at(figures: Figures, policy: Policy) -> Iterator[Look]:
    """All floors of all tiers, from the lowest up."""
    for tier in policy.tiers:
        for rule, condition in (("enter", tier.enter), ("keep", tier.keep)):
            for leaf in _leaves(condition):
                is_keep: Literal["enter", "keep"] = "keep" if rule == "keep" else "enter"
                figure = figure_of(leaf.measure, figures)
                yield Look(tier.id, is_keep, leaf.measure, figure, leaf.at_least_e16, is_met(leaf, figures))


def next_tier(tier: str, figures: Figures, policy: Policy) -> Missing | None:
    """What the tier above the served one wants; None at the top."""
    above = policy.rank[tier] + 1
    if above >= len(policy.tiers):
        return None
    enter = policy.tiers[above].enter
    if enter is None or enter.all is not None or enter.any is not None:
        return Missing(policy.tiers[above].id, None)
    return Missing(policy.tiers[above].id, max(enter.at_least_e16 - figure_of(enter.measure, figures), 0))


def shown_value(figures: Figures, policy: Policy) -> Figure | None:
    """The figure that is held against the floors to enter; None where there are several."""
    held = {leaf.measure for tier in policy.tiers for leaf in _leaves(tier.enter)} or {None}
    return figure_of(held.pop(), figures) if len(held) == 1 else None


def figure_of(measure: int | None, figures: Figures) -> Figure:
    """A measure's figure by its number, or the value."""
    return figures.value if measure is None else figures.measures[measure]


def _leaves(condition: Condition | None) -> Iterator[Condition]:
    if condition is None:
        return
    parts = condition.all if condition.all is not None else condition.any
    if parts is None:
        yield condition
        return
    for part in parts:
        yield from _leaves(part)
